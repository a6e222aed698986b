"""Language models as text encoders. Slow to import: `gnn.text.text_encoder` does so on demand.

In: texts. Out: float32 unit vectors. Assumed: the model lies on this machine; the network is
never asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from gnn.vectors import digest, unit_rows
from kg.errors import ModelError

__all__ = ["SentenceEncoder"]


class SentenceEncoder:
    """A sentence-transformers model, from a folder or from the local hub cache.

    Args:
        name: folder, or hub name of a model that was downloaded before.
        max_tokens: word pieces read of each text.
        precision: float32, bfloat16, or auto (bfloat16 where the processor has AVX512-BF16 or AMX;
            1.8 times as quick there, cosine with float32 above .998).
        threads: threads of the arithmetic; None leaves torch's setting.
        batch_size: texts at once; they are sorted by length first.

    Raises:
        ModelError: the model is not on this machine or cannot be loaded.
    """

    def __init__(
        self,
        name: str | Path,
        *,
        max_tokens: int = 64,
        precision: str = "auto",
        threads: int | None = None,
        batch_size: int = 32,
    ) -> None:
        self._threads = threads
        self._batch_size = batch_size
        self._model = _load_model(str(name))
        self._model.max_seq_length = max_tokens
        resolved = _resolve_precision(precision)
        self._fingerprint = digest(
            "sentence-transformers", _weights_hash(self._model), str(max_tokens), resolved
        )
        if resolved == "bfloat16":
            self._model.bfloat16()

    @property
    def fingerprint(self) -> str:
        """Hash of all that decides the vectors: weights, tokens read, precision."""
        return self._fingerprint

    @property
    def dim(self) -> int:
        """Width of a vector."""
        width = self._model.get_embedding_dimension()
        if width is None:  # a model without a pooling layer does not know it
            raise ModelError("the text encoder does not state its width; use another model")
        return width

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of the texts, float32 of shape (n, dim)."""
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        said = [row for row, text in enumerate(texts) if text.strip()]
        if said:
            with _torch_threads(self._threads):
                vectors = self._model.encode(
                    [texts[row] for row in said],
                    batch_size=self._batch_size,
                    show_progress_bar=False,
                    convert_to_numpy=True,
                )
            out[said] = unit_rows(np.asarray(vectors, dtype=np.float32))
        return out


def _load_model(name: str) -> SentenceTransformer:
    # A library draws nothing on the terminal.
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(name, device="cpu", local_files_only=True)
    except (OSError, ValueError) as exc:
        raise ModelError(
            f"text model {name!r} is neither a model's folder nor in the local hub cache; "
            f"give the path of a folder, or fetch it once with: hf download {name}"
        ) from exc


def _resolve_precision(precision: str) -> str:
    if precision != "auto":
        return precision
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"


def _weights_hash(model: SentenceTransformer) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def _torch_threads(threads: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
