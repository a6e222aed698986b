"""What `kg.store.base.GraphStore.cypher` promises, for every backend."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kg.errors import QueryError, QueryTimeout
from kg.store import GraphStore, LadybugStore
from tests.tables import COUNTS, ENTITIES


def rows(store: GraphStore, query: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = store.cypher(query, params).table.to_pylist()
    return found


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
        "end": "colour:orange",  # the other end is not in the row
    }


def test_a_relationship_names_its_ends(store: GraphStore) -> None:
    [row] = rows(store, "MATCH (b:Brand)<-[r]-(a:Product {id: 'product:mug'}) RETURN a, r, b")
    assert (row["r"]["start"], row["r"]["end"]) == ("product:mug", "brand:acme")
    [row] = rows(store, "MATCH (:Brand)<-[r]-(:Product {id: 'product:mug'}) RETURN r")
    assert row["r"] == {"label": "HAS_BRAND", "confidence": 1.0, "source": "catalog"}


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


def test_the_engine_itself_keeps_what_a_query_writes_out(
    store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the guard had a hole: read-only is the database's own word, or the rollback's."""
    for module in ("ladybug", "bolt"):
        monkeypatch.setattr(f"kg.store.{module}.check_cypher", lambda *_: None)
    for query in ("CREATE (n:Product {id: 'product:new'})", "MATCH (n:Brand) DETACH DELETE n"):
        try:
            store.cypher(query)
        except QueryError as exc:
            assert re.search(r"read.only|read access", str(exc), re.IGNORECASE)  # noqa: PT017
        assert store.get("product:new") is None
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
    # 12⁹ rows; 12⁷ of a server, which may count on until it has all of them, unheard.
    count = 9 if isinstance(store, LadybugStore) else 7
    nodes = ", ".join(f"(n{i})" for i in range(count))
    query = f"MATCH {nodes} WHERE n0.id + n4.id + n6.id <> n1.name RETURN count(n3.id) AS n"
    with pytest.raises(QueryTimeout, match=r"ran longer than 0\.5 s"):
        store.cypher(query, timeout_s=0.5)
    assert rows(store, "RETURN 1 AS one") == [{"one": 1}]


def test_queries_from_many_threads(store: GraphStore) -> None:
    query = "MATCH (p:Product {id: $id}) RETURN p.name AS name"
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda i: rows(store, query, id=i)[0]["name"], ["product:bare"] * 20))
    assert names == ["bare"] * 20
