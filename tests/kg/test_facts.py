"""What becomes a fact, an entity, a row of the product table."""

import json
from dataclasses import replace

import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.catalog import read_dataset, sample_path
from kg.errors import NotFoundError
from kg.extract import Extractor
from kg.fact_columns import unique_facts
from kg.fact_rows import fact_table
from kg.facts import KnowledgeGraph, build_graph, why
from kg.ids import pseudonym
from kg.records import Fact
from kg.schema import load_schema
from tests.kg.built_shop import EXTRACTOR, KEY, KG, SHOP, graph, triples
from tests.worlds import SCHEMA, dataset


def entity(compact_id: str, kg: KnowledgeGraph = KG) -> dict[str, object]:
    [row] = kg.entities.filter(pc.equal(kg.entities["id"], compact_id)).to_pylist()
    return row


def test_catalogue_facts():
    assert {
        ("product:M%201", "schema:brand", "brand:hearth-and-hare"),
        ("product:M2", "schema:brand", "brand:hearth-and-hare"),
        ("product:M%201", "clew:inCategory", "category:kitchen"),
        ("product:M2", "clew:inCategory", "category:kitchen"),
        ("product:M%201", "schema:price", "9.5"),
        ("product:M%201", "clew:stock", "3"),
        ("product:M%201", "schema:description", "A red mug."),
    } <= triples()


def test_read_facts_keep_the_words_they_came_from():
    [fact] = [f for f in why(KG, "product:M%201") if f.object == "colour:red"]
    assert fact == Fact(
        "product:M%201", "schema:color", "colour:red", None, fact.confidence, "phrase",
        "title", 0, 3, "Red",
    )  # fmt: skip
    assert fact.confidence == pytest.approx(0.95)


def test_datatypes_tell_literals_from_entities():
    by_relation = dict(
        zip(KG.facts["relation"].to_pylist(), KG.facts["datatype"].to_pylist(), strict=True)
    )
    assert by_relation["schema:price"] == "xsd:decimal"
    assert by_relation["clew:stock"] == "xsd:integer"
    assert by_relation["schema:brand"] is None


def test_triples_become_facts_of_the_relations_that_read_them():
    assert {t for t in triples() if t[1] in {"clew:alsoBought", "clew:theme"}} == {
        ("product:M%201", "clew:alsoBought", "product:M2"),
        ("product:M%201", "clew:alsoBought", "product:X9"),
        ("product:X8", "clew:alsoBought", "product:M2"),
        ("product:M2", "clew:theme", "motif:rose"),
        ("product:M2", "clew:theme", "motif:polka-dot"),
    }


def test_what_no_relation_reads_is_counted():
    assert KG.unmapped == {"colour_code": 2, "theme": 1, "event:cart": 1}


def test_products_outside_the_catalogue_are_references():
    assert entity("product:X9")["class"] == "clew:ProductReference"
    assert entity("product:X8")["class"] == "clew:ProductReference"
    assert entity("product:M2")["class"] == "schema:Product"


def test_events_are_unique_facts_of_pseudonymous_users():
    ann, bob = pseudonym("ann", KEY), pseudonym("bob", KEY)
    assert {t for t in triples() if t[0].startswith("user:")} == {
        (ann, "clew:bought", "product:M%201"),
        (ann, "clew:viewed", "product:M2"),
        (bob, "clew:bought", "product:M2"),
    }
    assert KG.interactions.num_rows == SHOP.interactions.num_rows
    assert KG.interactions["user_id"].to_pylist()[:2] == [ann, ann]
    assert KG.interactions["product_id"].to_pylist()[0] == "product:M%201"
    assert b"ann" not in json.dumps(KG.facts.to_pylist()).encode()


def test_used_concepts_bring_their_ancestors_and_no_others():
    assert {
        ("material:bone-china", "skos:broader", "material:porcelain"),
        ("material:porcelain", "skos:broader", "material:ceramic"),
    } <= triples()
    ids = set(KG.entities["id"].to_pylist())
    assert {"material:porcelain", "material:ceramic"} <= ids
    assert "type:lunch-bag" not in ids


def test_entities_have_names_in_every_language_they_are_known_in():
    assert entity("brand:hearth-and-hare")["name"] == "Hearth & Hare"
    assert entity("type:mug")["labels"] == [("en", "mug"), ("zh", "马克杯")]
    assert entity("product:M%201")["labels"] == [
        ("en", "Red mug, bone china"),
        ("zh", "红色马克杯"),
    ]
    assert entity("product:X9")["name"] == "X9"
    assert entity("category:kitchen")["class"] == "clew:Category"


def complete(kg: KnowledgeGraph) -> None:
    ids = kg.entities["id"].to_pylist()
    assert len(set(ids)) == len(ids)
    assert len(triples(kg)) == kg.facts.num_rows
    objects = kg.facts.filter(pc.is_null(kg.facts["datatype"]))["object"].to_pylist()
    assert set(kg.facts["subject"].to_pylist()) | set(objects) | set(
        kg.products["id"].to_pylist()
    ) == set(ids)


def test_entities_are_complete_and_facts_unique():
    complete(KG)


def test_the_sample_is_complete_and_unique():
    data = read_dataset(sample_path())
    ontology = load_schema()
    kg = graph(data, ontology, Extractor(ontology, ("en", "zh")))
    complete(kg)
    assert kg.unmapped == {}
    assert kg.products.num_rows == len(data.products)


def test_products_keep_the_order_and_values_of_the_catalogue():
    rows = KG.products.to_pylist()
    assert [row["id"] for row in rows] == ["product:M%201", "product:M2", "product:M3"]
    assert str(rows[0]["price"]) == "9.5000"
    assert rows[0]["titles"] == [("en", "Red mug, bone china"), ("zh", "红色马克杯")]
    assert rows[1]["price"] is None


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(3)))
def test_the_order_of_products_changes_no_fact(order):
    other = graph(replace(SHOP, products=[SHOP.products[i] for i in order]))
    assert other.facts == KG.facts
    assert other.entities == KG.entities


def test_one_product_alone_has_the_facts_it_has_in_the_shop():
    alone = graph(dataset(SHOP.products[:1]))
    mine = {t for t in triples(alone) if t[0] == "product:M%201"}
    assert mine == {t for t in triples() if t[0] == "product:M%201" and t[1] != "clew:alsoBought"}


def test_an_empty_shop_is_an_empty_graph():
    kg = graph(dataset([]))
    assert (kg.products.num_rows, kg.facts.num_rows, kg.entities.num_rows) == (0, 0, 0)


def fact(confidence: float, source: str, field: str | None, start: int = 0) -> Fact:
    return Fact("product:1", "schema:color", "colour:red", None, confidence, source, field, start)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        (fact(0.8, "phrase", "title"), fact(0.9, "phrase", "description")),
        (fact(0.8, "phrase", "description"), fact(0.8, "phrase", "title")),
        (fact(0.8, "phrase", "title@zh"), fact(0.8, "phrase", "title")),
        (fact(0.8, "phrase", "title@zh"), fact(0.8, "phrase", "title@fr")),
        (fact(0.8, "phrase", "title", 9), fact(0.8, "phrase", "title", 2)),
        (fact(1.0, "phrase", "title"), fact(1.0, "catalog", None)),
    ],
)
def test_the_best_mention_wins_in_either_order(worse, better):
    expected = fact_table([better]).to_pylist()
    assert unique_facts(fact_table([worse, better])).to_pylist() == expected
    assert unique_facts(fact_table([better, worse])).to_pylist() == expected


def test_progress_counts_products():
    class Counter:
        def __init__(self) -> None:
            self.stages: list[str] = []
            self.steps = 0

        def stage(self, name: str, total: int | None = None) -> None:
            self.stages.append(name)

        def advance(self, steps: int = 1) -> None:
            self.steps += steps

    counter = Counter()
    build_graph(SHOP, SCHEMA, EXTRACTOR, pseudonym_key=KEY, progress=counter)
    assert (counter.steps, counter.stages) == (3, ["facts"])


def test_why_of_the_unknown():
    with pytest.raises(NotFoundError, match=r"'product:none' is not in the graph"):
        why(KG, "product:none")
    assert why(KG, "product:X9") == []
