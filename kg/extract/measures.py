"""Measures and counts in product texts: ``30cm x 20 cm``, ``SET OF 6``, ``1/2 inch``, ``6件套``.

In: a text and the ontology's units. Out: `Measure` spans, each with the compact id of one quantity
(see `kg.quantities`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from kg.extract.numbers import CHINESE_NUMERAL, NUMBER, NUMBER_WORDS, parse_number
from kg.ontology_terms import Schema, Unit
from kg.quantities import measure_id

__all__ = ["COUNT", "Measure", "MeasureReader"]

COUNT: Final = "count"
"""The dimension of numbers of pieces."""

_MAX_COUNT = 10_000
_SAME_SIZE = Decimal("0.03")  # two units for one size, as in 0.5kg (1.1lb), differ by less

_TIMES = r"\s?(?:[x×*]|by\b)\s?"
_START = r"(?<![0-9A-Za-z.,])(?<![0-9A-Za-z][/-])"
_END = r"(?![0-9A-Za-z])"


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity at a place in a text."""

    start: int  # character span, half open
    end: int
    dimension: str
    id: str  # measure:30-cm


@dataclass(frozen=True, slots=True)
class _Term:
    start: int
    end: int
    value: Decimal
    unit: Unit | None


class MeasureReader:
    """Finds the measures in texts of one language.

    Units are read by their spellings in that language and in English (a Chinese title says
    ``300ml`` too). Counts are read from ``set of 6``, ``S/6``, ``12-pack``, ``100/box`` as well.
    """

    def __init__(self, schema: Schema, language: str) -> None:
        self._units = tuple(schema.units.values())
        self._pieces = _base_unit(self._units, COUNT)
        self._exact: set[str] = set()
        self._by_spelling: dict[str, Unit] = {}
        for code in dict.fromkeys((language, "en")):
            for unit in self._units:
                for spelling in unit.labels.get(code, ()):
                    self._exact.add(spelling)
                    self._by_spelling.setdefault(_fold(spelling), unit)
        spellings = _alternatives(self._by_spelling)
        term = rf"(?:{NUMBER})(?:[\s-]?(?:{spellings}))?"
        self._sequence = re.compile(rf"{_START}{term}(?:{_TIMES}{term})*", re.IGNORECASE)
        self._term = re.compile(
            rf"(?P<number>{NUMBER})(?P<gap>[\s-]?)(?P<unit>{spellings})?", re.IGNORECASE
        )
        sizes = _alternatives(s for s, u in self._by_spelling.items() if u.dimension != COUNT)
        pieces = _alternatives(s for s, u in self._by_spelling.items() if u.dimension == COUNT)
        self._counts = [re.compile(p, re.IGNORECASE) for p in _count_patterns(sizes, pieces)]
        self._may_hold = re.compile(
            rf"[0-9½¼¾⅓⅔⅛⅜⅝⅞]|[一二两三四五六七八九十]|\b(?:{'|'.join(NUMBER_WORDS)})\b", re.I
        )
        self._ids: dict[tuple[Decimal, str], str] = {}

    def read(self, text: str) -> list[Measure]:
        """The measures of a text in the order they stand; a quantity said twice is given once."""
        if not self._by_spelling or self._may_hold.search(text) is None:
            return []
        terms = list(self._count_terms(text))
        counted = {position for term in terms for position in range(term.start, term.end)}
        for sequence in self._sequence.finditer(text):
            terms += [term for term in self._sequence_terms(sequence) if term.start not in counted]
        terms.sort(key=lambda term: term.start)
        return [self._measure(term) for term in _each_size_once(terms)]

    def _count_terms(self, text: str) -> Iterator[_Term]:
        if self._pieces is None:
            return
        for pattern in self._counts:
            for match in pattern.finditer(text):
                value = parse_number(match["number"])
                if value is not None and _is_count(value):
                    yield _Term(match.start(), match.end(), value, self._pieces)

    def _sequence_terms(self, sequence: re.Match[str]) -> list[_Term]:
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
        filled = [term.unit for term in terms]
        for row in range(len(filled) - 2, -1, -1):  # 30 x 20cm: the unit stands at the end
            filled[row] = filled[row] or filled[row + 1]
        for row in range(1, len(filled)):
            filled[row] = filled[row] or filled[row - 1]
        whole = [_Term(t.start, t.end, t.value, u) for t, u in zip(terms, filled, strict=True)]
        return [t for t in whole if t.unit is not None and _is_sound(t.value, t.unit)]

    def _multiplied(self, times: _Term, each: _Term) -> list[_Term]:
        assert each.unit is not None
        if not _is_count(times.value):
            return [each]
        if each.unit.dimension == COUNT:
            return [_Term(times.start, each.end, times.value * each.value, each.unit)]
        if self._pieces is None:
            return [each]
        return [_Term(times.start, times.end, times.value, self._pieces), each]

    def _one_term(self, match: re.Match[str]) -> _Term | None:
        value = parse_number(match["number"])
        if value is None:
            return None
        spelling = match["unit"]
        if spelling is None or not self._fits(match):
            return _Term(match.start(), match.end("number"), value, None)
        return _Term(match.start(), match.end(), value, self._by_spelling[_fold(spelling)])

    def _fits(self, match: re.Match[str]) -> bool:
        """Whether the letters after a number are a unit there: not so in 3 in 1, 4 L SHAPED."""
        spelling, rest = match["unit"], match.string[match.end("unit") :]
        if len(spelling) == 1 and spelling.isalpha() and match["gap"]:
            return spelling in self._exact
        return not (
            _fold(spelling) == "in" and re.match(r"\s?\d|-\d|\s(?:the|a|one)\b", rest, re.I)
        )

    def _measure(self, term: _Term) -> Measure:
        assert term.unit is not None
        key = (term.value, term.unit.id)
        if key not in self._ids:
            self._ids[key] = measure_id(term.value, term.unit, self._units)
        return Measure(term.start, term.end, term.unit.dimension, self._ids[key])


def _fold(spelling: str) -> str:
    return spelling.casefold().replace("″", '"').replace("”", '"').replace("''", '"')


def _base_unit(units: Iterable[Unit], dimension: str) -> Unit | None:
    fitting = [unit for unit in units if unit.dimension == dimension]
    return min(fitting, key=lambda unit: (abs(unit.factor - 1), unit.id), default=None)


def _is_count(value: Decimal) -> bool:
    return value == value.to_integral_value() and 1 <= value <= _MAX_COUNT


def _is_sound(value: Decimal, unit: Unit) -> bool:
    return _is_count(value) if unit.dimension == COUNT else value > 0


def _alternatives(spellings: Iterable[str]) -> str:
    """Pattern of any of the spellings, longest first, each ending where its word ends."""
    parts = []
    for spelling in sorted(set(spellings), key=lambda s: (-len(s), s)):
        literal = re.escape(spelling).replace('"', "(?:\"|''|″|”)")
        latin = spelling[-1:].isascii() and spelling[-1:].isalnum()
        parts.append(literal + (_END if latin else ""))
    return "|".join(parts) or r"(?!)"


def _count_patterns(sizes: str, pieces: str) -> list[str]:
    words = "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
    number = rf"(?P<number>\d{{1,3}},\d{{3}}|\d{{1,5}}|(?:{words})\b)"
    bare = rf"(?![.,/]?\d|[A-Za-z\"″”/*×]|-\d|\s?(?:{sizes}))"
    holders = "sets?|packs?|pk|pkt|packet|box|boxes|bags?|case|bundle|carton|jar|tin|tub|tube|lot"
    return [
        rf"\b(?:{holders})\s?of\s?{number}{bare}",
        rf"\b(?:sets?|packs?|pk|pkt|packet|s)\s?/\s?{number}{bare}",
        rf"\b(?:set|pack|pk|pkt|packet)\s(?P<number>\d{{1,3}}){bare}",
        rf"{_START}{number}[\s-]?(?:pack|pk|pkt|packet)(?:s?(?!\w)(?!\s?of\b))",
        rf"{_START}{number}\s?(?:/|per)\s?(?:pack|pk|pkg|pkt|box|bx|bag|case|cs|carton|ct|tube|roll)\b",
        rf"\b(?P<number>{words})[\s-](?:{pieces})",
        rf"(?P<number>{CHINESE_NUMERAL})(?:{pieces})",
    ]


def _each_size_once(terms: list[_Term]) -> list[_Term]:
    """Leaves out a size given again in another unit, and what is said twice."""
    kept: list[_Term] = []
    for term in terms:
        assert term.unit is not None
        base = term.value * Decimal(str(term.unit.factor))
        if not any(_says_again(other, term.unit, base) for other in kept):
            kept.append(term)
    return kept


def _says_again(other: _Term, unit: Unit, base: Decimal) -> bool:
    assert other.unit is not None
    if other.unit.dimension != unit.dimension:
        return False
    known = other.value * Decimal(str(other.unit.factor))
    return known == base or (other.unit.id != unit.id and abs(known - base) <= _SAME_SIZE * base)
