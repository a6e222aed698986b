"""What a recommender has to beat: popularity, item-based cosine, EASE.

In: the training matrix X, users × products. Out: scorers for `gnn.ranking.top_products`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array

from gnn.fusion import solve_head
from gnn.ranking import Scorer, head_scorer

__all__ = ["ease_scorer", "item_cosine_scorer", "popularity_scorer"]


def popularity_scorer(user_items: csr_matrix) -> Scorer:
    """The same for everyone: how many users took each product."""
    count = np.asarray(user_items.sum(axis=0)).ravel().astype(np.float32)

    def score(histories: csr_matrix) -> NDArray[np.floating]:
        return np.tile(count, (histories.shape[0], 1))

    return score


def item_cosine_scorer(user_items: csr_matrix) -> Scorer:
    """Item-based nearest neighbours: the sum of cosines between columns of X, all neighbours."""
    norm = np.sqrt(np.asarray(user_items.multiply(user_items).sum(axis=0)).ravel())
    unit = csr_matrix(user_items @ diags_array(1.0 / np.maximum(norm, 1e-12)), dtype=np.float32)
    cosine = csr_matrix(unit.T @ unit)

    def score(histories: csr_matrix) -> NDArray[np.floating]:
        return np.asarray((histories @ cosine).toarray())

    return score


def ease_scorer(user_items: csr_matrix, regularization: float) -> Scorer:
    """EASE (Steck, 2019): the head without any channel but co-purchase."""
    nothing = np.zeros((user_items.shape[1], 0), dtype=np.float32)
    return head_scorer(solve_head(csr_matrix(nothing), nothing, user_items, regularization))
