"""Loading a server: in parts, twice, over a wire that is cut, over what others left there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from api.cli import main
from kg.errors import StoreError
from kg.graph_diff import diff, example_text
from kg.records import Fact
from kg.store import GraphStore, open_store
from kg.store.base import Loaded
from tests.contract.proxy import Wire
from tests.tables import ENTITIES, FACTS, SHOP, graph
from tests.worlds import SCHEMA

neo4j = pytest.importorskip("neo4j", reason="neo4j is not installed: pip install 'clew[neo4j]'")

CONNECTED = sum(fact.datatype is None for fact in FACTS)
NODES, EDGES = 240, 239


@pytest.fixture
def server(bolt_server: Callable[[], str]) -> str:
    return bolt_server()


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.store.bolt_write._BATCH", 20)


def shelf() -> Any:
    """A brand and its products."""
    brand = {"brand:acme": ("schema:Brand", "Acme", {})}
    ids = [f"product:p{number}" for number in range(EDGES)]
    products = {i: ("schema:Product", "x" * 40, {"en": "x" * 40}) for i in ids}
    return graph(brand | products, [Fact(i, "schema:brand", "brand:acme") for i in ids])


def through(server: str, wire: Wire, retry_s: float) -> GraphStore:
    from kg.store.bolt import BoltStore

    port = urlsplit(server).port
    return BoltStore(server.replace(f":{port}/", f":{wire.port}/"), SCHEMA, retry_s=retry_s)


def port_of(server: str) -> int:
    port = urlsplit(server).port
    assert port is not None
    return port


def change(server: str, *queries: str) -> None:
    """Write behind Clew's back."""
    parts = urlsplit(server)
    login = (parts.username, parts.password)
    with (
        neo4j.GraphDatabase.driver(f"bolt://127.0.0.1:{parts.port}", auth=login) as driver,
        driver.session(database=parts.path.strip("/")) as session,
    ):
        for query in queries:
            session.run(query).consume()


def test_loading_twice_is_loading_once(server: str) -> None:
    with open_store(server, SCHEMA) as store:
        assert store.load(SHOP, SCHEMA) == Loaded(len(ENTITIES), CONNECTED)
        assert store.load(SHOP, SCHEMA) == Loaded(unchanged=len(ENTITIES) + CONNECTED)
        assert diff(SHOP, SCHEMA, store).equal


@pytest.mark.usefixtures("small_batches")
def test_a_wire_that_is_cut_once_is_not_noticed(server: str) -> None:
    with Wire(port_of(server), cut_after=20_000) as wire, through(server, wire, 20) as store:
        assert store.load(shelf(), SCHEMA) == Loaded(NODES, EDGES)
        assert wire.times_cut == 1
        assert diff(shelf(), SCHEMA, store).equal


def test_the_command_tells_that_it_tries_again_and_why_it_gave_up(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In words of its own: the driver's log is not printed."""
    monkeypatch.setattr("kg.store.bolt_write._BATCH", 20)
    monkeypatch.setattr("kg.cli_graph._current", lambda *_: (shelf(), SCHEMA))
    with Wire(port_of(server), cut_after=20_000, cuts=None) as wire:
        monkeypatch.setattr("kg.store.open_store", lambda *_: through(server, wire, 2))
        result = CliRunner().invoke(main, ["graph", "load", server, "--store", str(tmp_path)])
    assert result.exit_code == StoreError.exit_code
    told = result.stderr.splitlines()
    assert told[:-1] == ["the server does not answer; trying again"] * (len(told) - 1)
    assert len(told) > 1
    assert "what was written stays, load again to go on from there" in told[-1]


@pytest.mark.usefixtures("small_batches")
def test_a_load_that_was_cut_goes_on_where_it_stopped(server: str) -> None:
    with Wire(port_of(server), cut_after=20_000, cuts=None) as wire:
        store = through(server, wire, 0.2)
        with pytest.raises(StoreError, match="what was written stays, load again to go on from th"):
            store.load(shelf(), SCHEMA)
        store.close()
    with open_store(server, SCHEMA) as store:
        begun = diff(shelf(), SCHEMA, store)
        done = store.load(shelf(), SCHEMA)
        assert diff(shelf(), SCHEMA, store).equal
    missing = sum(table.missing for table in begun.tables)
    assert 0 < missing < NODES + EDGES
    assert done.nodes + done.relationships == missing
    assert done.unchanged == NODES + EDGES - missing


def test_a_commit_that_is_not_answered_is_sent_again(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It did happen, and happens a second time."""
    sent, execute = [], neo4j.Session.execute_write

    def unanswered(self: Any, work: Any) -> Any:
        result = execute(self, work)
        sent.append(work)
        if len(sent) % 2:
            raise neo4j.exceptions.IncompleteCommit("the connection broke")
        return result

    monkeypatch.setattr(neo4j.Session, "execute_write", unanswered)
    with open_store(server, SCHEMA) as store:
        assert store.load(SHOP, SCHEMA) == Loaded(len(ENTITIES), CONNECTED)
        assert len(sent) > 2
        assert diff(SHOP, SCHEMA, store).equal


def test_an_error_that_passes_is_waited_for(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "Neo.TransientError.Transaction.DeadlockDetected"
    errors = [neo4j.exceptions.Neo4jError._hydrate_neo4j(code=code, message="deadlock")]
    run = neo4j.ManagedTransaction.run

    def busy(self: Any, query: str, *args: Any) -> Any:
        if "MERGE" in query and errors:
            raise errors.pop()
        return run(self, query, *args)

    monkeypatch.setattr(neo4j.ManagedTransaction, "run", busy)
    with open_store(server, SCHEMA) as store:
        assert store.load(SHOP, SCHEMA) == Loaded(len(ENTITIES), CONNECTED)
    assert not errors


def test_an_id_is_unique_by_constraint(server: str) -> None:
    with open_store(server, SCHEMA) as store:
        store.load(SHOP, SCHEMA)
    with pytest.raises(neo4j.exceptions.Neo4jError, match="ConstraintValidationFailed"):
        change(server, "CREATE (:Product {id: 'product:mug'})")


def test_a_difference_is_told_and_mended(server: str) -> None:
    with open_store(server, SCHEMA) as store:
        store.load(SHOP, SCHEMA)
        change(
            server,
            "MATCH (n:Product {id: 'product:bare'}) DETACH DELETE n",
            "MATCH (n:Product {id: 'product:mug'}) SET n.price = 3.0, n.note = 'mine'",
            "CREATE (:Brand {id: 'brand:new', name: 'New'})",
            "CREATE (:Brand {name: 'without id'})",
            "MATCH (u:User {id: 'user:u2'})-[r:BOUGHT]->() DELETE r",
            "MATCH (u:User {id: 'user:u2'}), (p:Product {id: 'product:a%20b'}) "
            "CREATE (u)-[:BOUGHT]->(p)",
            "MATCH (a:Product {id: 'product:mug'}), (b:Brand {id: 'brand:acme'}) "
            "CREATE (a)-[:HAS_BRAND {confidence: 1.0, source: 'catalog'}]->(b)",
            "MATCH (a:Product {id: 'product:mug'}) CREATE (:Note {text: 'mine'})-[:ABOUT]->(a)",
        )
        found = diff(SHOP, SCHEMA, store)
        wrong = {
            table.name: (table.missing, table.extra, table.differs)
            for table in found.tables
            if not table.equal
        }
        done = store.load(SHOP, SCHEMA)
        assert diff(SHOP, SCHEMA, store).equal
        [kept] = store.cypher("MATCH (n:Note) RETURN n.text AS text").table.to_pylist()
    assert wrong == {
        "Brand": (0, 2, 0),
        "Product": (1, 0, 1),
        "BOUGHT": (1, 1, 0),
        "HAS_BRAND": (0, 0, 1),
    }
    assert found.unknown == {"ABOUT": 1, "Note": 1}
    assert kept == {"text": "mine"}
    assert done == Loaded(2, 2, 2, 1, len(ENTITIES) + CONNECTED - 4)
    told = {table.name: table.examples for table in found.tables}
    [product] = told["Product"]["differs"]
    assert product == {
        "id": "product:mug",
        "snapshot": {"price": 2.5, "note": None},
        "store": {"price": 3.0, "note": "mine"},
    }
    assert example_text(product) == (
        "product:mug  note: nothing in the snapshot, mine in the store"
        "  price: 2.5 in the snapshot, 3 in the store"
    )
    assert told["Product"]["missing"] == [{"id": "product:bare"}]
    [twice] = told["HAS_BRAND"]["differs"]
    assert (twice["from"], twice["to"], twice["times"]) == ("product:mug", "brand:acme", 2)
    assert example_text(twice) == "product:mug → brand:acme  stands there 2 times"
