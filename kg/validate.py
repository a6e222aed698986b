"""Is the graph what the ontology says a graph must be? SHACL, and agreement of the projections.

In: a `KnowledgeGraph` and an ontology directory with ``shapes.ttl``. Out: a `Report`, sorted, in
words. The judging is done in `kg.shacl`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import rdflib
from rdflib import SH, URIRef

import ontology
from kg.difference import Difference, part_of
from kg.facts import KnowledgeGraph
from kg.ids import compact
from kg.nquads import STANDARD_PREFIXES
from kg.ontology_terms import Schema
from kg.shacl import PART, Engine

__all__ = ["Disagreement", "Report", "Violation", "agreement", "revalidate", "validate"]

_SEVERITIES = {str(SH.Violation): "violation", str(SH.Warning): "warning", str(SH.Info): "info"}


@dataclass(frozen=True, slots=True)
class Violation:
    """One result of validation. Ids are compact where the ontology has a prefix for them."""

    focus: str  # the entity at fault
    path: str  # relation id; "" where the entity itself is at fault
    value: str  # the value at fault; "" where one is missing or there are too many
    message: str
    severity: str  # violation | warning | info


@dataclass(frozen=True, slots=True)
class Report:
    """What validation found."""

    conforms: bool  # nothing of severity violation
    violations: tuple[Violation, ...]  # warnings too; gravest first, then by focus and path

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"conforms": self.conforms, "violations": [asdict(v) for v in self.violations]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Report:
        """The inverse of `to_dict`."""
        found = tuple(Violation(**violation) for violation in values["violations"])
        return cls(values["conforms"], found)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A relation of which a projection holds another number of facts than the fact table."""

    relation: str
    projection: str  # as named by the caller, e.g. rdf
    expected: int  # rows of the fact table
    found: int


def agreement(kg: KnowledgeGraph, **projections: Mapping[str, int]) -> list[Disagreement]:
    """Compare the ``counts()`` of projections with the fact table; empty where all agree."""
    rows = pc.value_counts(kg.facts["relation"]).to_pylist()
    expected = {row["values"]: row["counts"] for row in rows}
    return [
        Disagreement(relation, name, expected.get(relation, 0), counts.get(relation, 0))
        for name, counts in sorted(projections.items())
        for relation in sorted(expected.keys() | counts.keys())
        if expected.get(relation, 0) != counts.get(relation, 0)
    ]


def validate(
    kg: KnowledgeGraph, schema: Schema, directory: Path | None = None, *, part: int = PART
) -> Report:
    """Validate a graph against the shapes of an ontology.

    Args:
        directory: where ``shapes.ttl`` is; by default the ontology that ships with Clew.
        part: about how many triples pyshacl is given at once; more need more memory, not less time.

    Raises:
        OntologyError: the shapes are missing or malformed.
    """
    engine = Engine(ontology.DIRECTORY if directory is None else directory, schema)
    words = _Words(schema)
    return _report({words.violation(*result) for result in engine.results(kg, part=part)})


def revalidate(
    known: Report, change: Difference, schema: Schema, directory: Path
) -> tuple[Report, bool]:
    """The report of a changed graph, from that of the old one under the same shapes and classes.

    Returns:
        The report, and whether only what the change touched was judged; a shape that looks
        further than one step has the whole graph judged.

    Raises:
        OntologyError: the shapes are missing or malformed.
    """
    engine = Engine(directory, schema)
    if not engine.local:
        return validate(change.new, schema, directory), False
    words = _Words(schema)
    touched = pc.unique(pa.concat_arrays([change.subjects, _pointing_to_moved(change)]))
    part, mask = part_of(change.new, touched)
    found = {words.violation(*result) for result in engine.results(part, only=mask)}
    names = set(touched.to_pylist())
    return _report(found | {v for v in known.violations if v.focus not in names}), True


def _pointing_to_moved(change: Difference) -> pa.StringArray:
    """Subjects of facts about entities that are of another class now."""
    before, after = (
        kg.entities.filter(pc.is_in(kg.entities["id"], change.described))
        for kg in (change.old, change.new)
    )
    classes = dict(zip(before["id"].to_pylist(), before["class"].to_pylist(), strict=True))
    moved = [
        i
        for i, kind in zip(after["id"].to_pylist(), after["class"].to_pylist(), strict=True)
        if classes.get(i, kind) != kind
    ]
    facts = change.new.facts
    about = facts.filter(pc.is_in(facts["object"], pa.array(moved, pa.string())))
    return about["subject"].combine_chunks()


def _report(found: set[Violation]) -> Report:
    order = list(_SEVERITIES.values())
    ranked = sorted(
        found, key=lambda v: (order.index(v.severity), v.focus, v.path, v.value, v.message)
    )
    return Report(not any(v.severity == "violation" for v in ranked), tuple(ranked))


class _Words:
    """Turns validation results into `Violation` records."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._prefixes = {**STANDARD_PREFIXES, **schema.prefixes}
        self._names = {relation.iri: relation.id for relation in schema.relations.values()}

    def violation(self, results: rdflib.Graph, result: Any) -> Violation:
        """The record of one result of a results graph."""

        def told(term: URIRef) -> str:
            value = results.value(result, term)
            if isinstance(value, URIRef):
                return self._names.get(str(value)) or compact(str(value), self._prefixes)
            return "" if value is None else str(value)

        messages = list(results.objects(result, SH.resultMessage))
        wanted = [m for m in messages if getattr(m, "language", None) == self._schema.languages[0]]
        return Violation(
            focus=told(SH.focusNode),
            path=told(SH.resultPath),
            value=told(SH.value),
            message=" ".join(sorted(str(m) for m in wanted or messages)),
            severity=_SEVERITIES.get(str(results.value(result, SH.resultSeverity)), "violation"),
        )
