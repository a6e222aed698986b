"""A published snapshot and its manifest: what it is made of, whence it came, whether it is whole.

In: a directory that `kg.snapshot` published. Out: a `Snapshot`, read only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kg.errors import ManifestError, StoreError

__all__ = ["FORMAT", "FileSum", "Manifest", "Snapshot", "checksum"]

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
            if checksum(path) != expected:
                raise ManifestError(
                    f"snapshot {self.id}: {name} is not what was written "
                    f"(expected {expected.size_bytes} bytes, blake2b {expected.blake2b[:12]}…)"
                )


def checksum(path: Path) -> FileSum:
    """Size and checksum of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32))
    return FileSum(size_bytes=path.stat().st_size, blake2b=digest.hexdigest())
