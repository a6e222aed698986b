from decimal import Decimal

import pytest

from kg.extract.measures import MeasureReader
from kg.quantities import measure_id, measure_labels
from tests.worlds import SCHEMA, UNITS, schema

READERS = {language: MeasureReader(SCHEMA, language) for language in ("en", "zh")}


def read(text: str, language: str = "en") -> list[tuple[str, str]]:
    """(words, quantity) of each measure."""
    found = READERS[language].read(text)
    return [(text[m.start : m.end], m.id.removeprefix("measure:")) for m in found]


@pytest.mark.parametrize(
    ("text", "measures"),
    [
        ("SET OF 6 MUGS", [("SET OF 6", "6-pieces")]),
        ("SET/6 RED SPOTTY CUPS", [("SET/6", "6-pieces")]),
        ("S/6 RED CUPS", [("S/6", "6-pieces")]),
        ("SET 2 TEA TOWELS", [("SET 2", "2-pieces")]),
        ("PACK OF 12 TISSUES", [("PACK OF 12", "12-pieces")]),
        ("Gloves, Pack of 6", [("Pack of 6", "6-pieces")]),
        ("Brushes 6 Pcs", [("6 Pcs", "6-pieces")]),
        ("12-pack of pens", [("12-pack", "12-pieces")]),
        ("Wipes, 100/Box", [("100/Box", "100-pieces")]),
        ("box of 1,000 pins", [("box of 1,000", "1000-pieces")]),
        ("RED 3 PIECE CUTLERY SET", [("3 PIECE", "3-pieces")]),
        ("three-piece set", [("three-piece", "3-pieces")]),
        ("set of six plates", [("set of six", "6-pieces")]),
        ("2 pairs of socks", [("2 pairs", "4-pieces")]),
        ("2 packs of 12", [("packs of 12", "12-pieces")]),
        ("PAIR OF FLUTES", [("PAIR", "2-pieces")]),
        ("two pairs of socks", [("two pairs", "4-pieces")]),
        ("12 PENCILS TALL TUBE", [("12 PENCILS", "12-pieces")]),
        ("Tissue paper, 24 Sheets", [("24 Sheets", "24-pieces")]),
        ("My first toolbox, 8 Real Tools", [("8 Real Tools", "8-pieces")]),
        ("2 x 250 ml", [("2", "2-pieces"), ("250 ml", "250-ml")]),
        ("tray 30cm x 20 cm", [("30cm", "30-cm"), ("20 cm", "20-cm")]),
        ("tray 30 x 20 cm", [("30", "30-cm"), ("20 cm", "20-cm")]),
        ("mat 1.2 m x 80 cm", [("1.2 m", "1.2-m"), ("80 cm", "80-cm")]),
        ("filament 1.75mm", [("1.75mm", "1.75-mm")]),
        ("1/2 inch bit", [("1/2 inch", "1.27-cm")]),
        ("1-1/2 in. pipe", [("1-1/2 in", "3.81-cm")]),
        ('12" ruler', [('12"', "30.48-cm")]),
        ("0.5kg(1.1lb) spool", [("0.5kg", "500-g")]),
        ("300mm rule", [("300mm", "30-cm")]),
        ("1500ml jug", [("1500ml", "1.5-l")]),
        ("5V supply", [("5V", "5-v")]),
        ("CHUTNEY 280G", [("280G", "280-g")]),
        ("tin of 2 l paint", [("2 l", "2-l")]),
        ("2L flask", [("2L", "2-l")]),
        ("5 litres", [("5 litres", "5-l")]),
        ("60 volts", [("60 volts", "60-v")]),
        ("180 - Pieces", [("180 - Pieces", "180-pieces")]),
        ("10mmx6mmx4.5mm nut", [("10mm", "1-cm"), ("6mm", "6-mm"), ("4.5mm", "4.5-mm")]),
        ("Hillman 45632 5/8-Inch nut", [("5/8-Inch", "1.588-cm")]),
        ("filament 1.75 mm +/- 0.03 mm", [("1.75 mm", "1.75-mm")]),
        ("1/2 X 36 metres", [("36 metres", "36-m")]),
        ("3.4 inch (88 mm)", [("3.4 inch", "8.636-cm")]),
        ("4 x 5 pcs", [("4 x 5 pcs", "20-pieces")]),
        ("24-volt motor", [("24-volt", "24-v")]),
    ],
)
def test_english_measures(text, measures):
    assert read(text) == measures


@pytest.mark.parametrize(
    ("text", "measures"),
    [
        ("陶瓷马克杯6件套", [("6件套", "6-pieces")]),
        ("蜡烛12支装", [("12支装", "12-pieces")]),
        ("托盘30厘米", [("30厘米", "30-cm")]),
        ("保温杯 500ml", [("500ml", "500-ml")]),
        ("茶具两件套", [("两件套", "2-pieces")]),
        ("一对烛台", [("一对", "2-pieces")]),
        ("一个马克杯", []),
        ("30*20厘米桌布", [("30", "30-cm"), ("20厘米", "20-cm")]),
    ],
)
def test_chinese_measures(text, measures):
    assert read(text, "zh") == measures


@pytest.mark.parametrize(
    "text",
    [
        "HD-6 PACKARD",
        "MODEL BX30CM",
        "SET 17070",
        "3 in 1 tool",
        "PACK 2.4",
        "100% cotton",
        "10-20 cm",
        "A4 paper",
        "3 M SHAPED HOOKS",
        "3M respirator",
        "Neiko 50432A nut",
        "(1 Pcs)",
        "1 x 1 pcs",
        "opi 2011 pair'em scare'em",
        "±0.2 mm",
        "Supplies, 10 Painters Tape 12 x 7.25, 400 tie-points",
        "size 8",
        "Pack of 1",
        "3 TIER CAKE STANDS",
        "100 LED lights",
        "5 Year Diaries",
        "8 for cakes",
        "set of 0",
        "no digits at all",
        "1/0 inch",
        "",
    ],
)
def test_what_is_no_measure(text):
    assert read(text) == []


def test_a_size_after_a_set_is_not_a_count():
    assert read("SET 30CM") == [("30CM", "30-cm")]


def test_a_quantity_said_twice_is_given_once():
    assert read("Pack of 6 (6 pcs)") == [("Pack of 6", "6-pieces")]


@pytest.mark.parametrize(
    ("value", "symbol", "quantity"),
    [
        ("30", "cm", "30-cm"),
        ("300", "mm", "30-cm"),
        ("0.3", "m", "30-cm"),
        ("1.75", "mm", "1.75-mm"),
        ("120", "cm", "1.2-m"),
        ("0.2", "mm", "0.2-mm"),
        ("1000", "g", "1-kg"),
        ("1", "pair", "2-pieces"),
        ("10000", "pieces", "10000-pieces"),
    ],
)
def test_one_quantity_has_one_id(value, symbol, quantity):
    unit = SCHEMA.units[f"unit:{symbol}"]
    assert measure_id(Decimal(value), unit, UNITS) == f"measure:{quantity}"


def test_measures_have_names_in_each_language():
    assert measure_labels("measure:30-cm", SCHEMA) == {"en": "30 cm", "zh": "30厘米"}
    assert measure_labels("measure:5-parsec", SCHEMA) == {"en": "5 parsec"}


def test_without_units_nothing_is_measured():
    assert MeasureReader(schema(units=()), "en").read("SET OF 6, 30cm") == []


def test_without_a_unit_of_pieces_only_sizes_are_read():
    reader = MeasureReader(schema(units=[u for u in UNITS if u.dimension != "count"]), "en")
    assert [m.id for m in reader.read("SET OF 6, 2 x 30 ml")] == ["measure:30-ml"]
