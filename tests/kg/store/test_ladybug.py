"""What is Ladybug's own: its file, its dangerous statements, its tables."""

import multiprocessing
import os
from pathlib import Path

import ladybug
import pytest

from kg.errors import QueryError, StoreError
from kg.store import LadybugStore, load_ladybug, open_store
from tests.tables import COUNTS, ENTITIES, SHOP
from tests.worlds import SCHEMA


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "graph.lbdb"
    load_ladybug(SHOP, SCHEMA, path)
    return path


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files a query manages to write land here."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


FORBIDDEN = [
    "COPY (MATCH (n) RETURN n.id) TO 'out.csv'",
    "COPY Product FROM 'in.csv'",
    "EXPORT DATABASE 'out'",
    "IMPORT DATABASE 'out'",
    "ATTACH 'graph.lbdb' AS other (dbtype lbug)",
    "INSTALL httpfs",
    "LOAD EXTENSION httpfs",
    "LOAD FROM 'in.csv' RETURN *",
    "MATCH (n) LOAD FROM 'in.csv' RETURN *",
    "CALL timeout=0",
    "CHECKPOINT",
    "BEGIN TRANSACTION",
]


@pytest.mark.parametrize("query", FORBIDDEN)
def test_nothing_outside_the_graph_is_touched(path: Path, elsewhere: Path, query: str) -> None:
    Path("in.csv").write_text("secret\n1\n")
    before = sorted(path.parent.iterdir()), path.stat().st_mtime_ns
    with open_store(f"ladybug:{path}") as store, pytest.raises(QueryError, match="is refused"):
        store.cypher(query)
    assert [file.name for file in elsewhere.iterdir()] == ["in.csv"]
    assert (sorted(path.parent.iterdir()), path.stat().st_mtime_ns) == before


def test_the_engine_itself_would_write_a_file(path: Path, elsewhere: Path) -> None:
    """Why the guard is needed: a read-only database is no protection. If this fails, thin it."""
    with ladybug.Database(str(path), read_only=True) as database:
        ladybug.Connection(database).execute("COPY (MATCH (n) RETURN n.id) TO 'out.csv'")
    assert (elsewhere / "out.csv").stat().st_size > 0


def test_reading_leaves_the_file_alone(path: Path) -> None:
    before = path.read_bytes()
    with open_store(f"ladybug:{path}") as store:
        store.cypher("MATCH (n) RETURN n")
        store.counts()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def _count(path: Path) -> int:
    with LadybugStore(path) as store:
        store.cypher("MATCH (n) RETURN n")
        return sum(store.counts().values())


def test_several_processes_read_at_once(path: Path) -> None:
    with (
        open_store(f"ladybug:{path}") as store,
        multiprocessing.get_context("spawn").Pool(2) as pool,
    ):
        assert pool.map(_count, [path] * 4) == [sum(store.counts().values())] * 4


def test_a_file_can_be_replaced_under_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "graph.lbdb"
    load_ladybug(SHOP, SCHEMA, path)
    with LadybugStore(path) as reader:
        assert reader.counts() == COUNTS
        load_ladybug(SHOP, SCHEMA, path)
        assert reader.counts() == COUNTS


def test_a_draft_left_behind_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "graph.lbdb"
    (tmp_path / "graph.lbdb.loading").write_bytes(b"half a graph")
    (tmp_path / "graph.lbdb.loading.wal").mkdir()
    load_ladybug(SHOP, SCHEMA, path)
    assert [file.name for file in tmp_path.iterdir()] == ["graph.lbdb"]


def test_load_makes_the_directory(tmp_path: Path) -> None:
    load_ladybug(SHOP, SCHEMA, tmp_path / "a" / "b" / "graph.lbdb")
    assert (tmp_path / "a" / "b" / "graph.lbdb").is_file()


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be written to .*file/graph\.lbdb"):
        load_ladybug(SHOP, SCHEMA, tmp_path / "file" / "graph.lbdb")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with LadybugStore(tmp_path / "none.lbdb") as store:
        with pytest.raises(StoreError, match=r"no graph at .*none\.lbdb; build one: clew build"):
            store.counts()
        with pytest.raises(StoreError, match=r"no graph at .*none\.lbdb"):
            store.cypher("RETURN 1")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.lbdb").write_bytes(b"not a graph" * 1000)
    with (
        LadybugStore(tmp_path / "bad.lbdb") as store,
        pytest.raises(StoreError, match=r"bad\.lbdb cannot be opened as a Ladybug graph: "),
    ):
        store.get("product:mug")


def test_a_strangers_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.lbdb"
    with ladybug.Database(str(path)) as database:
        ladybug.Connection(database).execute("CREATE NODE TABLE T(id STRING PRIMARY KEY)")
    with (
        LadybugStore(path) as store,
        pytest.raises(StoreError, match="was not written by Clew: table 'T' has the comment ''"),
    ):
        store.counts()


@pytest.mark.parametrize("url", ["sqlite:x", "ladybug:", "graph.lbdb", ""])
def test_an_unknown_url_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="names no graph store; write ladybug:PATH or bolt:"):
        open_store(url)


def test_a_missing_table_is_named(path: Path) -> None:
    with open_store(f"ladybug:{path}") as store, pytest.raises(QueryError, match="Table Ghost"):
        store.cypher("MATCH (n:Ghost) RETURN n")


def test_tables_carry_the_ontologys_names(path: Path) -> None:
    with open_store(f"ladybug:{path}") as store:
        found = store.cypher("CALL show_tables() RETURN name, type, comment").table.to_pylist()
    notes = {row["name"]: row["comment"] for row in found}
    assert notes["HAS_COLOR"] == '{"relation": "schema:color"}'
    assert '"class": "schema:Product"' in notes["Product"]
    assert '"price": "schema:price"' in notes["Product"]
    assert {row["name"] for row in found if row["type"] == "NODE"} == {
        known.node_label for known in SCHEMA.classes.values()
    }


def test_a_relative_path_means_the_directory_of_then(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LadybugStore(Path(os.path.relpath(path))) as store:
        monkeypatch.chdir("/")
        assert store.get("product:nobody") is None
        assert store.cypher("MATCH (n) RETURN n").table.num_rows == len(ENTITIES)
