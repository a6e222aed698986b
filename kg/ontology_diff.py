"""What one version of an ontology says that another does not.

In: two ontology directories, in whatever formats, sound or not. Out: an `OntologyDiff`: every term
that was added, removed or changed, with each statement gained and lost. Layout, comments, order and
format count for nothing, shapes are compared with what is nested in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pyoxigraph as ox

from kg.errors import OntologyError
from kg.ids import compact
from kg.ontology_files import Problem, read_file, shapes_file
from kg.ontology_graph import CLEW, OWL, RDF_TYPE, RDFS, SKOS, OntologyGraph
from kg.shape_rules import Node, ShapesFile

__all__ = ["OntologyDiff", "Statement", "TermChange", "diff_ontologies"]

Change = Literal["added", "removed", "changed"]

_KINDS: Final[Mapping[str, str]] = {
    f"{OWL}Class": "class",
    f"{OWL}ObjectProperty": "relation",
    f"{OWL}DatatypeProperty": "relation",
    f"{SKOS}ConceptScheme": "scheme",
    f"{SKOS}Concept": "concept",
    f"{CLEW}Frame": "frame",
}
_LABELS: Final = frozenset(
    {f"{SKOS}prefLabel", f"{SKOS}altLabel", f"{SKOS}hiddenLabel", f"{RDFS}label"}
)
_BROADER: Final = frozenset({f"{SKOS}broader", f"{RDFS}subClassOf"})
Said = Mapping[str, frozenset[tuple[str, str]]]
"""Term IRI -> (predicate IRI, object in Turtle) it has."""


@dataclass(frozen=True, slots=True, order=True)
class Statement:
    """One statement about a term, gained or lost."""

    predicate: str  # compact id
    object: str  # in Turtle
    gained: bool


@dataclass(frozen=True, slots=True)
class TermChange:
    """What became of one term."""

    kind: str  # class, relation, scheme, concept, frame, shape, or other
    term: str  # compact id
    change: Change
    statements: tuple[Statement, ...]  # sorted


@dataclass(frozen=True, slots=True)
class OntologyDiff:
    """All that differs, by kind and term."""

    before: str
    after: str
    changes: tuple[TermChange, ...]
    labels: Mapping[str, int]  # gained, lost: over all terms
    broader: Mapping[str, int]  # gained, lost: skos:broader and rdfs:subClassOf

    def counts(self) -> dict[str, dict[str, int]]:
        """Kind -> added, removed, changed -> number of terms; labels and broader edges too."""
        counted = Counter((item.kind, item.change) for item in self.changes)
        found = {
            kind: {change: counted[kind, change] for change in ("added", "removed", "changed")}
            for kind in sorted({item.kind for item in self.changes})
        }
        for name, edges in (("labels", self.labels), ("broader edges", self.broader)):
            if any(edges.values()):
                found[name] = {"added": edges["gained"], "removed": edges["lost"], "changed": 0}
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "before": self.before,
            "after": self.after,
            "counts": self.counts(),
            "changes": [asdict(change) for change in self.changes],
        }


def diff_ontologies(before: Path, after: Path) -> OntologyDiff:
    """Compare two ontology directories.

    Raises:
        OntologyError: one of them cannot be read.
    """
    old, new = _Version(before), _Version(after)
    prefixes = {**old.prefixes, **new.prefixes}
    changes: list[TermChange] = []
    edges = {name: {"gained": 0, "lost": 0} for name in ("labels", "broader")}
    for iri in sorted(old.said.keys() | new.said.keys()):
        was, now = old.said.get(iri, frozenset()), new.said.get(iri, frozenset())
        for gained, pairs in ((True, now - was), (False, was - now)):
            for predicate, _ in pairs:
                for name, group in (("labels", _LABELS), ("broader", _BROADER)):
                    edges[name]["gained" if gained else "lost"] += predicate in group
        if was != now:
            change: Change = "changed" if was and now else "added" if now else "removed"
            kind = (new if now else old).kinds.get(iri, "other")
            term = compact(iri, prefixes)
            changes.append(TermChange(kind, term, change, _statements(was, now, prefixes)))
    order = [*dict.fromkeys(_KINDS.values()), "shape", "other"]
    changes.sort(key=lambda item: (order.index(item.kind), item.term))
    return OntologyDiff(str(before), str(after), tuple(changes), edges["labels"], edges["broader"])


def _statements(
    was: frozenset[tuple[str, str]], now: frozenset[tuple[str, str]], prefixes: Mapping[str, str]
) -> tuple[Statement, ...]:
    found = [
        Statement("a" if predicate == RDF_TYPE else compact(predicate, prefixes), value, gained)
        for gained, pairs in ((False, was - now), (True, now - was))
        for predicate, value in pairs
    ]
    return tuple(sorted(found))


class _Version:
    """What a directory says: statements by term, and of what kind each term is."""

    def __init__(self, directory: Path) -> None:
        graph = OntologyGraph(directory)
        self.prefixes = graph.prefixes
        self.kinds: dict[str, str] = {}
        self.said: dict[str, frozenset[tuple[str, str]]] = {}
        for iri in graph.named():
            about = graph.about(iri)
            types = [value.value for value in about.get(RDF_TYPE, [])]
            self.kinds[iri] = next((_KINDS[t] for t in types if t in _KINDS), "other")
            self.said[iri] = frozenset(_pairs(about, lambda value: _turtle(value, self.prefixes)))
        self._add_shapes(directory)

    def _add_shapes(self, directory: Path) -> None:
        path = shapes_file(directory)
        if not path.exists():
            return
        file = read_file(path, directory)
        if isinstance(file, Problem):
            raise OntologyError(str(file))
        self.prefixes = {**dict(file.prefixes), **self.prefixes}
        shapes = ShapesFile(file)
        for node in shapes.shapes():
            iri = str(getattr(node, "value", node))
            self.kinds.setdefault(iri, "shape")
            pairs = _pairs(shapes.said[node], lambda value: _nested(shapes, value, self.prefixes))
            self.said[iri] = self.said.get(iri, frozenset()) | frozenset(pairs)


def _pairs(about: Mapping[str, Iterable[Any]], told: Any) -> Iterable[tuple[str, str]]:
    return ((predicate, told(value)) for predicate, values in about.items() for value in values)


def _nested(shapes: ShapesFile, node: Node, prefixes: Mapping[str, str]) -> str:
    """A node in Turtle; a blank one with all it says, sorted, so that equal ones are equal."""
    if not isinstance(node, ox.BlankNode):
        return _turtle(node, prefixes)
    parts = sorted(
        f"{compact(predicate, prefixes)} {_nested(shapes, value, prefixes)}"
        for predicate, values in shapes.said[node].items()
        for value in values
    )
    return f"[ {' ; '.join(parts)} ]"


def _turtle(value: Node, prefixes: Mapping[str, str]) -> str:
    if isinstance(value, ox.NamedNode):
        short = compact(value.value, prefixes)
        return f"<{short}>" if short == value.value else short
    if isinstance(value, ox.Literal) and not value.language:
        kind = compact(value.datatype.value, prefixes)
        quoted = str(ox.Literal(value.value))
        return quoted if kind == "xsd:string" else f"{quoted}^^{kind}"
    return str(value)
