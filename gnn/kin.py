"""New products by their kin: a product nobody met yet is wanted as the products like it are.

To the ridge regression of `gnn.fusion`, a product without events is one that every user declined:
each history is a row of zeros for it, and thousands of them drown what its facts say, so its
column of B is near zero. But it was not declined, it was not there. So its column is predicted
from the columns of products with events, by what is known about both. With ``K = Σ_r w_r F_r F_rᵀ``
(facts and text, no events), w the products with events and j one without:

    a_j = (K_ww + μI)⁻¹ K_wj    cut to its largest positive entries, scaled to sum 1
    B_ij = Σ_k a_kj (B_ik [i ≠ k] + β [i = k])

the regression of attributes on features that Gantner et al. 2010, "Learning Attribute-to-Feature
Mappings for Cold-Start Recommendations", use for factors. Where w × w arrays do not fit, or for few
products, the `NEAR` products of w that share most with j stand for all of w (`near_kin`). A score
stays an exact sum, of one term for each pair of history product i and kin k. In: fitted features.
Out: `Kin`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.linalg import cho_factor, cho_solve, solve
from scipy.sparse import csr_matrix

from gnn.head import Head, Rows
from gnn.solve import add_gram
from gnn.sparse import gather
from kg.errors import ModelError

__all__ = ["NEAR", "Kin", "KinConfig", "find_kin", "near_kin", "no_kin"]

NEAR = 512
"""Products among which `near_kin` looks: those that share most."""
_BLOCK = 1 << 25  # numbers in a dense block


class KinConfig(BaseModel):
    """How new products take after others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(default=20, ge=0, le=1000, description="kin of a product at most; 0: none")
    smoothing: float = Field(default=0.1, gt=0, le=100, description="μ, in units of λ")
    own_weight: float = Field(
        default=0.2,
        ge=0,
        le=10,
        description="β: how much it counts that a user met the kin itself, beside the kin's score",
    )


@dataclass(frozen=True)
class Kin:
    """Which products new ones take after."""

    shares: csr_matrix  # (n, n) float32, row j: a_j; empty where j is not new or has no kin
    own_weight: float

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Products that have kin, ascending."""
        return np.flatnonzero(np.diff(self.shares.indptr) > 0)

    def has(self, products: Rows) -> NDArray[np.bool_]:
        """Which of some products have kin, (k,)."""
        return np.asarray(self.shares.indptr[products + 1] > self.shares.indptr[products])

    def scored_with(self, products: Rows) -> NDArray[np.int64]:
        """Products and the kin of those that have any, ascending: whose scores `take_over` needs.

        Args:
            products: rows, ascending.
        """
        kin = self.shares[products[self.has(products)]].indices
        return np.union1d(products, kin) if len(kin) else products

    def followers(self, products: Rows, count: int) -> NDArray[np.int64]:
        """New products that take most after some products, at most ``count``, ascending."""
        place, _ = gather(self._followers.indptr, products)
        new, at = np.unique(self._followers.indices[place], return_inverse=True)
        share = np.bincount(at, self._followers.data[place], len(new))
        return np.sort(new[np.argsort(-share, kind="stable")[:count]].astype(np.int64))

    def take_over(
        self,
        scores: NDArray[np.float64],
        rows: Rows,
        weights: NDArray[np.float64],
        products: Rows | None = None,
    ) -> None:
        """Put in place the scores of products with kin.

        Args:
            scores: of a head for a history, no product from itself, of all products or of some;
                changed.
            rows: the history's products.
            weights: of each of them.
            products: whose scores these are, ascending, their kin among them; None: all.
        """
        if not len(self.rows):
            return
        met = np.zeros(self.shares.shape[0])
        met[rows] = weights
        if products is None:
            scores[self.rows] = self._some @ (scores + self.own_weight * met)
            return
        new = self.has(products)
        some = self.shares[products[new]].astype(np.float64)
        column = np.searchsorted(products, some.indices)
        some = csr_matrix((some.data, column, some.indptr), shape=(len(some.indptr) - 1, len(new)))
        scores[new] = some @ (scores + self.own_weight * met[products])

    def take_over_batch(
        self, scores: NDArray[np.floating], histories: csr_matrix, own: NDArray[np.floating]
    ) -> None:
        """As `take_over` for many histories.

        Args:
            scores: (b, n) as `gnn.head.Head.batch` gives them; changed.
            histories: (b, n) weighted.
            own: (n,) what a head's batch says of each product from itself.
        """
        if len(self.rows):
            own_weight = histories.multiply(self.own_weight - own[None, :])
            scores[:, self.rows] = (scores + own_weight) @ self._some.T

    def parts(self, head: Head, product: int, rows: Rows) -> NDArray[np.float64]:
        """``a_kj (B_ik [i ≠ k] + β [i = k])`` of a product with kin, (kin, history products)."""
        kin, share = self.of(product)
        parts = head.parts(kin, rows)
        same = kin[:, None] == rows[None, :]
        return np.where(same, self.own_weight, parts) * share[:, None]

    def of(self, product: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Rows of a product's kin and its share in each; empty where it has none."""
        place = slice(self.shares.indptr[product], self.shares.indptr[product + 1])
        return self.shares.indices[place], self.shares.data[place].astype(np.float64)

    @cached_property
    def _some(self) -> csr_matrix:
        return self.shares[self.rows].astype(np.float64)

    @cached_property
    def _followers(self) -> csr_matrix:
        return self.shares.T.tocsr()


def no_kin(num_products: int) -> Kin:
    """Nobody has kin."""
    empty = np.zeros(0, dtype=np.int64)
    shape = (num_products, num_products)
    return Kin(csr_matrix((empty.astype(np.float32), (empty, empty)), shape=shape), 0.0)


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
    if not new.any() or not config.count:
        return no_kin(n)
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
    return Kin(_shares(weights, known, new, config.count), config.own_weight)


def near_kin(
    new: tuple[csr_matrix, NDArray[np.float32]],
    known: tuple[csr_matrix, NDArray[np.float32]],
    met: NDArray[np.bool_],
    regularization: float,
    config: KinConfig,
) -> csr_matrix:
    """Kin of some products, each found among the `NEAR` others that share most with it.

    Args:
        new: F of facts, (m, columns), and of text, (m, t), scaled by the roots of their weights.
        known: the same of all products, (n, columns) and (n, t).
        met: (n,) True where a product may be kin: it has events.
        regularization: λ of the head.
        config: settings.

    Returns:
        Shares of the products in each of the new ones, (m, n) float32.
    """
    facts, text = known
    (m, _), n = new[0].shape, len(met)
    carriers = facts.T.tocsr()
    kin = [np.zeros(0, dtype=np.int64)] * m
    share = [np.zeros(0, dtype=np.float32)] * m
    step = max(1, _BLOCK // max(1, n))
    for start in range(0, m if config.count else 0, step):
        some = slice(start, start + step)
        shared = (new[0][some] @ carriers).toarray() + new[1][some] @ text.T  # (b, n)
        shared[:, ~met] = -np.inf
        for at, each in enumerate(shared, start):
            near = _largest(each, NEAR)
            if not len(near):
                continue
            left = (facts[near] @ facts[near].T).toarray()
            left = left + text[near].astype(np.float64) @ text[near].T
            left[np.diag_indices(len(near))] += config.smoothing * regularization
            weights = solve(left, each[near], assume_a="pos")
            best = np.argsort(-weights, kind="stable")[: config.count]
            best = np.sort(best[weights[best] > 0])
            kin[at] = near[best]
            share[at] = (weights[best] / weights[best].sum()).astype(np.float32)
    indptr = np.cumsum([0, *map(len, kin)])
    if not m:
        return csr_matrix((np.zeros(0, np.float32), np.zeros(0, np.int64), indptr), shape=(m, n))
    return csr_matrix((np.concatenate(share), np.concatenate(kin), indptr), shape=(m, n))


def _largest(values: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """Where the ``count`` largest finite values stand, ascending; the first among equals."""
    least = np.partition(values, len(values) - count)[-count] if count < len(values) else -np.inf
    above, equal = np.flatnonzero(values > least), np.flatnonzero(values == least)
    some = np.concatenate([above, equal[: max(0, count - len(above))]])
    return np.sort(some[np.isfinite(values[some])])


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
    shares.sort_indices()
    return shares
