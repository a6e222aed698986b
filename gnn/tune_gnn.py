"""How much the graph network counts: its weight in ``score = head + a · gnn``, by validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.fit import TrainingData
from gnn.fusion import HeadConfig
from gnn.metrics import as_good, ndcg_of_each
from gnn.ranking import Scorer, top_products
from gnn.tune import Trial
from gnn.validation import sample_users

__all__ = ["tune_gnn_weight"]


def tune_gnn_weight(
    score: Scorer,
    embeddings: NDArray[np.float32],
    data: TrainingData,
    truth: csr_matrix,
    config: HeadConfig,
    *,
    grid: Sequence[float] = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5),
    k: int = 10,
    max_users: int = 5000,
    path_price: float = 0.01,
) -> list[Trial]:
    """NDCG@k on validation for each weight of the GNN.

    The first is the one to take: the smallest that is as good as the best (`gnn.metrics.as_good`),
    for what the GNN adds has no path. The others follow by NDCG.

    Args:
        score: of the head, from the training part.
        embeddings: (n, d) scaled as `gnn.fit.attach_gnn` scales them for weight 1.
        data: the training part.
        truth: what users took in the validation part.
        config: settings of the histories.
        grid: weights to try.
        k: cut-off.
        max_users: users scored, a seeded sample.
        path_price: as `TuneConfig.path_price`.
    """
    users = sample_users(data, truth, max_users, 0)
    histories = data.histories(config)[users]
    found: dict[float, NDArray[np.float64]] = {}
    for weight in grid:

        def both(batch: csr_matrix, weight: float = weight) -> NDArray[np.floating]:
            return score(batch) + weight * ((batch @ embeddings) @ embeddings.T)

        best = top_products(both, histories, data.seen[users], k)
        found[weight] = ndcg_of_each(best, truth[users], k)
    top = max(found.values(), key=lambda of_each: float(of_each.mean()))
    taken = min(weight for weight, of_each in found.items() if as_good(top, of_each, path_price))
    trials = [Trial("gnn_weight", weight, float(v.mean())) for weight, v in found.items()]
    return sorted(trials, key=lambda t: (t.value != taken, -t.ndcg, t.value))
