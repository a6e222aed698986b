"""Bounds on prices, by hand."""

from decimal import Decimal

import pytest

from kg.extract.query_price import read_price


@pytest.mark.parametrize(
    ("text", "least", "most", "currency"),
    [
        ("mugs under £10", None, "10", "GBP"),
        ("between 5 and 10 euros", "5", "10", "EUR"),
        ("from $1.50 to $3", "1.50", "3", "USD"),
        ("20-30 pounds", "20", "30", "GBP"),
        ("30 to 20 pounds", "20", "30", "GBP"),
        ("candles over £1,500", "1500", None, "GBP"),
        ("no more than 15 quid", None, "15", "GBP"),
        ("under a fiver", None, "5", None),
        ("less than 20", None, "20", None),
        ("about 10 pounds", "8", "12", "GBP"),
        ("£10 mug", "8", "12", "GBP"),
        ("10块以下", None, "10", "CNY"),
        ("十块以下", None, "10", "CNY"),
        ("5元到10元", "5", "10", "CNY"),
        ("不超过20英镑", None, "20", "GBP"),
        ("100元左右", "80", "120", "CNY"),
    ],
)
def test_bound(text: str, least: str | None, most: str | None, currency: str | None) -> None:
    price = read_price(text)
    assert price is not None
    assert price.text == text[price.start : price.end]
    assert price.least == (None if least is None else Decimal(least))
    assert price.most == (None if most is None else Decimal(most))
    assert price.currency == currency


@pytest.mark.parametrize(
    "text",
    ["", "cheap mugs", "size 5", "8 year old", "set of 6", "4 cup", "over 3 years", "1.75mm"],
)
def test_no_bound(text: str) -> None:
    assert read_price(text) is None


def test_a_measure_is_no_price_unless_a_currency_says_so() -> None:
    text = "under 30 cm"
    assert read_price(text, [(6, 11)]) is None
    assert read_price("under £30", [(7, 9)]) is not None
