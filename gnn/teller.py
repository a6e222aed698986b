"""One snapshot, loaded to answer: histories in, ranked and explained products out.

In: a snapshot with a model, the key of its pseudonyms. Out: `gnn.explain.Explanation` records. The
command line and the service both answer through it. Nothing here changes after loading, so it may
be shared between threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gnn.explain import ExplainConfig, Explanation, explain
from gnn.history import Event, History
from gnn.rerank import Diversity, Place, places
from gnn.score import Recommender
from gnn.shoppers import Shoppers
from gnn.storage import Model
from gnn.words import Names, Narrator
from kg.build import graph_of, schema_of
from kg.errors import ModelError, NotFoundError
from kg.facts import KnowledgeGraph
from kg.ids import entity_id, pseudonym
from kg.snapshot import Snapshot, SnapshotStore

__all__ = ["Teller"]


class Teller:
    """Answers from one snapshot."""

    def __init__(self, snapshot: Snapshot, pseudonym_key: bytes) -> None:
        """Load a snapshot.

        Raises:
            ModelError: it has no model, or a damaged one.
        """
        if not snapshot.has_model:
            raise ModelError(
                f"snapshot {snapshot.id} has a graph but no model; train one: clew train"
            )
        self.snapshot = snapshot
        self.kg, self.schema = graph_of(snapshot), schema_of(snapshot)
        self.recommender = Recommender.load(snapshot.path / "model")
        self.names = Names(self.kg.entities)
        self.narrator = Narrator(self.schema, self.names)
        self.shoppers = Shoppers(self.kg.interactions)
        self._key = pseudonym_key

    @classmethod
    def current(cls, store: SnapshotStore) -> Teller:
        """Load a store's current snapshot.

        Raises:
            StoreError: the store has none.
            ModelError: see above.
        """
        return cls(store.current(), store.pseudonym_key())

    def grown(self, kg: KnowledgeGraph, model: Model) -> Teller:
        """The same snapshot with what came since: another graph, and the model made for it."""
        teller = copy(self)
        teller.kg, teller.recommender = kg, Recommender(model)
        teller.names = Names(kg.entities)
        teller.narrator = Narrator(self.schema, teller.names)
        return teller

    def product(self, product_id: str) -> str:
        """Compact id of a product, by the dataset's own id.

        Raises:
            NotFoundError: it is not in the snapshot.
        """
        name = entity_id("product", product_id)
        if name not in self.recommender.products:
            raise NotFoundError(f"no product {product_id!r} in snapshot {self.snapshot.id}")
        return name

    def user_history(self, user_id: str) -> History:
        """What a user did, by the dataset's own id.

        Raises:
            NotFoundError: they did nothing in this snapshot.
        """
        name = pseudonym(user_id, self._key)
        if name not in self.shoppers:
            raise NotFoundError(
                f"user {user_id!r} has no events in snapshot {self.snapshot.id}; "
                "give a history to recommend from instead"
            )
        return self.recommender.history(self.shoppers.events(name), user=name)

    def history(self, events: Sequence[Event]) -> History:
        """What somebody did, who need not be known."""
        return self.recommender.history(events)

    def similar_history(self, product: str) -> History:
        """The history of someone who met just this product (compact id)."""
        return self.recommender.history_of(product)

    def recommend(
        self,
        history: History,
        k: int,
        language: str,
        config: ExplainConfig,
        *,
        candidates: NDArray[np.bool_] | None = None,
        similar: bool = False,
        diversity: Diversity | None = None,
    ) -> list[Explanation]:
        """The best products for a history, best first, each score taken apart.

        Args:
            history: whom for.
            k: how many, at least 1.
            language: of the words.
            config: how much to tell.
            candidates: (n,) True where a product may be recommended; None: anywhere.
            similar: the history is a product looked at.
            diversity: how much likeness within the list counts; None: not at all.
        """
        order = self.places(history, k, candidates=candidates, diversity=diversity)
        return self.told_at(history, order, language, config, similar)

    def places(
        self,
        history: History,
        k: int,
        *,
        candidates: NDArray[np.bool_] | None = None,
        diversity: Diversity | None = None,
    ) -> list[Place]:
        """The best products for a history, best first.

        Diversity changes which products are shown and in which order; it touches no score.

        Args:
            history: whom for.
            k: how many, at least 1.
            candidates: (n,) True where a product may be recommended; None: anywhere.
            diversity: how much likeness within the list counts; None: not at all.
        """
        spread = Diversity() if diversity is None else diversity
        best = self.recommender.recommend(history, spread.pool(k), candidates=candidates)
        if not best:
            return []
        rows = np.array([item.row for item in best])
        scores = np.array([item.score for item in best])
        return places(self.recommender.model.head, rows, scores, k, spread)

    def told_at(
        self,
        history: History,
        order: Sequence[Place],
        language: str,
        config: ExplainConfig,
        similar: bool = False,
    ) -> list[Explanation]:
        """Products' scores for a history taken apart; ``Explanation.place`` says where each stood.

        Raises:
            ModelError: a product is in the history.
        """
        if not order:
            return []
        told = self.told(history, [place.row for place in order], language, config, similar)
        return [replace(item, place=place) for item, place in zip(told, order, strict=True)]

    def explain(
        self, history: History, product: str, language: str, config: ExplainConfig
    ) -> Explanation:
        """One product's score for a history taken apart, whatever its rank.

        Raises:
            ModelError: the product is in the history, or the history is empty.
        """
        row = self.recommender.products.row(product)
        return self.told(history, [row], language, config)[0]

    def told(
        self,
        history: History,
        rows: list[int],
        language: str,
        config: ExplainConfig,
        similar: bool = False,
    ) -> list[Explanation]:
        """Some products' scores for a history taken apart, in the order of ``rows``.

        Raises:
            ModelError: a product is in the history, or the history is empty.
        """
        return explain(
            self.recommender.model,
            history,
            rows,
            config=config,
            narrator=self.narrator,
            language=language,
            similar=similar,
        )
