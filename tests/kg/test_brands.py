import pytest

from kg.brands import resolve_brands
from kg.fact_rows import RowWriter
from kg.names import brand_key
from kg.schema import load_schema
from tests.worlds import product


@pytest.mark.parametrize(
    ("rare", "frequent"),
    [
        ("3 M", "3M"),
        ("Cover Girl", "COVERGIRL"),
        ("Nuetrogena", "Neutrogena"),
        ("DerOrganic", "DermOrganic"),
    ],
)
def test_another_spelling(rare: str, frequent: str) -> None:
    assert resolve_brands({rare: 1, frequent: 30}) == {brand_key(rare): brand_key(frequent)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Organic", "Organix"),  # the last letter
        ("Purex", "Pyrex"),  # too short
        ("BH Cosmetics", "BR Cosmetics"),
        ("Dynarex", "Dynatex"),  # a letter replaced in seven
        ("Mason Naturals", "Jason Naturals"),  # the first letter
        ("Acme 3000", "Acme 3001"),
        ("Just For Me", "Just For Men"),
    ],
)
def test_brands_that_only_look_alike(one: str, other: str) -> None:
    assert resolve_brands({one: 1, other: 90}) == {}


def test_two_frequent_brands_are_never_one() -> None:
    assert resolve_brands({"Nuetrogena": 3, "Neutrogena": 900}) == {}
    assert resolve_brands({"Nuetrogena": 1, "Neutrogena": 4}) == {}


def test_a_spelling_near_two_brands_is_neither() -> None:
    assert resolve_brands({"Bransons": 1, "Branstons": 30, "Bransonis": 30}) == {}


def test_a_misspelling_of_a_brand_spelled_apart() -> None:
    found = resolve_brands({"Dermorganic": 9, "Derm Organic": 3, "Derorganic": 1})
    assert found == {"derm-organic": "dermorganic", "derorganic": "dermorganic"}


def test_the_graph_has_one_brand_and_knows_its_spellings() -> None:
    rows = RowWriter(load_schema(), resolve_brands({"3 M": 1, "3M": 6}))
    for name in ("3 M", "3M", "3m company", "3M"):
        rows.write(product(name, "gloves", brand=name), [])
    brands = {
        row["object"] for row in rows.table().to_pylist() if row["relation"] == "schema:brand"
    }
    assert brands == {"brand:3m"}
    assert rows.names["brand"].alternatives() == {"brand:3m": {"3 M": 1, "3M": 2, "3m company": 1}}
