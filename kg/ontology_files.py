"""The files of an ontology: which there are, in which format, what a term's line in them is.

In: a directory with ``clew.ttl`` (or any other file but ``shapes`` and ``curated``) and ``vocab/``.
Out: `OntologyFile` records: triples, prefixes and the text, in which a problem finds its line. A
file is Turtle (``.ttl``), RDF/XML (``.rdf``, ``.owl``) or JSON-LD (``.jsonld``), as editors such as
Protégé write them; all three say the same. Formats that lose prefixes get the well-known ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.sax import SAXParseException

import pyoxigraph as ox
import rdflib

from kg.errors import OntologyError

__all__ = [
    "FORMATS",
    "WELL_KNOWN",
    "OntologyFile",
    "Problem",
    "convert",
    "line_of",
    "ontology_files",
    "read_file",
    "shapes_file",
]

CLEW = "https://w3id.org/clew/ns#"

FORMATS: Final[Mapping[str, tuple[str, ox.RdfFormat]]] = {
    ".ttl": ("Turtle", ox.RdfFormat.TURTLE),
    ".rdf": ("RDF/XML", ox.RdfFormat.RDF_XML),
    ".owl": ("RDF/XML", ox.RdfFormat.RDF_XML),
    ".jsonld": ("JSON-LD", ox.RdfFormat.JSON_LD),
}
"""Endings of an ontology's files: the format's name, and how it is read."""

WELL_KNOWN: Final[Mapping[str, str]] = {
    "clew": CLEW,
    "owl": "http://www.w3.org/2002/07/owl#",
    "qudt": "http://qudt.org/vocab/unit/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Prefixes a file that declares none is read with."""

_RDF_NAMESPACE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NOT_ONTOLOGY = frozenset({"shapes", "curated"})  # stems of files that are read by others
_XMLNS = re.compile(r"xmlns:([A-Za-z][\w.-]*)\s*=\s*[\"']([^\"']+)[\"']")
_OF_XML = ("http://www.w3.org/2005/11/its", _RDF_NAMESPACE)  # declared by every RDF/XML file


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong in an ontology: where, with which term, and what to do about it."""

    file: str  # relative to the ontology's directory
    line: int | None  # 1-based
    term: str  # compact id
    message: str
    level: str = "error"  # error: nothing is built with it | warning: it is worth a look

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.term}: {self.message}" if self.term else f"{place}: {self.message}"


@dataclass(frozen=True)
class OntologyFile:
    """One file, read."""

    name: str  # relative to the ontology's directory, e.g. vocab/colour.ttl
    text: str
    triples: Sequence[ox.Triple]
    prefixes: Mapping[str, str]  # as it declares them; empty where its format has none
    is_bare: bool  # its format could not or did not declare prefixes


def ontology_files(directory: Path) -> list[Path]:
    """The files that hold classes, relations and concepts: those on top, then ``vocab/``.

    Raises:
        OntologyError: there is no such directory, or no file in it.
    """
    if not directory.is_dir():
        raise OntologyError(f"no ontology directory {str(directory)!r}")
    files = _in(directory)
    if not files:
        raise OntologyError(
            f"no Turtle file in {str(directory)!r}; an ontology starts at clew.ttl "
            f"(or a file ending in {', '.join(list(FORMATS)[1:])})"
        )
    return [*files, *_in(directory / "vocab")]


def _in(directory: Path) -> list[Path]:
    found = (path for ending in FORMATS for path in directory.glob(f"*{ending}"))
    return sorted(path for path in found if path.stem not in _NOT_ONTOLOGY)


def shapes_file(directory: Path) -> Path:
    """Where the SHACL shapes are: ``shapes.ttl``, or the same in another format if that exists."""
    found = (directory / f"shapes{ending}" for ending in FORMATS)
    return next((path for path in found if path.exists()), directory / "shapes.ttl")


def read_file(path: Path, directory: Path) -> OntologyFile | Problem:
    """Read one file; a `Problem` where it cannot be read or is not of its format."""
    name = path.relative_to(directory).as_posix()
    said, rdf_format = FORMATS[path.suffix]
    try:
        text = path.read_text(encoding="utf-8")
        parser = ox.parse(text, format=rdf_format, base_iri=CLEW)
        triples = [quad.triple for quad in parser]
    except UnicodeDecodeError as exc:
        return Problem(name, None, "", f"not UTF-8 at byte {exc.start}; save it as UTF-8")
    except OSError as exc:
        return Problem(name, None, "", f"cannot be read: {exc.strerror}")
    except SyntaxError as exc:
        line, reason = _why(exc, text, path.suffix)
        return Problem(name, line, "", f"not {said}: {reason}")
    prefixes = _prefixes(text, path.suffix, parser.prefixes)
    return OntologyFile(name, text, triples, prefixes, not prefixes)


def _why(exc: SyntaxError, text: str, suffix: str) -> tuple[int | None, str]:
    """Line and reason of a syntax error; oxigraph's XML reader tells no line, rdflib's does."""
    if exc.lineno is None and FORMATS[suffix][0] == "RDF/XML":
        try:
            rdflib.Graph().parse(data=text, format="xml")
        except SAXParseException as sax:
            return sax.getLineNumber(), sax.getMessage()
    return exc.lineno, exc.msg.partition(": ")[2] or exc.msg


def _prefixes(text: str, suffix: str, parsed: Mapping[str, str]) -> dict[str, str]:
    if suffix == ".ttl":
        return dict(parsed)
    if suffix == ".jsonld":
        return _context(json.loads(text))
    found = dict(_XMLNS.findall(text))
    return {name: iri for name, iri in found.items() if iri not in _OF_XML}


def _context(document: Any) -> dict[str, str]:
    """The prefixes a JSON-LD document's own context declares."""
    context = document.get("@context") if isinstance(document, dict) else None
    pairs = context.items() if isinstance(context, dict) else ()
    return {
        name: iri
        for name, iri in pairs
        if isinstance(iri, str) and not name.startswith("@") and iri[-1:] in ("#", "/", ":")
    }


def line_of(text: str, term: str, at: str, iri: str = "") -> int | None:
    """1-based line of ``at`` at or below the line on which a term is described; None if not found.

    Args:
        text: of the file.
        term: compact id, which a Turtle description begins with; "": the file itself.
        at: words to find the line by; "": the term's own.
        iri: the term's, which RDF/XML and JSON-LD give in quotes.
    """
    start = 0
    if term:
        name = re.escape(term)
        found = re.search(rf"^{name}(?=\s+[^\s,;.]|\s*\n\s)", text, re.MULTILINE)
        found = found or re.search(rf"^\s*{name}(?=[\s;,.]|$)", text, re.MULTILINE)
        if not found and iri:
            found = re.search(rf"(?:about=|ID=|\"@id\"\s*:\s*)[\"']{re.escape(iri)}[\"']", text)
        start = found.end() if found else 0
        if not found and not at:
            return None
    where = text.find(at, start) if at else start
    if where < 0:
        where = start
    return text.count("\n", 0, where) + 1 if where or not term else None


def convert(directory: Path, target: Path, suffix: str) -> list[Path]:
    """Write an ontology, its shapes too, in another format into a new directory.

    Every file keeps its name but for the ending, and its prefixes. Comments are lost. Queries,
    examples and curated facts are not RDF vocabulary and stay behind.

    Args:
        directory: the ontology.
        target: must not exist, or be empty.
        suffix: one of `FORMATS`.

    Raises:
        OntologyError: the ontology cannot be read, or the target cannot be written or is not empty.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OntologyError(f"{target} exists and is not an empty directory; choose another")
    shapes = shapes_file(directory)
    paths = [*ontology_files(directory), *([shapes] if shapes.exists() else [])]
    written = []
    for path in paths:
        file = read_file(path, directory)
        if isinstance(file, Problem):
            raise OntologyError(str(file))
        out = (target / file.name).with_suffix(suffix)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(_written(file, suffix), encoding="utf-8")
        except OSError as exc:
            raise OntologyError(f"{out} cannot be written: {exc.strerror}") from exc
        written.append(out)
    return written


def _written(file: OntologyFile, suffix: str) -> str:
    prefixes = dict(file.prefixes) or dict(WELL_KNOWN)
    rdf_format = FORMATS[suffix][1]
    if rdf_format != ox.RdfFormat.JSON_LD:
        given = {} if suffix == ".ttl" else {"rdf": _RDF_NAMESPACE}
        data = ox.serialize(file.triples, format=rdf_format, prefixes=given | prefixes)
        return (data or b"").decode()
    plain = json.loads(ox.serialize(file.triples, format=rdf_format) or b"[]")
    document = {"@context": prefixes, "@graph": plain}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
