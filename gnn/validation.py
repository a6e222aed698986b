"""A part of the data small enough to fit the head on again and again.

In: the training part of a split and what users took in its validation part. Out: NDCG of any
settings on a sample of users and products. Channels keep the degrees of the whole catalogue, so
that weights found here mean the same there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.channels import Channel
from gnn.features import fuse
from gnn.fit import TrainingData
from gnn.fusion import HeadConfig, solve_head
from gnn.metrics import ndcg_of_each
from gnn.ranking import head_scorer, top_products
from kg.errors import ModelError

__all__ = ["ValidationSample", "sample_users"]


@dataclass(frozen=True)
class ValidationSample:
    """The part of the data the search looks at."""

    data: TrainingData
    channels: Sequence[Channel]
    text: NDArray[np.float32]  # (products kept, d)
    rows: NDArray[np.int64]  # products kept
    users: NDArray[np.int64]  # validation users scored
    seen: csr_matrix  # users scored × products kept
    truth: csr_matrix

    @classmethod
    def take(
        cls,
        data: TrainingData,
        truth: csr_matrix,
        channels: Sequence[Channel],
        text: NDArray[np.float32] | None,
        *,
        max_products: int,
        max_users: int,
        seed: int,
    ) -> ValidationSample:
        """Choose products and users."""
        n = len(data.products)
        popularity = np.bincount(data.seen.indices, minlength=n)
        rows = np.sort(np.argsort(-popularity, kind="stable")[:max_products])
        wanted = truth[:, rows]
        users = sample_users(data, wanted, max_users, seed)
        return cls(
            data=data,
            channels=channels,
            text=np.zeros((len(rows), 0), dtype=np.float32) if text is None else text[rows],
            rows=rows,
            users=users,
            seen=data.seen[users][:, rows],
            truth=wanted[users],
        )

    @property
    def timed(self) -> bool:
        """Whether any training event has a time."""
        days = self.data.columns.days
        return days is not None and not bool(np.isnan(days).all())

    def inverse(self, config: HeadConfig) -> NDArray[np.float32]:
        """P over the products kept."""
        features = fuse(
            self.channels,
            len(self.data.products),
            weights={c.relation: config.weight(c.relation) for c in self.channels},
            degree_exponent=config.degree_exponent,
            min_degree=config.min_degree,
        )
        text = np.sqrt(np.float32(config.text_weight)) * self.text
        matrix = features.matrix()[self.rows]
        user_items = self.data.user_items(config)[:, self.rows]
        return solve_head(matrix, text, user_items, config.regularization)

    def ndcg(self, inverse: NDArray[np.float32], config: HeadConfig, k: int) -> NDArray[np.float64]:
        """NDCG@k of each user scored."""
        histories = self.data.histories(config)[self.users][:, self.rows]
        best = top_products(head_scorer(inverse), histories, self.seen, k)
        return ndcg_of_each(best, self.truth, k)


def sample_users(data: TrainingData, truth: csr_matrix, count: int, seed: int) -> NDArray[np.int64]:
    """Rows of users with a history and a truth, a seeded sample in ascending order.

    Raises:
        ModelError: there is no such user.
    """
    usable = np.flatnonzero((np.diff(data.seen.indptr) > 0) & (np.diff(truth.indptr) > 0))
    if not len(usable):
        raise ModelError(
            "nobody in the validation part has both a history in training and a new product after "
            "it; choose another split"
        )
    if len(usable) <= count:
        return usable
    return np.sort(np.random.default_rng(seed).choice(usable, count, replace=False))
