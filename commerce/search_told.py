"""Why a product is in the answer to a search: what of the search it meets, and what shows it.

In: a query, how each part was met, a product. Out: `Met` and `Unmet` records. Evidence is a fact of
the snapshot (with the words it was read from), words of the product's own texts, its price or its
stock; what nothing shows is told as not met.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from commerce.search_filter import Matched, Relaxation, Way
from commerce.search_index import Constraints
from commerce.search_text import Texts
from kg.extract.query_terms import Part, Query
from kg.extract.shop_words import text_norms
from kg.fact_index import FactIndex
from kg.records import Fact

__all__ = ["Met", "Teller", "Unmet"]

Evidence = Literal["fact", "words", "price", "stock", "absence", "product"]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Met:
    """Words of a search that a product meets."""

    start: int  # characters of the query, half open
    end: int
    text: str
    evidence: Evidence
    fact: Fact | None = None
    words: tuple[str, ...] = ()  # of the product's title, as written there
    price: float | None = None


@dataclass(frozen=True, slots=True)
class Unmet:
    """Words of a search that nothing shows a product to meet."""

    start: int
    end: int
    text: str
    way: Way  # how the part was treated: broader, dropped, or words that no text has


class Teller:
    """Tells why. May be shared between threads."""

    def __init__(
        self, facts: FactIndex, index: Constraints, texts: Texts, titles: Sequence[str]
    ) -> None:
        self._facts, self._index, self._texts, self._titles = facts, index, texts, titles

    def fact(self, part: Part, product: str) -> Fact | None:
        """The surest fact of a product that states a part, in its first meaning if there is one."""
        meant = [self._index.fitting(part)] if part.kind == "measure" else []
        meant = meant or [self._index.with_narrower(compact_id) for compact_id in part.ids]
        return next((fact for ids in meant if (fact := self._surest(ids, product))), None)

    def broader_fact(self, relaxed: Relaxation, product: str) -> Fact | None:
        """The surest fact that states what a part falls under."""
        wanted = {n for b in relaxed.broader for n in self._index.with_narrower(b)}
        return self._surest(wanted, product)

    def _surest(self, ids: set[str], product: str) -> Fact | None:
        stated = [fact for (_, name), fact in self._facts.of(product).items() if name in ids]
        return max(stated, key=lambda fact: (fact.confidence, fact.object), default=None)

    def tell(
        self, query: Query, parts: Sequence[Part], matched: Matched, row: int
    ) -> tuple[tuple[Met, ...], tuple[Unmet, ...]]:
        """What a product meets of a query, and what not, each in the order of the words."""
        product = self._index.products[row]
        met: list[Met] = []
        unmet: list[Unmet] = []
        for part in parts:
            at = part.start, part.end, part.text
            fact = self.fact(part, product)
            if part.kind == "product" and product in part.ids:
                met.append(Met(*at, "product"))
            elif fact is not None:
                met.append(Met(*at, "fact", fact))
            elif words := self._said(part.norms, row):
                met.append(Met(*at, "words", words=words))
            else:
                unmet.append(Unmet(*at, _way(part, matched.relaxed)))
        for word in query.words:
            at = word.start, word.end, word.text
            if words := self._said((word.norm,), row):
                met.append(Met(*at, "words", words=words))
            elif self._texts.all.holds([word.norm])[row]:
                met.append(Met(*at, "words", words=(word.text,)))
            else:
                unmet.append(Unmet(*at, "words"))
        met += self._bounds(query, row)
        met += [Met(p.start, p.end, p.text, "absence") for p in query.role("not")]
        return tuple(sorted(met, key=lambda m: m.start)), tuple(unmet)

    def _bounds(self, query: Query, row: int) -> list[Met]:
        found = []
        price = float(self._index.prices[row])
        if query.price is not None and not np.isnan(price):
            bound = query.price
            found.append(Met(bound.start, bound.end, bound.text, "price", price=price))
        if query.in_stock and self._index.known_stock[row]:
            span = next(span for span in query.spans if span.meaning == "in_stock")
            found.append(Met(span.start, span.end, span.text, "stock"))
        return found

    def _said(self, norms: Sequence[str], row: int) -> tuple[str, ...]:
        """The title's words of these norms; none unless all are there."""
        wanted = {norm for norm in norms if norm.isalnum()}
        written: Mapping[str, str] = {
            norm: match[0]
            for match in _WORD.finditer(self._titles[row])
            for norm in text_norms(match[0])
            if norm in wanted
        }
        return tuple(written.values()) if wanted and wanted == set(written) else ()


def _way(part: Part, relaxed: Sequence[Relaxation]) -> Way:
    return next((r.way for r in relaxed if r.part == part), "dropped")
