"""Shapes taken apart: which pieces there are, which nodes each is for, how far it looks.

In: a shapes graph and the ontology's classes. Out: `Pieces`. A node shape with a target becomes one
piece of what it says about the node itself and one per property shape (a property shape may be
aimed at nodes by itself, with the same results); a closed or a property shape stays whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from rdflib import OWL, RDF, RDFS, SH, BNode, Graph, URIRef

from kg.ontology_terms import Schema
from kg.shacl.terms import Codes, Terms

__all__ = ["Focus", "Piece", "Pieces"]

_TARGETS: Final = (SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf)
_ON_VALUES: Final = (SH.property, SH.node, SH["not"], SH.qualifiedValueShape)
_LISTS_ON_VALUES: Final = (SH["and"], SH["or"], SH.xone)
_NEAR: Final = frozenset({
    *_TARGETS, *_ON_VALUES, *_LISTS_ON_VALUES, SH.path, SH.message, SH.severity, SH.name,
    SH.description, SH.order, SH.group, SH.defaultValue, SH.deactivated, SH.flags, SH.pattern,
    SH.ignoredProperties, SH.qualifiedMinCount, SH.qualifiedMaxCount, SH["class"], SH.datatype,
    SH.nodeKind, SH.minCount, SH.maxCount, SH.minInclusive, SH.maxInclusive, SH.minExclusive,
    SH.maxExclusive, SH.minLength, SH.maxLength, SH.languageIn, SH.uniqueLang, SH["in"],
    SH.hasValue, SH.closed, SH.equals, SH.disjoint, SH.lessThan, SH.lessThanOrEquals,
})  # fmt: skip
"""What is known to need a node's own statements and the classes of its values at most."""
_OWN_STATEMENTS: Final = (
    SH.path,
    SH.closed,
    SH.equals,
    SH.disjoint,
    SH.lessThan,
    SH.lessThanOrEquals,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A shape to aim at the nodes that its target (another shape, or itself) names."""

    shape: Any
    target: Any
    far: bool  # needs more than a node's own statements and the classes of its values


@dataclass(frozen=True, slots=True)
class Focus:
    """The nodes that targets name."""

    codes: Codes  # terms of the graph, sorted
    strangers: tuple[Any, ...] = ()  # terms named in a target that are no entities
    unread: tuple[tuple[Any, Any], ...] = ()  # targets left to pyshacl: predicate, value

    @property
    def empty(self) -> bool:
        """Whether there is nothing to judge."""
        return not (len(self.codes) or self.strangers or self.unread)


class Pieces:
    """A shapes graph in pieces. ``shapes`` has no targets left but holds every piece."""

    def __init__(self, shapes: Graph, classes: Graph) -> None:
        self._classes = classes
        self._targets = Graph()
        for predicate in _TARGETS:
            for triple in shapes.triples((None, predicate, None)):
                self._targets.add(triple)
        self._implicit(shapes)
        for predicate in _TARGETS:
            shapes.remove((None, predicate, None))
        self.shapes = shapes
        self._custom = (None, RDF.type, SH.ConstraintComponent) in shapes
        self.pieces: list[Piece] = []
        for shape in sorted(set(self._targets.subjects()), key=str):
            self._take_apart(shape)

    @property
    def local(self) -> bool:
        """Whether what a node breaks hangs on its own statements and its values' classes alone.

        Then the results on other nodes stay when one changes. Named nodes and objects as targets
        do not allow it: part of a graph does not show whether they are there.
        """
        predicates = set(self._targets.predicates())
        aimed = predicates <= {SH.targetClass, SH.targetSubjectsOf}
        return aimed and not any(piece.far for piece in self.pieces)

    def _implicit(self, shapes: Graph) -> None:
        """A class that is a shape is its own target."""
        kinds = {RDFS.Class, OWL.Class, *shapes.subjects(RDFS.subClassOf, RDFS.Class)}
        for kind in (SH.NodeShape, SH.PropertyShape):
            for shape in set(shapes.subjects(RDF.type, kind)):
                of_class = [k for k in kinds if (shape, RDF.type, k) in shapes]
                for found in of_class:
                    shapes.remove((shape, RDF.type, found))
                    self._targets.add((shape, SH.targetClass, shape))

    def _take_apart(self, shape: Any) -> None:
        about = list(self.shapes.predicate_objects(shape))
        said = {predicate for predicate, _ in about}
        properties = [value for predicate, value in about if predicate == SH.property]
        whole = {SH.path, SH.closed, SH.deactivated, SH.ignoredProperties} & said
        if self._custom or whole or not properties:
            self.pieces.append(Piece(shape, shape, self._looks_far(shape)))
            return
        if any((p, SH.path, None) not in self.shapes for p in properties):
            self.pieces.append(Piece(shape, shape, self._looks_far(shape)))
            return
        self.pieces += [Piece(p, shape, self._looks_far(p)) for p in properties]
        own = BNode()
        for predicate, value in about:
            if predicate != SH.property:
                self.shapes.add((own, predicate, value))
        self.shapes.add((own, RDF.type, SH.NodeShape))
        self.pieces.append(Piece(own, shape, self._looks_far(own)))

    def _looks_far(self, shape: Any, level: int = 0, seen: frozenset[Any] = frozenset()) -> bool:
        """Whether judging a node at this distance from a focus node takes statements of others."""
        said: dict[Any, list[Any]] = {}
        for predicate, value in self.shapes.predicate_objects(shape):
            said.setdefault(predicate, []).append(value)
        unknown = [p for p in said if str(p).startswith(str(SH)) and p not in _NEAR]
        if self._custom or unknown or shape in seen or SH.qualifiedValueShapesDisjoint in said:
            return True
        if level and any(predicate in said for predicate in _OWN_STATEMENTS):
            return True
        paths = said.get(SH.path, [])
        if not all(isinstance(path, URIRef) for path in paths):
            return True
        inner = [value for predicate in _ON_VALUES for value in said.get(predicate, ())]
        for predicate in _LISTS_ON_VALUES:
            inner += [item for head in said.get(predicate, ()) for item in self.shapes.items(head)]
        seen |= {shape}
        return any(self._looks_far(other, level + len(paths), seen) for other in inner)

    def focus(self, piece: Piece, terms: Terms) -> Focus:
        """The nodes a piece is for."""
        mask = np.zeros(terms.size, bool)
        literals: list[Codes] = []
        strangers: list[Any] = []
        unread: list[tuple[Any, Any]] = []
        for predicate, value in self._targets.predicate_objects(piece.target):
            if predicate == SH.targetClass:
                known = self._classes.transitive_subjects(RDFS.subClassOf, value)
                mask |= terms.of_classes(map(str, known))
            elif predicate == SH.targetNode:
                row = terms.code(value) if isinstance(value, URIRef) else None
                if row is None:
                    strangers.append(value)
                else:
                    mask[row] = True
            else:
                edges = terms.path(value)
                if edges is None:
                    unread.append((predicate, value))
                    continue
                found = edges.subjects if predicate == SH.targetSubjectsOf else edges.values
                mask[found[found < terms.size]] = True
                literals.append(np.unique(found[found >= terms.size]))
        codes = np.unique(np.concatenate((np.flatnonzero(mask), *literals)))
        return Focus(codes, tuple(strangers), tuple(unread))

    def relations(self, pieces: Iterable[Piece], schema: Schema) -> list[str]:
        """Ids of the relations these pieces speak of; all where a shape is closed or not known."""
        reached = {piece.shape for piece in pieces}
        waiting = list(reached)
        predicates: set[Any] = set()
        while waiting:
            for predicate, value in self.shapes.predicate_objects(waiting.pop()):
                predicates.add(predicate)
                if value not in reached:
                    reached.add(value)
                    waiting.append(value)
        of_shapes = {p for p in predicates if str(p).startswith(str(SH))}
        known = _NEAR | {SH.inversePath, SH.alternativePath, SH.zeroOrMorePath}
        known |= {SH.oneOrMorePath, SH.zeroOrOnePath, SH.qualifiedValueShapesDisjoint}
        every = self._custom or SH.closed in predicates or of_shapes - known
        return [r.id for r in schema.relations.values() if every or URIRef(r.iri) in reached]

    def aimed(self, focus: Mapping[Piece, Iterable[Any]], unread: Mapping[Piece, Focus]) -> Graph:
        """The shapes graph with each piece aimed at nodes, and at targets left to pyshacl."""
        shapes = Graph() + self.shapes
        for piece, nodes in focus.items():
            for node in nodes:
                shapes.add((piece.shape, SH.targetNode, node))
        for piece, names in unread.items():
            for predicate, value in names.unread:
                shapes.add((piece.shape, predicate, value))
        return shapes
