"""Do the reasons matter? A score's top reason taken away, against a random one like it.

In: a model, its graph, users' histories. Out: how far scores and ranks fall. Each case is one user
and one of their recommendations that have a graph path. Taken away, one at a time, each with the
head fitted anew (`gnn.without_fact`): the fact about the recommended product on its strongest path;
a random other fact of the same product by the same relation; a random fact of another product by
the same relation. Random facts are matched by degree: the entity's number of products lies in the
same power of two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from gnn.counterfactual import rank_of, without_product
from gnn.explain import Explanation
from gnn.history import History
from gnn.score import Recommender
from gnn.without_fact import FactRemover, column_of
from kg.records import Edge, Path

__all__ = ["Case", "Falls", "falls", "strongest_graph_path", "summed"]

CONTROLS = ("same_product", "other_product")


@dataclass(frozen=True, slots=True)
class Case:
    """One recommendation whose strongest graph path is put to the test."""

    history: History
    row: int  # the recommended product
    path: Path


@dataclass(frozen=True, slots=True)
class Falls:
    """What was lost without each fact: (score, rank). None: no fact of that kind to take."""

    top: tuple[float, int]
    controls: dict[str, tuple[float, int] | None]
    history_error: float  # |fall − terms| without the path's history product


def strongest_graph_path(told: Explanation) -> Path | None:
    """The strongest path of facts of an explanation, direct or propagated."""
    return next((p for p in told.paths if p.evidence in ("direct", "propagated")), None)


def falls(
    recommender: Recommender, remover: FactRemover, case: Case, rng: np.random.Generator
) -> Falls:
    """Put one case to the test."""
    before = recommender.scores(case.history)
    rank = rank_of(before, case.row, case.history)

    def lost(fact: Edge) -> tuple[float, int]:
        after = remover.without(fact).scores(recommender, case.history)
        return (
            float(before[case.row] - after[case.row]),
            rank_of(after, case.row, case.history) - rank,
        )

    fact = _tested(case.path)
    matched = _Matched(recommender, case, fact, rng)
    others = {"same_product": matched.same_product(), "other_product": matched.other_product()}
    gone = recommender.products.row(case.path.history_product)
    alone = without_product(recommender, case.history, case.row, gone)
    return Falls(
        top=lost(fact),
        controls={name: None if other is None else lost(other) for name, other in others.items()},
        history_error=abs(alone.fall - alone.foretold),
    )


def summed(found: list[Falls]) -> dict[str, float | dict[str, float]]:
    """Means over cases; against each control, only over the cases that have one."""
    report: dict[str, float | dict[str, float]] = {
        "cases": len(found),
        "history_error": max((item.history_error for item in found), default=0.0),
    }
    for name in CONTROLS:
        pairs = [(f.top, other) for f in found if (other := f.controls[name]) is not None]
        top = np.array([pair[0] for pair in pairs], dtype=np.float64).reshape(-1, 2)
        control = np.array([pair[1] for pair in pairs], dtype=np.float64).reshape(-1, 2)
        if not pairs:
            report[name] = {"cases": 0}
            continue
        report[name] = {
            "cases": len(pairs),
            "score_fall": float(top[:, 0].mean()),
            "score_fall_control": float(control[:, 0].mean()),
            "score_falls_more": float((top[:, 0] > control[:, 0]).mean()),
            "rank_fall": float(top[:, 1].mean()),
            "rank_fall_control": float(control[:, 1].mean()),
            "rank_falls_more": float((top[:, 1] > control[:, 1]).mean()),
            "rank_falls_less": float((top[:, 1] < control[:, 1]).mean()),
        }
    return report


def _tested(path: Path) -> Edge:
    """The fact of a path that is taken away: the recommended product's own, else the last."""
    own = [e for e in path.edges if e.subject == path.product and e.relation == path.channel]
    return own[0] if own else [e for e in path.edges if e.relation == path.channel][-1]


class _Matched:
    """Random facts of the tested fact's relation whose entity is as common, within a factor 2."""

    def __init__(
        self, recommender: Recommender, case: Case, fact: Edge, rng: np.random.Generator
    ) -> None:
        self._case, self._fact, self._rng = case, fact, rng
        self._products = recommender.products
        self._head = recommender.model.head
        features = self._head.features
        column = column_of(recommender.model, fact.relation, case.path.entity or "")
        channel = features.relations.index(fact.relation)
        first, stop = np.searchsorted(features.channel, [channel, channel + 1]).tolist()
        size = np.floor(np.log2(np.diff(self._head.by_entity.indptr[first : stop + 1])))
        alike = size == size[cast(int, column) - first]  # a path's entity has a column
        self._alike = first + np.flatnonzero(alike)

    def same_product(self) -> Edge | None:
        """Another fact of the recommended product."""
        return self._random_fact(np.array([self._case.row]))

    def other_product(self) -> Edge | None:
        """A fact of a product that is neither recommended here nor in the history."""
        by_entity = self._head.by_entity
        for column in self._rng.permutation(self._alike)[:32].tolist():
            span = slice(int(by_entity.indptr[column]), int(by_entity.indptr[column + 1]))
            outside = np.setdiff1d(by_entity.indices[span], self._case.history.rows)
            rows = self._rng.permutation(outside[outside != self._case.row])[:1]
            found = self._random_fact(rows)
            if found is not None:
                return found
        return None

    def _random_fact(self, rows: NDArray[np.int64]) -> Edge | None:
        """One of the facts of a product whose entity is as common, not the tested one."""
        features, fact = self._head.features, self._fact
        for row in rows.tolist():
            span = np.arange(int(features.indptr[row]), int(features.indptr[row + 1]))
            alike = np.isin(features.indices[span], self._alike) & (features.depth[span] == 0)
            found = [
                Edge(self._products[row], fact.relation, features.entities[column])
                for column in features.indices[span[alike]].tolist()
                if features.entities[column] != fact.object
            ]
            if found:
                return found[int(self._rng.integers(len(found)))]
        return None
