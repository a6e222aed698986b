"""Arrays and strings on disk, read back without copying: plain ``.npy`` files, memory-mapped.

In: named arrays and string lists. Out: ``<name>.npy`` each; a string list becomes its UTF-8 bytes
and their offsets, decoded one by one when asked. Nothing is pickled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from kg.errors import ModelError

__all__ = ["StringTable", "load_array", "save_arrays", "string_arrays"]


_DECODED = 1 << 16  # strings kept decoded, of each table


class StringTable(Sequence[str]):
    """Strings kept as bytes and offsets; those asked for lately are kept decoded."""

    def __init__(self, text: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        self._text = text
        self._offsets = offsets
        self._decoded = lru_cache(_DECODED)(self._decode)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        """String at a position, or those of a slice."""
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        return self._decoded(at)

    def _decode(self, at: int) -> str:
        at = range(len(self))[at]
        return bytes(self._text[self._offsets[at] : self._offsets[at + 1]]).decode()

    def find(self, name: str) -> int | None:
        """Position of a string in a sorted table (by code points), or None."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self[middle] < name:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self) and self[low] == name else None


def string_arrays(name: str, strings: Iterable[str]) -> dict[str, NDArray[Any]]:
    """A string list as the two arrays `StringTable` reads: ``<name>.text``, ``<name>.offsets``."""
    encoded = [string.encode() for string in strings]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(item) for item in encoded], out=offsets[1:])
    text = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    return {f"{name}.text": text, f"{name}.offsets": offsets}


def save_arrays(directory: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write each array as ``<name>.npy``."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(directory / f"{name}.npy", array, allow_pickle=False)


def load_array(directory: Path, name: str) -> NDArray[Any]:
    """Memory-map ``<name>.npy``, read only.

    Raises:
        ModelError: the file is missing or no array.
    """
    path = directory / f"{name}.npy"
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as exc:
        raise ModelError(f"{path} is missing; train the model again") from exc
    except (ValueError, EOFError, OSError) as exc:
        raise ModelError(f"{path} is not a NumPy array: {exc}; train the model again") from exc
    # A view of the plain class: indexing an np.memmap costs more each time.
    return np.asarray(array)
