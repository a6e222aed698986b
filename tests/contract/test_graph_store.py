"""What `kg.store.base.GraphStore` promises, for every backend.

A backend joins by one more entry in ``BACKENDS``: a fixture that makes a function from a new
directory to an empty store.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kg.errors import NotFoundError, QueryError, QueryTimeout, StoreError
from kg.records import Edge, Fact
from kg.store import GraphStore, LadybugStore, open_store
from kg.validate import agreement
from tests.tables import COUNTS, ENTITIES, FACTS, SHOP, graph
from tests.worlds import SCHEMA

BACKENDS = ("ladybug", "bolt")


@pytest.fixture(scope="module")
def ladybug() -> Callable[[Path], GraphStore]:
    return lambda directory: LadybugStore(directory / "graph.lbdb")


@pytest.fixture(scope="module")
def bolt(bolt_server: Callable[[], str]) -> Callable[[Path], GraphStore]:
    return lambda _: open_store(bolt_server(), SCHEMA)


@pytest.fixture(scope="module", params=BACKENDS)
def make(request: pytest.FixtureRequest) -> Callable[[Path], GraphStore]:
    made: Callable[[Path], GraphStore] = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="module")
def store(
    make: Callable[[Path], GraphStore], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GraphStore]:
    """The shop, loaded. Only read it."""
    with make(tmp_path_factory.mktemp("store")) as store:
        store.load(SHOP, SCHEMA)
        yield store


@pytest.fixture
def empty(make: Callable[[Path], GraphStore], tmp_path: Path) -> Iterator[GraphStore]:
    with make(tmp_path) as store:
        yield store


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


# ── cypher ─────────────────────────────────────────────────────────────────────────────────────


def test_rows_columns_and_parameters(store: GraphStore) -> None:
    query = "MATCH (p:Product) WHERE p.price > $least RETURN p.id AS id, p.price AS price"
    result = store.cypher(query, {"least": 1})
    assert result.table.to_pylist() == [{"id": "product:mug", "price": 2.5}]
    assert not result.truncated
    assert 0 < result.seconds < 60


def test_an_empty_answer_has_its_columns(store: GraphStore, request: pytest.FixtureRequest) -> None:
    if "bolt" in request.node.name:
        pytest.xfail("ArcadeDB names no columns where there are no rows; Neo4j does")
    result = store.cypher("MATCH (p:Product {id: 'no'}) RETURN p.id AS id, p.stock AS stock")
    assert result.table.num_rows == 0
    assert result.table.column_names == ["id", "stock"]


def test_nodes_and_relationships_are_plain(store: GraphStore) -> None:
    query = "MATCH (a:Product {id: 'product:mug'})-[r:HAS_COLOR]->(b) RETURN r, b"
    [row] = rows(store, query)
    assert row["b"] == {
        "label": "Colour",
        "id": "colour:orange",
        "name": "orange",
        "name_en": "orange",
        "name_zh": "橙色",
    }
    assert row["r"] == {
        "label": "HAS_COLOR",
        "confidence": 0.8,
        "source": "phrase",
    }


def test_type_of_a_relationship(store: GraphStore) -> None:
    query = "MATCH (:Product {id: 'product:mug'})-[r]->(:Brand) RETURN type(r) AS type"
    assert rows(store, query) == [{"type": "HAS_BRAND"}]


def test_paths_are_plain(store: GraphStore) -> None:
    query = "MATCH p = (u:User {id: 'user:u2'})-[:BOUGHT]->()-[:HAS_BRAND]->() RETURN p"
    [row] = rows(store, query)
    assert [node["id"] for node in row["p"]["nodes"]] == ["user:u2", "product:mug", "brand:acme"]
    steps = [(r["label"], r["start"], r["end"]) for r in row["p"]["relationships"]]
    assert steps == [
        ("BOUGHT", "user:u2", "product:mug"),
        ("HAS_BRAND", "product:mug", "brand:acme"),
    ]


def test_paths_of_variable_length(store: GraphStore) -> None:
    query = "MATCH (a:Product {id: 'product:mug'})-[*1..2]->(m:Material) RETURN m.id AS id"
    assert sorted(row["id"] for row in rows(store, query)) == [
        "material:ceramic",
        "material:porcelain",
    ]


def test_the_limit_cuts_and_says_so(store: GraphStore) -> None:
    result = store.cypher("MATCH (n) RETURN n.id", limit=3)
    assert (result.table.num_rows, result.truncated) == (3, True)


def test_the_limit_is_not_truncation_where_it_fits(store: GraphStore) -> None:
    result = store.cypher("MATCH (n) RETURN n.id", limit=len(ENTITIES))
    assert (result.table.num_rows, result.truncated) == (len(ENTITIES), False)


def test_a_querys_own_limit_holds(store: GraphStore) -> None:
    result = store.cypher("MATCH (n) RETURN n.id LIMIT 2;", limit=3)
    assert (result.table.num_rows, result.truncated) == (2, False)


def test_the_limit_holds_for_a_union(store: GraphStore) -> None:
    query = "MATCH (n:Product) RETURN n.id AS id UNION ALL MATCH (n:Brand) RETURN n.id AS id"
    assert store.cypher(query).table.num_rows == 4
    result = store.cypher(query, limit=2)
    assert (result.table.num_rows, result.truncated) == (2, True)


@pytest.mark.parametrize(
    "query",
    [
        "CREATE (:Product {id: 'product:new'})",
        "MERGE (:Product {id: 'product:new'})",
        "MATCH (n:Product) SET n.name = 'x'",
        "MATCH (n:Product) DETACH DELETE n",
        "MATCH (n:Product) REMOVE n.name",
        "CREATE NODE TABLE Evil(id STRING PRIMARY KEY)",
        "DROP TABLE Product",
        "ALTER TABLE Product DROP name",
    ],
)
def test_nothing_can_be_written(store: GraphStore, query: str) -> None:
    with pytest.raises(QueryError):
        store.cypher(query)
    assert store.counts() == COUNTS


def test_a_malformed_query_says_where(store: GraphStore) -> None:
    with pytest.raises(QueryError, match=r"(?i)invalid input|mismatched|syntax"):
        store.cypher("MATCH (n RETURN n")


def test_a_missing_parameter_is_named(store: GraphStore) -> None:
    with pytest.raises(QueryError, match=r"parameter \$least is not given"):
        store.cypher("MATCH (p:Product) WHERE p.price > $least RETURN p")


def test_a_parameter_must_be_json(store: GraphStore) -> None:
    with pytest.raises(QueryError, match=r"parameters are JSON values: .* set"):
        store.cypher("RETURN $a AS a", {"a": {1}})


def test_a_long_query_is_stopped(store: GraphStore) -> None:
    nodes = ", ".join(f"(n{i})" for i in range(9))  # 12⁹ rows
    query = f"MATCH {nodes} WHERE n0.id + n4.id + n8.id <> n1.name RETURN count(n3.id) AS n"
    with pytest.raises(QueryTimeout, match=r"ran longer than 0\.5 s"):
        store.cypher(query, timeout_s=0.5)
    assert rows(store, "RETURN 1 AS one") == [{"one": 1}]


def test_queries_from_many_threads(store: GraphStore) -> None:
    from concurrent.futures import ThreadPoolExecutor

    query = "MATCH (p:Product {id: $id}) RETURN p.name AS name"
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda i: rows(store, query, id=i)[0]["name"], ["product:bare"] * 20))
    assert names == ["bare"] * 20


def test_closing_twice_is_closing_once(empty: GraphStore) -> None:
    empty.load(SHOP, SCHEMA)
    assert empty.get("product:mug") is not None
    empty.close()
    empty.close()


def test_order_of_rows_in_the_tables_does_not_matter(store: GraphStore, empty: GraphStore) -> None:
    facts = SHOP.facts.take(list(range(SHOP.facts.num_rows))[::-1])
    entities = SHOP.entities.take(list(range(SHOP.entities.num_rows))[::-1])
    empty.load(replace(SHOP, facts=facts, entities=entities), SCHEMA)
    assert empty.counts() == store.counts()
    for entity in ENTITIES:
        assert empty.get(entity) == store.get(entity)
        assert empty.neighbours(entity) == store.neighbours(entity)
