"""A sketch of the Gram matrix: ``G ≈ Φ Φᵀ`` with few columns, from products with G alone.

In: the channels side by side, sparse and dense. Out: Φ, (n, d) float32, its columns orthogonal and
the strongest first. G itself is never made: memory is a few arrays of n × d.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, qr
from scipy.sparse import csr_matrix

__all__ = ["Gram", "reduced", "sketch"]

_COLUMNS = 64  # multiplied at a time
_OVERSAMPLES = 16


@dataclass(frozen=True)
class Gram:
    """``G = F Fᵀ + T Tᵀ`` as an operator."""

    sparse: csr_matrix  # F, (n, m) float32
    transposed: csr_matrix  # Fᵀ, (m, n)
    dense: NDArray[np.float32]  # T, (n, d)

    @property
    def size(self) -> int:
        """Number of products."""
        return int(self.sparse.shape[0])

    def diagonal(self) -> NDArray[np.float64]:
        """``G_jj``, (n,)."""
        squares = np.asarray(self.sparse.multiply(self.sparse).sum(axis=1)).ravel()
        return np.asarray(squares + np.einsum("jd,jd->j", self.dense, self.dense, dtype=np.float64))

    def times(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """``G @ vectors``, (n, columns), a few columns at a time."""
        product = np.empty((self.size, vectors.shape[1]), dtype=np.float32)
        for start in range(0, vectors.shape[1], _COLUMNS):
            some = np.ascontiguousarray(vectors[:, start : start + _COLUMNS])
            part = self.sparse @ (self.transposed @ some)
            part += self.dense @ (self.dense.T @ some)
            product[:, start : start + _COLUMNS] = part
        return product


def sketch(gram: Gram, rank: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """The best part of a randomized Nyström approximation of G.

    The range is found by one multiplication with a random matrix (Halko, Martinsson and Tropp 2011,
    algorithm 4.1), then ``G ≈ (G Q)(Qᵀ G Q)⁺(G Q)ᵀ`` (Gittens and Mahoney 2016), which is exact
    where Q spans the range of G, and never more than G.

    Args:
        gram: G.
        rank: d, columns of Φ at most; fewer where the rank of G is less.
        generator: of the random matrix.

    Returns:
        Φ, (n, d') float32, column-orthogonal up to rounding, by falling norm.
    """
    width = min(rank + _OVERSAMPLES, gram.size)
    start = generator.standard_normal((gram.size, width), dtype=np.float32)
    (basis, _) = qr(gram.times(start), mode="economic", overwrite_a=True, check_finite=False)
    del start
    reach = gram.times(basis)
    core = _symmetric(basis.T @ reach)
    del basis
    values, vectors = eigh(core)
    kept = values > values[-1] * np.finfo(np.float32).eps * width
    factor = (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    factor = reach @ factor  # Φ up to a rotation
    # Rotated so that the columns are orthogonal, the strongest first.
    strength, rotation = eigh(_symmetric(factor.T @ factor))
    order = np.argsort(-strength, kind="stable")[:rank]
    return np.ascontiguousarray(factor @ rotation[:, order].astype(np.float32))


def reduced(dense: NDArray[np.float32], rank: int) -> NDArray[np.float32]:
    """The ``rank`` strongest principal directions of the rows (not centred), (n, rank) at most.

    Where there is nothing to reduce, the array itself.
    """
    if dense.shape[1] <= rank:
        return dense
    _, vectors = eigh(_symmetric(dense.T @ dense))
    return np.ascontiguousarray(dense @ vectors[:, : -rank - 1 : -1].astype(np.float32))


def _symmetric(matrix: NDArray[np.floating]) -> NDArray[np.float64]:
    wide = matrix.astype(np.float64)
    return np.asarray((wide + wide.T) / 2)
