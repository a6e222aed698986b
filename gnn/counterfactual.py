"""What a score would be without one of its reasons: a product of the history, or a fact.

In: a history, a product, what to take away. Out: a `Counterfactual`: score and rank before and
after, both computed anew, and the fall that the terms of the score foretold. Without a history
product the fall is its terms exactly. Without a fact the head is refitted (`gnn.without_fact`): the
terms that rest on the fact go, and what is left is weighed again, so the fall may differ from them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.history import History
from gnn.paths import carried_at, edges_to_entity
from gnn.score import Recommender
from gnn.storage import Model
from gnn.terms import Terms, score_terms
from gnn.without_fact import FactRemover
from kg.errors import ModelError
from kg.records import Edge

__all__ = ["Counterfactual", "rank_of", "without_fact", "without_product"]


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """A score with and without something."""

    product: str  # compact id
    without: str  # compact id of a history product, or "subject relation object"
    score: float
    score_without: float
    foretold: float  # fall by the terms that rest on what is taken away
    rank: int  # among all products outside the history, from 1
    rank_without: int  # among the same products

    @property
    def fall(self) -> float:
        """How much the score falls; negative: it rises."""
        return self.score - self.score_without

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "fall": self.fall}


def rank_of(
    scores: NDArray[np.float64],
    row: int,
    history: History,
    candidates: NDArray[np.bool_] | None = None,
) -> int:
    """Rank of a product among those the history does not hold, from 1; see `gnn.score.top_k`.

    Args:
        scores: of all products, (n,).
        row: the product; counts as a candidate itself.
        history: whom for.
        candidates: (n,) True where a product may be recommended; None: anywhere.
    """
    rivals = np.ones(len(scores), dtype=bool) if candidates is None else candidates.copy()
    rivals[history.seen] = rivals[history.rows] = False
    ahead = scores > scores[row]
    ahead[:row] |= scores[:row] == scores[row]
    return int((ahead & rivals).sum()) + 1


def without_product(
    recommender: Recommender, history: History, row: int, gone: int
) -> Counterfactual:
    """A score had the user not met one product of their history, all other weights as they are.

    Args:
        recommender: scores histories.
        history: whom for.
        row: the product whose score it is.
        gone: row of the history product to take away.

    Raises:
        ModelError: the product taken away is not in the history, or the scored one is.
    """
    terms = _terms(recommender.model, history, row)
    name = recommender.products[gone]
    if gone not in history.rows:
        raise ModelError(f"{name} is not in the history; only what counts can be taken away")
    at = int(np.searchsorted(terms.history, gone))
    foretold = float(terms.graph[:, at].sum() + terms.dense[:, 0, at].sum())
    after = recommender.scores(history.without(gone))
    return _compared(recommender, history, row, after, name, foretold)


def without_fact(
    recommender: Recommender, remover: FactRemover, history: History, row: int, fact: Edge
) -> Counterfactual:
    """A score had the graph not held one fact, the head fitted anew without it.

    Args:
        recommender: scores histories.
        remover: of the recommender's model.
        history: whom for.
        row: the product whose score it is.
        fact: a fact of the graph (`FactRemover.fact`).

    Raises:
        ModelError: the product is in the history or has no events, or the fact is an event.
    """
    if recommender.model.kin.has(np.array([row]))[0]:
        raise ModelError(
            f"nobody has met {recommender.products[row]}: it takes after the products it is like, "
            "which training chooses from all facts; take a product of the history away instead"
        )
    after = remover.without(fact).scores(recommender, history)
    terms = _terms(recommender.model, history, row)
    foretold = _resting_on(recommender.model, terms, fact)
    name = f"{fact.subject} {fact.relation} {fact.object}"
    return _compared(recommender, history, row, after, name, foretold)


def _compared(
    recommender: Recommender,
    history: History,
    row: int,
    after: NDArray[np.float64],
    without: str,
    foretold: float,
) -> Counterfactual:
    before = recommender.scores(history)
    return Counterfactual(
        product=recommender.products[row],
        without=without,
        score=float(before[row]),
        score_without=float(after[row]),
        foretold=foretold,
        rank=rank_of(before, row, history),
        rank_without=rank_of(after, row, history),
    )


def _terms(model: Model, history: History, row: int) -> Terms:
    """All terms of one score, of the whole history."""
    if row in history.rows:
        raise ModelError(
            f"{model.products[row]} is in the history itself; its score is not made from it"
        )
    count = max(1, len(history.rows))
    return score_terms(
        model.head, model.gnn, history, np.array([row]), max_history=count, kin=model.kin
    )


def _resting_on(model: Model, terms: Terms, fact: Edge) -> float:
    """Sum of the terms on whose path a fact stands."""
    row = int(terms.products[0])
    key = (fact.subject, fact.relation, fact.object)
    names = [model.products[i] for i in terms.history.tolist()]
    own = fact.subject in names  # a fact about one history product is on no other's path
    looked = [names.index(fact.subject)] if own else list(range(len(names)))
    if fact.subject == model.products[row]:
        looked = []
    total = 0.0
    for entry, position in enumerate(terms.position.tolist()):
        if key in _keys(edges_to_entity(model, row, position)):
            total += float(terms.graph[entry].sum())
            continue
        column = int(model.head.features.indices[position])
        for at in looked:
            i = int(terms.history[at])
            carried = carried_at(model, i, column)
            if carried is not None and key in _keys(edges_to_entity(model, i, carried)):
                total += float(terms.graph[entry, at])
    return total


def _keys(edges: tuple[Edge, ...]) -> set[tuple[str, str, str]]:
    return {(edge.subject, edge.relation, edge.object) for edge in edges}
