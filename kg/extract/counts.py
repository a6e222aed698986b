"""Numbers of pieces: ``set of 6``, ``S/6``, ``12-pack``, ``pair of``, ``24 Sheets``, ``两件套``.

In: a text. Out: `Term` spans whose unit is one of pieces. Numbers with a spelled unit of pieces
(``6 pcs``) are read with all other measures, in `kg.extract.measures`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from kg.extract.numbers import CHINESE_NUMERAL, NUMBER_WORDS, parse_number
from kg.extract.words import english_norm, is_plural
from kg.ontology_terms import Unit

__all__ = [
    "COUNT",
    "START",
    "CountReader",
    "Term",
    "alternatives",
    "fold_spelling",
    "holder_of",
    "is_count",
    "with_plurals",
]

COUNT: Final = "count"
"""The dimension of numbers of pieces."""

_MAX_COUNT = 10_000
_NAMED_CONFIDENCE = 0.8  # 24 Sheets: nothing says that sheets are what the pack holds
_NAMED_WITHIN = 4  # words after a number among which its plural is looked for

START: Final = r"(?<![0-9A-Za-z.,±])(?<![0-9A-Za-z][/-])(?<!±\s)(?<!\+/-)(?<!\+/-\s)"
"""Where a number may begin: not inside a model number, not as a tolerance."""
_END = r"(?!(?!x\s?\d)[0-9A-Za-z]|['’][A-Za-z])"  # 10mmx6mm
_CLOSED = re.compile(r"\s?(?:$|[,;.)(|])")
_WORDS = "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
_HOLDERS = "sets?|packs?|pk|pkt|packet|box|boxes|bags?|case|bundle|carton|jar|tin|tub|tube|lot|book"

_HOLDER_BEFORE = re.compile(rf"\b(?:{_HOLDERS})\s$", re.IGNORECASE)
_HOLDER_AFTER = re.compile(
    r"\s(?:jar|tubs?|tube|can|canister|packet|bag|box|tin|pouch|sachet|spool)s?\b", re.IGNORECASE
)

_NOT_PIECES: Final = {
    "age", "bar", "bulb", "button", "cell", "channel", "color", "colour", "compartment",
    "course", "cup", "day", "digit", "door", "drawer", "hole", "hook", "hour", "layer", "led",
    "level", "light", "line", "minute", "month", "page", "piece", "ply", "pocket", "point",
    "ring", "second", "shelf", "side", "slot", "speed", "step", "strand", "tier", "time",
    "tooth", "way", "week", "wick", "year",
}  # fmt: skip
"""What a product of one piece may have several of."""
_STOPS: Final = frozenset(
    ("and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "x")
)


@dataclass(frozen=True, slots=True)
class Term:
    """A number at a place in a text, with its unit."""

    start: int  # characters, half open
    end: int
    value: Decimal
    unit: Unit | None
    confidence: float = 1.0
    held: tuple[int, int] | None = None  # where words only name what holds the goods: box of 6


class CountReader:
    """Finds the numbers of pieces in a text.

    Args:
        by_spelling: folded spelling -> unit, of every dimension.
        pieces: the unit of single pieces.
    """

    def __init__(self, by_spelling: Mapping[str, Unit], pieces: Unit) -> None:
        self._by_spelling = by_spelling
        self._pieces = pieces
        sizes = alternatives(s for s, u in by_spelling.items() if u.dimension != COUNT)
        units = alternatives(s for s, u in by_spelling.items() if u.dimension == COUNT)
        self._patterns = [re.compile(p, re.IGNORECASE) for p in _patterns(sizes, units)]
        self._not_pieces = frozenset(map(english_norm, _NOT_PIECES))
        self._pairs = re.compile(
            rf"(?<![0-9])(?<![0-9][\s-])\b(?P<unit>{units})\s?of\b", re.IGNORECASE
        )
        self._named = re.compile(
            r"(?:^|[,:;(]\s?)(?P<number>\d{1,3})"
            rf"(?P<words>(?:\s[^\W\d_]+(?:['’-][^\W\d_]+)*){{1,{_NAMED_WITHIN}}})"
        )

    def read(self, text: str, *, bare: bool = False) -> list[Term]:
        """The numbers of pieces, those that are said outright first.

        Args:
            text: what to read.
            bare: whether a text that is a whole number and nothing else is one of pieces.
        """
        if bare and text.isdecimal():
            value = parse_number(text)
            known = value is not None and is_count(value, self._pieces)
            return [Term(0, len(text), value, self._pieces)] if known and value is not None else []
        return [*self._said(text), *self._of_named_things(text)]

    def _said(self, text: str) -> Iterator[Term]:
        for pattern in self._patterns:
            for match in pattern.finditer(text):
                found = match.groupdict()
                value = parse_number(found["number"])
                unit = self._by_spelling[fold_spelling(found["unit"])] if "unit" in found else None
                unit = unit or self._pieces
                if value is not None and is_count(value, unit):
                    yield Term(match.start(), match.end(), value, unit, held=match.span())
        for match in self._pairs.finditer(text):
            unit = self._by_spelling[fold_spelling(match["unit"])]
            if unit.factor > 1:
                yield Term(match.start(), match.end("unit"), Decimal(1), unit)

    def _of_named_things(self, text: str) -> Iterator[Term]:
        """``12 Pencils Tall Tube``, ``Tissue, 24 Sheets``: a number before its plural.

        It stands at the start of the text, or it makes up a part between commas by itself.
        """
        for match in self._named.finditer(text):
            value = parse_number(match["number"])
            if value is None or value < 2:
                continue
            end = match.start("words")
            for place, word in enumerate(match["words"].split()):
                end += 1 + len(word)
                if self._is_no_piece(word, first=place == 0):
                    break
                if is_plural(word) and (match.start() == 0 or _CLOSED.match(text, end)):
                    yield Term(match.start("number"), end, value, self._pieces, _NAMED_CONFIDENCE)
                    break

    def _is_no_piece(self, word: str, *, first: bool) -> bool:
        if word.casefold() in _STOPS or (first and fold_spelling(word) in self._by_spelling):
            return True
        return english_norm(word.rpartition("-")[2]) in self._not_pieces


def holder_of(text: str, start: int, end: int, dimension: str) -> tuple[int, int] | None:
    """Where what holds an amount at ``start`` to ``end`` is named: *bag 500 g*, *50 ml tube*."""
    if dimension == "mass" and (before := _HOLDER_BEFORE.search(text, 0, start)):
        return before.start(), end
    if dimension in ("mass", "volume") and (after := _HOLDER_AFTER.match(text, end)):
        return start, after.end()
    return None


def fold_spelling(spelling: str) -> str:
    """A unit's spelling as it is looked up: case folded, the signs for inch made one."""
    return spelling.casefold().replace("″", '"').replace("”", '"').replace("''", '"')


def with_plurals(spellings: Mapping[str, Unit]) -> dict[str, Unit]:
    """Spellings with the regular plurals of those that are Latin words: ounce, ounces."""
    plurals = {}
    for spelling, unit in spellings.items():
        if len(spelling) > 1 and spelling.isascii() and spelling[-1].isalpha():
            ending = "es" if spelling.endswith(("ch", "s", "x", "z")) else "s"
            plurals[spelling + ending] = unit
    return {**plurals, **spellings}


def is_count(value: Decimal, unit: Unit) -> bool:
    """Whether a number of ``unit`` may be a pack's: whole, 2 to 10,000 pieces.

    One piece is what every product is; *pack of 1* and 一个 ("a") say nothing.
    """
    whole = value == value.to_integral_value()
    return whole and value <= _MAX_COUNT and value * Decimal(str(unit.factor)) > 1


def alternatives(spellings: Iterable[str]) -> str:
    """Pattern of any of the spellings, longest first, each ending where its word ends."""
    parts = []
    for spelling in sorted(set(spellings), key=lambda s: (-len(s), s)):
        literal = re.escape(spelling).replace('"', "(?:\"|''|″|”)")
        latin = spelling[-1:].isascii() and spelling[-1:].isalnum()
        parts.append(literal + (_END if latin else ""))
    return "|".join(parts) or r"(?!)"


def _patterns(sizes: str, units: str) -> list[str]:
    number = rf"(?P<number>\d{{1,3}},\d{{3}}|\d{{1,5}}|(?:{_WORDS})\b)"
    bare = rf"(?![.,/]?\d|[A-Za-z\"″”/*×]|-\d|\s?(?:{sizes}))"
    return [
        rf"\b(?:{_HOLDERS})\s?of\s?{number}{bare}",
        rf"\b(?:sets?|packs?|pk|pkt|packet|s)\s?/\s?{number}{bare}",
        rf"\b(?:set|pack|pk|pkt|packet)\s(?P<number>\d{{1,3}}){bare}",
        rf"{START}{number}[\s-]?(?:pack|pk|pkt|packet)(?:s?(?!\w)(?!\s?of\b))",
        rf"{START}{number}\s?(?:/|per)\s?(?:pack|pk|pkg|pkt|box|bx|bag|case|cs|carton|ct|tube|roll)\b",
        rf"\b(?P<number>{_WORDS})[\s-](?P<unit>{units})",
        rf"(?P<number>{CHINESE_NUMERAL})\s?(?P<unit>{units})",
    ]
