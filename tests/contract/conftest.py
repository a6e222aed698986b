"""The backends of the contract suite.

One joins by one more name in ``BACKENDS`` and a fixture of that name, which makes a function from a
new directory to an empty store.
"""

import importlib.util
import itertools
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kg.store import GraphStore, LadybugStore, open_store
from tests.tables import SHOP
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
