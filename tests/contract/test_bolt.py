"""What is a server's own: addresses, logins, failures on the way."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from kg.errors import MissingExtraError, QueryError, QueryTimeout, StoreError
from kg.store import GraphStore, open_store
from tests.tables import graph
from tests.worlds import SCHEMA

neo4j = pytest.importorskip("neo4j", reason="neo4j is not installed: pip install 'clew[neo4j]'")


@pytest.fixture
def server(bolt_server: Callable[[], str]) -> str:
    return bolt_server()


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neo4j", None)
    monkeypatch.delitem(sys.modules, "kg.store.bolt", raising=False)
    with pytest.raises(MissingExtraError, match=r"neo4j is not installed.*'clew\[neo4j\]'"):
        open_store("bolt://127.0.0.1:7687", SCHEMA)


def test_a_url_without_host_is_refused() -> None:
    with pytest.raises(StoreError, match="names no host; write bolt://user:password@host:port/"):
        open_store("bolt:graph", SCHEMA)


def test_an_unreachable_server_is_named() -> None:
    with pytest.raises(StoreError, match=r"(?s)bolt://127\.0\.0\.1:1 cannot be used: .*refused"):
        open_store("bolt://127.0.0.1:1/clew", SCHEMA)


def test_a_name_that_cannot_be_resolved_is_told() -> None:
    with pytest.raises(StoreError, match=r"abc cannot be used: .*resolve"):
        open_store("bolt://127.0.0.1:abc/clew", SCHEMA)


def test_a_wrong_password_is_told_without_showing_it(server: str) -> None:
    wrong = server.replace("only-a-test", "secret%3A1")
    with pytest.raises(StoreError, match="cannot be used") as caught:
        open_store(wrong, SCHEMA)
    assert "secret" not in str(caught.value)


def test_an_unknown_database_is_told(server: str) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        open_store(f"{server}-nothing", SCHEMA)


def test_read_access_is_asked_for(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(server, SCHEMA) as store:
        asked = _record(store, monkeypatch)
        store.cypher("RETURN 1 AS one", timeout_s=3)
    assert asked["access"] == neo4j.READ_ACCESS
    assert asked["timeout"] == 3


def _record(store: GraphStore, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    driver = store._driver  # type: ignore[attr-defined]
    opened, begin = driver.session, neo4j.Session.begin_transaction

    def session(**options: Any) -> Any:
        asked["access"] = options.get("default_access_mode")
        return opened(**options)

    def recorded(self: Any, **options: Any) -> Any:
        asked["timeout"] = options["timeout"]
        return begin(self, **options)

    monkeypatch.setattr(driver, "session", session)
    monkeypatch.setattr(neo4j.Session, "begin_transaction", recorded)
    return asked


def test_the_servers_own_limit_speaks_the_same_words(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration"
    error = neo4j.exceptions.Neo4jError._basic_hydrate(neo4j_code=code, message="timed out")

    def timed_out(*_: object) -> None:
        raise error

    with open_store(server, SCHEMA) as store:
        monkeypatch.setattr(neo4j.Transaction, "run", timed_out)
        with pytest.raises(QueryTimeout, match=r"the query ran longer than 2 s; ask for less"):
            store.cypher("RETURN 1", timeout_s=2)


def test_a_server_that_went_away_is_told(server: str) -> None:
    store = open_store(server, SCHEMA)
    store.close()
    with pytest.raises(StoreError, match="does not answer"):
        store.cypher("RETURN 1")
    with pytest.raises(StoreError, match=r"cannot be written to bolt:.* load again to go on from"):
        store.load(graph({}, []), SCHEMA)
    with pytest.raises(StoreError, match="cannot be read"):
        list(store.nodes("Product"))


def test_temporal_and_nested_values_become_json(server: str) -> None:
    query = "RETURN date('2020-01-02') AS date, {a: [1, 2], b: {c: 'x'}} AS nested"
    with open_store(server, SCHEMA) as store:
        [row] = store.cypher(query).table.to_pylist()
    assert row == {"date": "2020-01-02", "nested": {"a": [1, 2], "b": {"c": "x"}}}


def test_bytes_become_text() -> None:
    from kg.store.bolt import _plain

    assert _plain([b"\xab", {"x": b""}]) == ["ab", {"x": ""}]


def test_an_unknown_function_is_named(server: str) -> None:
    with open_store(server, SCHEMA) as store, pytest.raises(QueryError, match="nosuch"):
        store.cypher("RETURN nosuch(1)")
