"""Events held back from training, ready to measure any scorer on.

In: the training part, the events held back. Out: metrics of a scorer, of each user or as means.
Users without a history cannot be served by any method and are left out; products a user met in
training are masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.fit import TrainingData
from gnn.fusion import HeadConfig
from gnn.metrics import metrics_of_each, ranking_metrics
from gnn.ranking import Scorer, top_products
from kg.errors import ModelError

__all__ = ["HeldOut"]


@dataclass(frozen=True)
class HeldOut:
    """Who is measured, and on what."""

    data: TrainingData
    truth: csr_matrix  # users measured × products
    users: NDArray[np.int64]  # rows of data.users
    ks: tuple[int, ...]
    measured: list[NDArray[np.int64]] = field(default_factory=list)  # lists of each `measure`

    @classmethod
    def of(cls, data: TrainingData, interactions: pa.Table, ks: Sequence[int]) -> HeldOut:
        """Users with a history in ``data`` and something new in ``interactions``.

        Raises:
            ModelError: there is no such user.
        """
        return cls.of_truth(data, data.truth(interactions), ks)

    @classmethod
    def of_truth(cls, data: TrainingData, truth: csr_matrix, ks: Sequence[int]) -> HeldOut:
        """Users with a history and a product in ``truth``, which has the rows of ``data``.

        Raises:
            ModelError: there is no such user.
        """
        users = np.flatnonzero((np.diff(truth.indptr) > 0) & (np.diff(data.seen.indptr) > 0))
        if not len(users):
            raise ModelError(
                "nobody in the test part has both a history and a new product after it; choose "
                "another split"
            )
        return cls(data, truth[users], users, tuple(ks))

    def measure(self, score: Scorer, config: HeadConfig) -> dict[str, float]:
        """Metrics of a scorer fed with histories weighed by ``config``."""
        best = self.lists(score, config)
        self.measured.append(best)
        return ranking_metrics(best, self.truth, self.ks)

    def of_each(
        self, score: Scorer, config: HeadConfig, candidates: NDArray[np.bool_] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """The metrics of each user, (users,) each.

        Args:
            score: the scorer.
            config: weighs the histories.
            candidates: (n,) True where a product may be ranked; None: anywhere.
        """
        return metrics_of_each(self.lists(score, config, candidates), self.truth, self.ks)

    def lists(
        self, score: Scorer, config: HeadConfig, candidates: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Rows recommended to each user, (users, max(ks)), best first, -1 where there are fewer."""
        histories = self.data.histories(config)[self.users]
        left_out = self.data.seen[self.users]
        limited = score if candidates is None else _among(score, candidates)
        return top_products(limited, histories, left_out, max(self.ks))


def _among(score: Scorer, candidates: NDArray[np.bool_]) -> Scorer:
    """The scorer with all but the candidates out of reach."""
    bar = np.where(candidates, np.float32(0), np.float32(-np.inf))

    def limited(histories: csr_matrix) -> NDArray[np.floating]:
        return score(histories) + bar

    return limited
