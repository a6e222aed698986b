"""What `kg.store.base.GraphStore` promises of load, counts, get and neighbours, for every backend.

The backends are in conftest.py.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from kg.errors import NotFoundError, StoreError
from kg.graph_diff import diff
from kg.graph_people import without_people
from kg.records import INTERACTION_SCHEMA, Edge, Fact
from kg.store import GraphStore
from kg.validate import agreement
from tests.tables import COUNTS, ENTITIES, FACTS, SHOP, graph
from tests.worlds import SCHEMA


def rows(store: GraphStore, query: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = store.cypher(query, params).table.to_pylist()
    return found


# ── load, counts ───────────────────────────────────────────────────────────────────────────────


def test_counts_are_the_fact_tables(store: GraphStore) -> None:
    assert store.counts() == COUNTS
    assert agreement(SHOP, store=store.counts()) == []


def test_every_entity_is_a_node_of_its_class(store: GraphStore) -> None:
    nodes = [row["n"] for row in rows(store, "MATCH (n) RETURN n")]
    labels = {node["id"]: (node["label"], node["name"]) for node in nodes}
    assert labels == {
        i: (SCHEMA.classes[kind].node_label, name) for i, (kind, name, _) in ENTITIES.items()
    }


def test_loading_again_replaces_the_graph(empty: GraphStore) -> None:
    empty.load(SHOP, SCHEMA)
    assert empty.get("product:bare") is not None
    fewer = {name: known for name, known in ENTITIES.items() if name != "product:bare"}
    empty.load(graph(fewer, FACTS[:1]), SCHEMA)
    assert empty.counts() == {"schema:brand": 1}
    assert empty.get("product:bare") is None


def test_load_refuses_an_unknown_entity(empty: GraphStore) -> None:
    lost = graph(ENTITIES, [Fact("product:mug", "schema:brand", "brand:nobody")])
    with pytest.raises(NotFoundError, match="'brand:nobody' stands in a fact but not in the entit"):
        empty.load(lost, SCHEMA)


def test_load_refuses_an_unknown_relation(empty: GraphStore) -> None:
    with pytest.raises(NotFoundError, match="relation 'clew:smells' is not in the ontology"):
        empty.load(graph(ENTITIES, [Fact("product:mug", "clew:smells", "brand:acme")]), SCHEMA)


def test_load_refuses_an_unknown_class(empty: GraphStore) -> None:
    with pytest.raises(NotFoundError, match="class 'clew:Ghost' is not in the ontology"):
        empty.load(graph({"brand:x": ("clew:Ghost", "x", {})}, []), SCHEMA)


def test_load_refuses_two_values_of_a_property(empty: GraphStore) -> None:
    facts = [
        Fact("product:mug", "schema:price", price, datatype="xsd:decimal") for price in ("1", "2")
    ]
    with pytest.raises(StoreError, match="'product:mug' has two values of schema:price"):
        empty.load(graph(ENTITIES, facts), SCHEMA)


def test_load_refuses_a_value_that_is_not_of_its_type(empty: GraphStore) -> None:
    fact = Fact("product:mug", "clew:stock", "many", datatype="xsd:integer")
    with pytest.raises(
        StoreError, match=r"a value of clew:stock does not fit its type int64.*many"
    ):
        empty.load(graph(ENTITIES, [fact]), SCHEMA)


def test_a_failed_load_leaves_the_graph_as_it_was(empty: GraphStore) -> None:
    empty.load(SHOP, SCHEMA)
    with pytest.raises(NotFoundError):
        empty.load(graph(ENTITIES, [Fact("product:mug", "clew:smells", "brand:acme")]), SCHEMA)
    assert empty.counts() == COUNTS


def test_declared_tables_exist_without_facts(empty: GraphStore) -> None:
    empty.load(graph({}, []), SCHEMA)
    assert rows(empty, "MATCH (:Product)-[r:HAS_MOTIF]->(:Motif) RETURN r.confidence AS c") == []
    assert rows(empty, "MATCH (p:Product) RETURN p.price AS price, p.name_zh AS name") == []
    assert empty.counts() == {}


def test_a_literal_fact_outside_its_relations_domain_is_kept(empty: GraphStore) -> None:
    fact = Fact("brand:acme", "schema:description", "since 1920", datatype="xsd:string")
    empty.load(graph(ENTITIES, [fact]), SCHEMA)
    assert empty.counts() == {"schema:description": 1}
    assert rows(empty, "MATCH (b:Brand) RETURN b.description AS d") == [{"d": "since 1920"}]


def test_a_language_the_ontology_does_not_speak_has_its_column(empty: GraphStore) -> None:
    empty.load(graph({"brand:x": ("schema:Brand", "x", {"pt-BR": "xis"})}, []), SCHEMA)
    assert rows(empty, "MATCH (b:Brand) RETURN b.name_pt_br AS name") == [{"name": "xis"}]


# ── get, neighbours ────────────────────────────────────────────────────────────────────────────


def test_get_returns_label_and_properties(store: GraphStore) -> None:
    assert store.get("product:mug") == {
        "label": "Product",
        "id": "product:mug",
        "name": "orange mug",
        "name_en": "orange mug",
        "name_zh": "橙色马克杯",
        "description": 'A "mug".\nWith a \\.',
        "price": 2.5,
        "stock": 12,
    }


def test_get_leaves_out_what_is_not_known(store: GraphStore) -> None:
    bare = {"label": "Product", "id": "product:bare", "name": "bare"}
    assert store.get("product:bare") == bare


def test_get_keeps_quotes_and_line_ends(store: GraphStore) -> None:
    found = store.get("product:a%20b")
    assert found is not None
    assert found["name"] == 'the "big"\nbox \\ 3'


def test_get_of_nobody_is_none(store: GraphStore) -> None:
    assert store.get("product:nobody") is None


def test_neighbours_are_the_facts_on_both_sides(store: GraphStore) -> None:
    assert store.neighbours("product:a%20b") == [
        Edge("product:a%20b", "clew:packSize", "measure:6-pieces", 1.0, "measure"),
        Edge("product:a%20b", "schema:brand", "brand:acme", 1.0, "catalog"),
        Edge("product:a%20b", "schema:color", "colour:orange", 0.5, "phrase"),
        Edge("product:mug", "clew:alsoBought", "product:a%20b", 1.0, "triples"),
        Edge("user:u1", "clew:bought", "product:a%20b", 1.0, "events"),
    ]


def test_every_neighbour_is_a_fact(store: GraphStore) -> None:
    facts = {(f.subject, f.relation, f.object) for f in FACTS if f.datatype is None}
    found = {
        (edge.subject, edge.relation, edge.object)
        for entity in ENTITIES
        for edge in store.neighbours(entity)
    }
    assert found == facts


def test_neighbours_stop_at_the_limit(store: GraphStore) -> None:
    some = store.neighbours("product:a%20b", limit=2)
    assert len(some) == 2
    assert some == store.neighbours("product:a%20b", limit=2)
    assert set(some) < set(store.neighbours("product:a%20b"))


def test_neighbours_of_nobody_are_none(store: GraphStore) -> None:
    assert store.neighbours("product:nobody") == []
    assert store.neighbours("product:bare") == []


def test_closing_twice_is_closing_once(empty: GraphStore) -> None:
    empty.load(SHOP, SCHEMA)
    assert empty.get("product:mug") is not None
    empty.close()
    empty.close()


def test_order_of_rows_in_the_tables_does_not_matter(empty: GraphStore) -> None:
    empty.load(SHOP, SCHEMA)
    before = [(empty.get(entity), empty.neighbours(entity)) for entity in ENTITIES]
    facts = SHOP.facts.take(list(range(SHOP.facts.num_rows))[::-1])
    entities = SHOP.entities.take(list(range(SHOP.entities.num_rows))[::-1])
    empty.load(replace(SHOP, facts=facts, entities=entities), SCHEMA)
    assert empty.counts() == COUNTS
    assert [(empty.get(entity), empty.neighbours(entity)) for entity in ENTITIES] == before


# ── nodes, relationships ───────────────────────────────────────────────────────────────────────


def test_nodes_are_all_of_a_label(store: GraphStore) -> None:
    found = {node["id"]: node for node in store.nodes("Product")}
    assert found.keys() == {i for i, (kind, *_) in ENTITIES.items() if kind == "schema:Product"}
    assert found["product:bare"] == {"id": "product:bare", "name": "bare"}
    assert {"label": "Product", **found["product:mug"]} == store.get("product:mug")
    assert list(store.nodes("Motif")) == []


def test_relationships_are_all_of_a_type(store: GraphStore) -> None:
    assert sorted(store.relationships("ALSO_BOUGHT"), key=lambda row: row[3]) == [
        ("Product", "product:mug", end, other, {"confidence": 1.0, "source": "triples"})
        for end, other in (("Product", "product:a%20b"), ("ProductReference", "product:gone"))
    ]
    assert list(store.relationships("HAS_MOTIF")) == []


def test_every_store_holds_what_the_tables_say(store: GraphStore) -> None:
    found = diff(SHOP, SCHEMA, store)
    assert found.equal
    assert found.unknown == {}
    facts = sum(fact.datatype is None for fact in FACTS)
    assert sum(table.same for table in found.tables) == len(ENTITIES) + facts


# ── events, people ─────────────────────────────────────────────────────────────────────────────


def test_a_relationship_tells_of_its_events(empty: GraphStore) -> None:
    day = datetime(2026, 1, 1, 12)  # a Thursday, of the first ISO week
    events = [
        ("user:u1", "product:mug", "purchase", day, 2.0, 2.5),
        ("user:u1", "product:mug", "purchase", day + timedelta(days=4), 1.0, 3.0),
        ("user:u1", "product:mug", "purchase", day + timedelta(hours=1), None, 3.0),
        ("user:u2", "product:mug", "purchase", None, None, None),
        ("user:u1", "product:mug", "view", day, None, None),
    ]
    names = ("user_id", "product_id", "event", "timestamp", "quantity", "value")
    listed = [dict(zip(names, event, strict=True)) for event in events]
    interactions = pa.Table.from_pylist(listed, schema=INTERACTION_SCHEMA)
    empty.load(replace(SHOP, interactions=interactions), SCHEMA)
    told = {(row[1], row[3]): row[4] for row in empty.relationships("BOUGHT")}
    common = {"confidence": 1.0, "source": "events"}
    assert told == {
        ("user:u1", "product:mug"): common
        | {
            "times": 3,
            "first_on": "2026-01-01",
            "last_on": "2026-01-05",
            "weeks": ["2026-W01", "2026-W02"],
            "quantity": 3.0,
            "spent": 11.0,
        },
        ("user:u2", "product:mug"): common | {"times": 1},
        ("user:u1", "product:a%20b"): common,
    }
    query = "MATCH (:User)-[r:BOUGHT]->() UNWIND r.weeks AS week RETURN week, count(*) AS n"
    weeks = sorted(row["week"] for row in rows(empty, query))
    assert weeks == ["2026-W01", "2026-W02"]


def test_a_graph_without_people_has_none(empty: GraphStore) -> None:
    empty.load(SHOP, SCHEMA)
    empty.load(without_people(SHOP), SCHEMA)
    assert list(empty.nodes("User")) == []
    assert empty.counts() == {k: v for k, v in COUNTS.items() if k != "clew:bought"}
    assert empty.get("product:mug") is not None
