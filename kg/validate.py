"""Is the graph what the ontology says a graph must be? SHACL, and agreement of the projections.

In: a `KnowledgeGraph` and an ontology directory with ``shapes.ttl``. Out: a `Report`, sorted, in
words. pyshacl works on an rdflib graph in memory, so the graph is validated in parts: some of its
entities with all they say, and of what they point to the class. Targets are rewritten to the
entities of the part. That is the same as validating the whole as long as a shape looks no further
than from its focus node to the class of a value; shapes that do look further (sequence and inverse
paths, ``sh:node``, SPARQL, …) are recognized, and then the graph is validated in one piece.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
import pyshacl
import rdflib
from pyshacl.errors import ReportableRuntimeError
from rdflib import OWL, RDF, RDFS, SH, URIRef

import ontology
from kg.errors import OntologyError
from kg.facts import KnowledgeGraph
from kg.ids import compact, expand
from kg.nquads import STANDARD_PREFIXES, write_triples
from kg.ontology_files import Problem, ontology_files, read_file, shapes_file
from kg.ontology_terms import Schema

__all__ = ["Disagreement", "Report", "Violation", "agreement", "validate"]

_PART = 50_000
"""Triples per part, about."""

_SEVERITIES = {str(SH.Violation): "violation", str(SH.Warning): "warning", str(SH.Info): "info"}
_FAR = (
    SH.inversePath,
    SH.zeroOrMorePath,
    SH.oneOrMorePath,
    SH.zeroOrOnePath,
    SH.node,
    SH.sparql,
    SH.select,
    SH.ask,
    SH.targetObjectsOf,
)
"""What makes a shape look further than one step."""


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
    kg: KnowledgeGraph, schema: Schema, directory: Path | None = None, *, part: int = _PART
) -> Report:
    """Validate a graph against the shapes of an ontology.

    Args:
        directory: where ``shapes.ttl`` is; by default the ontology that ships with Clew.
        part: about how many triples are validated at once; more need more memory, not less time.

    Raises:
        OntologyError: the shapes are missing or malformed.
    """
    shapes = _Shapes(ontology.DIRECTORY if directory is None else directory, schema)
    kg = replace(kg, facts=shapes.needed(kg.facts))
    found: set[Violation] = set()
    for text, focus in _parts(kg, schema, shapes, sys.maxsize if shapes.far else part):
        found.update(shapes.check(text, focus))
    order = list(_SEVERITIES.values())
    ranked = sorted(
        found, key=lambda v: (order.index(v.severity), v.focus, v.path, v.value, v.message)
    )
    return Report(not any(v.severity == "violation" for v in ranked), tuple(ranked))


class _Shapes:
    """``shapes.ttl``, ready to be applied to part of a graph."""

    def __init__(self, directory: Path, schema: Schema) -> None:
        self._schema = schema
        self._prefixes = {**STANDARD_PREFIXES, **schema.prefixes}
        self._names = {relation.iri: relation.id for relation in schema.relations.values()}
        self._path = shapes_file(directory)
        self._graph = _parsed(self._path)
        self._classes = rdflib.Graph()
        for path in ontology_files(directory):
            if path.parent == directory:
                self._classes += _parsed(path)
        self.far = any(True for term in _FAR for _ in self._graph.subject_objects(term)) or any(
            True
            for path in self._graph.objects(None, SH.path)
            for _ in self._graph[path : RDF.first]
        )
        self._targets = self._take_targets()

    def needed(self, facts: pa.Table) -> pa.Table:
        """The facts of relations the shapes speak of; all of them where a shape is closed."""
        if any(str(value) == "true" for value in self._graph.objects(None, SH.closed)):
            return facts
        named = set(self._graph.objects()) | set(self._graph.predicates())
        relations = self._schema.relations.values()
        spoken = [relation.id for relation in relations if URIRef(relation.iri) in named]
        return facts.filter(pc.is_in(facts["relation"], pa.array(spoken, pa.string())))

    def targeted(self, kg: KnowledgeGraph) -> Any:
        """Mask over the entity table: what may be at fault. Values are judged with who has them."""
        classes = {
            str(subclass)
            for _, class_ in self._targets
            for subclass in self._classes.transitive_subjects(RDFS.subClassOf, class_)
        }
        known = [c.id for c in self._schema.classes.values() if c.iri in classes]
        ids = kg.entities["id"].combine_chunks()
        mask = pc.is_in(kg.entities["class"].combine_chunks(), pa.array(known, pa.string()))
        iris = {str(iri) for iri in self._graph.objects(None, SH.targetSubjectsOf)}
        relations = [r.id for r in self._schema.relations.values() if r.iri in iris]
        stated = pc.is_in(kg.facts["relation"], pa.array(relations, pa.string()))
        subjects = pc.unique(kg.facts["subject"].filter(stated))
        named = [
            compact(str(node), self._prefixes) for node in self._graph.objects(None, SH.targetNode)
        ]
        mask = pc.or_(mask, pc.is_in(ids, subjects))
        return pc.or_(mask, pc.is_in(ids, pa.array(named, pa.string())))

    def check(self, triples: bytes, focus: set[URIRef]) -> Iterator[Violation]:
        """Validate part of a graph; only ``focus`` may be at fault."""
        data = rdflib.Graph()
        data.parse(data=triples, format="nt")
        shapes = rdflib.Graph() + self._graph
        for shape, class_ in self._targets:
            for subclass in self._classes.transitive_subjects(RDFS.subClassOf, class_):
                for node in focus.intersection(data.subjects(RDF.type, subclass)):
                    shapes.add((shape, SH.targetNode, node))
        for triple in self._classes.triples((None, RDFS.subClassOf, None)):
            data.add(triple)
        try:
            _, results, _ = pyshacl.validate(data, shacl_graph=shapes, inplace=True)
        except ReportableRuntimeError as exc:
            raise OntologyError(f"{self._path}: {exc}") from exc
        for result in results.subjects(RDF.type, SH.ValidationResult):
            if results.value(result, SH.focusNode) in focus:
                yield self._violation(results, result)

    def _take_targets(self) -> list[tuple[Any, Any]]:
        """Take (shape, class) targets out of the shapes, to be replaced by nodes."""
        targets = list(self._graph.subject_objects(SH.targetClass))
        for shape in set(self._graph.subjects(RDF.type, SH.NodeShape)):
            for kind in (RDFS.Class, OWL.Class):
                if (shape, RDF.type, kind) in self._graph:
                    self._graph.remove((shape, RDF.type, kind))
                    targets.append((shape, shape))
        self._graph.remove((None, SH.targetClass, None))
        return targets

    def _violation(self, results: rdflib.Graph, result: Any) -> Violation:
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


def _parsed(path: Path) -> rdflib.Graph:
    if path.suffix != ".ttl":
        file = read_file(path, path.parent)
        if isinstance(file, Problem):
            raise OntologyError(str(file))
        triples = ox.serialize(file.triples, format=ox.RdfFormat.N_TRIPLES)
        return rdflib.Graph().parse(data=triples, format="nt")
    graph = rdflib.Graph()
    try:
        graph.parse(path, format="turtle")
    except OSError as exc:
        raise OntologyError(f"{path} cannot be read: {exc.strerror}") from exc
    except SyntaxError as exc:  # rdflib's BadSyntax
        raise OntologyError(f"{path} is not Turtle: {exc}") from exc
    return graph


def _parts(
    kg: KnowledgeGraph, schema: Schema, shapes: _Shapes, size: int
) -> Iterator[tuple[bytes, set[URIRef]]]:
    """The graph in parts: N-Triples, and the entities they describe in full.

    Entities no shape is for come along only as the values of others, unless shapes look further.
    """
    ids = kg.entities["id"].combine_chunks()
    facts = kg.facts.combine_chunks()
    subjects = pc.index_in(facts["subject"], ids).to_numpy()
    if not shapes.far:
        targeted = shapes.targeted(kg).to_numpy(zero_copy_only=False)
        facts, subjects = facts.filter(pa.array(targeted[subjects])), subjects[targeted[subjects]]
        rows = np.flatnonzero(targeted)
    else:
        rows = np.arange(len(ids))
    weight = np.bincount(subjects, minlength=len(ids)) + 2 * np.isin(np.arange(len(ids)), rows)
    part_of = np.cumsum(weight) // size
    for part in np.unique(part_of[rows]):
        mine = rows[part_of[rows] == part]
        stated = facts.filter(pa.array(part_of[subjects] == part))
        objects = pc.index_in(stated["object"], ids).drop_null().to_numpy()
        every = np.union1d(mine, objects)
        piece = replace(kg, entities=kg.entities.take(pa.array(every)), facts=stated)
        text = io.BytesIO()
        write_triples(piece, schema, text, mentioned=~np.isin(every, mine))
        focus = {URIRef(expand(ids[row].as_py(), schema.prefixes)) for row in mine.tolist()}
        yield text.getvalue(), focus
