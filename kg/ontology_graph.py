"""The files of an ontology as one graph that knows where each term was written.

In: the files of `kg.ontology_files`. Out: `OntologyGraph`: subject -> predicate -> objects, the
prefixes, and a place to report problems with file and line. Assumes that no term is a blank node:
every term has a name.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox

from kg.errors import OntologyError
from kg.ids import DATA_PREFIXES, compact
from kg.ontology_files import (
    CLEW,
    WELL_KNOWN,
    OntologyFile,
    Problem,
    line_of,
    ontology_files,
    read_file,
)

__all__ = ["CLEW", "OWL", "RDFS", "RDF_TYPE", "SCHEMA", "SKOS", "XSD", "OntologyGraph", "Problem"]

OWL = "http://www.w3.org/2002/07/owl#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SCHEMA = "https://schema.org/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
XSD = "http://www.w3.org/2001/XMLSchema#"

Object = ox.NamedNode | ox.Literal


class OntologyGraph:
    """The triples of an ontology's files.

    Args:
        directory: where the files are.

    Raises:
        OntologyError: there is no such directory or no file in it, or files cannot be read, are
            not UTF-8 or not of their format (each with the parser's line).
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.problems: list[Problem] = []
        self.prefixes: dict[str, str] = {}
        self._triples: dict[str, dict[str, list[Object]]] = defaultdict(lambda: defaultdict(list))
        self._files: dict[str, str] = {}  # subject -> file it was first written in
        self._texts: dict[str, str] = {}
        self._lines: list[str] = []  # N-Triples, for the fingerprint
        read = [read_file(path, directory) for path in ontology_files(directory)]
        faults = [str(item) for item in read if isinstance(item, Problem)]
        if faults:
            raise OntologyError("\n  ".join(faults))
        files = [item for item in read if isinstance(item, OntologyFile)]
        for file in files:
            self._texts[file.name] = file.text
            self._declare(file.name, dict(file.prefixes))
            for triple in file.triples:
                self._add(file.name, triple)
        if any(file.is_bare for file in files):
            self._declare_well_known()
        self.prefixes.update(DATA_PREFIXES)

    def _declare(self, file: str, prefixes: dict[str, str]) -> None:
        for prefix, namespace in prefixes.items():
            known = {**self.prefixes, **DATA_PREFIXES}
            if known.get(prefix, namespace) != namespace:
                why = f"prefix {prefix!r} is <{namespace}> here but <{known[prefix]}> elsewhere"
                self._report_in(file, f"@prefix {prefix}:", "", f"{why}; use another prefix")
                continue
            other = next((p for p, n in known.items() if n == namespace and p != prefix), None)
            if other is not None:
                why = f"prefixes {other!r} and {prefix!r} both name <{namespace}>"
                self._report_in(file, f"@prefix {prefix}:", "", f"{why}; keep one of them")
            self.prefixes[prefix] = namespace

    def _declare_well_known(self) -> None:
        """Prefixes for files that have none: the usual ones, and each scheme's last word."""
        schemes = self.subjects(f"{SKOS}ConceptScheme")
        named = {iri.rstrip("/#").rpartition("/")[2].rpartition("#")[2]: iri for iri in schemes}
        for prefix, namespace in {**WELL_KNOWN, **named}.items():
            if namespace not in self.prefixes.values():
                self.prefixes.setdefault(prefix, namespace)

    def _add(self, file: str, triple: ox.Triple) -> None:
        subject, predicate, value = triple.subject, triple.predicate, triple.object
        if not isinstance(subject, ox.NamedNode) or not isinstance(
            value, ox.NamedNode | ox.Literal
        ):
            said = compact(predicate.value, self.prefixes)
            message = f"{said} with a blank node ([ … ] or _:); give the term a name"
            self._report_in(file, said, said, message)
            return
        self._files.setdefault(subject.value, file)
        if predicate.value == RDF_TYPE:  # what else is said of a term may stand elsewhere
            self._files[subject.value] = file
        objects = self._triples[subject.value][predicate.value]
        if value not in objects:
            objects.append(value)
            self._lines.append(str(triple))

    @property
    def fingerprint(self) -> str:
        """Hash of the triples in sorted order (hex, 32 characters): not of the files' layout."""
        digest = hashlib.blake2b(digest_size=16)
        for line in sorted(self._lines):
            digest.update(line.encode() + b"\n")
        return digest.hexdigest()

    def subjects(self, type_iri: str) -> list[str]:
        """IRIs of the terms of a type, sorted."""
        wanted = ox.NamedNode(type_iri)
        return sorted(
            subject
            for subject, predicates in self._triples.items()
            if wanted in predicates.get(RDF_TYPE, ())
        )

    def predicates(self) -> Iterator[tuple[str, str]]:
        """Each (subject IRI, predicate IRI) pair once."""
        for subject, predicates in self._triples.items():
            for predicate in predicates:
                yield subject, predicate

    def about(self, subject: str) -> dict[str, list[Object]]:
        """Predicate IRI -> objects of a subject."""
        return dict(self._triples.get(subject, {}))

    def named(self) -> list[str]:
        """IRIs of everything something is said about, sorted."""
        return sorted(self._triples)

    def objects(self, subject: str, predicate: str) -> list[Object]:
        """Objects of a subject's predicate."""
        return self._triples[subject][predicate] if self.has(subject, predicate) else []

    def has(self, subject: str, predicate: str) -> bool:
        """Whether the subject has the predicate at all."""
        return subject in self._triples and predicate in self._triples[subject]

    def report(self, iri: str, message: str, *, at: str = "", level: str = "error") -> None:
        """Note a problem with a term; ``at`` are words to find its line by, after the term's."""
        file = self._files.get(iri, next(iter(self._texts)))
        self._report_in(file, at, self.compact(iri), message, iri=iri, level=level)

    def _report_in(
        self, file: str, at: str, term: str, message: str, *, iri: str = "", level: str = "error"
    ) -> None:
        line = line_of(self._texts.get(file, ""), term, at, iri)
        self.problems.append(Problem(file, line, term, message, level))

    def compact(self, iri: str) -> str:
        """Compact id of an IRI, ``<IRI>`` where no prefix fits."""
        short = compact(iri, self.prefixes)
        return f"<{iri}>" if short == iri else short
