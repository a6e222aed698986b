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

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kg.errors import ManifestError, StoreError

__all__ = ["Draft", "FileSum", "Manifest", "Snapshot", "SnapshotStore"]

FORMAT = 1


class FileSum(BaseModel):
    """Size and BLAKE2b-256 checksum of one file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_bytes: int = Field(ge=0)
    blake2b: str


class Manifest(BaseModel):
    """What a snapshot is made of and where it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    id: str
    created: datetime
    parent: str | None = Field(None, description="snapshot whose graph this one shares")
    clew_version: str
    dataset: Mapping[str, str] = Field(default_factory=dict, description="name, fingerprint, …")
    ontology: str = Field("", description="fingerprint of the ontology")
    counts: Mapping[str, int] = Field(default_factory=dict, description="by table and relation")
    seconds: Mapping[str, float] = Field(default_factory=dict, description="time of each stage")
    made: Mapping[str, Any] = Field(
        default_factory=dict, description="how it was built, and what was taken over from before"
    )
    metrics: Mapping[str, float] = Field(default_factory=dict, description="on validation data")
    model: Mapping[str, Any] = Field(
        default_factory=dict, description="settings of the model and how they were chosen"
    )
    files: Mapping[str, FileSum] = Field(default_factory=dict, description="by path, relative")


class Snapshot:
    """A published snapshot, read only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = (path / "manifest.json").read_text(encoding="utf-8")
            self.manifest = Manifest.model_validate_json(text)
        except OSError as exc:
            raise StoreError(f"{path} is not a snapshot: {exc.strerror}: manifest.json") from exc
        except ValidationError as exc:
            problem = exc.errors()[0]
            where = ".".join(str(part) for part in problem["loc"])
            raise ManifestError(
                f"{path / 'manifest.json'} is damaged at {where!r}: {problem['msg']}; "
                "roll back to another snapshot or build again"
            ) from exc
        if self.manifest.format != FORMAT:
            raise ManifestError(
                f"{path} has snapshot format {self.manifest.format}, this version reads {FORMAT}; "
                "build again"
            )

    @property
    def id(self) -> str:
        """Name of the snapshot; sorts by time."""
        return self.manifest.id

    @property
    def has_model(self) -> bool:
        """Whether a model was trained on it."""
        return any(name.startswith("model/") for name in self.manifest.files)

    def verify(self) -> None:
        """Compare every file with its checksum.

        Raises:
            ManifestError: a file is missing, of another size or of other content.
        """
        for name, expected in self.manifest.files.items():
            path = self.path / name
            if not path.is_file():
                raise ManifestError(f"snapshot {self.id}: {name} is missing")
            if _checksum(path) != expected:
                raise ManifestError(
                    f"snapshot {self.id}: {name} is not what was written "
                    f"(expected {expected.size_bytes} bytes, blake2b {expected.blake2b[:12]}…)"
                )


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

    def snapshots(self) -> list[Snapshot]:
        """All published snapshots, oldest first."""
        if not self._snapshots.is_dir():
            return []
        return [Snapshot(path) for path in sorted(self._snapshots.iterdir()) if path.is_dir()]

    def switch(self, snapshot_id: str) -> Snapshot:
        """Make a published snapshot the current one.

        Raises:
            StoreError: there is no such snapshot.
        """
        if not (self._snapshots / snapshot_id / "manifest.json").is_file():
            known = ", ".join(s.id for s in self.snapshots()) or "none"
            raise StoreError(f"no snapshot {snapshot_id!r} in {self.root}; there are: {known}")
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
        try:
            self._snapshots.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.root / "build.lock", timeout=0)
            lock.acquire()
        except Timeout:
            raise StoreError(
                f"another build is writing to {self.root}; wait for it, or stop it first"
            ) from None
        except OSError as exc:
            raise StoreError(f"cannot write to {self.root}: {exc.strerror}") from exc
        try:
            # Whoever holds the lock owns the drafts: those left by a killed build go now.
            shutil.rmtree(self.root / "drafts", ignore_errors=True)
            draft = self._draft(parent)
            yield draft
            self._publish(draft, version)
        except OSError as exc:
            raise StoreError(
                f"writing a snapshot to {self.root} failed: {exc.strerror or exc} "
                f"({exc.filename or 'no file'}); the current snapshot is as it was"
            ) from exc
        finally:
            shutil.rmtree(self.root / "drafts", ignore_errors=True)
            lock.release()

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
            sums[name] = inherited[name] if shared else _checksum(path)
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


def _checksum(path: Path) -> FileSum:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32))
    return FileSum(size_bytes=path.stat().st_size, blake2b=digest.hexdigest())


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
