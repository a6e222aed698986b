"""Which products a constraint of a search leaves: by the facts of the graph, prices and stock.

In: the tables of a snapshot and its ontology. Out: boolean masks over products. A concept holds
for what has it or a narrower one (``skos:broader``); a quantity for what is within 2 % of it, since
12 inches and 30 cm are one rule; a price bound for prices that are known and within it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from decimal import Decimal
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg.extract.query_terms import Part, Price
from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary
from kg.ontology_terms import Schema

__all__ = ["Constraints"]

Mask = NDArray[np.bool_]

_TOLERANCE = 0.02
_KEPT = 4_096


class Constraints:
    """Masks of one snapshot. May be shared between threads."""

    def __init__(self, kg: KnowledgeGraph, schema: Schema) -> None:
        self.products = Vocabulary(kg.products["id"].to_pylist())
        self._schema = schema
        self._narrower: dict[str, set[str]] = defaultdict(set)
        for concept in schema.concepts.values():
            for broader in concept.broader:
                self._narrower[broader].add(concept.id)
        self._rows = self._holders(kg, schema)
        self._measures = _by_dimension(self._rows, schema)
        self._offer(kg.products)
        self.has = lru_cache(maxsize=_KEPT)(self._has)

    def _offer(self, products: pa.Table) -> None:
        prices = products["price"].to_pylist()
        self.prices = np.array(
            [np.nan if price is None else float(price) for price in prices], dtype=np.float64
        )
        stocks = products["stock"].to_pylist()
        self.in_stock = np.array([stock is None or stock > 0 for stock in stocks], dtype=bool)
        self.known_stock = np.array([stock is not None and stock > 0 for stock in stocks], bool)

    def revised(self, products: pa.Table) -> Constraints:
        """The same facts with other prices and stock of the same products."""
        other = copy(self)
        other._offer(products)
        return other

    @property
    def num_products(self) -> int:
        """Number of products."""
        return len(self.products)

    def with_narrower(self, compact_id: str) -> set[str]:
        """A concept and all that fall under it; anything else alone."""
        found, waiting = {compact_id}, [compact_id]
        while waiting:
            for narrower in self._narrower.get(waiting.pop(), ()):
                if narrower not in found:
                    found.add(narrower)
                    waiting.append(narrower)
        return found

    def broader(self, compact_id: str) -> tuple[str, ...]:
        """What a concept falls under directly."""
        concept = self._schema.concepts.get(compact_id)
        return () if concept is None else concept.broader

    def any_of(self, ids: Iterable[str]) -> Mask:
        """Products that have one of some things."""
        mask = np.zeros(self.num_products, dtype=bool)
        for compact_id in ids:
            mask |= self.has(compact_id)
        return mask

    def measured(self, part: Part) -> Mask:
        """Products of a size or number of pieces."""
        mask = np.zeros(self.num_products, dtype=bool)
        for name in self.fitting(part):
            mask[self._rows[name]] = True
        return mask

    def fitting(self, part: Part) -> set[str]:
        """The quantities of the shop that a wanted one allows."""
        wanted = _base(part.id, self._schema)
        if wanted is None:
            return set()
        dimension, value = wanted
        return {
            name
            for name, base in self._measures.get(dimension, ())
            if _allows(part.compare, base, value)
        }

    def priced(self, price: Price) -> Mask:
        """Products whose price is known and within a bound."""
        mask = ~np.isnan(self.prices)
        with np.errstate(invalid="ignore"):
            if price.least is not None:
                mask &= self.prices >= float(price.least)
            if price.most is not None:
                mask &= self.prices <= float(price.most)
        return mask

    def _has(self, compact_id: str) -> Mask:
        mask = np.zeros(self.num_products, dtype=bool)
        if compact_id in self.products:
            mask[self.products.row(compact_id)] = True
        for name in self.with_narrower(compact_id):
            rows = self._rows.get(name)
            if rows is not None:
                mask[rows] = True
        return mask

    def _holders(self, kg: KnowledgeGraph, schema: Schema) -> dict[str, NDArray[np.int64]]:
        """Object -> rows of the products that have it; links between products left out."""
        links = {r.id for r in schema.relations.values() if "schema:Product" in r.range}
        facts = kg.facts.filter(
            pc.and_(
                pc.is_null(kg.facts["datatype"]),
                pc.invert(pc.is_in(kg.facts["relation"], pa.array(sorted(links), pa.string()))),
            )
        )
        rows = pc.index_in(facts["subject"], pa.array(list(self.products), pa.string()))
        known = pc.is_valid(rows)
        rows, objects = rows.filter(known), facts["object"].filter(known)
        encoded = objects.combine_chunks().dictionary_encode()
        codes = np.asarray(encoded.indices)
        order = np.argsort(codes, kind="stable")
        sorted_rows = rows.to_numpy().astype(np.int64)[order]
        ends = np.cumsum(np.bincount(codes, minlength=len(encoded.dictionary)))
        parts = np.split(sorted_rows, ends[:-1]) if len(ends) else []
        return dict(zip(encoded.dictionary.to_pylist(), parts, strict=True))


def _by_dimension(names: Iterable[str], schema: Schema) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for name in names:
        base = _base(name, schema)
        if base is not None:
            found[base[0]].append((name, base[1]))
    return found


def _base(name: str, schema: Schema) -> tuple[str, float] | None:
    """Dimension and amount in its base unit of ``measure:30-cm``; None of anything else."""
    prefix, _, rest = name.partition(":")
    amount, _, symbol = rest.partition("-")
    unit = schema.units.get(f"unit:{symbol}")
    if prefix != "measure" or unit is None:
        return None
    return unit.dimension, float(Decimal(amount) * Decimal(str(unit.factor)))


def _allows(compare: str, base: float, wanted: float) -> bool:
    if compare == ">=":
        return base >= wanted * (1 - _TOLERANCE)
    if compare == "<=":
        return base <= wanted * (1 + _TOLERANCE)
    return abs(base - wanted) <= _TOLERANCE * wanted
