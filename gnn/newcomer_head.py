"""A fitted head and, after its rows, products that came since: nothing is fitted again.

A newcomer j has no events, so its column of B is its kin's (`gnn.kin`) and zero here. Its row, what
a shopper who met it is recommended, is that of the dense head's inverse bordered by it: with
``k = F_w F_j``, what it shares with the others,

    p_j = −s P k     s = 1 / (F_j·F_j + λ − kᵀ P k)     B_ji = −λ p_ji s_i

which is the row a fit would give that has j in it and leaves P as it was among the others. Because
``p_j (G + λI) + s k = 0``, ``B_ji = s_i Σ_e (p_j F + s F_j)[e] · F_i[e]``: an exact sum over
entities like any other. Beside a head of low rank, which has no P, a newcomer's own events count
from the next fit on. Newcomers bring no columns: what only they carry relates them to none yet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.features import Features
from gnn.fusion import FusionHead
from gnn.head import HistorySums, Rows
from gnn.lowrank import LowRankHead
from gnn.sparse import rows_of, some_columns

__all__ = ["Border", "WithNewcomers", "border"]


@dataclass(frozen=True, slots=True)
class Border:
    """Rows of P that newcomers add; zeros beside a head of low rank."""

    rows: NDArray[np.float64]  # p, (m, n)
    own: NDArray[np.float64]  # s, (m,)
    text: NDArray[np.float64]  # p T + s T_j, (m, d)


def border(
    head: FusionHead | LowRankHead, features: csr_matrix, text: NDArray[np.float32]
) -> Border:
    """The rows of P of some newcomers, each as if it came alone.

    Args:
        head: fitted without them.
        features: F of the newcomers, (m, columns), scaled as the head's.
        text: T of the newcomers, (m, d), scaled as the head's.
    """
    m, n = len(text), head.num_products
    if not isinstance(head, FusionHead):
        return Border(np.zeros((m, n)), np.zeros(m), np.zeros(text.shape))
    wide = csr_matrix(features, dtype=np.float64)
    shared = (wide @ head.by_entity.astype(np.float64)).toarray()  # k, (m, n)
    shared += text.astype(np.float64) @ head.text.T.astype(np.float64)
    reached = np.asarray(shared.astype(np.float32) @ head.inverse, dtype=np.float64)
    itself = np.asarray(wide.multiply(wide).sum(axis=1)).ravel()
    itself += np.einsum("md,md->m", text, text, dtype=np.float64)
    unexplained = itself + head.regularization - np.einsum("mn,mn->m", reached, shared)
    own = 1 / np.maximum(unexplained, 1e-6 * head.regularization)
    rows = -own[:, None] * reached
    return Border(rows, own, rows @ head.text.astype(np.float64) + own[:, None] * text)


@dataclass(frozen=True)
class WithNewcomers:
    """See `gnn.head.Head`. Rows from ``base.num_products`` on are newcomers."""

    base: FusionHead | LowRankHead
    features: Features  # of all, (n + m, columns)
    by_entity: csr_matrix  # of all: the first rows are Fᵀ
    text: NDArray[np.float32]  # of all, (n + m, d)
    border: Border

    @property
    def error(self) -> float:
        """See `gnn.head.Head`."""
        return self.base.error

    @property
    def num_products(self) -> int:
        """Number of products, newcomers too."""
        return len(self.text)

    @property
    def own(self) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        return self._padded(self.base.own)

    def scores(
        self, rows: Rows, weights: NDArray[np.float64], products: Rows | None = None
    ) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        n = self.base.num_products
        old = rows < n
        scores = self._padded(
            self.base.scores(rows[old], weights[old]) if old.any() else np.zeros(n)
        )
        new = rows[~old] - n
        scores[:n] += (weights[~old] @ self.border.rows[new]) * self._column
        return scores if products is None else scores[products]

    def batch(self, histories: csr_matrix) -> NDArray[np.float32]:
        """See `gnn.head.Head`."""
        n = self.base.num_products
        scores = np.zeros(histories.shape, dtype=np.float32)
        scores[:, :n] = self.base.batch(csr_matrix(histories[:, :n]))
        scores[:, :n] += (histories[:, n:] @ self.border.rows) * self._column
        return scores

    def parts(self, products: Rows, rows: Rows) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        n = self.base.num_products
        old, known = np.flatnonzero(rows < n), np.flatnonzero(products < n)
        new = np.flatnonzero(rows >= n)
        parts = np.zeros((len(products), len(rows)))
        parts[np.ix_(known, old)] = self.base.parts(products[known], rows[old])
        of_new = self.border.rows[np.ix_(rows[new] - n, products[known])].T
        parts[np.ix_(known, new)] = of_new * self._column[products[known], None]
        return parts

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
        """See `gnn.head.Head`; every newcomer is worth scoring."""
        n = self.base.num_products
        old = rows < n
        if isinstance(self.base, FusionHead) or not old.any():
            return None
        some = None if beside is None else (beside[0][:n], beside[1])
        best = self.base.shortlist(
            rows[old], weights[old], count, allowed=allowed[:n], beside=some, exact=exact
        )
        if best is None:
            return None
        return np.concatenate([best, n + np.flatnonzero(allowed[n:])])

    def scale(self, products: Rows) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        scale = np.zeros(len(products))
        known = products < self.base.num_products
        scale[known] = self.base.scale(products[known])
        return scale

    def sums(
        self,
        rows: Rows,
        weights: NDArray[np.float64],
        chosen: Rows,
        columns: Rows,
        products: Rows,
    ) -> HistorySums:
        """See `gnn.head.Head`."""
        n = self.base.num_products
        old, lines = rows < n, 1 + len(chosen)
        known = np.flatnonzero(products < n)
        entities = np.zeros((lines, len(columns)))
        purchase, text = np.zeros((2, lines, len(products)))
        if old.any():
            of_old = np.flatnonzero(old[chosen])
            found = self.base.sums(
                rows[old],
                weights[old],
                (np.cumsum(old) - 1)[chosen[of_old]],
                columns,
                products[known],
            )
            at = np.r_[0, 1 + of_old]
            entities[at] = found.entities
            purchase[np.ix_(at, known)] = found.co_purchase
            text[np.ix_(at, known)] = found.text
        if not old.all() and isinstance(self.base, FusionHead):
            mix = np.zeros((lines, len(rows)))
            mix[0] = weights
            mix[np.arange(1, lines), chosen] = 1.0
            new, mix = rows[~old] - n, mix[:, ~old]
            each = self.border.rows[new]
            entities += mix @ self._entities(each, new, columns)
            of_bought = rows_of(self.base.co_purchase, products[known]).astype(np.float64)
            purchase[:, known] += mix @ (of_bought @ each.T).T
            text += mix @ self.border.text[new] @ self.text[products].T.astype(np.float64)
        return HistorySums(entities, purchase, text)

    def bought_both(self, one: int, other: int) -> int:
        """See `gnn.head.Head`."""
        n = self.base.num_products
        return self.base.bought_both(one, other) if max(one, other) < n else 0

    def popularity(self) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        return self._padded(self.base.popularity())

    def _entities(self, each: NDArray[np.float64], new: Rows, columns: Rows) -> NDArray[np.float64]:
        """``(p F + s F_j)[:, columns]``, (newcomers, columns)."""
        n = self.base.num_products
        carrying = rows_of(self.base.by_entity, columns).astype(np.float64)
        own = some_columns(rows_of(self.features.matrix(), new + n), columns)
        return np.asarray((carrying @ each.T).T + self.border.own[new, None] * own)

    def _padded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([values, np.zeros(self.num_products - len(values))])

    @property
    def _column(self) -> NDArray[np.float64]:
        """``−λ s_i``: what a column of P is multiplied with, (n,)."""
        base = self.base
        return -base.regularization * base.factor if isinstance(base, FusionHead) else base.factor
