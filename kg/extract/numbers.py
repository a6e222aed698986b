"""Numbers as shops write them: ``1.75``, ``1,000``, ``1/2``, ``1-1/2``, ``½``, ``six``, ``两``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

__all__ = ["CHINESE_NUMERAL", "NUMBER", "NUMBER_WORDS", "parse_number"]

_VULGAR: Final[Mapping[str, tuple[int, int]]] = {
    "½": (1, 2),
    "⅓": (1, 3),
    "⅔": (2, 3),
    "¼": (1, 4),
    "¾": (3, 4),
    "⅛": (1, 8),
    "⅜": (3, 8),
    "⅝": (5, 8),
    "⅞": (7, 8),
}
_VULGARS = "".join(_VULGAR)

NUMBER: Final = (
    rf"\d{{1,3}}[ -]\d+/\d+(?!\d)|\d+[ -]?[{_VULGARS}]|[{_VULGARS}]|\d+/\d+(?!\d)"
    r"|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+"
)
"""Pattern of one number in digits: mixed and plain fractions, thousands, decimals."""

CHINESE_NUMERAL: Final = "[一二两三四五六七八九十]{1,3}"
"""Pattern of a small Chinese numeral."""

NUMBER_WORDS: Final[Mapping[str, int]] = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "dozen": 12,
    "twenty": 20,
    "twenty-four": 24,
}

_CHINESE_DIGITS: Final = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_FRACTION = re.compile(r"(?:(\d+)[ -])?(\d+)/(\d+)")


def parse_number(text: str) -> Decimal | None:
    """Value of a number or number word; None where it is none (``1/0``, ``十十``)."""
    folded = text.strip().casefold()
    if folded in NUMBER_WORDS:
        return Decimal(NUMBER_WORDS[folded])
    if re.fullmatch(CHINESE_NUMERAL, folded):
        return _chinese(folded)
    if folded[-1:] in _VULGAR:
        above, below = _VULGAR[folded[-1]]
        return Decimal(folded[:-1].strip(" -") or 0) + Decimal(above) / Decimal(below)
    fraction = _FRACTION.fullmatch(folded)
    if fraction:
        whole, above, below = (int(part or 0) for part in fraction.groups())
        return Decimal(whole) + Decimal(above) / Decimal(below) if below else None
    digits = folded.replace(",", "")
    return Decimal(digits) if re.fullmatch(r"\d+(?:\.\d+)?|\.\d+", digits) else None


def _chinese(numeral: str) -> Decimal | None:
    """Value of a numeral up to 99: 两 = 2, 十二 = 12, 二十四 = 24."""
    tens, ten, ones = numeral.partition("十")
    if not ten:
        return Decimal(_CHINESE_DIGITS[numeral]) if len(numeral) == 1 else None
    if len(tens) > 1 or len(ones) > 1 or ones == "十":
        return None
    return Decimal(_CHINESE_DIGITS.get(tens, 1) * 10 + _CHINESE_DIGITS.get(ones, 0))
