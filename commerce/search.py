"""Search: from a text to ranked products, each with what of the text it meets and what shows it.

In: a snapshot's tables and model, a shopper's history where there is one. Out: an `Answer`. Hard
constraints come from the graph (`commerce.search_index`), are relaxed step by step where nothing
meets them all (`commerce.search_filter`), and what is left is ranked by a sum of named terms
(`commerce.search_rank`). Intents that speak of one thing to get another (substitute, complement,
compare) are in `commerce.search_intents`. Deterministic; among equal scores the product that comes
first in the catalogue wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from commerce.search_filter import Matched, Relaxation, match, part_norms, refused
from commerce.search_index import Constraints
from commerce.search_intents import Plan, plan_of
from commerce.search_rank import SearchConfig, weighted_terms
from commerce.search_text import Texts
from commerce.search_told import Met, Teller, Unmet
from gnn.history import History
from gnn.score import Recommender, top_k
from kg.errors import QueryError
from kg.extract.query import QueryReader
from kg.extract.query_terms import Part, Query
from kg.extract.query_words import NormCutter
from kg.extract.shop_words import read_shop_words
from kg.fact_index import FactIndex
from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema

__all__ = ["Answer", "Hit", "Note", "Searcher"]

_NEAR = 0.35  # cosine from which a product without any of the words is worth showing


@dataclass(frozen=True, slots=True)
class Hit:
    """A product found."""

    product: str  # compact id
    row: int
    score: float
    terms: dict[str, float]  # add up to the score
    met: tuple[Met, ...]
    unmet: tuple[Unmet, ...]
    side: str | None = None  # of a comparison: the compact id it stands for


@dataclass(frozen=True, slots=True)
class Note:
    """Something the shopper should know of the answer."""

    kind: str  # no_prices | currency | cheap | nothing | unknown_about
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Products for a search."""

    query: Query
    hits: tuple[Hit, ...]
    total: int  # products that meet what was not given up
    relaxed: tuple[Relaxation, ...]
    notes: tuple[Note, ...]


class Searcher:
    """Searches one snapshot. May be shared between threads.

    Args:
        kg: its tables.
        schema: its ontology.
        recommender: its model; None: without taste, popularity and meaning.
        config: weights of the ranking.
        facts: the facts by subject, where they were read before.
    """

    def __init__(
        self,
        kg: KnowledgeGraph,
        schema: Schema,
        recommender: Recommender | None = None,
        config: SearchConfig | None = None,
        facts: FactIndex | None = None,
    ) -> None:
        self.config = config or SearchConfig()
        self.shop = read_shop_words(kg.products, kg.entities, kg.facts)
        self.reader = QueryReader(schema, self.shop)
        self.index = Constraints(kg, schema)
        self.recommender = recommender
        self._schema = schema
        nothing = np.zeros((self.index.num_products, 0), dtype=np.float32)
        vectors = nothing if recommender is None else recommender.model.head.text
        self.texts = Texts(kg.products, NormCutter(schema), vectors)
        self._buyers = (
            np.zeros(self.index.num_products)
            if recommender is None
            else recommender.model.head.popularity()
        )
        titles = kg.products["title"].to_pylist()
        self._teller = Teller(facts or FactIndex(kg.facts), self.index, self.texts, titles)

    def revised(self, products: pa.Table, recommender: Recommender) -> Searcher:
        """The same texts and facts with other prices, stock and model of the same products."""
        other = copy(self)
        other.index = self.index.revised(products)
        other.recommender, other._buyers = recommender, recommender.model.head.popularity()
        return other

    def search(
        self,
        text: str,
        k: int = 10,
        *,
        history: History | None = None,
        language: str | None = None,
        in_stock: bool = True,
    ) -> Answer:
        """Search.

        Args:
            text: what was typed.
            k: how many products, at least 1.
            history: whose taste counts; None: nobody's.
            language: of the text; None: told by its script.
            in_stock: leave out products known to be out of stock.

        Raises:
            QueryError: the text has no words or is too long, ``k`` is not positive, or the
                language is not read.
        """
        if k < 1:
            raise QueryError(f"cannot find {k} products; ask for at least 1")
        query = self.reader.read(text, language)
        plan = plan_of(query, self.index, self.texts, self.recommender)
        allowed, notes = self._allowed(query, in_stock=in_stock)
        allowed &= ~plan.excluded
        matched = match(plan.wanted, allowed, self.index, self.texts, keep_one=plan.keep_one)
        rows = self._candidates(query, plan, matched, allowed)
        terms = self._terms(query, plan, rows, history)
        scores = np.sum([terms[name] for name in terms], axis=0) if len(rows) else np.zeros(0)
        best = plan.spread(rows, top_k(scores, len(rows)), k)
        hits = tuple(self._hit(query, plan, matched, int(rows[at]), at, terms) for at in best)
        if not hits:
            notes.append(Note("nothing", _nothing(query)))
        relaxed = matched.relaxed if hits else ()
        if hits and plan.wanted and not matched.mask.any():
            relaxed = tuple(Relaxation(part, "dropped") for part in plan.wanted)
        return Answer(query, hits, len(rows), relaxed, (*notes, *plan.notes_as(Note)))

    def _allowed(self, query: Query, *, in_stock: bool) -> tuple[NDArray[np.bool_], list[Note]]:
        """What may come at all, and what has to be said of it."""
        notes = []
        allowed = ~refused(query, self.index, self.texts)
        if query.in_stock:
            allowed &= self.index.known_stock
        elif in_stock:
            allowed &= self.index.in_stock
        prices = self.index.prices
        bound = query.price
        if bound is not None and np.isnan(prices).all():
            notes.append(
                Note("no_prices", f"no product here has a price; “{bound.text}” was not applied")
            )
        elif bound is not None:
            allowed &= self.index.priced(bound)
            if bound.currency and self.shop.currency and bound.currency != self.shop.currency:
                notes.append(
                    Note(
                        "currency",
                        f"prices here are in {self.shop.currency}; “{bound.text}” was compared "
                        "with them without conversion",
                    )
                )
        if query.cheap:
            notes.append(Note("cheap", "no amount was named; cheaper products were ranked higher"))
        return allowed, notes

    def _candidates(
        self, query: Query, plan: Plan, matched: Matched, allowed: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Rows that are ranked, ascending.

        Where nothing that is wanted by name is met, those that the words speak of; after a product
        that was named, those that read alike.
        """
        mask = matched.mask
        named = any(part.kind == "product" for part in plan.wanted)
        if named or (plan.wanted and plan.keep_one and not mask.any()):
            return np.flatnonzero(mask | (allowed & self._spoken_of(_words_of(query, plan))))
        met = any(way != "dropped" for way in matched.ways)
        words = [word.norm for word in query.words]
        if not met and words and plan.taste is None and not plan.sides:
            spoken = mask & self._spoken_of(words)
            if spoken.any() or query.intent != "gift":
                mask = spoken
        return np.flatnonzero(mask)

    def _spoken_of(self, words: Sequence[str]) -> NDArray[np.bool_]:
        """Products that have one of the words, or mean about the same, (n,)."""
        return (self.texts.all.scores(words) > 0) | (self.texts.near(tuple(words)) >= _NEAR)

    def _terms(
        self, query: Query, plan: Plan, rows: NDArray[np.int64], history: History | None
    ) -> dict[str, NDArray[np.float64]]:
        taste = plan.taste
        if taste is None and history is not None and len(history.rows) and self.recommender:
            taste = self.recommender.scores(history)
        words = _words_of(query, plan)
        return dict(
            weighted_terms(
                rows,
                config=self.config.model_copy(update=plan.weights),
                texts=self.texts,
                words=words,
                met=self._met(plan.wanted, rows),
                taste=taste,
                buyers=self._buyers,
                prices=self.index.prices if query.cheap else None,
            )
        )

    def _met(self, wanted: Sequence[Part], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Share of what is wanted that the graph states of each product."""
        met = np.zeros(len(rows))
        for part in wanted:
            stated = (
                self.index.measured(part) if part.kind == "measure" else self.index.any_of(part.ids)
            )
            met += stated[rows]
        return met / max(len(wanted), 1)

    def _hit(
        self,
        query: Query,
        plan: Plan,
        matched: Matched,
        row: int,
        at: int,
        terms: dict[str, NDArray[np.float64]],
    ) -> Hit:
        side = plan.side(row)
        parts = plan.wanted if side is None else (*plan.wanted, side)
        met, unmet = self._teller.tell(query, parts, matched, row)
        mine = {name: float(values[at]) for name, values in terms.items() if values[at]}
        return Hit(
            self.index.products[row],
            row,
            float(sum(mine.values())),
            mine,
            met,
            unmet,
            None if side is None else side.id,
        )


def _words_of(query: Query, plan: Plan) -> list[str]:
    """Norms of all that is wanted, named or not."""
    named = (*plan.wanted, *(part for part, _ in plan.sides))
    words = [norm for part in named for norm in part_norms(part)]
    return [*words, *(word.norm for word in query.words)]


def _nothing(query: Query) -> str:
    hard = [f"“{query.price.text}”"] if query.price is not None else []
    hard += [f"not “{part.text}”" for part in query.role("not")]
    kept = f" that keeps to {' and '.join(hard)}" if hard else ""
    return f"nothing here meets any of what was asked for{kept}"
