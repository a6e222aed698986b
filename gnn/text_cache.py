"""What was encoded once is read from disk ever after.

One SQLite file holds vectors by encoder fingerprint and text hash. Several processes may share it;
each batch is one transaction, so a killed run keeps what it had finished.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gnn.text import TextEncoder
from kg.errors import ModelError

__all__ = ["CachedEncoder"]

_TABLE = """
CREATE TABLE IF NOT EXISTS vectors (
    encoder TEXT NOT NULL, text BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (encoder, text)
) WITHOUT ROWID
"""
_LOOKUP = 500  # keys in one SELECT; SQLite's smallest limit on parameters is 999


class CachedEncoder:
    """A `gnn.text.TextEncoder` that asks another one only for texts it has not seen.

    Args:
        encoder: encodes what is not on file.
        path: the SQLite file; made where it is missing, with its folders.
        batch: texts encoded between two commits.
        progress: called after each batch with how many texts have been encoded and how many must.

    Raises:
        ModelError: the file cannot be opened, is no cache or is damaged.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        path: Path,
        *,
        batch: int = 2048,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._encoder = encoder
        self._path = path
        self._batch = batch
        self._progress = progress

    @property
    def fingerprint(self) -> str:
        """That of the encoder behind."""
        return self._encoder.fingerprint

    @property
    def dim(self) -> int:
        """Width of a vector."""
        return self._encoder.dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of the texts, float32 of shape (n, dim); equal texts are encoded once."""
        unique = list(dict.fromkeys(texts))
        keys = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in unique]
        vectors = np.zeros((len(unique), self.dim), dtype=np.float32)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=60)) as connection:
                self._fill(connection, unique, keys, vectors)
        except (OSError, sqlite3.Error) as exc:
            raise ModelError(
                f"text cache {self._path} cannot be used: {exc}; delete the file to start afresh"
            ) from exc
        row = {text: index for index, text in enumerate(unique)}
        return vectors[[row[text] for text in texts]]

    def _fill(
        self,
        connection: sqlite3.Connection,
        texts: Sequence[str],
        keys: Sequence[bytes],
        vectors: NDArray[np.float32],
    ) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(_TABLE)
        known = self._read(connection, keys)
        for row, key in enumerate(keys):
            if key in known:
                vectors[row] = known[key]
        missing = [row for row, key in enumerate(keys) if key not in known]
        for start in range(0, len(missing), self._batch):
            rows = missing[start : start + self._batch]
            vectors[rows] = self._encoder.encode([texts[row] for row in rows])
            with connection:
                connection.executemany(
                    "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
                    [(self.fingerprint, keys[row], vectors[row].tobytes()) for row in rows],
                )
            if self._progress is not None:
                self._progress(start + len(rows), len(missing))

    def _read(
        self, connection: sqlite3.Connection, keys: Sequence[bytes]
    ) -> dict[bytes, NDArray[np.float32]]:
        found: dict[bytes, NDArray[np.float32]] = {}
        for chunk in _chunks(keys, _LOOKUP):
            marks = ", ".join("?" * len(chunk))
            rows = connection.execute(
                f"SELECT text, vector FROM vectors WHERE encoder = ? AND text IN ({marks})",  # noqa: S608 - only question marks
                [self.fingerprint, *chunk],
            )
            found.update((key, np.frombuffer(blob, dtype=np.float32)) for key, blob in rows)
        broken = next((v for v in found.values() if v.shape != (self.dim,)), None)
        if broken is not None:
            raise ModelError(
                f"text cache {self._path} holds a vector of width {broken.shape[0]} where the "
                f"encoder's is {self.dim}; delete the file to start afresh"
            )
        return found


def _chunks(keys: Sequence[bytes], size: int) -> Iterator[list[bytes]]:
    iterator = iter(keys)
    while chunk := list(islice(iterator, size)):
        yield chunk
