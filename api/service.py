"""Answers from one snapshot: what the routes call.

A `Service` holds one snapshot, read only, and may be shared between threads. What it answers
depends on the snapshot, on the history it is given and on the shop's rules, on nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property

import numpy as np

from api.answers import Answers
from api.feedback import Wishes
from api.options import order_of
from api.ranked import Ranker
from api.schemas import (
    Health,
    HistoryItemIn,
    ListOptions,
    ProductDetail,
    ProductList,
    Recommendations,
    SimilarProducts,
    SnapshotInfo,
)
from api.wire import Wire, card_out
from commerce.baskets import Baskets
from commerce.catalogue import Catalogue
from commerce.demand import Demand, forecast
from commerce.product_page import product_page
from commerce.related import Related
from commerce.rules import Rule
from commerce.search import Searcher
from commerce.selection import Selector
from commerce.trending import Trending
from gnn.history import Event, History
from gnn.teller import Teller
from kg.fact_index import FactIndex
from kg.ids import entity_id, local_part
from kg.records import Product

__all__ = ["Service"]

_WARMED = 3  # lists


class Service:
    """Answers from one snapshot."""

    def __init__(
        self, teller: Teller, *, min_buyers: int = 5, kept_answers: int = 0, revision: int = 0
    ) -> None:
        """Answer from a loaded snapshot.

        Args:
            teller: the snapshot, with what came since (`api.overlay`).
            min_buyers: fewest others behind a co-purchase that is told.
            kept_answers: lists kept for a while, for who asks the same.
            revision: of the last change of a product that came since; 0: none did.
        """
        self.snapshot = teller.snapshot
        self.teller, self.revision = teller, revision
        self.texts: Sequence[Product] = ()  # what came since, without prices and stock
        self.catalogue = Catalogue(self.teller.kg.products)
        self.facts = FactIndex(self.teller.kg.facts)
        self.selector = Selector(self.catalogue, self.teller.kg, self.teller.schema)
        self.min_buyers, self.kept_answers = min_buyers, kept_answers
        self._ready()

    def warm(self) -> None:
        """Make a few lists for nobody, so that the first who asks need not wait for what is made
        once: tables read, templates cut.
        """
        for row in np.linspace(0, len(self.catalogue) - 1, _WARMED, dtype=int).tolist():
            self.similar(local_part(self.catalogue.products[row]), ListOptions())

    def over(self, teller: Teller) -> Service:
        """A service like this one over another model or graph."""
        return Service(teller, min_buyers=self.min_buyers, kept_answers=self.kept_answers)

    def use(self, teller: Teller, catalogue: Catalogue) -> None:
        """Answer with other words, prices and stock of the same products; before it serves."""
        self.teller, self.catalogue = teller, catalogue
        self.selector = self.selector.revised(catalogue)
        self._ready()

    def _ready(self) -> None:
        self.wire = Wire(self.teller, self.catalogue, self.facts)
        self.ranker = Ranker(self.teller, self.selector, self.wire, min_buyers=self.min_buyers)
        self._answers = Answers(self.kept_answers)

    @cached_property
    def demand(self) -> Demand | None:
        """Expected sales, computed when first asked for."""
        return forecast(self.teller.kg.interactions, self.catalogue.products)

    @cached_property
    def related(self) -> Related:
        """Products beside a product, made when first asked for."""
        baskets = Baskets(self.teller.kg.interactions, self.catalogue.products)
        return Related(self.teller, self.facts, self.selector, baskets)

    @cached_property
    def trending(self) -> Trending:
        """What is wanted now, its events sorted when first asked for."""
        config = self.teller.recommender.model.config.history
        return Trending(self.teller.kg.interactions, self.catalogue.products, config)

    @property
    def can_search(self) -> bool:
        """Whether the index of search is made."""
        return "searcher" in vars(self)

    def knows(self, product_id: str) -> bool:
        """Whether a product is served, by the shop's own id."""
        return entity_id("product", product_id) in self.catalogue.products

    @cached_property
    def searcher(self) -> Searcher:
        """Search over the snapshot, made when first asked for."""
        return self._new_searcher()

    def make_searcher(self) -> None:
        """Make the index of search anew."""
        vars(self)["searcher"] = self._new_searcher()

    def take_searcher(self, before: Service) -> None:
        """Search by the index of a service with the same products, at this one's prices."""
        if list(before.catalogue.products) == list(self.catalogue.products):
            vars(self)["searcher"] = before.searcher.revised(
                self.teller.kg.products, self.teller.recommender
            )

    def _new_searcher(self) -> Searcher:
        teller = self.teller
        return Searcher(teller.kg, teller.schema, teller.recommender, facts=self.facts)

    @property
    def info(self) -> SnapshotInfo:
        """The snapshot, as it is named in every answer."""
        return SnapshotInfo(
            id=self.snapshot.id,
            dataset=self.snapshot.manifest.dataset.get("name", ""),
            products_revision=self.revision,
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
        self,
        history: History,
        options: ListOptions,
        rules: Sequence[Rule] = (),
        wishes: Wishes | None = None,
    ) -> Recommendations:
        """Recommendations for a history (`api.history`) that heed what is not wanted.

        Raises:
            NotFoundError: a term or product that is filtered by is not in the snapshot.
        """
        key = (self.revision, history.key, wishes, *_asked(options, rules))
        return self._answers.of(key, lambda: self._recommended(history, options, rules, wishes))

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
        key = (self.revision, product, *_asked(options, rules))
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
            facts=[self.wire.fact(fact, lang) for fact in page.facts],
        )

    def products(self, text: str, *, limit: int, offset: int, lang: str) -> ProductList:
        """Products whose title holds all words of a text; all products where it is empty."""
        rows = self.catalogue.find(text)
        chosen = rows[offset : offset + limit]
        return ProductList(total=len(rows), products=[self.wire.card(row, lang) for row in chosen])

    def _recommended(
        self,
        history: History,
        options: ListOptions,
        rules: Sequence[Rule],
        wishes: Wishes | None,
    ) -> Recommendations:
        newest = sorted(
            range(len(history.rows)), key=lambda at: (-history.weights[at], history.rows[at])
        )
        unwanted = () if wishes is None else wishes.terms
        listed = self.ranker.ranked(history, options, rules, similar=False, unwanted=unwanted)
        return Recommendations(
            snapshot=self.info,
            heeded=[] if wishes is None else [*wishes.terms, *wishes.products],
            order=order_of(listed, options),
            history=[self.wire.card(int(history.rows[at]), options.lang) for at in newest[:50]],
            recommendations=listed,
        )

    def _similar(
        self, product: str, options: ListOptions, rules: Sequence[Rule]
    ) -> SimilarProducts:
        history = self.teller.similar_history(product)
        listed = self.ranker.ranked(history, options, rules, similar=True)
        return SimilarProducts(
            snapshot=self.info,
            order=order_of(listed, options),
            product=self.wire.card(self.catalogue.row(product), options.lang),
            similar=listed,
        )


def _asked(options: ListOptions, rules: Sequence[Rule]) -> tuple[str, tuple[Rule, ...]]:
    """What a list depends on besides the snapshot and the history."""
    now = datetime.now(UTC)
    return options.model_dump_json(), tuple(rule for rule in rules if rule.valid(now))
