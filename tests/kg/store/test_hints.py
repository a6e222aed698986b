"""What is told of a name that is not in the graph."""

from pathlib import Path

import pytest

from kg.errors import QueryError
from kg.query import cypher
from kg.store.hints import with_hint

NAMES = ("Product", "Brand", "HAS_COLOR", "name")
ALL = "clew graph model lists labels, relationship types and properties"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Table Prodct does not exist.",
         f"Table Prodct does not exist; did you mean Product? {ALL}"),
        ("Cannot find property nmae for p.",
         f"Cannot find property nmae for p; did you mean name? {ALL}"),
        ("Table Quux does not exist.", f"Table Quux does not exist; {ALL}"),
        ("Parser exception: Invalid input", "Parser exception: Invalid input"),
    ],
)  # fmt: skip
def test_near_names_are_told(message: str, told: str) -> None:
    assert with_hint(message, NAMES) == told


def test_a_query_with_a_misspelt_label(sample_store: Path) -> None:
    with pytest.raises(QueryError, match=r"did you mean .*Product"):
        cypher(sample_store, "MATCH (p:Prodct) RETURN p.id")
