"""A sketch of the Gram matrix: ``G ≈ Φ Φᵀ``, made from products with G alone.

In: the channels side by side, sparse and dense. Out: a `Sketch`, float32, its columns orthogonal
and the strongest first. G itself is never made: memory is a few arrays of n × d.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, qr
from scipy.sparse import csr_matrix

__all__ = ["Gram", "Sketch", "reduced", "sketch"]

_COLUMNS = 64  # multiplied at a time
_ROWS = 1 << 16
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
        product = np.empty((self.size, vectors.shape[1]), dtype=np.float32, order="F")
        for start in range(0, vectors.shape[1], _COLUMNS):
            some = np.ascontiguousarray(vectors[:, start : start + _COLUMNS])
            part = self.sparse @ (self.transposed @ some)
            part += self.dense @ (self.dense.T @ some)
            product[:, start : start + _COLUMNS] = part
        return product


@dataclass(frozen=True, slots=True)
class Sketch:
    """``Φ = G Z`` with ``G ≈ Φ Φᵀ``: linear in the channels, so it can be told apart by them."""

    phi: NDArray[np.float32]  # (n, d)
    made_by: NDArray[np.float32]  # Z, (n, d)


def sketch(gram: Gram, rank: int, generator: np.random.Generator) -> Sketch:
    """The best part of a randomized Nyström approximation of G.

    The range is found by one multiplication with a random matrix (Halko, Martinsson and Tropp 2011,
    algorithm 4.1), then ``G ≈ (G Q)(Qᵀ G Q)⁺(G Q)ᵀ`` (Gittens and Mahoney 2016), which is exact
    where Q spans the range of G, and never more than G.

    Args:
        gram: G.
        rank: d, columns of Φ at most; fewer where the rank of G is less.
        generator: of the random matrix.

    Returns:
        Φ and Z, (n, d') float32; the columns of Φ are orthogonal up to rounding, by falling norm.
    """
    width = min(rank + _OVERSAMPLES, gram.size)
    reach = gram.times(generator.standard_normal((gram.size, width), dtype=np.float32))
    (basis, _) = qr(reach, mode="economic", overwrite_a=True, check_finite=False)
    reach = gram.times(basis)
    values, vectors = eigh(_symmetric(basis.T @ reach))
    kept = values > values[-1] * np.finfo(np.float32).eps * width
    turn = (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    # Now reach @ turn is Φ up to a rotation: turned so that its columns are orthogonal.
    strength, rotation = eigh(
        _symmetric(np.sum([part.T @ part for part in _times(reach, turn)], axis=0))
    )
    order = np.argsort(-strength, kind="stable")[:rank]
    turn = turn @ rotation[:, order].astype(np.float32)
    phi = np.concatenate(list(_times(reach, turn)))
    del reach
    return Sketch(phi, np.concatenate(list(_times(basis, turn))))


def _times(tall: NDArray[np.float32], small: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """``tall @ small``, some rows at a time."""
    for start in range(0, len(tall), _ROWS):
        yield tall[start : start + _ROWS] @ small


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
