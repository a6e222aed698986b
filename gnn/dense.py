"""How the dense head scores, from its inverse: the methods of `gnn.fusion.FusionHead`.

In: a fitted head's arrays and a history. Out: scores, parts of scores and the sums that terms
are made of (`gnn.head`), in float64, each number in one order, whatever else is asked for. Entities
of many products come ready made (`HeavyColumns`), the others are summed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.head import HistorySums, Rows
from gnn.sparse import narrowed

__all__ = ["DenseScores", "HeavyColumns"]


@dataclass(frozen=True, slots=True)
class HeavyColumns:
    """``(P F)[:, e]`` ready made for entities of so many products that summing takes long."""

    index: NDArray[np.int32]  # (columns,) column in sums; -1: not heavy
    sums: NDArray[np.float32]  # (n, heavy)


class DenseScores:
    """What `gnn.head.Head` asks, from the arrays a `gnn.fusion.FusionHead` has."""

    regularization: float
    inverse: NDArray[np.float32]
    factor: NDArray[np.float64]
    by_entity: csr_matrix
    heavy: HeavyColumns
    text: NDArray[np.float32]
    inverse_text: NDArray[np.float32]
    co_purchase: csr_matrix
    buyers: csr_matrix

    @property
    def num_products(self) -> int:
        """Number of products."""
        return len(self.inverse)

    def scores(
        self, rows: Rows, weights: NDArray[np.float64], products: Rows | None = None
    ) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        scores = (weights @ self.inverse[rows].astype(np.float64)) * self._column
        scores[rows] -= weights * self.inverse[rows, rows] * self._column[rows]  # none from itself
        return scores if products is None else scores[products]

    def batch(self, histories: csr_matrix) -> NDArray[np.float32]:
        """See `gnn.head.Head`."""
        return np.asarray((histories @ self.inverse) * self._column.astype(np.float32))

    def parts(self, products: Rows, rows: Rows) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        inverse = self.inverse[rows[None, :], products[:, None]].astype(np.float64)
        return np.asarray(inverse * self._column[products][:, None])

    def shortlist(
        self,
        rows: Rows,
        weights: NDArray[np.float64],
        count: int,
        **how: object,
    ) -> None:
        """See `gnn.head.Head`: all products are scored."""
        return

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
        heavy = self.heavy.index[columns]
        is_heavy = heavy >= 0
        # Light entities and purchases at once: they meet many of the same rows of P.
        taken = [(self.by_entity, columns[~is_heavy]), (self.co_purchase, products)]
        some, met = narrowed(taken)
        inverse = self.inverse[rows].take(met, axis=1)  # (m, met)
        lines = np.empty((len(met), 1 + len(chosen)))  # transposed
        lines[:, 0] = np.einsum("m,mc->c", weights, inverse, dtype=np.float64)
        lines[:, 1:] = inverse[chosen].T
        summed = (some @ lines).T
        light = len(taken[0][1])
        entities = np.empty((len(summed), len(columns)))
        ready = self.heavy.sums[rows[:, None], heavy[is_heavy]].astype(np.float64)
        entities[0, is_heavy] = np.einsum("me,m->e", ready, weights)
        entities[1:, is_heavy] = ready[chosen]
        entities[:, ~is_heavy] = summed[:, :light]
        return HistorySums(entities, summed[:, light:], self._text(rows, weights, chosen, products))

    def _text(
        self, rows: Rows, weights: NDArray[np.float64], chosen: Rows, products: Rows
    ) -> NDArray[np.float64]:
        of_rows = self.inverse_text[rows].astype(np.float64)
        lines = np.vstack([weights @ of_rows, of_rows[chosen]])
        return np.asarray(np.einsum("ld,jd->lj", lines, self.text[products], dtype=np.float64))

    def bought_both(self, one: int, other: int) -> int:
        """See `gnn.head.Head`."""
        start, stop = int(self.buyers.indptr[one]), int(self.buyers.indptr[one + 1])
        at = start + int(self.buyers.indices[start:stop].searchsorted(other))
        return int(self.buyers.data[at]) if at < stop and self.buyers.indices[at] == other else 0

    def popularity(self) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        return self.buyers.diagonal().astype(np.float64)

    @cached_property
    def own(self) -> NDArray[np.float64]:
        """What `batch` says of each product from itself, (n,): to be taken out."""
        return self._column * self.inverse.diagonal()

    @cached_property
    def _column(self) -> NDArray[np.float64]:
        """``−λ s_j``: what a column of P is multiplied with, (n,)."""
        return -self.regularization * self.factor
