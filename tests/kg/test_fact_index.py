import pyarrow as pa

from kg.fact_index import FactIndex
from kg.records import FACT_SCHEMA, Fact


def table(*facts: Fact) -> pa.Table:
    rows = [{name: getattr(fact, name) for name in FACT_SCHEMA.names} for fact in facts]
    return pa.Table.from_pylist(rows, schema=FACT_SCHEMA)


def test_facts_are_found_by_subject() -> None:
    facts = [
        Fact("product:a", "schema:brand", "brand:x"),
        Fact("product:a", "schema:color", "colour:red", field="title", start=0, end=3, text="Red"),
        Fact("product:b", "schema:color", "colour:red"),
    ]
    index = FactIndex(table(*facts))
    assert list(index.of("product:a").values()) == facts[:2]
    assert index.find("product:a", "schema:color", "colour:red") == facts[1]
    assert index.find("product:b", "schema:brand", "brand:x") is None
    assert index.of("product:c") == {}
    assert "product:b" in index
    assert "product:c" not in index


def test_no_facts_at_all() -> None:
    assert FactIndex(FACT_SCHEMA.empty_table()).of("product:a") == {}
