"""Which nodes surely conform to a shape: SHACL Core over columns, in three values.

In: a shapes graph and `Terms`. Out: `Screen.judge`, for each node `PASS`, `FAIL` or `UNKNOWN`
(Kleene's strong logic: and = min, or = max, not = −). What is not understood, or not surely judged
as pyshacl would, is `UNKNOWN`, so that a node that passes here passes there; a test holds it to
that. Checks of single values are in `kg.shacl.values`.

Source: W3C, Shapes Constraint Language (SHACL), 2017, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rdflib import RDF, RDFS, SH, Graph, Literal, URIRef

from kg.shacl.terms import Codes, Edges, Terms
from kg.shacl.values import FAIL, PASS, UNKNOWN, VALUE_CHECKS, Verdict, integer, of_bool

__all__ = ["Screen", "listed"]

_SAYS_NOTHING: Final = frozenset({
    SH.path, SH.message, SH.severity, SH.name, SH.description, SH.order, SH.group, SH.defaultValue,
    SH.deactivated, SH.flags, SH.ignoredProperties, SH.qualifiedMinCount, SH.qualifiedMaxCount,
    SH.qualifiedValueShapesDisjoint, SH.targetClass, SH.targetNode, SH.targetObjectsOf,
    SH.targetSubjectsOf,
})  # fmt: skip
"""Predicates of a shape that constrain nothing by themselves."""


def listed(graph: Graph, head: Any) -> list[Any]:
    """Members of an RDF list; empty where it is none."""
    return list(graph.items(head)) if head == RDF.nil or (head, RDF.first, None) in graph else []


class Screen:
    """Judges nodes by the shapes of a graph."""

    def __init__(self, shapes: Graph, classes: Graph, terms: Terms) -> None:
        self._shapes = shapes
        self._classes = classes
        self._terms = terms
        self._open: list[Any] = []  # shapes being judged: a recursive one is not
        self._custom = (None, RDF.type, SH.ConstraintComponent) in shapes

    def judge(self, shape: Any, codes: Codes) -> Verdict:
        """Verdict on each node, shape (n,), int8."""
        given: dict[Any, list[Any]] = {}
        for predicate, value in self._shapes.predicate_objects(shape):
            given.setdefault(predicate, []).append(value)
        if shape in self._open or self._custom or len(self._open) > 8 or not given:
            return np.full(len(codes), UNKNOWN)
        if SH.deactivated in given:
            return np.full(len(codes), PASS if _is(given[SH.deactivated], True) else UNKNOWN)
        edges = self._path(given[SH.path]) if SH.path in given else None
        if SH.path in given and edges is None:
            return np.full(len(codes), UNKNOWN)
        self._open.append(shape)
        try:
            return self._constraints(given, _Reached(codes, edges, self._terms.size))
        finally:
            self._open.pop()

    def _constraints(self, given: Mapping[Any, list[Any]], reached: _Reached) -> Verdict:
        verdict = np.full(len(reached.codes), PASS)
        for predicate, arguments in given.items():
            if predicate in _SAYS_NOTHING:
                continue
            if predicate in _OF_VALUES:
                check = _OF_VALUES[predicate]
                found = reached.every(lambda v, c=check, a=arguments: c(self, a, v))  # type: ignore[misc]
            elif predicate in VALUE_CHECKS:
                judge = VALUE_CHECKS[predicate]
                found = reached.every(
                    lambda v, j=judge, a=arguments: j(self._terms, self._shapes, given, a, v)  # type: ignore[misc]
                )
            elif predicate in _OF_NODES:
                found = _OF_NODES[predicate](self, given, arguments, reached)
            elif str(predicate).startswith(str(SH)):
                found = np.full(len(verdict), UNKNOWN)
            else:
                continue
            verdict = np.minimum(verdict, found)
        return np.where(reached.blind, np.minimum(verdict, UNKNOWN), verdict)

    def _path(self, paths: list[Any]) -> Edges | None:
        if len(paths) != 1:
            return None
        [path] = paths
        if isinstance(path, URIRef):
            return self._terms.path(path)
        if steps := listed(self._shapes, path):
            return self._terms.path(None, steps) if _named(steps) else None
        about = list(self._shapes.predicate_objects(path))
        if len(about) == 1 and about[0][0] == SH.inversePath and _named([about[0][1]]):
            return self._terms.inverse(about[0][1])
        return None

    # ── constraints on each value ─────────────────────────────────────────────────────────────

    def _class(self, arguments: list[Any], values: Codes) -> Verdict:
        verdict = np.full(len(values), PASS)
        linked = values < self._terms.size
        for class_ in arguments:
            known = self._classes.transitive_subjects(RDFS.subClassOf, class_)
            mask = np.zeros(len(values), bool)
            mask[linked] = self._terms.of_classes(map(str, known))[values[linked]]
            verdict = np.minimum(verdict, of_bool(mask))
        return verdict

    def _all_of(self, arguments: list[Any], values: Codes) -> Verdict:
        verdict = np.full(len(values), PASS)
        for shape in arguments:
            verdict = np.minimum(verdict, self.judge(shape, values))
        return verdict

    def _property(self, arguments: list[Any], values: Codes) -> Verdict:
        if any((shape, SH.path, None) not in self._shapes for shape in arguments):
            return np.full(len(values), UNKNOWN)
        return self._all_of(arguments, values)

    def _not(self, arguments: list[Any], values: Codes) -> Verdict:
        verdict = np.full(len(values), PASS)
        for shape in arguments:
            verdict = np.minimum(verdict, -self.judge(shape, values))
        return verdict

    def _lists(
        self, arguments: list[Any], values: Codes, join: Callable[[NDArray[np.int8]], Verdict]
    ) -> Verdict:
        """Verdict by lists of shapes, their verdicts (members × values) joined."""
        verdict = np.full(len(values), PASS)
        for head in arguments:
            members = [self.judge(shape, values) for shape in listed(self._shapes, head)]
            if not members:
                return np.full(len(values), UNKNOWN)
            verdict = np.minimum(verdict, join(np.stack(members)))
        return verdict

    def _and(self, arguments: list[Any], values: Codes) -> Verdict:
        return self._lists(arguments, values, lambda members: members.min(axis=0))

    def _or(self, arguments: list[Any], values: Codes) -> Verdict:
        return self._lists(arguments, values, lambda members: members.max(axis=0))

    def _xone(self, arguments: list[Any], values: Codes) -> Verdict:
        def join(members: NDArray[np.int8]) -> Verdict:
            least, most = (members == PASS).sum(axis=0), (members != FAIL).sum(axis=0)
            return _between(least == 1, most == 1, (least > 1) | (most < 1))

        return self._lists(arguments, values, join)

    # ── constraints on the values of a node together ──────────────────────────────────────────

    def _min_count(self, _: Any, arguments: list[Any], reached: _Reached) -> Verdict:
        return _at_least(arguments, reached.least, reached.counts)

    def _max_count(self, _: Any, arguments: list[Any], reached: _Reached) -> Verdict:
        return _at_most(arguments, reached.least, reached.counts)

    def _has_value(self, _: Any, arguments: list[Any], reached: _Reached) -> Verdict:
        verdict = np.full(len(reached.codes), PASS)
        for term in arguments:
            row = self._terms.code(term) if isinstance(term, URIRef) else None
            if row is None:
                return np.full(len(verdict), UNKNOWN)
            has = reached.how_many(reached.values == row) > 0
            verdict = np.minimum(verdict, of_bool(has))
        return verdict

    def _unique_lang(self, _: Any, arguments: list[Any], reached: _Reached) -> Verdict:
        if _is(arguments, False):
            return np.full(len(reached.codes), PASS)
        if not _is(arguments, True) or not reached.has_path:
            return np.full(len(reached.codes), UNKNOWN)
        kinds = np.array([k if k[:1] == "@" else "" for k in self._terms.kinds(reached.values)])
        twice = np.zeros(len(reached.codes), bool)
        for kind in set(kinds[kinds != ""].tolist()):
            twice |= reached.how_many(kinds == kind) > 1
        return np.where(twice, UNKNOWN, PASS)

    def _qualified(
        self, given: Mapping[Any, list[Any]], arguments: list[Any], reached: _Reached
    ) -> Verdict:
        if len(arguments) != 1 or SH.qualifiedValueShapesDisjoint in given or not reached.has_path:
            return np.full(len(reached.codes), UNKNOWN)
        judged = reached.judged(lambda values: self.judge(arguments[0], values))
        least = reached.how_many(judged == PASS)
        least = np.where(reached.least < reached.counts, np.minimum(least, 1), least)
        most = reached.how_many(judged != FAIL)
        verdict = np.full(len(reached.codes), PASS)
        if SH.qualifiedMinCount in given:
            verdict = np.minimum(verdict, _at_least(given[SH.qualifiedMinCount], least, most))
        if SH.qualifiedMaxCount in given:
            verdict = np.minimum(verdict, _at_most(given[SH.qualifiedMaxCount], least, most))
        return verdict

    def _closed(
        self, given: Mapping[Any, list[Any]], arguments: list[Any], reached: _Reached
    ) -> Verdict:
        if _is(arguments, False):
            return np.full(len(reached.codes), PASS)
        if not _is(arguments, True) or reached.has_path:
            return np.full(len(reached.codes), UNKNOWN)
        allowed = {
            path for shape in given.get(SH.property, ()) for path in self._shapes[shape : SH.path]
        }
        for head in given.get(SH.ignoredProperties, ()):
            allowed |= set(listed(self._shapes, head))
        said = np.zeros(len(reached.codes), bool)
        for predicate in self._terms.predicates - allowed:
            edges = self._terms.path(predicate)
            if edges is None:
                return np.full(len(said), UNKNOWN)
            said |= edges.of(reached.codes)[0] > 0
        return np.where(said, UNKNOWN, PASS)


class _Reached:
    """The values of nodes along a path; without one, the nodes themselves."""

    def __init__(self, codes: Codes, edges: Edges | None, size: int) -> None:
        self.codes = codes
        self.has_path = edges is not None
        if edges is None:
            self.counts, self.values = np.ones(len(codes), np.int64), codes
        else:
            self.counts, self.values = edges.of(codes)
        distinct = edges is None or edges.distinct
        self.least = self.counts if distinct else np.minimum(self.counts, 1)
        literal = codes >= size
        self.blind = literal if edges is not None and edges.literal_subjects else literal & False
        self._unique, self._places = np.unique(self.values, return_inverse=True)
        self._rows = np.repeat(np.arange(len(codes)), self.counts)

    def judged(self, check: Callable[[Codes], Verdict]) -> Verdict:
        """Verdict on each value; each different one is judged once."""
        found: Verdict = check(self._unique)[self._places.reshape(-1)]
        return found

    def every(self, check: Callable[[Codes], Verdict]) -> Verdict:
        """Verdict on each node: that on the worst of its values."""
        judged = self.judged(check)
        unsure, failed = self.how_many(judged == UNKNOWN) > 0, self.how_many(judged == FAIL) > 0
        return np.where(failed, FAIL, np.where(unsure, UNKNOWN, PASS))

    def how_many(self, mask: NDArray[np.bool_]) -> Codes:
        """Number of values in the mask, per node."""
        return np.bincount(self._rows[mask], minlength=len(self.codes)).astype(np.int64)


def _between(passed: Any, possible: Any, failed: Any) -> Verdict:
    return np.where(failed, FAIL, np.where(passed & possible, PASS, UNKNOWN))


def _at_least(arguments: list[Any], least: Codes, most: Codes) -> Verdict:
    bound = integer(arguments)
    if bound is None:
        return np.full(len(least), UNKNOWN)
    return np.where(least >= bound, PASS, np.where(most < bound, FAIL, UNKNOWN))


def _at_most(arguments: list[Any], least: Codes, most: Codes) -> Verdict:
    if (bound := integer(arguments)) is None:
        return np.full(len(least), UNKNOWN)
    return np.where(most <= bound, PASS, np.where(least > bound, FAIL, UNKNOWN))


def _is(arguments: list[Any], wanted: bool) -> bool:
    return (
        len(arguments) == 1 and isinstance(arguments[0], Literal) and arguments[0].value is wanted
    )


def _named(steps: list[Any]) -> bool:
    return all(isinstance(step, URIRef) for step in steps)


_OF_VALUES: Final[Mapping[Any, Callable[[Screen, list[Any], Codes], Verdict]]] = {
    SH["class"]: Screen._class,
    SH.node: Screen._all_of,
    SH.property: Screen._property,
    SH["not"]: Screen._not,
    SH["and"]: Screen._and,
    SH["or"]: Screen._or,
    SH.xone: Screen._xone,
}
_OF_NODES: Final[
    Mapping[Any, Callable[[Screen, Mapping[Any, list[Any]], list[Any], _Reached], Verdict]]
] = {
    SH.minCount: Screen._min_count,
    SH.maxCount: Screen._max_count,
    SH.hasValue: Screen._has_value,
    SH.uniqueLang: Screen._unique_lang,
    SH.qualifiedValueShape: Screen._qualified,
    SH.closed: Screen._closed,
}
