"""What scoring and explaining ask of a fitted head.

There are two: the dense one (`gnn.fusion`) and the one of low rank (`gnn.lowrank`).

Both heads score by ``score(u, j) = Σ_i x_ui B_ij`` and both have, for ``i ≠ j``,

    B_ij = s_j Σ_r w_r (P F_r)[i, :] · F_r[j, :]        s_j = (D_jj P_jj)^−η

with ``P`` the inverse of ``G + D`` in the dense head (``D = λI``) and what stands for it in the
other. So either head's scores are exactly sums over (history product, channel, entity).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.features import Features

__all__ = ["Head", "HistorySums"]

Rows = NDArray[np.signedinteger]


class HistorySums(NamedTuple):
    """Rows of P, some of one history, summed against what products carry; all (lines, …) float64.

    The first line is the whole history, weighted; the others are single products of it.
    """

    entities: NDArray[np.float64]  # (P F)[·, e], (lines, columns)
    co_purchase: NDArray[np.float64]  # (P C)[·, j] with C = Xᵀ X, (lines, products)
    text: NDArray[np.float64]  # (P T)[·, :] · T[j, :], (lines, products)


class Head(Protocol):
    """A fitted head. Arrays may be memory-mapped; nothing changes after fitting."""

    @property
    def features(self) -> Features:
        """What the graph says of the products."""
        ...

    @property
    def text(self) -> NDArray[np.float32]:
        """Text embeddings times the root of their weight, (n, d); d may be 0."""
        ...

    @property
    def by_entity(self) -> csr_matrix:
        """Products by entity: the first rows are ``Fᵀ``."""
        ...

    @property
    def error(self) -> float:
        """Largest error of the exact sum, measured when fitted."""
        ...

    @property
    def num_products(self) -> int:
        """Number of products."""
        ...

    @property
    def own(self) -> NDArray[np.float64]:
        """What `batch` says of each product from itself, (n,): to be taken out."""
        ...

    def scores(
        self, rows: Rows, weights: NDArray[np.float64], products: Rows | None = None
    ) -> NDArray[np.float64]:
        """``score(u, j)`` of a history for some products or all, (k,); none from itself."""
        ...

    def batch(self, histories: csr_matrix) -> NDArray[np.float32]:
        """Scores of many histories, (b, n); of what is in a history itself they are meaningless."""
        ...

    def parts(self, products: Rows, rows: Rows) -> NDArray[np.float64]:
        """``B_ij`` for products j and history products i, (k, m); no product twice."""
        ...

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
        """Rows worth scoring for a history, ascending; None: all that are allowed.

        Args:
            rows: the history's products.
            weights: of each of them.
            count: how many of each kind.
            allowed: (n,) True where a product may come.
            beside: vectors of the products, (n, d), and of the user, (d,), whose products are
                added to the head's scores: the GNN's.
            exact: leave out none that the whole scores would not.
        """
        ...

    def scale(self, products: Rows) -> NDArray[np.float64]:
        """``s_j``, (k,)."""
        ...

    def sums(
        self,
        rows: Rows,
        weights: NDArray[np.float64],
        chosen: Rows,
        columns: Rows,
        products: Rows,
    ) -> HistorySums:
        """Sums of a history and of some of its products.

        Args:
            rows: the history's products.
            weights: of each of them.
            chosen: whose sums are wanted singly, indices in ``rows``.
            columns: entities, ascending.
            products: rows of products.
        """
        ...

    def bought_both(self, one: int, other: int) -> int:
        """How many users bought two products."""
        ...

    def popularity(self) -> NDArray[np.float64]:
        """How many users bought each product, (n,)."""
        ...
