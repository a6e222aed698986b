"""Top products for many users at once, for evaluation and tuning.

In: a scoring function over batches of histories. Out: ranked rows per user, what they had already
met left out. Serving one user at a time is `gnn.score`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.head import Head
from gnn.kin import Kin

__all__ = ["Scorer", "batch_size", "head_scorer", "model_scorer", "top_products"]

Scorer = Callable[[csr_matrix], NDArray[np.floating]]
"""Histories of a batch, (b, n) sparse -> scores, (b, n) dense."""

_BATCH = 1024
_NUMBERS = 1 << 26  # scores in memory at once, at most


def batch_size(num_products: int) -> int:
    """How many users are scored at once."""
    return max(1, min(_BATCH, _NUMBERS // max(num_products, 1)))


def head_scorer(inverse: NDArray[np.float32], factor: NDArray[np.float64] | None = None) -> Scorer:
    """Scorer of the dense head's inverse alone, (n, n); see `model_scorer`.

    Args:
        inverse: P.
        factor: ``s_j`` (`gnn.fusion`) or a multiple of it, (n,); None: ``1 / P_jj``.
    """
    scale = -(1.0 / inverse.diagonal() if factor is None else factor).astype(np.float32)
    return lambda histories: np.asarray((histories @ inverse) * scale)


def model_scorer(
    head: Head, gnn: NDArray[np.float32] | None = None, kin: Kin | None = None
) -> Scorer:
    """Scorer of a head of either kind, with a GNN's scaled embeddings and kin where given.

    Scores of products in the history itself are meaningless: they are to be masked.
    """

    def score(histories: csr_matrix) -> NDArray[np.floating]:
        scores = head.batch(histories)
        if kin is not None:
            kin.take_over_batch(scores, histories, head.own)
        if gnn is not None and gnn.shape[1]:
            scores += (histories @ gnn) @ gnn.T
        return np.asarray(scores)

    return score


def top_products(
    score: Scorer, histories: csr_matrix, seen: csr_matrix, k: int
) -> NDArray[np.int64]:
    """Rows of the ``k`` best products of each user, best first, (users, k); -1 where none is left.

    Args:
        score: the scoring function.
        histories: weighted histories, users × products.
        seen: users × products; stored entries are left out.
        k: length of the lists.
    """
    users, products = histories.shape
    k = min(k, products)
    best = np.full((users, k), -1, dtype=np.int64)
    step = batch_size(products)
    for start in range(0, users, step):
        batch = slice(start, min(start + step, users))
        scores = np.array(score(histories[batch]))
        masked = seen[batch]
        rows = np.repeat(np.arange(masked.shape[0]), np.diff(masked.indptr))
        scores[rows, masked.indices] = -np.inf
        top = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
        values = np.take_along_axis(scores, top, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        top = np.take_along_axis(top, order, axis=1)
        values = np.take_along_axis(values, order, axis=1)
        best[batch] = np.where(np.isfinite(values), top, -1)
    return best
