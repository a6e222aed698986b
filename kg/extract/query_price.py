"""Bounds on a price in a search: ``under £10``, ``between 5 and 10 euros``, ``10块以下``.

In: a text. Out: the first bound it states. A number is a price where a currency or a word of a
bound stands beside it and it is not part of a measure. *About* is a fifth either way. Words that
name no amount (*cheap*) are no bound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from kg.extract.numbers import CHINESE_NUMERAL, parse_number
from kg.extract.query_terms import Price

__all__ = ["ABOUT", "read_price"]

ABOUT: Final = Decimal("0.2")
"""How much higher or lower *about* an amount may be."""

_CURRENCIES: Final = {
    "GBP": "£|gbp|pounds?|quid|英镑|镑",
    "EUR": "€|eur|euros?|欧元",
    "USD": r"us\$|\$|usd|dollars?|bucks?|美元|美金",
    "CNY": "¥|￥|cny|rmb|yuan|元钱?|块钱?|人民币",
}
_NAMED: Final = {"fiver": Decimal(5), "tenner": Decimal(10)}
_SIGN = "|".join(f"(?:{pattern})" for pattern in _CURRENCIES.values())
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d{1,2})?"


def _amount(name: str) -> str:
    sign, digits = rf"(?P<{name}_before>{_SIGN})\s?", rf"(?:{_DIGITS}|a\s(?:fiver|tenner))"
    after = rf"\s?(?P<{name}_after>{_SIGN})(?![a-z])"
    return (
        rf"(?:{sign})?(?P<{name}>{digits}|{CHINESE_NUMERAL}(?=\s?[元块镑]))(?![\d.]*\d)(?:{after})?"
    )


_LOW, _HIGH, _ONE = _amount("low"), _amount("high"), _amount("one")
_MOST = (
    r"(?:under|below|less\sthan|cheaper\sthan|up\sto|(?:a\s)?max(?:imum)?(?:\sof)?|at\smost|within|"
    r"no(?:t)?\s(?:more|over|higher)(?:\sthan)?|<=?|不超过|低于|少于|小于|不到|最多)"
)
_LEAST = (
    r"(?:over|above|more\sthan|at\sleast|from|min(?:imum)?(?:\sof)?|starting\s(?:at|from)|>=?|"
    r"高于|超过|大于|至少|不低于)"
)
_NEAR = r"(?:about|around|approx(?:imately)?\.?|roughly|circa|~|大约|大概|约)"

_RANGE = re.compile(
    rf"(?P<cue>between|from)?\s?{_LOW}\s?(?:-|–|~|to|and|到|至)\s?{_HIGH}", re.IGNORECASE
)
_BOUNDS: Final = (
    ("most", re.compile(rf"(?P<cue>{_MOST})\s?{_ONE}", re.IGNORECASE)),
    ("least", re.compile(rf"(?P<cue>{_LEAST})\s?{_ONE}", re.IGNORECASE)),
    ("about", re.compile(rf"(?P<cue>{_NEAR})\s?{_ONE}", re.IGNORECASE)),
    (
        "most",
        re.compile(
            rf"{_ONE}\s?(?P<cue>(?:or|and)\s(?:less|under|below)|max|tops)\b", re.IGNORECASE
        ),
    ),
    (
        "least",
        re.compile(rf"{_ONE}\s?(?P<cue>(?:or|and)\s(?:more|over|up)|plus|\+)", re.IGNORECASE),
    ),
    ("most", re.compile(rf"{_ONE}\s?(?P<cue>以下|以内|之内|之下|内)")),
    ("least", re.compile(rf"{_ONE}\s?(?P<cue>以上|之上|起)")),
    ("about", re.compile(rf"{_ONE}\s?(?P<cue>左右|上下)")),
    ("about", re.compile(rf"(?:\bfor\s)?{_ONE}(?:\seach\b)?", re.IGNORECASE)),
)

_NO_UNIT = re.compile(
    r"\s?(?:years?|yrs?|yo|months?|people|person|pieces?|packs?|pcs|st|nd|rd|th)\b"
)


def read_price(text: str, taken: Sequence[tuple[int, int]] = ()) -> Price | None:
    """The bound a search states, None where it states none.

    Args:
        text: the search.
        taken: characters, half open, that measures stand at; a number there is a price only where
            a currency stands beside it.
    """
    for match in _RANGE.finditer(text):
        bound = _bound(match, "range", taken)
        if bound is not None:
            return bound
    for kind, pattern in _BOUNDS:
        for match in pattern.finditer(text):
            bound = _bound(match, kind, taken)
            if bound is not None:
                return bound
    return None


def _bound(match: re.Match[str], kind: str, taken: Sequence[tuple[int, int]]) -> Price | None:
    found = match.groupdict()
    names = ("low", "high") if kind == "range" else ("one",)
    signs = [found[f"{name}_{side}"] for name in names for side in ("before", "after")]
    currency = next((_currency(sign) for sign in signs if sign), None)
    if currency is None:
        inside = any(match.start() < end and start < match.end() for start, end in taken)
        said = found.get("cue") or (kind == "range" and match.end() == len(match.string))
        if inside or not said or _follows_no_price(match):
            return None
    values = [_value(found[name]) for name in names]
    if any(value is None for value in values):
        return None
    amounts = [value for value in values if value is not None]
    least, most = _ends(kind, amounts)
    start, end = match.span()
    start += len(match[0]) - len(match[0].lstrip())
    return Price(
        start, end, match.string[start:end], least, most, currency, is_about=kind == "about"
    )


def _ends(kind: str, amounts: list[Decimal]) -> tuple[Decimal | None, Decimal | None]:
    if kind == "range":
        return min(amounts), max(amounts)
    if kind == "most":
        return None, amounts[0]
    if kind == "least":
        return amounts[0], None
    return amounts[0] * (1 - ABOUT), amounts[0] * (1 + ABOUT)


def _follows_no_price(match: re.Match[str]) -> bool:
    """Whether letters stick to the number or a word after it says that it counts something else."""
    rest = match.string[match.end() :]
    return bool(rest[:1].isalpha() and rest[:1].isascii()) or _NO_UNIT.match(rest) is not None


def _currency(sign: str) -> str:
    return next(
        code for code, pattern in _CURRENCIES.items() if re.fullmatch(pattern, sign, re.IGNORECASE)
    )


def _value(text: str) -> Decimal | None:
    return _NAMED.get(text.casefold().removeprefix("a ")) or parse_number(text)
