"""An edit's impact: what a full build would say, read from the products it can touch alone."""

from pathlib import Path

import pyarrow.compute as pc
import pytest

from kg.catalog import read_dataset, sample_path
from kg.extract import Extractor
from kg.extract.touched import touched_products
from kg.facts import KnowledgeGraph, build_graph, product_table
from kg.mentions import FormerMentions, reader_of
from kg.ontology_impact import measure_impact
from kg.ontology_terms import Schema
from kg.product_rows import products_of
from kg.records import Product
from kg.schema import load_schema
from tests.tiny_ontology import write_ontology
from tests.worlds import dataset, product

ENGLISH = [
    product("1", "Red mug 30 cm"),
    product("2", "Orange marmalade"),
    product("3", "Tangerine ink", description="a crimson note", price="2.50"),
    product("4", "Burnt orange lamp", attributes={"Color": ("red", "orange")}),
    product("5", "Plain box", brand="Acme"),
    product("6", "Crimson-coloured scarf", categories=("Scarves",)),
]
CHINESE = [
    product("7", "红色礼盒", language="zh"),
    product("8", "Mug", zh="红色马克杯"),
    product("9", "Orange box", zh="焦橙色盒子"),
]
EVENTS, TRIPLES = [("u", "1"), ("u", "4"), ("v", "6")], [("1", "also_bought", "2")]
AMBER = """
colour:amber a skos:Concept ; skos:prefLabel "amber"@en , "琥珀色"@zh ; skos:broader colour:orange .
"""

LABEL = [('skos:prefLabel "red"@en', 'skos:altLabel "crimson"@en ; skos:prefLabel "red"@en')]
FIELD = [('clew:field "title" , "attributes.color"', 'clew:field "title" , "description"')]
STOCK = [('clew:source "catalog:price" .', 'clew:source "catalog:stock" .')]
EDITS = [
    ("a label more", LABEL, "", 3),
    ("a label less", [('  skos:altLabel "tangerine"@en ;\n', "")], "", 3),
    ("a context word", [('clew:near "ink"@en', 'clew:near "ink"@en , "marmalade"@en')], "", 3),
    ("a prior", [("clew:prior 0.75", "clew:prior 0.2")], "", 3),
    ("an implication less", [(";\n  clew:implies use:mood .", ".")], "", 1),
    ("a broader edge less", [("  skos:broader colour:orange ;\n", "")], "", 0),
    ("a concept more", [], AMBER, 0),
    ("a field more", FIELD, "", 6),
    ("a unit's name", [('"centimetre"@en', '"centimeter"@en')], "", 6),
    ("a template", [('"is {object}"@en', '"comes in {object}"@en')], "", 0),
    ("a source changed", STOCK, "", 0),
]  # fmt: skip


NO_READER = Path("no reader")

Built = tuple[FormerMentions, KnowledgeGraph]


def full(schema: Schema, products: list[Product], languages: list[str]) -> KnowledgeGraph:
    shop = dataset(products, EVENTS, TRIPLES)
    return build_graph(shop, schema, Extractor(schema, languages), pseudonym_key=b"key")


def built(schema: Schema, products: list[Product], path: Path) -> Built:
    """The graph, and the mentions it was made of."""
    reader = reader_of(schema, None, NO_READER)
    shop = dataset(products, EVENTS, TRIPLES)
    kg = build_graph(shop, schema, reader, pseudonym_key=b"key")
    reader.write(path)
    return FormerMentions(path, schema), kg


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Built:
    directory = tmp_path_factory.mktemp("tiny")
    schema = load_schema(write_ontology(directory / "ontology"))
    return built(schema, ENGLISH, directory / "mentions.parquet")


def facts_of(kg: KnowledgeGraph) -> set[tuple[str, str, str]]:
    columns = (kg.facts[name].to_pylist() for name in ("subject", "relation", "object"))
    return set(zip(*columns, strict=True))


@pytest.mark.parametrize(("name", "changes", "added", "touched"), EDITS, ids=[e[0] for e in EDITS])
def test_the_graph_is_that_of_a_full_build(
    tmp_path: Path,
    before: Built,
    name: str,
    changes: list[tuple[str, str]],
    added: str,
    touched: int,
) -> None:
    former, kg = before
    new = load_schema(write_ontology(tmp_path, *changes, added=added))
    found, wanted = measure_impact(kg, former, NO_READER, new), full(new, ENGLISH, ["en"])
    assert found.graph.facts.equals(wanted.facts)
    assert set(wanted.entities["id"].to_pylist()) <= set(found.graph.entities["id"].to_pylist())
    assert found.reread == touched, name
    facts_before, facts_after = facts_of(kg), facts_of(wanted)
    told = {(c.kind, c.subject, c.relation, c.object) for c in found.changes}
    assert {t[1:] for t in told if t[0] == "gained"} == facts_after - facts_before
    assert {t[1:] for t in told if t[0] == "lost"} == facts_before - facts_after


def test_chinese_texts_are_cut_by_the_labels(tmp_path: Path) -> None:
    for name in ("old", "new"):
        write_ontology(tmp_path / name, *([('"红色"@zh', '"红"@zh')] if name == "new" else []))
    old, new = load_schema(tmp_path / "old"), load_schema(tmp_path / "new")
    former, kg = built(old, CHINESE, tmp_path / "mentions.parquet")
    after = full(new, CHINESE, ["en", "zh"])
    found = measure_impact(kg, former, NO_READER, new)
    assert found.graph.facts.equals(after.facts)
    assert found.reread == 2


def test_what_is_told_of_a_label(tmp_path: Path, before: Built) -> None:
    former, kg = before
    new = load_schema(write_ontology(tmp_path, *EDITS[0][1]))
    found = measure_impact(kg, former, NO_READER, new)
    assert found.concepts == ("colour:red",)
    assert found.by_relation() == {"schema:color": {"gained": 1, "lost": 0, "changed": 0}}
    [change] = found.by_subject()["product:6"]
    assert (change.object, change.text, change.kind) == ("colour:red", "Crimson", "gained")
    assert found.to_dict()["changes"][0]["kind"] == "gained"


def test_products_come_back_out_of_their_table() -> None:
    products = read_dataset(sample_path()).products
    table = product_table(products)
    assert product_table(products_of(table)).equals(table)
    assert [p.texts() for p in products_of(table)] == [p.texts() for p in products]


def test_an_edit_of_the_shipped_ontology_touches_few(tmp_path: Path) -> None:
    schema = load_schema()
    products = read_dataset(sample_path()).products
    red = schema.concepts["colour:red"]
    edited = dict(schema.concepts) | {"colour:red": type(red)(**_fields(red) | {"alt": {}})}
    new = type(schema)(**_fields(schema) | {"concepts": edited})
    touched = touched_products(schema, new, products)
    named = [p for p, hit in zip(products, touched, strict=True) if hit]
    assert 0 < len(named) < len(products) / 4
    assert not touched_products(schema, schema, products).any()
    assert pc.sum(touched).as_py() == len(named)


def _fields(record: object) -> dict[str, object]:
    return {name: getattr(record, name) for name in type(record).__slots__}  # type: ignore[attr-defined]
