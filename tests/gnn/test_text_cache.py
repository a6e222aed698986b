"""A text is encoded once."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gnn.text import HashingEncoder
from gnn.text_cache import CachedEncoder
from kg.errors import ModelError


class CountingEncoder(HashingEncoder):
    def __init__(self, dim: int = 32) -> None:
        super().__init__(dim)
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += texts
        return super().encode(texts)


def test_a_second_call_encodes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "text.sqlite"
    first, second = CountingEncoder(), CountingEncoder()
    texts = ["a mug", "a cup", "a mug", ""]
    expected = CachedEncoder(first, path).encode(texts)
    np.testing.assert_array_equal(CachedEncoder(second, path).encode(texts), expected)
    np.testing.assert_array_equal(expected, HashingEncoder(32).encode(texts))
    assert first.encoded == ["a mug", "a cup", ""]
    assert second.encoded == []


def test_only_new_texts_are_encoded(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    cached = CachedEncoder(encoder, tmp_path / "text.sqlite", batch=2)
    cached.encode([f"text {n}" for n in range(600)])
    encoder.encoded.clear()
    vectors = cached.encode([f"text {n}" for n in range(700, -1, -1)])
    assert sorted(encoder.encoded) == sorted(f"text {n}" for n in range(600, 701))
    np.testing.assert_array_equal(
        vectors, HashingEncoder(32).encode([f"text {n}" for n in range(700, -1, -1)])
    )


def test_encoders_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "text.sqlite"
    narrow = CachedEncoder(HashingEncoder(32), path)
    wide = CachedEncoder(HashingEncoder(64), path)
    assert narrow.encode(["a mug"]).shape == (1, 32)
    assert wide.encode(["a mug"]).shape == (1, 64)
    assert (wide.fingerprint, wide.dim) == (HashingEncoder(64).fingerprint, 64)


def test_a_killed_run_keeps_what_it_had_finished(tmp_path: Path) -> None:
    path = tmp_path / "text.sqlite"

    class Failing(CountingEncoder):
        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            if "third" in texts:
                raise KeyboardInterrupt
            return super().encode(texts)

    with pytest.raises(KeyboardInterrupt):
        CachedEncoder(Failing(), path, batch=1).encode(["first", "second", "third"])
    encoder = CountingEncoder()
    CachedEncoder(encoder, path).encode(["first", "second", "third"])
    assert encoder.encoded == ["third"]


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    cached = CachedEncoder(
        HashingEncoder(32),
        tmp_path / "text.sqlite",
        batch=2,
        progress=lambda done, of: told.append((done, of)),
    )
    cached.encode(["a", "b", "c"])
    assert told == [(2, 3), (3, 3)]


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "text.sqlite"
    path.write_bytes(b"this is no database, and long enough to be seen as none" * 20)
    with pytest.raises(ModelError, match=r"text\.sqlite cannot be used: .*delete the file"):
        CachedEncoder(HashingEncoder(32), path).encode(["a"])


def test_a_cut_vector_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "text.sqlite"
    cached = CachedEncoder(HashingEncoder(32), path)
    cached.encode(["a"])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE vectors SET vector = substr(vector, 1, 8)")
    connection.close()
    with pytest.raises(ModelError, match="holds a vector of width 2 where the encoder's is 32"):
        cached.encode(["a"])
