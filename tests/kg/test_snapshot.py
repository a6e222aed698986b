import multiprocessing
import os
import signal
import stat
import time
from pathlib import Path

import pytest

from kg.errors import ManifestError, StoreError
from kg.snapshot import SnapshotStore


def publish(store: SnapshotStore, text: str, parent: bool = False) -> str:
    with store.writing("0", parent=store.current() if parent else None) as draft:
        target = draft.path / ("model" if parent else "tables")
        target.mkdir(exist_ok=True)
        (target / "x.txt").write_text(text)
        draft.counts["x"] = len(text)
    return store.current().id


def test_publish_verify_and_go_back(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "s")
    first = publish(store, "one")
    second = publish(store, "two!")
    assert [s.id for s in store.snapshots()] == [first, second]
    assert store.current().id == second
    assert store.current().manifest.counts == {"x": 4}
    store.current().verify()
    assert store.switch(first).id == first
    assert (store.current().path / "tables/x.txt").read_text() == "one"


def test_child_shares_files_and_leaves_the_model_behind(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    first = publish(store, "graph")
    publish(store, "model 1", parent=True)
    child = store.current()
    assert child.has_model
    assert child.manifest.parent == first
    shared = store.root / "snapshots" / first / "tables/x.txt"
    assert (child.path / "tables/x.txt").stat().st_ino == shared.stat().st_ino
    with store.writing("0", parent=child):
        pass
    assert not store.current().has_model


def test_a_failed_build_changes_nothing(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    first = publish(store, "one")

    def build() -> None:
        with store.writing("0") as draft:
            (draft.path / "half").write_text("half")
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        build()
    assert store.current().id == first
    assert not (tmp_path / "drafts").exists()
    publish(store, "two")


def test_io_errors_are_translated(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    with (
        pytest.raises(StoreError, match=r"failed: No space left on device .*x\.bin"),
        store.writing("0"),
    ):
        raise OSError(28, "No space left on device", "x.bin")


def test_two_builders_cannot_meet(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    with (
        store.writing("0"),
        pytest.raises(StoreError, match="another build is writing"),
        SnapshotStore(tmp_path).writing("0"),
    ):
        raise AssertionError("unreachable")


def test_empty_store_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no snapshot in .*; make one: clew build"):
        SnapshotStore(tmp_path / "none").current()
    assert SnapshotStore(tmp_path / "none").snapshots() == []


def test_unwritable_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = SnapshotStore(tmp_path / "file" / "store")
    with pytest.raises(StoreError, match="cannot write to"), store.writing("0"):
        raise AssertionError("unreachable")
    with pytest.raises(StoreError, match="cannot use"):
        store.pseudonym_key()


def test_switch_to_nowhere(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    known = publish(store, "one")
    with pytest.raises(StoreError, match=f"no snapshot 'x' in .*; there are: {known}"):
        store.switch("x")


@pytest.mark.parametrize(
    ("content", "message"),
    [("oNe", "tables/x.txt is not what was written"), (None, "tables/x.txt is missing")],
)
def test_damage_is_found(tmp_path: Path, content: str | None, message: str) -> None:
    store = SnapshotStore(tmp_path)
    publish(store, "one")
    file = store.current().path / "tables/x.txt"
    file.unlink()
    if content is not None:
        file.write_text(content)
    with pytest.raises(ManifestError, match=message):
        store.current().verify()


def test_damaged_manifest(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    publish(store, "one")
    manifest = store.current().path / "manifest.json"
    text = manifest.read_text()
    manifest.write_text(text.replace('"format": 1', '"format": 99').replace('"format":1', "99"))
    with pytest.raises(ManifestError, match="has snapshot format 99, this version reads 1"):
        store.current()
    manifest.write_text(text.replace('"id"', '"idea"'))
    with pytest.raises(ManifestError, match=r"manifest\.json is damaged at 'id'"):
        store.current()
    manifest.unlink()
    with pytest.raises(StoreError, match="is not a snapshot: No such file"):
        store.current()


def test_pseudonym_key_is_private_and_stays(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    key = store.pseudonym_key()
    assert len(key) == 32
    assert store.pseudonym_key() == key
    assert stat.S_IMODE((tmp_path / "pseudonym.key").stat().st_mode) == 0o600
    (tmp_path / "pseudonym.key").write_bytes(b"short")
    with pytest.raises(StoreError, match="holds 5 bytes, not 32"):
        store.pseudonym_key()


def _publish_for_ever(root: Path) -> None:
    store = SnapshotStore(root)
    while True:
        with store.writing("0") as draft:
            for n in range(20):
                (draft.path / f"{n}.txt").write_text(str(n) * 1000)


def test_killed_at_any_moment_the_store_serves_a_whole_snapshot(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    publish(store, "first")
    for attempt in range(12):
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_publish_for_ever, args=(tmp_path,), daemon=True)
        process.start()
        seen = len(store.snapshots())
        deadline = time.monotonic() + 20
        while len(store.snapshots()) == seen and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.007 * attempt)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        store.current().verify()
    publish(store, "last")
