"""Answers from one snapshot: what the routes call.

A `Service` holds one snapshot, read only, and may be shared between threads. What it answers
depends on the snapshot, on the history it is given and on the shop's rules, on nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from api.answers import Answers
from api.schemas import (
    Health,
    HistoryItemIn,
    ListOptions,
    OrderOut,
    ProductDetail,
    ProductList,
    Recommendation,
    Recommendations,
    RecommendRequest,
    SimilarProducts,
    SnapshotInfo,
)
from api.wire import Wire, card_out
from commerce.catalogue import Catalogue
from commerce.demand import Demand, forecast
from commerce.product_page import product_page
from commerce.rules import Rule, Ruling, order, ruling
from commerce.search import Searcher
from commerce.selection import Selection, Selector
from gnn.explain import ExplainConfig
from gnn.history import Event, History
from gnn.rerank import Diversity
from gnn.teller import Teller
from kg.fact_index import FactIndex
from kg.ids import entity_id
from kg.snapshot import Snapshot

__all__ = ["Service"]


class Service:
    """Answers from one snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        pseudonym_key: bytes,
        *,
        min_buyers: int = 5,
        kept_answers: int = 0,
    ) -> None:
        self.snapshot = snapshot
        self.teller = Teller(snapshot, pseudonym_key)
        self.catalogue = Catalogue(self.teller.kg.products)
        self.facts = FactIndex(self.teller.kg.facts)
        self.selector = Selector(self.catalogue, self.teller.kg, self.teller.schema)
        self._wire = Wire(self.teller, self.catalogue, self.facts)
        self._min_buyers = min_buyers
        self._answers = Answers(kept_answers)

    @cached_property
    def demand(self) -> Demand | None:
        """Expected sales, computed when first asked for."""
        return forecast(self.teller.kg.interactions, self.catalogue.products)

    @cached_property
    def searcher(self) -> Searcher:
        """Search over the snapshot, made when first asked for."""
        teller = self.teller
        return Searcher(teller.kg, teller.schema, teller.recommender, facts=self.facts)

    @property
    def info(self) -> SnapshotInfo:
        """The snapshot, as it is named in every answer."""
        return SnapshotInfo(
            id=self.snapshot.id, dataset=self.snapshot.manifest.dataset.get("name", "")
        )

    def health(self) -> Health:
        """What is being served."""
        return Health(
            status="ok",
            snapshot=self.info,
            products=len(self.catalogue),
            facts=self.teller.kg.facts.num_rows,
            has_model=self.snapshot.has_model,
        )

    def recommend(
        self, history: History, options: ListOptions, rules: Sequence[Rule] = ()
    ) -> Recommendations:
        """Recommendations for a history (`api.history`).

        Raises:
            NotFoundError: a term or product that is filtered by is not in the snapshot.
        """
        key = (history.key, *_asked(options, rules))
        return self._answers.of(key, lambda: self._recommended(history, options, rules))

    def given_history(self, request: RecommendRequest) -> History:
        """The history that is sent along, oldest first.

        Raises:
            NotFoundError: a product is not in the snapshot.
        """
        return self.history_of(request.history)

    def history_of(self, items: Sequence[HistoryItemIn]) -> History:
        """What somebody did, oldest first.

        Raises:
            NotFoundError: a product is not in the snapshot.
        """
        timed = all(item.timestamp is not None for item in items)
        events = [
            Event(
                self.teller.product(item.product_id),
                item.event,
                item.timestamp if timed else None,
                None if timed else position,
            )
            for position, item in enumerate(items)
        ]
        return self.teller.history(events)

    def similar(
        self, product_id: str, options: ListOptions, rules: Sequence[Rule] = ()
    ) -> SimilarProducts:
        """Products similar to one.

        Raises:
            NotFoundError: the product is not in the snapshot, or a term that is filtered by.
        """
        product = self.teller.product(product_id)
        key = (product, *_asked(options, rules))
        return self._answers.of(key, lambda: self._similar(product, options, rules))

    def product(self, product_id: str, *, lang: str) -> ProductDetail:
        """What a product's page shows.

        Raises:
            NotFoundError: the product is not in the snapshot.
        """
        page = product_page(
            self.teller.product(product_id),
            lang,
            facts=self.facts,
            schema=self.teller.schema,
            catalogue=self.catalogue,
            demand=self.demand,
        )
        return ProductDetail(
            snapshot=self.info,
            product=card_out(page.card),
            title_field=page.title_field,
            description_field=page.description_field,
            description=page.description,
            categories=list(page.categories),
            stock=page.card.stock,
            units_per_week=page.units_per_week,
            days_of_cover=page.days_of_cover,
            facts=[self._wire.fact(fact, lang) for fact in page.facts],
        )

    def products(self, text: str, *, limit: int, offset: int, lang: str) -> ProductList:
        """Products whose title holds all words of a text; all products where it is empty."""
        rows = self.catalogue.find(text)
        chosen = rows[offset : offset + limit]
        return ProductList(total=len(rows), products=[self._wire.card(row, lang) for row in chosen])

    def _recommended(
        self, history: History, options: ListOptions, rules: Sequence[Rule]
    ) -> Recommendations:
        newest = sorted(
            range(len(history.rows)), key=lambda at: (-history.weights[at], history.rows[at])
        )
        listed = self._ranked(history, options, rules, similar=False)
        return Recommendations(
            snapshot=self.info,
            order=_order(listed, options),
            history=[self._wire.card(int(history.rows[at]), options.lang) for at in newest[:50]],
            recommendations=listed,
        )

    def _similar(
        self, product: str, options: ListOptions, rules: Sequence[Rule]
    ) -> SimilarProducts:
        history = self.teller.similar_history(product)
        listed = self._ranked(history, options, rules, similar=True)
        return SimilarProducts(
            snapshot=self.info,
            order=_order(listed, options),
            product=self._wire.card(self.catalogue.row(product), options.lang),
            similar=listed,
        )

    def _ranked(
        self, history: History, options: ListOptions, rules: Sequence[Rule], *, similar: bool
    ) -> list[Recommendation]:
        if not len(history.rows):
            return []
        allowed = self.selector.mask(_selection(options))
        valid = ruling(rules, self.selector, len(self.catalogue), datetime.now(UTC))
        if valid is not None and (valid.movers or valid.pins):
            return self._ruled(history, options, allowed, valid, similar=similar)
        if valid is not None:
            allowed &= ~valid.excluded
        told = self.teller.recommend(
            history,
            options.k,
            options.lang,
            self._explain(options),
            candidates=allowed,
            similar=similar,
            diversity=Diversity(diversity=options.diversity),
        )
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
        scores = self.teller.recommender.scores(history)
        rows = order(scores, allowed, valid, options.k)
        config = self._explain(options)
        told = self.teller.told(history, rows, options.lang, config, similar) if rows else []
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

    def _explain(self, options: ListOptions) -> ExplainConfig:
        return ExplainConfig(max_paths=options.paths, min_buyers=self._min_buyers)


def _asked(options: ListOptions, rules: Sequence[Rule]) -> tuple[str, tuple[Rule, ...]]:
    """What a list depends on besides the snapshot and the history."""
    now = datetime.now(UTC)
    return options.model_dump_json(), tuple(rule for rule in rules if rule.valid(now))


def _selection(options: ListOptions) -> Selection:
    return Selection(
        terms=options.term,
        min_price=options.min_price,
        max_price=options.max_price,
        in_stock=options.in_stock,
        without=[entity_id("product", product) for product in options.exclude],
    )


def _order(listed: Sequence[Recommendation], options: ListOptions) -> OrderOut:
    reordered = any(item.rank != item.rank_by_score for item in listed)
    return OrderOut(diversity=options.diversity, reordered=reordered)
