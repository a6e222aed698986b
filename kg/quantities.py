"""Quantities as entities: one compact id per quantity, whatever unit it was written in.

Values are taken to the base unit of their dimension, rounded to 4 significant digits and written in
the largest unit of `LADDERS` they reach: 300 mm and 30 cm are both ``measure:30-cm``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from typing import Final

from kg.ontology_terms import Schema, Unit

__all__ = ["LADDERS", "measure_id", "measure_labels"]

LADDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "length": ("mm", "cm", "m"),
    "volume": ("ml", "l"),
    "mass": ("g", "kg"),
}
"""Symbols of the units measures are written in, small to large; elsewhere the unit of factor 1."""


_FOUR_DIGITS = Context(prec=4)


def measure_id(value: Decimal, unit: Unit, units: Iterable[Unit]) -> str:
    """Compact id of ``value`` in ``unit``, written in the unit of ``units`` that reads best."""
    base = _FOUR_DIGITS.plus(value * Decimal(str(unit.factor)))
    shown = _shown_unit(base, unit.dimension, units)
    amount = _FOUR_DIGITS.plus(base / Decimal(str(shown.factor))).normalize()
    return f"measure:{amount:f}-{shown.symbol}"


def measure_labels(compact_id: str, schema: Schema) -> dict[str, str]:
    """Name of a measure by language: ``{'en': '30 cm', 'zh': '30厘米'}``."""
    amount, _, symbol = compact_id.partition(":")[2].partition("-")
    unit = schema.units.get(f"unit:{symbol}")
    labels = {} if unit is None else unit.labels
    named = {
        language: f"{amount}{spellings[0]}" if language == "zh" else f"{amount} {spellings[0]}"
        for language, spellings in labels.items()
        if spellings
    }
    return named or {schema.languages[0]: f"{amount} {symbol}"}


def _shown_unit(base: Decimal, dimension: str, units: Iterable[Unit]) -> Unit:
    by_symbol = {unit.symbol: unit for unit in units if unit.dimension == dimension}
    ladder = [by_symbol[s] for s in LADDERS.get(dimension, ()) if s in by_symbol]
    if not ladder:
        return min(by_symbol.values(), key=lambda unit: (abs(unit.factor - 1), unit.symbol))
    reached = [unit for unit in ladder if base >= Decimal(str(unit.factor))]
    return reached[-1] if reached else ladder[0]
