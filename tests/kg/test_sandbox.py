"""Queries that would take the server with them, had they run inside it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.errors import QueryError, QueryTimeout, StoreError
from kg.sandbox import Sandbox
from kg.store import load_ladybug
from tests.tables import SHOP
from tests.worlds import SCHEMA

ONE = "RETURN 1 AS one"
SLOW = (
    f"MATCH {', '.join(f'(n{i})' for i in range(9))} WHERE n0.id + n8.id <> n1.name RETURN count(*)"
)
DEEP = "RETURN " + "CASE WHEN true THEN " * 300 + "1" + " END" * 300  # parsed for minutes


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sandbox") / "graph.lbdb"
    load_ladybug(SHOP, SCHEMA, path)
    return path


@pytest.fixture
def sandbox(path: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox("cypher", path, workers=2, memory_bytes=600 << 20)
    yield sandbox
    sandbox.close()


def ask(sandbox: Sandbox, query: str, timeout_s: float = 20.0, limit: int = 10) -> list[list[int]]:
    rows: list[list[int]] = sandbox.run(query, {}, timeout_s=timeout_s, limit=limit)["rows"]
    return rows


def test_a_worker_is_used_again(sandbox: Sandbox) -> None:
    ask(sandbox, ONE)
    [worker] = sandbox._idle
    assert ask(sandbox, ONE) == [[1]]
    assert sandbox._idle == [worker]


@pytest.fixture
def busy(sandbox: Sandbox) -> Iterator[int]:
    """A slow query is running; the process id of its worker."""
    ask(sandbox, ONE)
    worker = sandbox._idle[0]._process.pid

    def run() -> None:
        with pytest.raises(QueryError):
            ask(sandbox, SLOW, timeout_s=3)

    slow = threading.Thread(target=run)
    slow.start()
    while sandbox._idle:
        time.sleep(0.01)
    yield worker
    slow.join()


@pytest.mark.parametrize("query", [SLOW, DEEP], ids=["slow", "deep"])
def test_a_query_ends_at_its_time_limit(sandbox: Sandbox, query: str) -> None:
    began = time.perf_counter()
    with pytest.raises(QueryTimeout, match=r"ran longer than 0\.3 s; ask for less, or raise the"):
        ask(sandbox, query, timeout_s=0.3)
    assert time.perf_counter() - began < 5
    assert ask(sandbox, ONE) == [[1]]


def test_what_needs_too_much_memory_is_killed(sandbox: Sandbox) -> None:
    with pytest.raises(QueryError, match="needed more than 600 MB of memory; ask for less"):
        ask(sandbox, "RETURN size(range(1, 1000000000))", timeout_s=60)
    assert ask(sandbox, ONE) == [[1]]


def test_what_crashes_the_engine_is_survived(sandbox: Sandbox) -> None:
    ask(sandbox, ONE)
    worker = sandbox._idle[0]._process.pid
    crash = threading.Timer(0.3, os.kill, (worker, signal.SIGSEGV))
    crash.start()
    with pytest.raises(QueryError, match=r"crashed its engine \(exit code -11\); simplify it"):
        ask(sandbox, SLOW)
    crash.join()
    assert ask(sandbox, ONE) == [[1]]


def test_a_worker_that_died_while_idle_is_replaced(sandbox: Sandbox) -> None:
    ask(sandbox, ONE)
    [dead] = sandbox._idle
    os.kill(dead._process.pid, signal.SIGKILL)
    dead._process.wait()
    assert ask(sandbox, ONE) == [[1]]
    assert dead not in sandbox._idle


def test_a_worker_that_holds_much_memory_is_not_kept(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(sandbox, ONE)
    [worker] = sandbox._idle
    assert 10 << 20 < worker.resident_bytes() < 300 << 20
    monkeypatch.setattr(type(worker), "resident_bytes", lambda self: 301 << 20)
    assert ask(sandbox, ONE) == [[1]]
    assert sandbox._idle == []
    assert not worker.lives


def test_waiting_for_a_worker_counts(sandbox: Sandbox, busy: int) -> None:
    with (
        sandbox._free,
        pytest.raises(QueryTimeout, match=r"no query worker became free within 0\.1"),
    ):
        ask(sandbox, ONE, timeout_s=0.1)


def test_two_queries_run_at_once(sandbox: Sandbox, busy: int) -> None:
    assert ask(sandbox, ONE) == [[1]]
    assert [worker._process.pid for worker in sandbox._idle] != [busy]
    assert _state(busy) != "Z"


def test_a_closed_sandbox_says_so(path: Path) -> None:
    sandbox = Sandbox("cypher", path)
    ask(sandbox, ONE)
    sandbox.close()
    with pytest.raises(StoreError, match="was closed; open it again"):
        ask(sandbox, ONE)


@pytest.mark.parametrize("engine", ["cypher", "sparql"])
def test_what_cannot_be_opened_is_named(tmp_path: Path, engine: str) -> None:
    sandbox = Sandbox(engine, tmp_path / "nothing")  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="nothing cannot be opened: "):
        ask(sandbox, ONE)


def test_workers_end_with_their_parent(path: Path) -> None:
    """A server killed hard leaves no query running behind."""
    import subprocess
    import sys

    code = (
        "import sys, pathlib; from kg.sandbox import Sandbox\n"
        f"s = Sandbox('cypher', pathlib.Path({str(path)!r}))\n"
        f"s.run({ONE!r}, {{}}, timeout_s=20, limit=1)\n"
        "print(s._idle[0]._process.pid, flush=True)\n"
        "import os; os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    worker = int(done.stdout)
    for _ in range(100):
        if not Path(f"/proc/{worker}").exists() or _state(worker) == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"worker {worker} outlived its parent")


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


VALUES = """
RETURN date('2020-01-02') AS date, timestamp('2020-01-02 03:04:05') AS time,
  interval('90 seconds') AS interval, cast('1.50' AS DECIMAL(5, 2)) AS decimal,
  cast(7 AS INT128) AS int128, uuid('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11') AS uuid,
  blob('\\\\xAB') AS blob, {a: 1, b: ['x']} AS struct, map([1], ['x']) AS map, true AS yes,
  NULL AS nothing
"""


def test_every_value_becomes_json(sandbox: Sandbox) -> None:
    answer = sandbox.run(VALUES, {}, timeout_s=20, limit=1)
    assert dict(zip(answer["columns"], answer["rows"][0], strict=True)) == {
        "date": "2020-01-02",
        "time": "2020-01-02T03:04:05",
        "interval": 90.0,
        "decimal": 1.5,
        "int128": 7,
        "uuid": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "blob": "ab",
        "struct": {"a": 1, "b": ["x"]},
        "map": {"1": "x"},
        "yes": True,
        "nothing": None,
    }


def test_more_than_one_statement_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(QueryError, match="more than one statement; send them one at a time"):
        ask(sandbox, "RETURN 1; RETURN 2")
