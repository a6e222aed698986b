"""Rows of the dense head's inverse, summed against what products carry.

In: a `gnn.fusion.FusionHead` and a history. Out: the `gnn.head.HistorySums` of it. Entities of many
products come ready made (`HeavyColumns`), the others are summed here, in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gnn.head import Rows
from gnn.sparse import rows_of

if TYPE_CHECKING:
    from gnn.fusion import FusionHead

__all__ = ["DenseSums"]


class DenseSums:
    """See `gnn.head.HistorySums`."""

    def __init__(
        self, head: FusionHead, rows: Rows, weights: NDArray[np.float64], chosen: Rows
    ) -> None:
        self._head, self._rows, self._weights, self._chosen = head, rows, weights, chosen
        inverse = head.inverse[rows].astype(np.float64)  # (m, n)
        self._lines = np.empty((inverse.shape[1], 1 + len(chosen)))  # x_u P, then P[i]; transposed
        self._lines[:, 0], self._lines[:, 1:] = weights @ inverse, inverse[chosen].T

    def entities(self, columns: Rows) -> NDArray[np.float64]:
        """``(P F)[·, e]``, (lines, columns)."""
        head = self._head
        sums = np.empty((self._lines.shape[1], len(columns)))
        heavy = head.heavy.index[columns]
        is_heavy = heavy >= 0
        ready = head.heavy.sums[heavy[is_heavy][:, None], self._rows].astype(np.float64)
        sums[0, is_heavy] = ready @ self._weights
        sums[1:, is_heavy] = ready[:, self._chosen].T
        light = rows_of(head.by_entity, columns[~is_heavy])
        sums[:, ~is_heavy] = (light @ self._lines).T
        return sums

    def co_purchase(self, products: Rows) -> NDArray[np.float64]:
        """``(P C)[·, j]``, (lines, products)."""
        return np.asarray((self._head.co_purchase[products].astype(np.float64) @ self._lines).T)

    def text(self, products: Rows) -> NDArray[np.float64]:
        """``(P T)[·, :] · T[j, :]``, (lines, products)."""
        of_rows = self._head.inverse_text[self._rows].astype(np.float64)
        lines = np.vstack([self._weights @ of_rows, of_rows[self._chosen]])
        return np.asarray(lines @ self._head.text[products].astype(np.float64).T)
