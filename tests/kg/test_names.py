from decimal import Decimal

import pytest

from kg.fact_rows import plain_decimal
from kg.names import Names, brand_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hearth & Hare", "HEARTH AND HARE"),
        ("Oxbow Tin Co.", "Oxbow Tin"),
        ("Acme Co., Ltd.", "ACME"),
        ("L'Oréal", "LOREAL"),
        ("3M  Company", "3M"),
        ("C.O. Bigelow", "CO Bigelow"),
        ("Smith & Co", "Smith"),
        ("Alba S.p.A.", "Alba"),
        ("Alba SpA", "Alba"),
        ("海尔有限公司", "海尔"),
    ],
)
def test_spellings_of_one_brand_meet(one, other):
    assert brand_key(one) == brand_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Company", "Inc"),
        ("公司", "海尔"),
        ("Dove", "Dove Men"),
        ("Co", ""),
        ("Aqua Spa", "Aqua"),
        ("AQUA SPA", "Aqua"),
    ],
)
def test_other_brands_stay_apart(one, other):
    assert brand_key(one) != brand_key(other)


def test_the_most_frequent_spelling_names_the_entity():
    names = Names("brand")
    ids = {names.entity(name) for name in ("ACME", "Acme Ltd", "Acme Ltd", "acme")}
    assert ids == {"brand:acme"}
    assert names.chosen() == {"brand:acme": "Acme Ltd"}


def test_equals_are_named_by_the_alphabet():
    names = Names("category")
    for name in ("mugs", "Mugs"):
        names.entity(name)
    assert names.chosen() == {"category:mugs": "Mugs"}


def test_a_name_of_signs_only_keeps_its_signs():
    assert Names("brand").entity("***") == "brand:***"


@pytest.mark.parametrize(
    ("value", "text"),
    [("2.50", "2.5"), ("10", "10"), ("100.00", "100"), ("1E+2", "100"), ("0.0001", "0.0001")],
)
def test_decimals_are_plain(value, text):
    assert plain_decimal(Decimal(value)) == text
