"""The backends of the contract suite.

One joins by one more name in ``BACKENDS`` and a fixture of that name, which makes a function from a
new directory to an empty store. With ``NEO4J_URI`` (and ``NEO4J_USERNAME``, ``NEO4J_PASSWORD``,
``NEO4J_DATABASE``) the suite runs on that server too, and overwrites its database.
"""

import importlib.util
import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from kg.catalog import read_dataset, sample_path
from kg.extract import Extractor
from kg.facts import KnowledgeGraph, build_graph
from kg.schema import Schema, load_schema
from kg.store import GraphStore, LadybugStore, load_ladybug, open_store
from tests.tables import SHOP
from tests.worlds import SCHEMA

NEO4J = os.environ.get("NEO4J_URI")
BACKENDS = ("ladybug", "bolt", *(("neo4j",) if NEO4J else ()))


@pytest.fixture(scope="module")
def ladybug() -> Callable[[Path], GraphStore]:
    return lambda directory: LadybugStore(directory / "graph.lbdb")


@pytest.fixture(scope="module")
def bolt(bolt_server: Callable[[], str]) -> Callable[[Path], GraphStore]:
    return lambda _: open_store(bolt_server(), SCHEMA)


@pytest.fixture(scope="module")
def neo4j() -> Callable[[Path], GraphStore]:
    return lambda _: open_store(neo4j_url(), SCHEMA)


def neo4j_url() -> str:
    """URL of the server that ``NEO4J_URI`` names, after its database was emptied."""
    from neo4j import GraphDatabase

    assert NEO4J is not None
    user = os.environ.get("NEO4J_USERNAME", "neo4j")
    password = os.environ.get("NEO4J_PASSWORD", "")
    database = os.environ.get("NEO4J_DATABASE", "neo4j")
    with GraphDatabase.driver(NEO4J, auth=(user, password)) as driver:
        driver.execute_query("MATCH (n) DETACH DELETE n", database_=database)
    parts = urlsplit(NEO4J)
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return f"{parts.scheme}://{login}@{parts.netloc}/{database}"


@pytest.fixture(scope="module", params=BACKENDS)
def make(request: pytest.FixtureRequest) -> Callable[[Path], GraphStore]:
    made: Callable[[Path], GraphStore] = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="module")
def _opened(
    make: Callable[[Path], GraphStore], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GraphStore]:
    with make(tmp_path_factory.mktemp("store")) as store:
        store.load(SHOP, SCHEMA)
        yield store


@pytest.fixture
def store(_opened: GraphStore, request: pytest.FixtureRequest) -> GraphStore:
    """The shop, loaded. Only read it."""
    if "neo4j" in request.node.name:  # all tests share its one database
        _opened.load(SHOP, SCHEMA)
    return _opened


@pytest.fixture
def empty(make: Callable[[Path], GraphStore], tmp_path: Path) -> Iterator[GraphStore]:
    with make(tmp_path) as store:
        yield store


@pytest.fixture(scope="session")
def sample() -> tuple[KnowledgeGraph, Schema]:
    """The sample shop's tables and its ontology."""
    schema, dataset = load_schema(), read_dataset(sample_path())
    extractor = Extractor(schema, ["en", "zh"])
    return build_graph(dataset, schema, extractor, pseudonym_key=b"key"), schema


@pytest.fixture(scope="session")
def sample_stores(
    sample: tuple[KnowledgeGraph, Schema],
    bolt_server: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[GraphStore, GraphStore]]:
    """The sample shop in both stores, embedded and on a server. Only read them."""
    kg, schema = sample
    path = tmp_path_factory.mktemp("sample") / "graph.lbdb"
    load_ladybug(kg, schema, path)
    with (
        open_store(f"ladybug:{path}") as local,
        open_store(neo4j_url() if NEO4J else bolt_server(), schema) as remote,
    ):
        remote.load(kg, schema)
        yield local, remote


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def bolt_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Gives the URL of a new, empty database on a Bolt server at each call."""
    for package in ("neo4j", "arcadedb_embedded"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install neo4j arcadedb-embedded")
    port, directory = _free_port(), tmp_path_factory.mktemp("arcadedb")
    script = str(Path(__file__).with_name("bolt_server.py"))
    server = subprocess.Popen(
        [sys.executable, script, str(directory), str(port), str(_free_port()), "only-a-test"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=directory,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n", "the Bolt server did not start"
    numbers = itertools.count()

    def database() -> str:
        name = f"clew{next(numbers)}"
        assert server.stdin is not None
        assert server.stdout is not None
        print(name, file=server.stdin, flush=True)
        assert server.stdout.readline() == f"{name}\n"
        return f"bolt://root:only-a-test@127.0.0.1:{port}/{name}"

    yield database
    server.kill()
    server.communicate()
