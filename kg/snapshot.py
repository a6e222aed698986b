"""Snapshots: what a build made, immutable, versioned, checksummed, published in one step.

In: the files a build writes into a draft. Out: a directory that never changes again.

    STORE/
      pseudonym.key             keyed hash of user ids; stays when snapshots go
      current -> snapshots/ID   what is served; switched atomically
      snapshots/ID/             manifest.json, tables/, rdf/, graph/, ontology/, model/
      drafts/ID/                being written; removed when a build fails, ignored by readers

A draft is written and fsynced, then renamed into ``snapshots``, then ``current`` is replaced by a
rename. Killed at any moment, ``current`` is a whole snapshot. Assumes one file system per store.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kg.errors import StoreError
from kg.manifest import FileSum, Manifest, Snapshot, checksum
from kg.store_lock import held

__all__ = ["Draft", "FileSum", "Manifest", "Snapshot", "SnapshotStore"]


class Draft:
    """A snapshot being written: put files below ``path``, fill the fields, it is then published."""

    def __init__(self, path: Path, snapshot_id: str, parent: Snapshot | None) -> None:
        self.path = path
        self.id = snapshot_id
        self.parent = parent
        known = parent.manifest if parent else None
        self.dataset: dict[str, str] = dict(known.dataset) if known else {}
        self.ontology: str = known.ontology if known else ""
        self.counts: dict[str, int] = dict(known.counts) if known else {}
        self.seconds: dict[str, float] = dict(known.seconds) if known else {}
        self.made: dict[str, Any] = dict(known.made) if known else {}
        self.metrics: dict[str, float] = {}
        self.model: dict[str, Any] = {}


class SnapshotStore:
    """A directory of snapshots, one of them current."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._snapshots = root / "snapshots"
        self._current = root / "current"

    def current(self) -> Snapshot:
        """The snapshot that is served.

        Raises:
            StoreError: nothing was published here yet.
        """
        if not self._current.exists():
            raise StoreError(
                f"no snapshot in {self.root}; make one: clew build DATASET --store {self.root}"
            )
        return Snapshot(self._current.resolve())

    def previous(self) -> Snapshot:
        """The newest snapshot older than the current one.

        Raises:
            StoreError: there is none.
        """
        current = self.current().id
        older = [snapshot for snapshot in self.snapshots() if snapshot.id < current]
        if not older:
            raise StoreError(f"{current} is the oldest snapshot of {self.root}; none is before it")
        return older[-1]

    def snapshots(self) -> list[Snapshot]:
        """All published snapshots, oldest first."""
        if not self._snapshots.is_dir():
            return []
        return [Snapshot(path) for path in sorted(self._snapshots.iterdir()) if path.is_dir()]

    def find(self, snapshot_id: str) -> Snapshot:
        """A published snapshot by its id.

        Raises:
            StoreError: there is no such snapshot.
        """
        if not (self._snapshots / snapshot_id / "manifest.json").is_file():
            known = ", ".join(s.id for s in self.snapshots()) or "none"
            raise StoreError(f"no snapshot {snapshot_id!r} in {self.root}; there are: {known}")
        return Snapshot(self._snapshots / snapshot_id)

    @property
    def reader(self) -> Path:
        """Directory of the trained reader, which builds use where there is one."""
        return self.root / "reader"

    def switch(self, snapshot_id: str) -> Snapshot:
        """Make a published snapshot the current one.

        Raises:
            StoreError: there is no such snapshot.
        """
        self.find(snapshot_id)
        temporary = self.root / f".current-{secrets.token_hex(4)}"
        temporary.symlink_to(Path("snapshots") / snapshot_id)
        os.replace(temporary, self._current)
        _fsync(self.root)
        return self.current()

    def pseudonym_key(self) -> bytes:
        """Key of the user pseudonyms, made on first use (32 bytes, readable by the owner only)."""
        path = self.root / "pseudonym.key"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            except FileExistsError:
                key = path.read_bytes()
            else:
                key = secrets.token_bytes(32)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(key)
                    os.fsync(file.fileno())
        except OSError as exc:
            raise StoreError(f"cannot use {path}: {exc.strerror}") from exc
        if len(key) != 32:
            raise StoreError(f"{path} holds {len(key)} bytes, not 32; restore it from a backup")
        return key

    @contextmanager
    def writing(self, version: str, *, parent: Snapshot | None = None) -> Iterator[Draft]:
        """Write a snapshot and publish it when the block ends without an error.

        Args:
            version: Clew's version, for the manifest.
            parent: start from this snapshot's files (as hard links), without its model.

        Raises:
            StoreError: another build holds the store, or it cannot be written.
        """
        with held(self.root):
            try:
                draft = self._draft(parent)
                yield draft
                self._publish(draft, version)
            except OSError as exc:
                raise StoreError(
                    f"writing a snapshot to {self.root} failed: {exc.strerror or exc} "
                    f"({exc.filename or 'no file'}); the current snapshot is as it was"
                ) from exc

    def prune(self, keep: int) -> list[str]:
        """Remove all but the newest ``keep`` snapshots; the current one stays in any case.

        Returns:
            Ids of what was removed.

        Raises:
            StoreError: a build holds the store, or a snapshot cannot be removed.
        """
        with held(self.root):
            current = self._current.resolve().name
            names = sorted(path.name for path in self._snapshots.iterdir() if path.is_dir())
            gone = [name for name in names[: max(0, len(names) - keep)] if name != current]
            try:
                for name in gone:
                    # First out of the readers' sight, in one step.
                    (self.root / "drafts").mkdir(exist_ok=True)
                    os.rename(self._snapshots / name, self.root / "drafts" / name)
            except OSError as exc:
                raise StoreError(f"cannot remove {name} of {self.root}: {exc.strerror}") from exc
        return gone

    def _draft(self, parent: Snapshot | None) -> Draft:
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
        snapshot_id = f"{now}-{secrets.token_hex(2)}"
        path = self.root / "drafts" / snapshot_id
        path.mkdir(parents=True)
        for name in parent.manifest.files if parent else ():
            if not name.startswith("model/"):
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                os.link(parent.path / name, path / name)  # type: ignore[union-attr]
        return Draft(path, snapshot_id, parent)

    def _publish(self, draft: Draft, version: str) -> None:
        files = sorted(path for path in draft.path.rglob("*") if path.is_file())
        inherited = draft.parent.manifest.files if draft.parent else {}
        sums = {}
        for path in files:
            name = path.relative_to(draft.path).as_posix()
            # A hard link to the parent's file is that file: its checksum is known.
            shared = name in inherited and path.stat().st_nlink > 1
            sums[name] = inherited[name] if shared else checksum(path)
        manifest = Manifest(
            id=draft.id,
            created=datetime.now(UTC),
            parent=draft.parent.id if draft.parent else None,
            clew_version=version,
            dataset=draft.dataset,
            ontology=draft.ontology,
            counts=draft.counts,
            seconds={name: round(seconds, 3) for name, seconds in draft.seconds.items()},
            made=draft.made,
            metrics=draft.metrics,
            model=draft.model,
            files=sums,
        )
        path = draft.path / "manifest.json"
        path.write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        for item in (path, *files):
            _fsync(item)
        for directory in (draft.path, *(p for p in draft.path.rglob("*") if p.is_dir())):
            _fsync(directory)
        os.rename(draft.path, self._snapshots / draft.id)
        _fsync(self._snapshots)
        self.switch(draft.id)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
