"""The low-rank head: the fusion head of `gnn.fusion` where n × n arrays do not fit.

With a sketch ``G ≈ Φ Φᵀ``, ``Φ = G Z`` (`gnn.sketch`: all channels at once), and the diagonal that
makes up for what it leaves out, ``D = λI + diag(G − Φ Φᵀ)`` (as Snelson and Ghahramani 2006 do for
Gaussian processes), Woodbury's formula gives

    (Φ Φᵀ + D)⁻¹ = D⁻¹ − D⁻¹ Φ M Φᵀ D⁻¹     M = (I + Φᵀ D⁻¹ Φ)⁻¹     s_j = (1 − h_j)^−η

with ``h_j = φ_j M φ_jᵀ / D_jj``, so that ``s_j = (D_jj P_jj)^−η`` as in `gnn.head`. Two estimates
of B follow: the sketch's own, ``φ_i M φ_jᵀ``, which knows nothing of what it left out, and one step
of refinement with the *whole* G, in which every entity two products share counts, rare ones rather
too much. The head takes a mean of both:

    B_ij = s_j D_ii⁻¹ (θ (G_ij − φ_i · (G D⁻¹ Φ M)_j) + (1 − θ) φ_i M φ_jᵀ)
         = s_j (θ G_ij / D_ii − (D⁻¹ Φ)_i · (G R)_j)         R = (θ D⁻¹ Φ − (1 − θ) Z) M

That is linear in ``G = Σ_r w_r F_r F_rᵀ`` in its place at j, so a score is exactly a sum over
(history product, channel, entity of j), by construction, with ``P = θ D⁻¹ − D⁻¹ Φ Rᵀ`` for the
inverse of `gnn.head`. Where Φ has the rank of G, this is the dense head, whatever θ.
Here is how it scores; it is fitted in `gnn.lowrank_fit`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.features import Features
from gnn.head import HistorySums, Rows
from gnn.index import SCAN, best_rows, neighbours
from gnn.sparse import gather, pair_products, rows_of, some_columns

__all__ = ["LowRankHead"]

_BLOCK = 1 << 26  # numbers in a dense block


@dataclass(frozen=True)
class LowRankHead:
    """A fitted head of low rank; see `gnn.head.Head`. Arrays may be memory-mapped."""

    features: Features  # F, (n, columns), scaled by sqrt(w)
    known: csr_matrix  # [F Xᵀ], (n, columns + users) float32
    by_entity: csr_matrix  # its transpose
    text: NDArray[np.float32]  # T, (n, t) scaled by sqrt(w); t may be 0
    share: NDArray[np.float64]  # θ D⁻¹, (n,)
    left: NDArray[np.float32]  # D⁻¹ Φ, (n, d)
    reach: NDArray[np.float32]  # G R, (n, d)
    of_entity: NDArray[np.float32]  # Fᵀ R, (columns, d)
    of_purchase: NDArray[np.float32]  # Xᵀ X R, (n, d): the part of G R that is co-purchase
    of_text: NDArray[np.float32]  # Tᵀ R, (t, d)
    coarse: NDArray[np.float32]  # s Φ M, (n, c) the strongest c columns: left · coarse ≈ B
    factor: NDArray[np.float64]  # s_j, (n,)
    own: NDArray[np.float64]  # B_jj, (n,): what is taken out, none is scored from itself
    bought: csr_matrix  # products × users, who bought it, int8
    error: float  # largest error of the exact sum, measured

    @property
    def num_products(self) -> int:
        """Number of products."""
        return len(self.left)

    @property
    def rank(self) -> int:
        """Columns of the sketch."""
        return int(self.left.shape[1])

    def query(self, rows: Rows, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """``x_u D⁻¹ Φ``, (d,): what `reach` and `coarse` are multiplied with."""
        return np.asarray(weights @ self.left[rows].astype(np.float64))

    def scores(
        self, rows: Rows, weights: NDArray[np.float64], products: Rows | None = None
    ) -> NDArray[np.float64]:
        """See `gnn.head.Head`; of all products from `reach`, rounded, of some from its parts."""
        each = weights * self.share[rows]
        user = self.query(rows, weights)
        text = each @ self.text[rows].astype(np.float64)
        carried = np.asarray(rows_of(self.known, rows).T @ each)  # (columns + users,)
        if products is None:
            scores = np.asarray(self.known @ carried.astype(np.float32), dtype=np.float64)
            scores += self.text @ text.astype(np.float32) - self.reach @ user.astype(np.float32)
            scores *= self.factor
            scores[rows] -= weights * self.own[rows]
            return scores
        columns, carrying = self.entities_of(products)
        of_entity = _dots(self.of_entity[columns], user)
        some = rows_of(self.known, products) @ carried - carrying @ of_entity
        some += _dots(self.text[products], text - self.of_text.astype(np.float64) @ user)
        some -= _dots(self.of_purchase[products], user)
        some *= self.factor[products]
        itself, at = np.nonzero(products[:, None] == rows)
        some[itself] -= weights[at] * self.own[rows[at]]
        return np.asarray(some)

    def batch(self, histories: csr_matrix) -> NDArray[np.float32]:
        """See `gnn.head.Head`."""
        scores = np.empty(histories.shape, dtype=np.float32)
        step = max(1, _BLOCK // max(self.known.shape))
        for start in range(0, histories.shape[0], step):
            some = csr_matrix(histories[start : start + step])
            each = csr_matrix(some.multiply(self.share), dtype=np.float32)
            part = self.known @ np.ascontiguousarray((each @ self.known).toarray().T)  # (n, b)
            part += self.text @ (each @ self.text).T
            part -= self.reach @ (some @ self.left).T
            scores[start : start + step] = part.T * self.factor
        return scores

    def parts(self, products: Rows, rows: Rows) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        parts = pair_products(rows_of(self.known, products), rows_of(self.known, rows))
        parts += _pairs(self.text[products], self.text[rows])
        parts *= self.share[rows]
        columns, carrying = self.entities_of(products)
        reach = carrying @ self.of_entity[columns].astype(np.float64)
        reach += self.of_purchase[products]
        reach += _pairs(self.text[products], self.of_text.T)
        parts -= _pairs(reach, self.left[rows])
        return np.asarray(parts * self.factor[products, None])

    def entities_of(self, products: Rows) -> tuple[Rows, csr_matrix]:
        """Entities some products carry, ascending, and F over these, (k, entities) float64."""
        features = self.features
        position, _ = gather(features.indptr, products)
        columns, entry = np.unique(features.indices[position], return_inverse=True)
        indptr = np.r_[0, np.cumsum(features.indptr[products + 1] - features.indptr[products])]
        data = features.data[position].astype(np.float64)
        return columns, csr_matrix((data, entry, indptr), shape=(len(products), len(columns)))

    def scale(self, products: Rows) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        return self.factor[products]

    def sums(
        self,
        rows: Rows,
        weights: NDArray[np.float64],
        chosen: Rows,
        columns: Rows,
        products: Rows,
    ) -> HistorySums:
        """See `gnn.head.Head`."""
        mix = np.zeros((1 + len(chosen), len(rows)))  # which rows of P make each line
        mix[0] = weights
        mix[np.arange(1, 1 + len(chosen)), chosen] = 1.0
        each = mix * self.share[rows]
        lines = mix @ self.left[rows].astype(np.float64)  # (lines, d)
        known, width = rows_of(self.known, rows), self.features.shape[1]
        both = pair_products(
            _from_column(known, width), _from_column(rows_of(self.known, products), width)
        )
        entities = each @ some_columns(known, columns) - _pairs(lines, self.of_entity[columns])
        co_purchase = each @ both - _pairs(lines, self.of_purchase[products])
        text = each @ self.text[rows].astype(np.float64)
        text -= lines @ self.of_text.astype(np.float64).T
        return HistorySums(entities, co_purchase, _pairs(text, self.text[products]))

    def bought_both(self, one: int, other: int) -> int:
        """See `gnn.head.Head`."""
        first, second = (
            self.bought.indices[self.bought.indptr[row] : self.bought.indptr[row + 1]]
            for row in (one, other)
        )
        return len(np.intersect1d(first, second, assume_unique=True))

    def popularity(self) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        return np.diff(self.bought.indptr).astype(np.float64)

    def shortlist(
        self,
        rows: Rows,
        weights: NDArray[np.float64],
        count: int,
        *,
        allowed: NDArray[np.bool_],
        beside: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
        exact: bool = False,
    ) -> Rows | None:
        """See `gnn.head.Head`: see `gnn.index` for how."""
        if allowed.sum() <= 2 * count:
            return np.flatnonzero(allowed)
        if exact or self.num_products <= SCAN:
            scores = self.scores(rows, weights)
            if beside is not None:
                scores += beside[0] @ beside[1]
            return best_rows(scores, count, allowed)
        width = self.coarse.shape[1]
        user = self.query(rows, weights)[:width].astype(np.float32)
        coarse = self.coarse @ user
        if beside is not None:
            coarse += beside[0] @ beside[1]
        each = weights * self.share[rows]
        sharing = neighbours(self.known, self.by_entity, rows, each, self.factor, count, allowed)
        return np.union1d(sharing, best_rows(coarse, count, allowed))


def _from_column(matrix: csr_matrix, first: int) -> csr_matrix:
    """The entries of a matrix from a column on, in the same columns."""
    kept = matrix.indices >= first
    indptr = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return csr_matrix((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)


def _dots(rows: NDArray[np.float32], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.einsum("jd,d->j", rows, vector, dtype=np.float64))


def _pairs(left: NDArray[np.floating], right: NDArray[np.floating]) -> NDArray[np.float64]:
    """``left @ right.T``, each number summed by itself: the same whatever stands beside it."""
    return np.asarray(np.einsum("jd,id->ji", left, right, dtype=np.float64))
