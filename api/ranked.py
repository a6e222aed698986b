"""Lists in order: by score, or as the shop's rules say, of what may be listed at all.

In: a history, what is asked, rules. Out: ranked products as they go over the wire.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from api.options import selection_of
from api.schemas import ListOptions, Recommendation
from api.tracing import span
from api.wire import Wire
from commerce.rules import Rule, Ruling, order, ruling
from commerce.selection import Selector
from gnn.explain import ExplainConfig
from gnn.history import History
from gnn.rerank import Diversity
from gnn.teller import Teller

__all__ = ["Ranker"]


class Ranker:
    """Ranks one snapshot's products."""

    def __init__(self, teller: Teller, selector: Selector, wire: Wire, *, min_buyers: int) -> None:
        self._teller, self._selector, self._wire = teller, selector, wire
        self._count = teller.kg.products.num_rows
        self._min_buyers = min_buyers

    def ranked(
        self,
        history: History,
        options: ListOptions,
        rules: Sequence[Rule],
        *,
        similar: bool,
        unwanted: Sequence[str] = (),
    ) -> list[Recommendation]:
        """The list for a history, each product with its paths; empty for an empty history.

        Args:
            history: whom for.
            options: what is asked of the list.
            rules: the shop's; those that are valid now count.
            similar: the history is a product looked at, not things a user bought.
            unwanted: terms whose products are left out.

        Raises:
            NotFoundError: a term or product that is filtered by is not in the snapshot.
        """
        if not len(history.rows):
            return []
        allowed = self._selector.mask(selection_of(options, unwanted))
        valid = ruling(rules, self._selector, self._count, datetime.now(UTC))
        if valid is not None and (valid.movers or valid.pins):
            return self._ruled(history, options, allowed, valid, similar=similar)
        if valid is not None:
            allowed &= ~valid.excluded
        spread, config = Diversity(diversity=options.diversity), self.explain_config(options)
        with span("recommend"):
            order = self._teller.places(history, options.k, candidates=allowed, diversity=spread)
        with span("explain"):
            told = self._teller.told_at(history, order, options.lang, config, similar)
            return [
                self._wire.recommendation(rank, explanation, options.lang)
                for rank, explanation in enumerate(told, start=1)
            ]

    def _ruled(
        self,
        history: History,
        options: ListOptions,
        allowed: NDArray[np.bool_],
        valid: Ruling,
        *,
        similar: bool,
    ) -> list[Recommendation]:
        """A list in the order the shop's rules give it; likeness within it does not count."""
        allowed[history.seen] = False
        allowed[history.rows] = False
        with span("recommend"):
            scores = self._teller.recommender.scores(history)
            rows = order(scores, allowed, valid, options.k)
        config = self.explain_config(options)
        with span("explain"):
            told = self._teller.told(history, rows, options.lang, config, similar) if rows else []
        eligible = np.sort(scores[allowed & ~valid.excluded])
        return [
            self._wire.recommendation(
                rank,
                explanation,
                options.lang,
                rank_by_score=1
                + len(eligible)
                - int(np.searchsorted(eligible, scores[explanation.row], side="right")),
                rules=valid.movers.get(explanation.row, ()),
            )
            for rank, explanation in enumerate(told, start=1)
        ]

    def allowed(self, options: ListOptions, rules: Sequence[Rule]) -> NDArray[np.bool_]:
        """Products a list may hold by its options and the rules that exclude, (n,).

        Raises:
            NotFoundError: a term or product that is filtered by is not in the snapshot.
        """
        allowed = self._selector.mask(selection_of(options))
        valid = ruling(rules, self._selector, self._count, datetime.now(UTC))
        return allowed if valid is None else allowed & ~valid.excluded

    def explain_config(self, options: ListOptions) -> ExplainConfig:
        """How much is told."""
        return ExplainConfig(max_paths=options.paths, min_buyers=self._min_buyers)
