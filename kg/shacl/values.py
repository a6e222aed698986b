"""What SHACL Core says of single values: kind of node, datatype, range, length, pattern, language.

A check takes the graph's `Terms`, the shapes graph, all a shape says, the arguments of the
constraint and the codes of values; it returns `PASS`, `FAIL` or `UNKNOWN` for each. An argument
that is not as the specification wants it makes all values `UNKNOWN`: pyshacl shall complain.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rdflib import RDF, RDFS, SH, XSD, Graph, Literal, URIRef

from kg.shacl.terms import Codes, Terms

__all__ = ["FAIL", "PASS", "UNKNOWN", "VALUE_CHECKS", "Verdict", "integer", "of_bool"]

Verdict = NDArray[np.int8]
FAIL, UNKNOWN, PASS = np.int8(-1), np.int8(0), np.int8(1)

_Given = Mapping[Any, list[Any]]

_CHECKED_TYPES: Final[Mapping[Any, type]] = {
    XSD.integer: int,
    XSD.decimal: Decimal,
    XSD.float: float,
    XSD.boolean: bool,
}
"""Datatypes whose values pyshacl wants to be of a Python type; strings are told by their kind."""

_KINDS: Final = {
    SH.IRI: (True, False),
    SH.Literal: (False, True),
    SH.BlankNode: (False, False),
    SH.BlankNodeOrIRI: (True, False),
    SH.BlankNodeOrLiteral: (False, True),
    SH.IRIOrLiteral: (True, True),
}
"""Kind of node -> whether IRIs are of it, whether literals are."""


def of_bool(mask: NDArray[np.bool_]) -> Verdict:
    """`PASS` where true, else `FAIL`."""
    return np.where(mask, PASS, FAIL)


def integer(arguments: list[Any]) -> int | None:
    """The one argument as a whole number of 0 or more, or None."""
    if len(arguments) != 1 or not isinstance(arguments[0], Literal):
        return None
    value = arguments[0].value
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and value >= 0 and arguments[0].datatype == XSD.integer else None


def _unknown(values: Codes) -> Verdict:
    return np.full(len(values), UNKNOWN)


def _node_kind(
    terms: Terms, shapes: Graph, given: _Given, arguments: list[Any], values: Codes
) -> Verdict:
    if len(arguments) != 1 or arguments[0] not in _KINDS:
        return _unknown(values)
    iri, literal = _KINDS[arguments[0]]
    return of_bool(np.where(values < terms.size, iri, literal))


def _datatype(
    terms: Terms, shapes: Graph, given: _Given, arguments: list[Any], values: Codes
) -> Verdict:
    if len(arguments) != 1 or arguments[0] in (RDFS.Literal, RDFS.Datatype):
        return _unknown(values)
    [wanted] = arguments
    found = np.full(len(values), FAIL)
    literal = np.flatnonzero(values >= terms.size)
    if wanted in (XSD.string, RDF.langString):
        kinds = terms.kinds(values[literal])
        tagged = np.array([kind[:1] == "@" for kind in kinds], bool)
        plain = np.array([kind in ("", "^^xsd:string") for kind in kinds], bool)
        found[literal] = of_bool(plain if wanted == XSD.string else tagged)
        return found
    found[literal] = [_of_type(term, wanted) for term in terms.terms(values[literal])]
    return found


def _of_type(term: URIRef | Literal, wanted: Any) -> np.int8:
    if not isinstance(term, Literal) or term.datatype != wanted:
        return FAIL
    if term.ill_typed:
        return FAIL
    if wanted in _CHECKED_TYPES:
        return PASS if isinstance(term.value, _CHECKED_TYPES[wanted]) else UNKNOWN
    return UNKNOWN if wanted in (XSD.date, XSD.time, XSD.dateTime) else PASS


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[..., Verdict]:
    """A check against a bound, of whole and decimal numbers; other values are not judged."""

    def check(
        terms: Terms, shapes: Graph, given: _Given, arguments: list[Any], values: Codes
    ) -> Verdict:
        bounds = [_number(argument) for argument in arguments]
        if None in bounds:
            return _unknown(values)
        found = np.full(len(values), FAIL)
        literal = np.flatnonzero(values >= terms.size)
        numbers = [_number(term) for term in terms.terms(values[literal])]
        found[literal] = [
            UNKNOWN
            if number is None
            else PASS
            if all(compare(number, bound) for bound in bounds)
            else FAIL
            for number in numbers
        ]
        return found

    return check


def _number(term: Any) -> Decimal | int | None:
    value = term.value if isinstance(term, Literal) and not term.ill_typed else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return value if not isinstance(value, Decimal) or value.is_finite() else None


def _length(compare: Callable[[int, int], bool]) -> Callable[..., Verdict]:
    def check(
        terms: Terms, shapes: Graph, given: _Given, arguments: list[Any], values: Codes
    ) -> Verdict:
        bound = integer(arguments)
        if bound is None:
            return _unknown(values)
        return of_bool(np.array([compare(len(text), bound) for text in terms.texts(values)], bool))

    return check


def _pattern(
    terms: Terms, shapes: Graph, given: _Given, arguments: list[Any], values: Codes
) -> Verdict:
    flags = given.get(SH.flags, [])
    if len(arguments) != 1 or flags or not isinstance(arguments[0], Literal):
        return _unknown(values)
    try:
        search = re.compile(str(arguments[0])).search
    except re.error:
        return _unknown(values)
    return of_bool(np.array([search(text) is not None for text in terms.texts(values)], bool))


def _language_in(
    terms: Terms, shapes: Graph, given: _Given, arguments: list[Any], values: Codes
) -> Verdict:
    tags = list(shapes.items(arguments[0])) if len(arguments) == 1 else []
    if not tags or not all(isinstance(t, Literal) and isinstance(t.value, str) for t in tags):
        return _unknown(values)
    wanted = {str(tag).lower() for tag in tags}
    if "*" in wanted:
        return _unknown(values)
    known: dict[str, np.int8] = {"iri": FAIL}
    for kind in set(terms.kinds(values)):
        tag = kind[1:].lower() if kind[:1] == "@" else ""
        known[kind] = PASS if {tag, tag.partition("-")[0]} & wanted and tag else FAIL
    return np.array([known[kind] for kind in terms.kinds(values)], np.int8)


def _in(terms: Terms, shapes: Graph, given: _Given, arguments: list[Any], values: Codes) -> Verdict:
    if len(arguments) != 1:
        return _unknown(values)
    wanted = set(shapes.items(arguments[0]))
    iris = {terms.code(term) for term in wanted if isinstance(term, URIRef)}
    found = of_bool(np.isin(values, np.array(sorted(iris - {None}), np.int64)))  # type: ignore[type-var]
    literal = np.flatnonzero(values >= terms.size)
    found[literal] = [PASS if term in wanted else UNKNOWN for term in terms.terms(values[literal])]
    return found


VALUE_CHECKS: Final[Mapping[Any, Callable[..., Verdict]]] = {
    SH.nodeKind: _node_kind,
    SH.datatype: _datatype,
    SH.minInclusive: _compared(operator.ge),
    SH.maxInclusive: _compared(operator.le),
    SH.minExclusive: _compared(operator.gt),
    SH.maxExclusive: _compared(operator.lt),
    SH.minLength: _length(operator.ge),
    SH.maxLength: _length(operator.le),
    SH.pattern: _pattern,
    SH.languageIn: _language_in,
    SH["in"]: _in,
}
"""Constraint -> check of values."""
