"""What every reader gives, and what a dataset is.

A `Reader` knows one format. It says whether a path looks like its format and reads it into
`Parts`; `kg.catalog.read` picks the reader, holds the rejects against their limit and makes the
`Dataset`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import pyarrow as pa

from kg.catalog.meta import DatasetMeta
from kg.records import INTERACTION_SCHEMA, TRIPLE_SCHEMA, Product, Reject

__all__ = ["MAX_VALUE_CHARS", "Dataset", "Parts", "Reader", "reject"]

MAX_VALUE_CHARS = 200
"""Characters of a rejected value that are kept."""


def reject(
    file: str,
    line: int,
    field_name: str,
    reason: str,
    value: object = "",
    *,
    expected: bool = False,
) -> Reject:
    """A `Reject` with its value cut to `MAX_VALUE_CHARS` and fit to be written."""
    text = "" if value is None else str(value)[:MAX_VALUE_CHARS]
    text = text.encode("utf-8", "replace").decode()  # half characters would not be
    return Reject(file, line, field_name, reason, text, expected)


@dataclass(frozen=True, slots=True)
class Parts:
    """What one reader found. For every file: rows read = rows kept + rejects of that file."""

    files: tuple[Path, ...]  # every file that was read, but for dataset.toml
    rows: Mapping[str, int]  # file name -> rows read
    products: list[Product]
    interactions: pa.Table = field(default_factory=INTERACTION_SCHEMA.empty_table)
    triples: pa.Table = field(default_factory=TRIPLE_SCHEMA.empty_table)
    rejects: list[Reject] = field(default_factory=list)
    ignored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # file -> columns unread
    currency: str | None = None  # the format's own, where it has one


class Reader(Protocol):
    """Reads one format."""

    @property
    def name(self) -> str:
        """Short name, as in `Dataset.format`."""

    @property
    def wants(self) -> str:
        """What the format looks like on disk, for the message when nothing fits."""

    def detects(self, path: Path) -> bool:
        """Whether ``path`` (a file or a directory) looks like this format. Never raises."""

    def read(self, path: Path, meta: DatasetMeta) -> Parts:
        """All of it.

        Raises:
            DatasetError: a file as a whole cannot be read.
        """


@dataclass(frozen=True)
class Dataset:
    """A catalogue with what happened in it, checked.

    ``interactions`` has `INTERACTION_SCHEMA` and ``triples`` `TRIPLE_SCHEMA`, both with the shop's
    own ids. Every interaction names a product of ``products``.
    """

    meta: DatasetMeta
    path: Path
    products: list[Product]
    interactions: pa.Table
    triples: pa.Table
    rejects: Sequence[Reject]
    fingerprint: str  # hash of the names and contents of the files read, 32 hex characters
    format: str = "clew"
    rows: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    ignored: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
