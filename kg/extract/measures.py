"""Measures and counts in product texts: ``30cm x 20 cm``, ``SET OF 6``, ``1/2 inch``, ``6件套``.

In: a text and the ontology's units. Out: `Measure` spans, each with the compact id of one quantity
(see `kg.quantities`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from kg.extract.counts import (
    COUNT,
    START,
    CountReader,
    Term,
    alternatives,
    fold_spelling,
    holder_of,
    is_count,
    with_plurals,
)
from kg.extract.numbers import NUMBER, NUMBER_WORDS, parse_number
from kg.ontology_terms import Schema, Unit
from kg.quantities import measure_id

__all__ = ["Measure", "MeasureReader"]

_SAME_SIZE = Decimal("0.05")  # two units for one size, as in 0.5kg (1.1lb), differ by less

_ALIKE = 20  # times by which sizes with one unit may differ
_NOT_INCH = re.compile(r"\s?\d|-\d|\s(?:the|a|one)\b", re.IGNORECASE)
_MAX_DIGITS_BEFORE_LETTER = 4  # more are a model number
_EITHER_CASE = frozenset("LlVvWw")  # units whose letter is written large or small
_TIMES = r"\s?(?:[x×*]|by\b)\s?"


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity at a place in a text."""

    start: int  # character span, half open
    end: int
    dimension: str
    id: str  # measure:30-cm
    confidence: float = 1.0  # that these words state this quantity
    held: tuple[int, int] | None = None  # as of `Term`


class MeasureReader:
    """Finds the measures in texts of one language.

    Units are read by their spellings in that language and in English (a Chinese title says
    ``300ml`` too). Counts are also read as `kg.extract.counts` tells.
    """

    def __init__(self, schema: Schema, language: str) -> None:
        self._units = tuple(schema.units.values())
        self._pieces = _base_unit(self._units, COUNT)
        self._exact: set[str] = set()
        known: dict[str, Unit] = {}
        for code in dict.fromkeys((language, "en")):
            for unit in self._units:
                for spelling in unit.labels.get(code, ()):
                    self._exact.add(spelling)
                    known.setdefault(fold_spelling(spelling), unit)
        self._by_spelling = with_plurals(known)
        spellings = alternatives(self._by_spelling)
        gap = r"(?:\s?[-–]\s?|\s)?"
        term = rf"(?:{NUMBER})(?:{gap}(?:{spellings}))?"
        self._sequence = re.compile(rf"{START}{term}(?:{_TIMES}{term})*", re.IGNORECASE)
        self._term = re.compile(
            rf"(?P<number>{NUMBER})(?P<gap>{gap})(?P<unit>{spellings})?", re.IGNORECASE
        )
        self._counts = (
            None if self._pieces is None else CountReader(self._by_spelling, self._pieces)
        )
        self._may_hold = re.compile(
            rf"[0-9½¼¾⅓⅔⅛⅜⅝⅞]|[一二两三四五六七八九十]|\b(?:{'|'.join(NUMBER_WORDS)}|pair)\b", re.I
        )
        self._ids: dict[tuple[Decimal, str], str] = {}

    def read(self, text: str, *, bare: bool = False) -> list[Measure]:
        """The measures of a text in the order they stand; a quantity said twice is given once.

        Args:
            text: what to read.
            bare: whether a text that is a whole number and nothing else is one of pieces.
        """
        if not self._by_spelling or self._may_hold.search(text) is None:
            return []
        terms = [] if self._counts is None else self._counts.read(text, bare=bare)
        for sequence in self._sequence.finditer(text):
            terms += self._sequence_terms(sequence)
        return [self._measure(term) for term in _each_size_once(_apart(terms))]

    def _sequence_terms(self, sequence: re.Match[str]) -> list[Term]:
        """The terms of ``2 x 250 ml``, ``30 x 20cm``: each with its own or its neighbour's unit."""
        terms = [
            term
            for match in self._term.finditer(sequence.string, sequence.start(), sequence.end())
            if (term := self._one_term(match)) is not None
        ]
        known = [term.unit for term in terms if term.unit is not None]
        if not known:
            return []
        if len(terms) == 2 and terms[0].unit is None and known[0].dimension != "length":
            return self._multiplied(*terms)
        filled = _shared_units(terms)
        whole = [replace(term, unit=unit) for term, unit in zip(terms, filled, strict=True)]
        return [t for t in whole if t.unit is not None and _is_sound(t.value, t.unit)]

    def _multiplied(self, times: Term, each: Term) -> list[Term]:
        """The terms of a number of things of a size: 2 x 250 ml."""
        assert each.unit is not None
        if each.unit.dimension == COUNT:
            value = times.value * each.value
            return (
                [Term(times.start, each.end, value, each.unit)]
                if is_count(value, each.unit)
                else []
            )
        if self._pieces is None or not is_count(times.value, self._pieces):
            return [each]
        return [Term(times.start, times.end, times.value, self._pieces), each]

    def _one_term(self, match: re.Match[str]) -> Term | None:
        value = parse_number(match["number"])
        if value is None:
            return None
        spelling = match["unit"]
        if spelling is None or not self._fits(match):
            return Term(match.start(), match.end("number"), value, None)
        unit = self._by_spelling[fold_spelling(spelling)]
        held = holder_of(match.string, match.start(), match.end(), unit.dimension)
        return Term(match.start(), match.end(), value, unit, held=held)

    def _fits(self, match: re.Match[str]) -> bool:
        """Whether the letters after a number are a unit there.

        They are not so in 3 in 1, 4 L SHAPED, 3M (the maker), 50432A (a model).
        """
        spelling, text = match["unit"], match.string
        if fold_spelling(spelling) == "in":
            return _NOT_INCH.match(text, match.end()) is None
        if len(spelling) > 1 or not spelling.isalpha() or spelling in self._exact:
            return len(spelling) > 1 or len(match["number"]) <= _MAX_DIGITS_BEFORE_LETTER
        return not match["gap"] and (
            spelling in _EITHER_CASE
            or (text.isupper() and 1 < len(match["number"]) <= _MAX_DIGITS_BEFORE_LETTER)
        )

    def _measure(self, term: Term) -> Measure:
        assert term.unit is not None
        key = (term.value, term.unit.id)
        if key not in self._ids:
            self._ids[key] = measure_id(term.value, term.unit, self._units)
        return Measure(
            term.start,
            term.end,
            term.unit.dimension,
            self._ids[key],
            term.confidence,
            term.held,
        )


def _shared_units(terms: list[Term]) -> list[Unit | None]:
    """Each term's unit: its own, else the next one's, else the one before.

    Sizes that share a unit are of one order: in 1/2 x 36 yd the half is no yard.
    """
    filled = [term.unit for term in terms]
    neighbours = [(row, row + 1) for row in range(len(terms) - 2, -1, -1)]
    neighbours += [(row, row - 1) for row in range(1, len(terms))]
    for row, other in neighbours:
        alike = terms[row].value * _ALIKE >= terms[other].value >= terms[row].value / _ALIKE
        if filled[row] is None and alike:
            filled[row] = filled[other]
    return filled


def _base_unit(units: Iterable[Unit], dimension: str) -> Unit | None:
    fitting = [unit for unit in units if unit.dimension == dimension]
    return min(fitting, key=lambda unit: (abs(unit.factor - 1), unit.id), default=None)


def _is_sound(value: Decimal, unit: Unit) -> bool:
    return is_count(value, unit) if unit.dimension == COUNT else value > 0


def _apart(terms: list[Term]) -> list[Term]:
    """The terms in order; of overlapping ones the first given."""
    kept: list[Term] = []
    for term in terms:
        if all(term.end <= other.start or other.end <= term.start for other in kept):
            kept.append(term)
    return sorted(kept, key=lambda term: term.start)


def _each_size_once(terms: list[Term]) -> list[Term]:
    """Leaves out a size given again in another unit, and what is said twice."""
    kept: list[Term] = []
    for term in terms:
        assert term.unit is not None
        base = term.value * Decimal(str(term.unit.factor))
        if not any(_says_again(other, term.unit, base) for other in kept):
            kept.append(term)
    return kept


def _says_again(other: Term, unit: Unit, base: Decimal) -> bool:
    assert other.unit is not None
    if other.unit.dimension != unit.dimension:
        return False
    known = other.value * Decimal(str(other.unit.factor))
    return known == base or (other.unit.id != unit.id and abs(known - base) <= _SAME_SIZE * base)
