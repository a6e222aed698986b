"""The ontology's units against pint, a library of units kept by others."""

import pint
import pytest

from kg.extract.measures import MeasureReader
from kg.schema import load_schema

SCHEMA = load_schema()
REGISTRY = pint.UnitRegistry()
IN_PINT = {  # symbol in the ontology -> unit in pint
    "a": "ampere", "ma": "milliampere",
    "ah": "ampere * hour", "mah": "milliampere * hour",
    "bar": "bar", "psi": "psi",
    "cl": "centiliter", "fl-oz": "US_fluid_ounce", "gal": "US_liquid_gallon", "l": "liter",
    "ml": "milliliter", "pt": "US_pint", "qt": "US_liquid_quart", "ul": "microliter",
    "cm": "centimeter", "ft": "foot", "in": "inch", "m": "meter", "mil": "thou",
    "mm": "millimeter", "um": "micrometer", "yd": "yard",
    "g": "gram", "kg": "kilogram", "lb": "pound", "mg": "milligram", "oz": "ounce",
    "ton": "metric_ton",
    "gb": "gigabyte", "mb": "megabyte", "tb": "terabyte",
    "ghz": "gigahertz", "hz": "hertz", "khz": "kilohertz", "mhz": "megahertz",
    "gsm": "gram / meter**2",
    "hp": "horsepower", "kw": "kilowatt", "mw": "milliwatt", "w": "watt",
    "kohm": "kiloohm", "mohm": "megaohm", "ohm": "ohm",
    "kv": "kilovolt", "mv": "millivolt", "v": "volt",
    "lm": "lumen",
    "nf": "nanofarad", "pf": "picofarad", "uf": "microfarad",
    "sq-cm": "centimeter**2", "sq-ft": "foot**2", "sq-in": "inch**2", "sq-m": "meter**2",
}  # fmt: skip
UNITS = {unit.symbol: unit for unit in SCHEMA.units.values() if unit.dimension != "count"}


def test_every_unit_is_compared() -> None:
    assert UNITS.keys() == IN_PINT.keys()


@pytest.mark.parametrize("symbol", sorted(UNITS))
def test_factors_agree_with_pint(symbol: str) -> None:
    unit = UNITS[symbol]
    bases = [u for u in UNITS.values() if u.dimension == unit.dimension and u.factor == 1]
    assert bases
    ratio = REGISTRY.Quantity(1, IN_PINT[symbol]).to(IN_PINT[bases[0].symbol]).magnitude
    assert unit.factor == pytest.approx(ratio, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("1/2 inch drill", ["measure:1.27-cm"]),
        ("12.7mm drill", ["measure:1.27-cm"]),
        ("bottle 500ml", ["measure:500-ml"]),
        ("filament 1.75mm", ["measure:1.75-mm"]),
        ("shelf 2 x 30cm", ["measure:2-cm", "measure:30-cm"]),
    ],
)
def test_one_quantity_whatever_its_unit(text: str, ids: list[str]) -> None:
    assert [measure.id for measure in MeasureReader(SCHEMA, "en").read(text)] == ids
