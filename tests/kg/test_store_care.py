"""One writer at a time, whatever happens to it: locks, kills, full disks, and the commands."""

import json
import multiprocessing
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api.cli import main
from kg.build import GRAPH_FILE, build
from kg.errors import DatasetError, StoreError
from kg.snapshot import SnapshotStore
from kg.store import open_store
from tests.kg.edited_shop import Shop
from tests.kg.test_snapshot import publish

ROOT = Path(__file__).parents[2]


def told(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stderr if code else result.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    made = Shop(tmp_path_factory.mktemp("shop"), seed=1)
    made.write()
    return made


def arguments(shop: Shop, store: Path) -> list[str]:
    where = ["--store", str(store), "--ontology", str(shop.ontology)]
    return [sys.executable, "-m", "api.cli", "build", str(shop.data), *where]


# ── the lock ──────────────────────────────────────────────────────────────────────────────────


def hold(root: Path, ready: Any) -> None:
    with SnapshotStore(root).writing("0"):
        ready.set()
        time.sleep(60)


def test_who_holds_the_store_is_told_and_its_death_frees_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=hold, args=(tmp_path, ready), daemon=True)
    process.start()
    assert ready.wait(60)
    message = rf"another build is writing to .* \(process {process.pid} on \S+ since 20\S+\); wait"
    with pytest.raises(StoreError, match=message), SnapshotStore(tmp_path).writing("0"):
        raise AssertionError("unreachable")
    with pytest.raises(StoreError, match=message):
        SnapshotStore(tmp_path).prune(1)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert (tmp_path / "build.holder").exists()
    publish(SnapshotStore(tmp_path), "after it")
    assert not (tmp_path / "build.holder").exists()


# ── commands ──────────────────────────────────────────────────────────────────────────────────


def test_list_verify_rollback_prune(tmp_path: Path) -> None:
    store, where = SnapshotStore(tmp_path), ("--store", str(tmp_path))
    ids = [publish(store, text) for text in ("one", "two", "three", "four")]
    found = json.loads(told("snapshots", "list", *where, "--json"))
    assert [one["id"] for one in found] == ids
    assert [one["current"] for one in found] == [False, False, False, True]
    assert f"* {ids[3]}" in re.sub(r" +", " ", told("snapshots", "list", *where))
    assert told("snapshots", "verify", *where) == f"{ids[3]}: 1 files, all as they were written\n"
    assert json.loads(told("snapshots", "rollback", *where, "--json"))["to"] == ids[2]
    assert told("snapshots", "rollback", ids[0], *where).strip() == f"{ids[2]} → {ids[0]}"
    assert told("snapshots", "rollback", *where, code=5).startswith(
        f"clew: {ids[0]} is the oldest snapshot of {tmp_path}; none is before it"
    )
    assert json.loads(told("snapshots", "prune", "--keep", "1", *where, "--json")) == ids[1:3]
    assert [s.id for s in store.snapshots()] == [ids[0], ids[3]]
    assert store.current().id == ids[0]
    assert "nothing to remove" in told("snapshots", "prune", *where)
    assert not (tmp_path / "drafts").exists()


def test_a_damaged_snapshot_is_not_rolled_back_to(tmp_path: Path) -> None:
    store, where = SnapshotStore(tmp_path), ("--store", str(tmp_path))
    first = publish(store, "one")
    second = publish(store, "two")
    (tmp_path / "snapshots" / first / "tables" / "x.txt").write_text("eno")
    assert "is not what was written" in told("snapshots", "verify", first, *where, code=5)
    assert "is not what was written" in told("snapshots", "rollback", *where, code=5)
    assert store.current().id == second
    assert "no snapshot 'x'" in told("snapshots", "verify", "x", *where, code=5)


# ── faults while building ─────────────────────────────────────────────────────────────────────


def test_a_damaged_snapshot_is_not_built_on(shop: Shop, tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    build(shop.data, store, ontology_directory=shop.ontology)
    (store.current().path / "tables" / "facts.parquet").write_bytes(b"rubbish")
    report = build(shop.data, store, ontology_directory=shop.ontology)
    assert "facts.parquet is not what was written" in report.made["why_anew"]
    assert report.made["products_kept"] == 0
    store.current().verify()


def test_another_versions_snapshot_is_not_built_on(shop: Shop, tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    published = publish(store, "by an older version")
    report = build(shop.data, store, ontology_directory=shop.ontology)
    assert report.made["why_anew"] == f"{published} was made by another version"
    again = build(shop.data, store, ontology_directory=shop.ontology)
    assert again.made["products_read"] == 0
    full = build(shop.data, store, ontology_directory=shop.ontology, full=True)
    assert full.made["why_anew"] == "a full build was asked for"


def test_unreadable_input_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "store")
    build(shop.data, store, ontology_directory=shop.ontology)
    before = store.current().id
    broken = tmp_path / "data"
    shutil.copytree(shop.data, broken)
    (broken / "triples.csv").unlink()
    (broken / "triples.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DatasetError, match=r"triples\.parquet"):
        build(broken, store, ontology_directory=shop.ontology)
    assert [s.id for s in store.snapshots()] == [before]
    store.current().verify()


def limited_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1.5 MB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a tmpfs: {mounted.stderr.decode().strip()}; needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def failed(command: list[str], **options: Any) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=120, **options
    )
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_full_disk_changes_nothing(shop: Shop, small_disk: Path) -> None:
    store = SnapshotStore(small_disk / "store")
    before = publish(store, "small")
    message = failed(arguments(shop, store.root))
    assert re.search("[Nn]o space left on device|cannot be written|failed", message), message
    assert str(store.root) in message
    assert store.current().id == before
    store.current().verify()
    assert not (store.root / "drafts").exists()


def test_a_file_that_may_not_grow_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    before = publish(store, "small")
    message = failed(arguments(shop, tmp_path), preexec_fn=limited_files)
    assert str(tmp_path) in message
    assert store.current().id == before
    assert not (tmp_path / "drafts").exists()


def build_for_ever(shop: Shop, root: Path, built: Any) -> None:
    store = SnapshotStore(root)
    while True:
        shop.edit()
        shop.write()
        build(shop.data, store, ontology_directory=shop.ontology)
        built.value += 1


def test_a_killed_build_leaves_a_whole_snapshot(tmp_path: Path) -> None:
    """Three kills; ``scripts/bench/kills.py`` does fifty of the command itself."""
    shop = Shop(tmp_path, seed=2)
    shop.write()
    store = SnapshotStore(tmp_path / "store")
    context = multiprocessing.get_context("spawn")  # a forked RocksDB has lost its threads
    for kill in range(3):
        built = context.Value("i", 0)
        process = context.Process(
            target=build_for_ever, args=(shop, store.root, built), daemon=True
        )
        process.start()
        deadline = time.monotonic() + 60
        while not built.value and time.monotonic() < deadline:
            time.sleep(0.01)
        assert built.value, "no build was published within a minute"
        time.sleep(0.1 + 0.23 * kill)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        store.current().verify()
        with open_store(f"ladybug:{store.current().path / GRAPH_FILE}") as graph:
            assert graph.counts()["schema:price"] >= 3
    before = store.current().id
    assert build(shop.data, store, ontology_directory=shop.ontology).snapshot.id > before
