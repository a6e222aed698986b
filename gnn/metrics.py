"""Ranking metrics, for all users at once.

In: the products recommended to each user, best first, and what each user really took. Out: means
over users. Definitions are the standard ones (Järvelin and Kekäläinen 2002 for NDCG, with binary
gains): with ``h_r = 1`` where rank ``r`` is a hit and ``T`` the user's truth,

    Recall@k    Σ_{r≤k} h_r / |T|             Precision@k  Σ_{r≤k} h_r / k
    HR@k        1 if Σ_{r≤k} h_r > 0          MRR@k        1 / first r ≤ k with h_r = 1, else 0
    NDCG@k      Σ_{r≤k} h_r / log2(r + 1), over the same sum for a perfect list, which has
                min(k, |T|) hits
    Coverage@k  share of the products that are recommended to anyone
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from kg.errors import ModelError

__all__ = ["METRICS", "as_good", "metrics_of_each", "ndcg_of_each", "ranking_metrics"]

METRICS = ("ndcg", "recall", "hr", "precision", "mrr", "coverage")


def ranking_metrics(
    recommended: NDArray[np.integer], truth: csr_matrix, ks: Sequence[int]
) -> dict[str, float]:
    """Metrics named ``ndcg@10`` and so on, as means over users.

    Args:
        recommended: (users, K) product rows, best first; -1 where a list is shorter.
        truth: (users, products), stored entries are what counts as a hit; no row may be empty.
        ks: cut-offs, each from 1 to K.

    Raises:
        ModelError: shapes or cut-offs do not fit, or a user has no truth.
    """
    of_each = metrics_of_each(recommended, truth, ks)
    result: dict[str, float] = {}
    for k in ks:
        names = [f"{name}@{k}" for name in METRICS if name != "coverage"]
        result |= {name: float(of_each[name].mean()) for name in names}
        shown = np.unique(recommended[:, :k])
        result[f"coverage@{k}"] = float((shown >= 0).sum() / truth.shape[1])
    return result


def metrics_of_each(
    recommended: NDArray[np.integer], truth: csr_matrix, ks: Sequence[int]
) -> dict[str, NDArray[np.float64]]:
    """The metrics of every user, (users,) each, all but coverage; as `ranking_metrics` otherwise.

    Raises:
        ModelError: as `ranking_metrics`.
    """
    users, width = recommended.shape
    if truth.shape[0] != users:
        raise ModelError(f"{users} lists but the truth of {truth.shape[0]} users")
    if not ks or min(ks) < 1 or max(ks) > width:
        raise ModelError(f"cut-offs {list(ks)} do not fit lists of {width} products")
    size = np.diff(truth.indptr)
    if users == 0 or (size == 0).any():
        raise ModelError("every user measured needs at least one product they really took")
    hits = _hits(recommended, truth)
    return {f"{name}@{k}": of_each for k in ks for name, of_each in _at(hits, size, k).items()}


def ndcg_of_each(
    recommended: NDArray[np.integer], truth: csr_matrix, k: int
) -> NDArray[np.float64]:
    """NDCG@k of every user, (users,); arguments as of `ranking_metrics`."""
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[np.minimum(np.diff(truth.indptr), k) - 1]
    of_each: NDArray[np.float64] = (_hits(recommended, truth)[:, :k] @ discount) / ideal
    return of_each


def as_good(better: NDArray[np.float64], other: NDArray[np.float64], allowed_share: float) -> bool:
    """Whether a measure of the same users is as good as another, as far as they can tell.

    True where the mean loss is at most one standard error of the paired differences, or at most
    ``allowed_share`` of the better mean. The one-standard-error rule of Breiman et al.,
    "Classification and Regression Trees" (1984), for paired samples.
    """
    loss = better - other
    error = loss.std(ddof=1) / np.sqrt(len(loss)) if len(loss) > 1 else 0.0
    return bool(loss.mean() <= max(error, allowed_share * better.mean()))


def _hits(recommended: NDArray[np.integer], truth: csr_matrix) -> NDArray[np.bool_]:
    """Which recommended products are in the truth, (users, K)."""
    users, products = truth.shape
    taken = np.repeat(np.arange(users), np.diff(truth.indptr)) * products + truth.indices
    asked = np.arange(users)[:, None] * products + recommended
    hits: NDArray[np.bool_] = np.isin(asked, taken) & (recommended >= 0)
    return hits


def _at(
    hits: NDArray[np.bool_], size: NDArray[np.integer], k: int
) -> dict[str, NDArray[np.float64]]:
    top = hits[:, :k]
    found = top.sum(axis=1)
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[np.minimum(size, k) - 1]
    first = np.where(found > 0, top.argmax(axis=1) + 1, np.inf)
    return {
        "ndcg": (top @ discount) / ideal,
        "recall": found / size,
        "hr": (found > 0).astype(np.float64),
        "precision": found / k,
        "mrr": 1.0 / first,
    }
