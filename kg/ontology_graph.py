"""The Turtle files of an ontology as one graph that knows where each term was written.

In: a directory with ``clew.ttl`` (or any ``*.ttl`` but ``shapes.ttl``) and ``vocab/*.ttl``.
Out: `OntologyGraph`: subject -> predicate -> objects, the prefixes, and a place to report
problems with file and line. Assumes that no term is a blank node: every term has a name.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kg.errors import OntologyError
from kg.ids import DATA_PREFIXES, compact

__all__ = ["CLEW", "OWL", "RDFS", "RDF_TYPE", "SCHEMA", "SKOS", "XSD", "OntologyGraph", "Problem"]

CLEW = "https://w3id.org/clew/ns#"
OWL = "http://www.w3.org/2002/07/owl#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SCHEMA = "https://schema.org/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
XSD = "http://www.w3.org/2001/XMLSchema#"

Object = ox.NamedNode | ox.Literal


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong in an ontology: where, with which term, and what to do about it."""

    file: str  # relative to the ontology's directory
    line: int | None  # 1-based
    term: str  # compact id
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.term}: {self.message}" if self.term else f"{place}: {self.message}"


class OntologyGraph:
    """The triples of an ontology's files.

    Args:
        directory: where the files are.

    Raises:
        OntologyError: there is no such directory or no Turtle file in it, or a file cannot be
            read, is not UTF-8 or not Turtle (with the parser's line).
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.problems: list[Problem] = []
        self.prefixes: dict[str, str] = {}
        self._triples: dict[str, dict[str, list[Object]]] = defaultdict(lambda: defaultdict(list))
        self._files: dict[str, str] = {}  # subject -> file it was first written in
        self._texts: dict[str, str] = {}
        self._lines: list[str] = []  # N-Triples, for the fingerprint
        for path in _turtle_files(directory):
            self._read(path)
        self.prefixes.update(DATA_PREFIXES)

    def _read(self, path: Path) -> None:
        name = path.relative_to(self.directory).as_posix()
        try:
            text = path.read_text(encoding="utf-8")
            parser = ox.parse(text, format=ox.RdfFormat.TURTLE, base_iri=CLEW)
            triples = [quad.triple for quad in parser]
        except UnicodeDecodeError as exc:
            raise OntologyError(f"{name}: not UTF-8 at byte {exc.start}; save it as UTF-8") from exc
        except OSError as exc:
            raise OntologyError(f"{name}: cannot be read: {exc.strerror}") from exc
        except SyntaxError as exc:
            reason = exc.msg.partition(": ")[2] or exc.msg
            raise OntologyError(f"{name}:{exc.lineno}: not Turtle: {reason}") from exc
        self._texts[name] = text
        self._declare(name, parser.prefixes)
        for triple in triples:
            self._add(name, triple)

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

    def objects(self, subject: str, predicate: str) -> list[Object]:
        """Objects of a subject's predicate."""
        return self._triples[subject][predicate] if self.has(subject, predicate) else []

    def has(self, subject: str, predicate: str) -> bool:
        """Whether the subject has the predicate at all."""
        return subject in self._triples and predicate in self._triples[subject]

    def report(self, iri: str, message: str, *, at: str = "") -> None:
        """Note a problem with a term; ``at`` are words to find its line by, after the term's."""
        file = self._files.get(iri, "clew.ttl")
        self._report_in(file, at, self.compact(iri), message)

    def _report_in(self, file: str, at: str, term: str, message: str) -> None:
        self.problems.append(
            Problem(file, _line(self._texts.get(file, ""), term, at), term, message)
        )

    def compact(self, iri: str) -> str:
        """Compact id of an IRI, ``<IRI>`` where no prefix fits."""
        short = compact(iri, self.prefixes)
        return f"<{iri}>" if short == iri else short


def _turtle_files(directory: Path) -> Iterable[Path]:
    if not directory.is_dir():
        raise OntologyError(f"no ontology directory {str(directory)!r}")
    files = [path for path in sorted(directory.glob("*.ttl")) if path.name != "shapes.ttl"]
    if not files:
        raise OntologyError(f"no Turtle file in {str(directory)!r}; an ontology starts at clew.ttl")
    return [*files, *sorted((directory / "vocab").glob("*.ttl"))]


def _line(text: str, term: str, at: str) -> int | None:
    """1-based line of ``at`` at or below the line that starts with ``term``; None if not found."""
    start = 0
    if term:
        found = re.search(rf"^\s*{re.escape(term)}(?=[\s;,.]|$)", text, re.MULTILINE)
        start = found.end() if found else 0
        if not found and not at:
            return None
    where = text.find(at, start) if at else start
    if where < 0:
        where = start
    return text.count("\n", 0, where) + 1 if where or not term else None
