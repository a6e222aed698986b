"""A part of the data small enough to fit the head on again and again.

In: the training part of a split and what users took in its validation part. Out: NDCG of any
settings on a sample of users and products. Channels keep the degrees of the whole catalogue, so
that weights found here mean the same there. The Gram matrices of channels with many facts are kept
from one fit to the next: only their weights change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.channels import Channel
from gnn.features import fuse
from gnn.fit import TrainingData
from gnn.fusion import HeadConfig, column_factor
from gnn.metrics import ndcg_of_each
from gnn.ranking import head_scorer, top_products
from gnn.solve import add_gram, ridge_inverse
from kg.errors import ModelError
from kg.records import EVENTS

__all__ = ["ValidationSample", "sample_users"]

_MANY_FACTS = 20_000


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
    keep: bool = True  # Gram matrices of large channels from one fit to the next
    _grams: dict[tuple[object, ...], NDArray[np.float32]] = field(default_factory=dict)

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
        keep: bool = True,
    ) -> ValidationSample:
        """Choose products and users.

        Args:
            data: the training part.
            truth: users × products, what was taken in the validation part.
            channels: what the graph says.
            text: embeddings, (n, d); None: no text channel.
            max_products: those bought most are kept.
            max_users: a seeded sample.
            seed: of the sample.
            keep: keep Gram matrices, which takes memory for each channel with many facts.
        """
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
            keep=keep,
        )

    @property
    def timed(self) -> bool:
        """Whether any training event has a time."""
        days = self.data.columns.days
        return days is not None and not bool(np.isnan(days).all())

    @property
    def events(self) -> set[str]:
        """Types of the training events."""
        return {EVENTS[code] for code in np.unique(self.data.columns.events).tolist()}

    def inverse(self, config: HeadConfig) -> NDArray[np.float32]:
        """P over the products kept, (products kept, products kept) float32."""
        n = len(self.rows)
        gram = np.zeros((n, n), dtype=np.float32)
        many = _MANY_FACTS if self.keep else np.inf
        large = [channel for channel in self.channels if len(channel.product) > many]
        for channel in large:
            weight = np.float32(config.weight(channel.relation))
            gram += weight * self._gram(channel, config)
        small = [channel for channel in self.channels if len(channel.product) <= many]
        add_gram(gram, self._matrix(small, config, config.weight))
        if self.text.shape[1] and config.text_weight:
            self._add_text(gram, np.float32(config.text_weight))
        add_gram(gram, csr_matrix(self.data.user_items(config)[:, self.rows].T))
        return ridge_inverse(gram, config.regularization)

    def _matrix(
        self, channels: Sequence[Channel], config: HeadConfig, weight: Callable[[str], float]
    ) -> csr_matrix:
        """Features of the products kept, with the degrees of all."""
        features = fuse(
            channels,
            len(self.data.products),
            weights={channel.relation: weight(channel.relation) for channel in channels},
            degree_exponent=config.degree_exponent,
            min_degree=config.min_degree,
        )
        return features.matrix()[self.rows]

    def _gram(self, channel: Channel, config: HeadConfig) -> NDArray[np.float32]:
        """``F_r F_rᵀ`` of one channel, unweighted."""
        key = (channel.relation, config.degree_exponent, config.min_degree)
        if key not in self._grams:
            gram = np.zeros((len(self.rows), len(self.rows)), dtype=np.float32)
            add_gram(gram, self._matrix([channel], config, lambda _: 1.0))
            self._grams[key] = gram
        return self._grams[key]

    def _add_text(self, gram: NDArray[np.float32], weight: np.float32) -> None:
        """Add the inner products of the text embeddings, times their weight."""
        if not self.keep:
            add_gram(gram, np.sqrt(weight) * self.text)
            return
        if ("text",) not in self._grams:
            self._grams["text",] = self.text @ self.text.T
        gram += weight * self._grams["text",]

    def ndcg(self, inverse: NDArray[np.float32], config: HeadConfig, k: int) -> NDArray[np.float64]:
        """NDCG@k of each user scored."""
        histories = self.data.histories(config)[self.users][:, self.rows]
        score = head_scorer(inverse, column_factor(inverse.diagonal(), config))
        best = top_products(score, histories, self.seen, k)
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
