"""How far a model's explanations are to be believed, measured over many users.

In: a fitted model, its graph, the events that histories come from. Out: a `FidelityReport`: what
share of the scores is paths and of which kind, whether every edge exists, how exact the sums are,
whether the shown reasons are needed (`gnn.necessity`) and enough, and the field's descriptive
measures (`gnn.path_quality`). Definitions: docs/explanations.md.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from gnn.evidence import KINDS, by_kind
from gnn.explain import ExplainConfig, Explanation, explain
from gnn.history import History
from gnn.necessity import Case, Falls, falls, strongest_graph_path, summed
from gnn.path_quality import ShownPath, entity_popularity, path_quality, recency_of
from gnn.score import Recommender
from gnn.shoppers import Shoppers
from gnn.storage import Model
from gnn.terms import score_terms
from gnn.without_fact import FactRemover
from kg.errors import ModelError
from kg.fact_index import FactIndex
from kg.facts import KnowledgeGraph
from kg.records import Edge
from kg.schema import Schema

__all__ = ["FidelityConfig", "FidelityReport", "fidelity"]


class FidelityConfig(BaseModel):
    """How much is looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    k: int = Field(default=10, ge=1, le=100, description="recommendations per user")
    users: int | None = Field(
        default=1000, ge=1, description="users drawn at random; None: everybody"
    )
    necessity_users: int = Field(
        default=100, ge=0, description="of them, how many have reasons taken away"
    )
    sizes: tuple[int, ...] = Field(
        default=(1, 3, 5), min_length=1, description="how many paths must suffice"
    )
    pool: int = Field(
        default=100, ge=2, description="best products that are ranked anew by paths alone"
    )
    seed: int = Field(default=0, description="of the draws")


@dataclass(frozen=True)
class FidelityReport:
    """What was found. Shares are of 1."""

    users: int
    recommendations: int
    share_of_score: dict[str, float]  # kind -> Σ of its terms / Σ of the scores; sums to 1
    share_of_evidence: dict[str, float]  # kind -> mean of Σ |terms| / Σ |all terms|; sums to 1
    told: dict[str, float]  # share of recommendations with any story, a graph path, a direct one
    edges_checked: int  # different edges of all paths shown
    edges_missing: int  # of them, not in the fact table
    sum_error: float  # largest |score − Σ terms| / max(1, |score|)
    sum_error_absolute: float
    sufficiency: dict[int, dict[str, float]]  # paths -> top_k_kept (chance: k / pool), score_share
    necessity: dict[str, Any]
    path_quality: dict[str, float]  # of the strongest direct path of each recommendation
    path_types: dict[str, float]  # relation -> share of those paths
    config: FidelityConfig
    seconds: float = field(default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "config": self.config.model_dump()}


def fidelity(
    kg: KnowledgeGraph,
    schema: Schema,
    model: Model,
    interactions: pa.Table,
    users: Sequence[str],
    config: FidelityConfig | None = None,
) -> FidelityReport:
    """Measure the explanations of users' recommendations.

    Args:
        kg: the graph the model was made from.
        schema: its ontology.
        model: the fitted model.
        interactions: what histories come from, with compact ids.
        users: whom to look at (compact ids); those without a history that counts are left out.
        config: how much.

    Raises:
        ModelError: none of the users has a history that counts.
    """
    config = FidelityConfig() if config is None else config
    since = time.perf_counter()
    rng = np.random.default_rng(config.seed)
    survey = _Survey(kg, schema, model, config)
    shoppers, recommender = Shoppers(interactions), survey.recommender
    names = sorted(user for user in users if user in shoppers)
    if config.users is not None and config.users < len(names):
        names = [names[at] for at in sorted(rng.choice(len(names), config.users, replace=False))]
    tested = set(rng.permutation(len(names))[: config.necessity_users].tolist())
    found: list[Falls] = []
    for at, user in enumerate(names):
        events = shoppers.events(user)
        history = recommender.history(events, user=user)
        told = survey.look(history, recency_of(events))
        case = _case(history, told, rng) if at in tested else None
        if case is not None:
            found.append(falls(recommender, survey.remover, case, rng))
    if not survey.users:
        raise ModelError(f"none of {len(users)} users has a history that counts")
    return survey.report(summed(found), time.perf_counter() - since)


def _case(history: History, told: Sequence[Explanation], rng: np.random.Generator) -> Case | None:
    """One of the recommendations that have a graph path, drawn at random."""
    paths = [(item.row, path) for item in told if (path := strongest_graph_path(item)) is not None]
    if not paths:
        return None
    row, path = paths[int(rng.integers(len(paths)))]
    return Case(history, row, path)


class _Survey:
    """What is gathered user by user."""

    def __init__(
        self, kg: KnowledgeGraph, schema: Schema, model: Model, config: FidelityConfig
    ) -> None:
        self.recommender = Recommender(model)
        self.remover = FactRemover(model, kg, schema)
        self.users = 0
        self._model, self._config = model, config
        self._facts = FactIndex(kg.facts)
        self._popularity, self._class_of = entity_popularity(kg, schema)
        self._signed = np.zeros(len(KINDS))
        self._scores = 0.0
        self._evidence = np.zeros(len(KINDS))
        self._recommendations = 0
        self._told = np.zeros(3)
        self._edges: set[Edge] = set()
        self._errors = np.zeros(2)
        self._shown: list[list[ShownPath]] = []
        self._enough: dict[int, list[tuple[float, float]]] = {s: [] for s in config.sizes}

    def look(self, history: History, recency: dict[str, float]) -> list[Explanation]:
        """One user: their recommendations, explained; [] where the history holds nothing."""
        config = self._config
        pool = [item.row for item in self.recommender.recommend(history, config.pool)]
        if not pool:
            return []
        most = max(20, *config.sizes)
        best = self._explained(history, pool[: config.k], most)
        others = self._explained(history, pool[config.k :], max(config.sizes))
        self._weigh(history, pool[: config.k])
        self.users += 1
        self._recommendations += len(best)
        for item in best:
            self._edges.update(edge for path in item.paths for edge in path.edges)
            direct = any(path.evidence == "direct" for path in item.paths)
            self._told += (bool(item.paths), strongest_graph_path(item) is not None, direct)
        self._shown.append([s for item in best if (s := self._shown_path(item, recency))])
        for size in config.sizes:
            self._enough[size].append(_enough(best, others, size))
        return best

    def _explained(self, history: History, rows: list[int], paths: int) -> list[Explanation]:
        config = ExplainConfig(max_paths=paths, min_share=0.0, max_history=len(history.rows))
        return explain(self._model, history, rows, config=config) if rows else []

    def _weigh(self, history: History, rows: list[int]) -> None:
        """Add the scores' terms by kind, and how far they are from adding up."""
        model, wanted = self._model, np.array(rows, dtype=np.int64)
        terms = score_terms(
            model.head, model.gnn, history, wanted, max_history=len(history.rows), kin=model.kin
        )
        signed, absolute = by_kind(model, terms)
        self._signed += signed.sum(axis=0)
        self._scores += float(terms.scores.sum())
        total = absolute.sum(axis=1, keepdims=True)
        self._evidence += (absolute / np.where(total > 0, total, 1.0)).sum(axis=0)
        gap = np.abs(signed.sum(axis=1) - terms.scores)
        relative = gap / np.maximum(1.0, np.abs(terms.scores))
        self._errors = np.maximum(self._errors, (relative.max(), gap.max()))

    def _shown_path(self, item: Explanation, recency: dict[str, float]) -> ShownPath | None:
        """The strongest chain of facts from user to product, as `gnn.path_quality` sees it."""
        path = next((path for path in item.paths if path.evidence == "direct"), None)
        if path is None:
            return None
        entity = str(path.entity)
        return ShownPath(
            linking=path.history_product,
            entity=entity,
            entity_type=self._class_of.get(entity, ""),
            path_type=path.channel,
            pattern=tuple(edge.relation for edge in path.edges),
            recency=recency.get(path.history_product),
            popularity=self._popularity.get(entity),
        )

    def report(self, necessity: dict[str, Any], seconds: float) -> FidelityReport:
        """The means."""
        count, config = self._recommendations, self._config
        types = [path.path_type for paths in self._shown for path in paths]
        relations = self._model.head.features.relations
        missing = sum(
            self._facts.find(e.subject, e.relation, e.object) is None for e in self._edges
        )
        return FidelityReport(
            users=self.users,
            recommendations=count,
            share_of_score=_named(self._signed / self._scores),
            share_of_evidence=_named(self._evidence / count),
            told=dict(
                zip(("story", "graph", "direct"), (self._told / count).tolist(), strict=True)
            ),
            edges_checked=len(self._edges),
            edges_missing=missing,
            sum_error=float(self._errors[0]),
            sum_error_absolute=float(self._errors[1]),
            sufficiency={
                size: dict(
                    zip(
                        ("top_k_kept", "score_share"), np.mean(values, axis=0).tolist(), strict=True
                    )
                )
                for size, values in self._enough.items()
            },
            necessity=necessity,
            path_quality=path_quality(self._shown, config.k, len(relations)),
            path_types={name: types.count(name) / len(types) for name in sorted(set(types))},
            config=config,
            seconds=round(seconds, 2),
        )


def _named(values: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(KINDS, values.tolist(), strict=True))


def _enough(
    best: Sequence[Explanation], others: Sequence[Explanation], size: int
) -> tuple[float, float]:
    """What the strongest ``size`` paths alone would do.

    Returns:
        The share of the best products still among as many best when all are ranked by the sum of
        their strongest paths alone (ties count against them), and the share of the best products'
        scores that those paths carry.
    """
    told = [*others, *best]
    sums = np.array([sum(path.value for path in item.paths[:size]) for item in told])
    again = np.argsort(-sums, kind="stable")[: len(best)]
    score = sum(item.score for item in best)
    kept = float((again >= len(others)).mean())
    return kept, float(sums[len(others) :].sum() / score) if score > 0 else 0.0
