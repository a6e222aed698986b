"""What a service heard since the dataset was written, for the next build: events and erasures.

In: files of the snapshot store, ``additions/events.parquet`` (`INTERACTION_SCHEMA`, ids as in the
graph) and ``additions/erased.txt`` (a pseudonym a line). Out: the interactions a build counts.
Whoever was erased stays out of every build, whatever the dataset still says of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock

from kg.errors import StoreError
from kg.records import INTERACTION_SCHEMA

__all__ = [
    "Additions",
    "add_erased",
    "read_additions",
    "replace_file",
    "write_events",
    "writing_addition",
]

_EVENTS = "events.parquet"
_ERASED = "erased.txt"
_LOCK = "additions.lock"
_SAME = ["user_id", "product_id", "event", "timestamp"]


@dataclass(frozen=True)
class Additions:
    """Events to count, users to leave out; compact ids."""

    events: pa.Table
    erased: frozenset[str]

    def apply(self, interactions: pa.Table, products: Set[str]) -> pa.Table:
        """A dataset's interactions (compact ids) with these, each event once, no erased user's.

        Args:
            interactions: of the dataset, pseudonyms in place of users.
            products: compact ids of its products; events of others are left out.
        """
        found = interactions
        if self.events.num_rows:
            wanted = pc.is_in(self.events["product_id"], pa.array(sorted(products), pa.string()))
            new = self.events.filter(wanted).append_column(
                "_row", pa.array(range(pc.sum(wanted).as_py() or 0), pa.int64())
            )
            repeated = interactions.select(_SAME).group_by(_SAME).aggregate([])
            fresh = new.join(repeated, _SAME, join_type="left anti").sort_by("_row")
            found = pa.concat_tables(
                [interactions, fresh.select(interactions.schema.names).cast(interactions.schema)]
            )
        if self.erased:
            gone = pc.is_in(found["user_id"], pa.array(sorted(self.erased), pa.string()))
            found = found.filter(pc.invert(gone))
        return found


def read_additions(root: Path) -> Additions:
    """What a store holds for its next build.

    Raises:
        StoreError: a file cannot be read.
    """
    directory = root / "additions"
    events, erased = directory / _EVENTS, directory / _ERASED
    try:
        table = pq.read_table(events) if events.exists() else INTERACTION_SCHEMA.empty_table()
        lines = erased.read_text(encoding="utf-8").split() if erased.exists() else []
        return Additions(table.cast(INTERACTION_SCHEMA), frozenset(lines))
    except (OSError, ValueError, pa.ArrowInvalid) as exc:
        raise StoreError(f"{directory} cannot be read: {exc}; restore it from a backup") from exc


def add_erased(root: Path, users: Iterable[str]) -> None:
    """Leave users out of every later build and of what it is given; synced when this returns.

    Args:
        root: of the store.
        users: pseudonyms.

    Raises:
        StoreError: the file cannot be written.
    """
    with writing_addition(root, _ERASED) as path:
        found = read_additions(root)
        every = sorted(found.erased | set(users))
        replace_file(path, "".join(f"{user}\n" for user in every).encode())
        gone = pc.is_in(found.events["user_id"], pa.array(every, pa.string()))
        if pc.any(gone).as_py():
            replace_file(path.parent / _EVENTS, _parquet(found.events.filter(pc.invert(gone))))


def write_events(root: Path, events: pa.Table) -> None:
    """Replace the events the next build counts (`INTERACTION_SCHEMA`, compact ids).

    Raises:
        StoreError: the file cannot be written.
    """
    with writing_addition(root, _EVENTS) as path:
        replace_file(path, _parquet(events.cast(INTERACTION_SCHEMA)))


@contextmanager
def writing_addition(root: Path, name: str) -> Iterator[Path]:
    """The path of a file for the next build, which nobody else writes meanwhile.

    Raises:
        StoreError: it cannot be written.
    """
    path = root / "additions" / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.parent / _LOCK):
            yield path
    except OSError as exc:
        raise StoreError(f"cannot write {path}: {exc.strerror}") from exc


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def replace_file(path: Path, content: bytes) -> None:
    """Write aside, sync, rename: a reader sees the old file or the new one, whole."""
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
