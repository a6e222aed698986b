"""New products by their kin: a product nobody met yet is wanted as the products like it are.

To the ridge regression of `gnn.fusion`, a product without events is one that every user declined:
each history is a row of zeros for it, and thousands of them drown what its facts say, so its
column of B is near zero. But it was not declined, it was not there. So its column is predicted
from the columns of products with events, by what is known about both. With ``K = Σ_r w_r F_r F_rᵀ``
(facts and text, no events), w the products with events and j one without:

    a_j = (K_ww + μI)⁻¹ K_wj    cut to its largest positive entries, scaled to sum 1
    score(u, j) = Σ_k a_kj (score(u, k) + β x_uk)

the regression of attributes on features that Gantner et al. 2010, "Learning Attribute-to-Feature
Mappings for Cold-Start Recommendations", use for factors. A score stays an exact sum: the terms of
its kin's scores times their shares. In: fitted features. Out: `Kin`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix

from gnn.ranking import Scorer
from gnn.solve import add_gram
from kg.errors import ModelError

__all__ = ["Kin", "KinConfig", "find_kin", "with_kin"]


class KinConfig(BaseModel):
    """How new products take after others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(default=20, ge=1, le=1000, description="kin of a product at most")
    smoothing: float = Field(default=0.1, gt=0, le=100, description="μ, in units of λ")
    own_weight: float = Field(
        default=0.3,
        ge=0,
        le=10,
        description="β: how much it counts that a user met the kin itself, beside the kin's score",
    )


@dataclass(frozen=True)
class Kin:
    """Which products new ones take after."""

    new: NDArray[np.bool_]  # (n,) products without events
    shares: csr_matrix  # (n, n) row j: a_j; empty where j is not new or has no kin
    own_weight: float


def find_kin(
    matrices: Sequence[csr_matrix | NDArray[np.float32]],
    new: NDArray[np.bool_],
    regularization: float,
    config: KinConfig | None = None,
) -> Kin:
    """Find the kin of the products without events.

    Args:
        matrices: F of facts and of text, (n, columns) each, scaled by the roots of their weights.
        new: (n,) True where a product has no event in training.
        regularization: λ of the head.
        config: settings.

    Raises:
        ModelError: ``new`` has another length than the matrices, or no product has events.
    """
    config = config or KinConfig()
    n = len(new)
    if any(matrix.shape[0] != n for matrix in matrices):
        raise ModelError(f"features of {[m.shape[0] for m in matrices]} products, but {n} to sort")
    known = np.flatnonzero(~new)
    if not len(known):
        raise ModelError("no product has an event to learn from, so new ones have no kin")
    gram = np.zeros((n, n), dtype=np.float32)
    for matrix in matrices:
        add_gram(gram, matrix)
    right = gram[np.ix_(known, np.flatnonzero(new))]
    left = gram[np.ix_(known, known)]
    del gram
    left[np.diag_indices(len(known))] += np.float32(config.smoothing * regularization)
    weights = cho_solve(cho_factor(left, lower=True, overwrite_a=True), right, overwrite_b=True)
    return Kin(new, _shares(weights, known, new, config.count), config.own_weight)


def with_kin(score: Scorer, own: NDArray[np.floating], kin: Kin) -> Scorer:
    """A head's scorer with the scores of new products taken from their kin.

    Args:
        score: `gnn.ranking.model_scorer` of a head alone.
        own: (n,) the part of a score that is of the product itself, to be taken out.
        kin: the kin.
    """
    rows = np.flatnonzero(np.diff(kin.shares.indptr) > 0)
    shares = kin.shares[rows].T.tocsr()

    def scored(histories: csr_matrix) -> NDArray[np.floating]:
        scores = np.asarray(score(histories) - histories.multiply(own))
        scores[:, rows] = scores @ shares + kin.own_weight * (histories @ shares).toarray()
        return scores

    return scored


def _shares(
    weights: NDArray[np.float32], known: NDArray[np.int64], new: NDArray[np.bool_], count: int
) -> csr_matrix:
    """The largest positive weights of each column as rows that sum to one."""
    n, count = len(new), min(count, len(known))
    best = np.argpartition(-weights, count - 1, axis=0)[:count].T  # (new, count)
    values = np.maximum(np.take_along_axis(weights.T, best, axis=1), 0)
    total = values.sum(axis=1, keepdims=True)
    values /= np.where(total > 0, total, 1)
    rows = np.repeat(np.flatnonzero(new), count)
    shares = csr_matrix((values.ravel(), (rows, known[best].ravel())), shape=(n, n))
    shares.eliminate_zeros()
    return shares
