"""What the diversity knob costs and brings, over its whole range.

In: a model of the training part of a split, what users took in its validation part. Out: one row of
measures for each setting of the knob, on a seeded sample of validation users: accuracy
(`gnn.metrics`) and what is beyond it (`gnn.beyond`). Coverage and Gini depend on how many users
were sampled: they compare settings, not studies. The test part is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.beyond import (
    attribute_shares,
    calibration,
    entropy,
    exposure_gini,
    intra_list_distance,
    list_matrix,
    novelty,
    unexpectedness,
)
from gnn.channels import read_channels
from gnn.fit import read_training
from gnn.likeness import Vectors, product_vectors
from gnn.metrics import ranking_metrics
from gnn.ranking import model_scorer, top_products
from gnn.rerank import Diversity, rerank
from gnn.split import Split
from gnn.storage import Model
from gnn.validation import sample_users
from kg.facts import KnowledgeGraph
from kg.schema import Schema

__all__ = ["ATTRIBUTES", "KNOB", "Sample", "advised", "curve", "validation_sample"]

KNOB = tuple(round(0.1 * step, 1) for step in range(11))
"""Settings measured."""

ATTRIBUTES = ("schema:brand", "clew:inCategory", "clew:productType")
"""Relations whose values a list's proportions are counted by, where the graph has them."""

Chooser = Callable[[NDArray[np.floating], Vectors, int, Diversity], Sequence[tuple[int, object]]]
"""`gnn.rerank.rerank`, or another method of the same signature to compare it with."""


@dataclass(frozen=True)
class Sample:
    """Validation users with their candidates, ready to be reordered again and again."""

    candidates: NDArray[np.int64]  # (users, m) best first; -1 where there are fewer
    scores: NDArray[np.float64]  # (users, m)
    histories: csr_matrix  # users × products
    truth: csr_matrix  # users × products
    seen: csr_matrix  # all training users × products
    vectors: Vectors  # of all products
    attributes: Mapping[str, csr_matrix]  # relation -> products × values

    def best(self, candidates: int) -> Sample:
        """The same with fewer candidates."""
        return replace(
            self, candidates=self.candidates[:, :candidates], scores=self.scores[:, :candidates]
        )

    def measure(self, lists: NDArray[np.int64], k: int) -> dict[str, float]:
        """All measures of one set of lists, (users, k)."""
        accuracy = ranking_metrics(lists, self.truth, [k])
        shown = list_matrix(lists, self.truth.shape[1])
        hits = csr_matrix(shown.multiply(self.truth.sign()))
        beyond = {
            "ild": intra_list_distance(shown, self.vectors),
            "unexpected": unexpectedness(shown, self.histories, self.vectors),
            "serendipity": unexpectedness(shown, self.histories, self.vectors, counted=hits),
            "novelty": novelty(shown, self.seen),
            "gini": exposure_gini(shown),
        }
        by_value = {
            f"{name}@{k}:{relation}": measure
            for relation, shares in self.attributes.items()
            for name, measure in (
                ("calibration", calibration(shown, self.histories, shares)),
                ("entropy", entropy(shown, shares)),
            )
        }
        return accuracy | {f"{name}@{k}": value for name, value in beyond.items()} | by_value


def validation_sample(
    kg: KnowledgeGraph,
    schema: Schema,
    split: Split,
    model: Model,
    *,
    candidates: int = Diversity().candidates,
    max_users: int = 2000,
    seed: int = 0,
) -> Sample:
    """Rank candidates for a sample of validation users.

    Args:
        kg: the graph.
        schema: the ontology it was made with.
        split: of ``kg.interactions``.
        model: fitted on ``split.train``.
        candidates: best products kept for each user.
        max_users: size of the sample.
        seed: of the sample.

    Raises:
        ModelError: nobody in the validation part can be measured.
    """
    n = len(model.products)
    data = read_training(split.train, model.products, model.config)
    truth = data.truth(split.valid)
    users = sample_users(data, truth, max_users, seed)
    histories = data.histories(model.config)[users]
    score = model_scorer(model.head, kin=model.kin)
    best = top_products(score, histories, data.seen[users], candidates)
    scores = np.empty(best.shape)
    for start in range(0, len(users), 1024):
        batch = slice(start, start + 1024)
        scores[batch] = np.take_along_axis(score(histories[batch]), best[batch], axis=1)
    return Sample(
        candidates=best,
        scores=scores,
        histories=histories,
        truth=truth[users],
        seen=data.seen,
        vectors=product_vectors(model.head, np.arange(n)),
        attributes={
            channel.relation: attribute_shares(channel, n)
            for channel in read_channels(kg, schema, model.products, damping=0.0)
            if channel.relation in ATTRIBUTES
        },
    )


def curve(
    sample: Sample,
    *,
    k: int = 10,
    knob: Sequence[float] = KNOB,
    choose: Chooser = rerank,
) -> list[dict[str, float]]:
    """Measures of the lists at each setting of the knob, ``diversity`` first.

    Args:
        sample: the users and their candidates.
        k: length of the lists.
        knob: settings.
        choose: the method.
    """
    lists = np.full((len(knob), len(sample.candidates), k), -1, dtype=np.int64)
    settings = [Diversity(diversity=value) for value in knob]
    for user, (rows, scores) in enumerate(zip(sample.candidates, sample.scores, strict=True)):
        kept = rows[rows >= 0]
        vectors = sample.vectors.of(kept)
        for at, config in enumerate(settings):
            chosen = choose(scores[: len(kept)], vectors, k, config)
            lists[at, user, : len(chosen)] = kept[[place for place, _ in chosen]]
    return [
        {"diversity": value, **sample.measure(found, k)}
        for value, found in zip(knob, lists, strict=True)
    ]


def advised(points: Sequence[Mapping[str, float]], *, k: int = 10, allowed: float = 0.01) -> float:
    """The largest setting up to which no setting loses more than a share of NDCG@k.

    Args:
        points: of `curve`, by rising ``diversity`` from 0.
        k: their cut-off.
        allowed: share of the NDCG at 0 that may be lost.
    """
    least = (1 - allowed) * points[0][f"ndcg@{k}"]
    best = points[0]["diversity"]
    for point in points:
        if point[f"ndcg@{k}"] < least:
            break
        best = point["diversity"]
    return best
