"""Answers from one snapshot: what the routes call.

A `Service` holds one snapshot, read only, and may be shared between threads. `Live` holds the
service of the current snapshot and replaces it when another one is published: requests under way
keep the one they began with.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property

from api.schemas import (
    EdgeOut,
    FactOut,
    Health,
    HistoryItemIn,
    ListOptions,
    NodeOut,
    OrderOut,
    PathOut,
    ProductCard,
    ProductDetail,
    ProductList,
    Recommendation,
    Recommendations,
    RecommendRequest,
    RestOut,
    SimilarProducts,
    SnapshotInfo,
)
from commerce.catalogue import Card, Catalogue
from commerce.demand import Demand, forecast
from commerce.product_page import product_page
from commerce.search import Searcher
from gnn.explain import ExplainConfig, Explanation
from gnn.history import Event, History
from gnn.rerank import Diversity
from gnn.teller import Teller
from kg.errors import ClewError
from kg.fact_index import FactIndex
from kg.ids import local_part
from kg.records import Edge, Path
from kg.snapshot import Snapshot, SnapshotStore

__all__ = ["Live", "Service"]

_log = logging.getLogger(__name__)


class Service:
    """Answers from one snapshot."""

    def __init__(self, snapshot: Snapshot, pseudonym_key: bytes, *, min_buyers: int = 5) -> None:
        self.snapshot = snapshot
        self.teller = Teller(snapshot, pseudonym_key)
        self.schema, self.names = self.teller.schema, self.teller.names
        self.catalogue = Catalogue(self.teller.kg.products)
        self.facts = FactIndex(self.teller.kg.facts)
        self._available = self.catalogue.available()
        self._min_buyers = min_buyers

    @cached_property
    def demand(self) -> Demand | None:
        """Expected sales, computed when first asked for."""
        return forecast(self.teller.kg.interactions, self.catalogue.products)

    @cached_property
    def searcher(self) -> Searcher:
        """Search over the snapshot, made when first asked for."""
        teller = self.teller
        return Searcher(teller.kg, self.schema, teller.recommender, facts=self.facts)

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

    def recommend_user(self, user_id: str, options: ListOptions) -> Recommendations:
        """Recommendations for a user of the snapshot.

        Raises:
            NotFoundError: nothing is known of the user.
        """
        return self._recommendations(self.teller.user_history(user_id), options)

    def recommend_history(self, request: RecommendRequest) -> Recommendations:
        """Recommendations for whoever did this, oldest first.

        Raises:
            NotFoundError: a product is not in the snapshot.
        """
        return self._recommendations(self.history_of(request.history), request)

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

    def similar(self, product_id: str, options: ListOptions) -> SimilarProducts:
        """Products similar to one.

        Raises:
            NotFoundError: the product is not in the snapshot.
        """
        product = self.teller.product(product_id)
        listed = self._ranked(self.teller.similar_history(product), options, similar=True)
        return SimilarProducts(
            snapshot=self.info,
            order=_order(listed, options),
            product=self._card(self.catalogue.row(product), options.lang),
            similar=listed,
        )

    def product(self, product_id: str, *, lang: str) -> ProductDetail:
        """What a product's page shows.

        Raises:
            NotFoundError: the product is not in the snapshot.
        """
        page = product_page(
            self.teller.product(product_id),
            lang,
            facts=self.facts,
            schema=self.schema,
            catalogue=self.catalogue,
            demand=self.demand,
        )
        facts = [
            FactOut(
                relation=fact.relation,
                label=_in_language(self.schema.relations[fact.relation].label, lang),
                object=fact.object,
                name=self.names.name(fact.object, lang),
                confidence=round(fact.confidence, 4),
                source=fact.source,
                field=fact.field,
                start=fact.start,
                end=fact.end,
                text=fact.text,
            )
            for fact in page.facts
        ]
        return ProductDetail(
            snapshot=self.info,
            product=_card_out(page.card),
            title_field=page.title_field,
            description_field=page.description_field,
            description=page.description,
            categories=list(page.categories),
            stock=page.card.stock,
            units_per_week=page.units_per_week,
            days_of_cover=page.days_of_cover,
            facts=facts,
        )

    def products(self, text: str, *, limit: int, offset: int, lang: str) -> ProductList:
        """Products whose title holds all words of a text; all products where it is empty."""
        rows = self.catalogue.find(text)
        chosen = rows[offset : offset + limit]
        return ProductList(total=len(rows), products=[self._card(row, lang) for row in chosen])

    def _card(self, row: int, lang: str) -> ProductCard:
        return _card_out(self.catalogue.card(row, lang))

    def _recommendations(self, history: History, options: ListOptions) -> Recommendations:
        newest = sorted(
            range(len(history.rows)), key=lambda at: (-history.weights[at], history.rows[at])
        )
        listed = self._ranked(history, options, similar=False)
        return Recommendations(
            snapshot=self.info,
            order=_order(listed, options),
            history=[self._card(int(history.rows[at]), options.lang) for at in newest[:50]],
            recommendations=listed,
        )

    def _ranked(
        self, history: History, options: ListOptions, *, similar: bool
    ) -> list[Recommendation]:
        told = self.teller.recommend(
            history,
            options.k,
            options.lang,
            ExplainConfig(max_paths=options.paths, min_buyers=self._min_buyers),
            candidates=self._available if options.in_stock else None,
            similar=similar,
            diversity=Diversity(diversity=options.diversity),
        )
        return [
            self._recommendation(rank, explanation, options.lang)
            for rank, explanation in enumerate(told, start=1)
        ]

    def _recommendation(self, rank: int, told: Explanation, lang: str) -> Recommendation:
        return Recommendation(
            rank=rank,
            rank_by_score=rank if told.place is None else told.place.rank_by_score,
            likeness=None if told.place is None else told.place.likeness,
            product=self._card(told.row, lang),
            score=told.score,
            paths=[self._path(path, lang) for path in told.paths],
            rest=[
                RestOut(
                    channel=channel,
                    label=self.teller.narrator.channel(channel, lang),
                    value=value,
                    share=value / told.score if told.score else 0.0,
                )
                for channel, value in sorted(told.rest.items(), key=lambda item: -abs(item[1]))
                if value
            ],
        )

    def _path(self, path: Path, lang: str) -> PathOut:
        ids = dict.fromkeys(name for edge in path.edges for name in (edge.subject, edge.object))
        ids.setdefault(path.history_product)
        if path.kin is not None:
            ids.setdefault(path.kin)
        ids.pop(path.product, None)
        return PathOut(
            evidence=path.evidence,
            channel=path.channel,
            value=path.value,
            share=path.share,
            words=path.words,
            buyers=path.buyers,
            kin=path.kin,
            nodes=[self._node(name, lang) for name in (*ids, path.product)],
            edges=[self._edge(edge) for edge in path.edges],
        )

    def _node(self, name: str, lang: str) -> NodeOut:
        return NodeOut(id=name, label=self._label(name), name=self.names.name(name, lang))

    def _edge(self, edge: Edge) -> EdgeOut:
        relation = self.schema.relations[edge.relation]
        fact = self.facts.find(edge.subject, edge.relation, edge.object)
        return EdgeOut(
            subject=edge.subject,
            type=relation.relationship_type,
            object=edge.object,
            relation=edge.relation,
            confidence=edge.confidence,
            source=edge.source,
            field=None if fact is None else fact.field,
            text=None if fact is None else fact.text,
        )

    def _label(self, name: str) -> str:
        return self.schema.classes[self.names.class_of(name)].node_label


def _order(listed: Sequence[Recommendation], options: ListOptions) -> OrderOut:
    reordered = any(item.rank != item.rank_by_score for item in listed)
    return OrderOut(diversity=options.diversity, reordered=reordered)


def _in_language(texts: Mapping[str, str], lang: str) -> str:
    """Text in a language, else in English, else in any."""
    return texts.get(lang) or texts.get("en") or next(iter(texts.values()))


def _card_out(card: Card) -> ProductCard:
    return ProductCard(
        id=local_part(card.id),
        title=card.title,
        brand=card.brand,
        price=card.price,
        currency=card.currency,
        in_stock=None if card.stock is None else card.stock > 0,
        image=card.image,
    )


class Live:
    """The service of a store's current snapshot."""

    def __init__(self, store: SnapshotStore, *, min_buyers: int = 5) -> None:
        self._store = store
        self._min_buyers = min_buyers
        self._service = self._load()
        self._stop = threading.Event()

    @property
    def service(self) -> Service:
        """The service to answer this request with."""
        return self._service

    def watch(self, every_s: float) -> threading.Thread:
        """Look for a new snapshot in the background until `stop`."""
        thread = threading.Thread(target=self._watch, args=(every_s,), daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()

    def _load(self) -> Service:
        snapshot = self._store.current()
        return Service(snapshot, self._store.pseudonym_key(), min_buyers=self._min_buyers)

    def _watch(self, every_s: float) -> None:
        failed = ""
        while not self._stop.wait(every_s):
            try:
                current = self._store.current()
                if current.id in {self._service.snapshot.id, failed} or not current.has_model:
                    continue
                failed = current.id  # unless it loads
                self._service = self._load()
                _log.info("serving snapshot %s", current.id)
            except ClewError:
                _log.exception("the new snapshot cannot be served; the old one stays")
