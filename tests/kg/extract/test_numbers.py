from decimal import Decimal

import pytest

from kg.extract.numbers import parse_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6", "6"),
        ("1.75", "1.75"),
        (".5", "0.5"),
        ("1,000", "1000"),
        ("1/2", "0.5"),
        ("1-1/2", "1.5"),
        ("2 3/4", "2.75"),
        ("½", "0.5"),
        ("1½", "1.5"),
        ("six", "6"),
        ("Twelve", "12"),
        ("两", "2"),
        ("十", "10"),
        ("十二", "12"),
        ("二十四", "24"),
    ],
)
def test_numbers_are_read(text, value):
    assert parse_number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["1/0", "十十", "二十十", "二三", "mug", ""])
def test_what_is_no_number_is_none(text):
    assert parse_number(text) is None
