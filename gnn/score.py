"""Scores, rankings and similar products from a fitted model; NumPy and SciPy only.

In: a `gnn.storage.Model` (arrays in memory or memory-mapped) and a `gnn.history.History`. Out:
scores and ranked products. ``score(u, j) = Σ_i x_ui (B_ij + z_i · z_j)`` over ``i ≠ j``: the fusion
head plus, where one is attached, the GNN, whose embeddings carry its weight. Of products without
events, ``B_ij`` comes from their kin (`gnn.kin`). No product is scored
from itself. Deterministic: among equal scores the product that comes first in the catalogue wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gnn.history import Event, History, weigh_history
from gnn.storage import Model, load_model
from kg.errors import ModelError

__all__ = ["Recommendation", "Recommender"]

_SHORTLIST = 300


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A ranked product."""

    product: str  # compact id
    row: int
    score: float


class Recommender:
    """Ranks products for a history. Safe to share between threads: it changes nothing."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.products = model.products

    @classmethod
    def load(cls, directory: Path) -> Recommender:
        """Memory-map a model directory (`gnn.storage.save_model`).

        Raises:
            ModelError: a file is missing or damaged.
        """
        return cls(load_model(directory))

    def history(self, events: Sequence[Event], *, user: str | None = None) -> History:
        """Weigh a user's events by the model's settings; see `gnn.history.weigh_history`."""
        return weigh_history(events, self.products, self.model.config.history, user=user)

    def history_of(self, product: str) -> History:
        """The history of someone who met just this product.

        Raises:
            NotFoundError: the product is not in the model.
        """
        row = np.array([self.products.row(product)])
        return History(row, np.ones(1), ("view",), row)

    def scores(
        self, history: History, *, gnn: bool = True, products: NDArray[np.int64] | None = None
    ) -> NDArray[np.float64]:
        """Scores of all products or of some rows, (k,) float64; zeros where the history is empty.

        Args:
            history: whom for.
            gnn: whether the GNN's part counts.
            products: rows, ascending; None: all.
        """
        head, rows, weights = self.model.head, history.rows, history.weights
        if not len(rows):
            return np.zeros(head.num_products if products is None else len(products))
        kin = self.model.kin
        scored = None if products is None else kin.scored_with(products)
        scores = head.scores(rows, weights, scored)
        kin.take_over(scores, rows, weights, scored)
        if products is not None and scored is not None:
            scores = scores[np.searchsorted(scored, products)]
        z = self.model.gnn
        if gnn and z.shape[1]:
            own = z[rows]
            some = z if products is None else z[products]
            scores += some @ (weights.astype(np.float32) @ own)
            at = rows if products is None else np.searchsorted(products, rows)
            inside = np.ones(len(rows), dtype=bool)
            if products is not None:
                inside = np.isin(rows, products)
            scores[at[inside]] -= (weights * (own * own).sum(axis=1))[inside]
        return scores

    def recommend(
        self,
        history: History,
        k: int = 10,
        *,
        exclude_seen: bool = True,
        exclude: Iterable[int] = (),
        candidates: NDArray[np.bool_] | None = None,
        gnn: bool = True,
        exact: bool = False,
    ) -> list[Recommendation]:
        """The ``k`` best products, best first; fewer where fewer are allowed.

        Args:
            history: whom for; an empty one gets an empty list, see `popular`.
            k: how many, at least 1.
            exclude_seen: leave out what the history holds.
            exclude: more rows to leave out.
            candidates: (n,) True where a product may be recommended; None: anywhere.
            gnn: whether the GNN's part counts.
            exact: score every product, where an index would be asked.

        Raises:
            ModelError: ``k`` is not positive, or ``candidates`` has another length.
        """
        self._check(k, candidates)
        if not len(history.rows):
            return []
        allowed = self._allowed(history, candidates, exclude, exclude_seen=exclude_seen)
        z = self.model.gnn
        counts = gnn and z.shape[1] > 0
        beside = (z, history.weights.astype(np.float32) @ z[history.rows]) if counts else None
        rows = self.model.head.shortlist(
            history.rows,
            history.weights,
            max(_SHORTLIST, 10 * k),
            allowed=allowed,
            beside=beside,
            exact=exact,
        )
        if rows is not None:
            rows = self._with_new(rows, history, allowed, exact=exact)
        scores = self.scores(history, gnn=gnn, products=rows)
        if rows is None:
            rows = np.flatnonzero(allowed)
            scores = scores[rows]
        return [
            Recommendation(self.products[rows[at]], int(rows[at]), float(scores[at]))
            for at in top_k(scores, k)
        ]

    def _with_new(
        self,
        rows: NDArray[np.int64],
        history: History,
        allowed: NDArray[np.bool_],
        *,
        exact: bool,
    ) -> NDArray[np.int64]:
        """A shortlist with the products nobody met yet that take after it, or after the history.

        Of themselves, which is nothing, the head did not list them.
        """
        kin = self.model.kin
        if not len(kin.rows):
            return rows
        like = np.union1d(rows, history.rows)
        new = kin.rows if exact else kin.followers(like, _SHORTLIST)
        return np.union1d(rows, new[allowed[new]])

    def _allowed(
        self,
        history: History,
        candidates: NDArray[np.bool_] | None,
        exclude: Iterable[int],
        *,
        exclude_seen: bool,
    ) -> NDArray[np.bool_]:
        n = self.model.head.num_products
        allowed = np.ones(n, dtype=bool) if candidates is None else candidates.copy()
        if exclude_seen:
            allowed[history.seen] = False
            allowed[history.rows] = False
        allowed[list(exclude)] = False
        return allowed

    def similar(
        self,
        product: str,
        k: int = 10,
        *,
        candidates: NDArray[np.bool_] | None = None,
        gnn: bool = True,
    ) -> list[Recommendation]:
        """Products for someone who met only this one, best first.

        Raises:
            NotFoundError: the product is not in the model.
            ModelError: as `recommend`.
        """
        return self.recommend(self.history_of(product), k, candidates=candidates, gnn=gnn)

    def popular(
        self, k: int = 10, *, candidates: NDArray[np.bool_] | None = None
    ) -> list[Recommendation]:
        """The products most users bought, for someone of whom nothing is known; score: how many.

        Raises:
            ModelError: as `recommend`.
        """
        self._check(k, candidates)
        counts = self.model.head.popularity()
        allowed = counts if candidates is None else np.where(candidates, counts, -np.inf)
        return [
            Recommendation(self.products[row], row, float(counts[row])) for row in top_k(allowed, k)
        ]

    def _check(self, k: int, candidates: NDArray[np.bool_] | None) -> None:
        n = self.model.head.num_products
        if k < 1:
            raise ModelError(f"cannot recommend {k} products; ask for at least 1")
        if candidates is not None and candidates.shape != (n,):
            raise ModelError(f"candidates has shape {candidates.shape}, expected ({n},)")


def top_k(scores: NDArray[np.float64], k: int) -> list[int]:
    """Rows of the ``k`` largest finite scores, best first, the smaller row first among equals."""
    k = min(k, len(scores))
    if not k:
        return []
    threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
    rows = np.flatnonzero((scores >= threshold) & (scores > -np.inf))
    order = np.argsort(-scores[rows], kind="stable")[:k]
    best: list[int] = rows[order].tolist()
    return best
