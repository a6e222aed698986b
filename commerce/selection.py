"""Which products a list may hold: by what the graph says of them, by price, by stock.

In: what is asked (`Selection`). Out: a mask over the products. A term is any entity of the graph
(``colour:red``, ``brand:acme``, ``category:mugs``, ``product:KD-0101``); products that carry
something narrower carry it too. Terms of one kind widen the choice, terms of several kinds narrow
it, as facets in a shop do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from commerce.catalogue import Catalogue
from gnn.channels import ancestors, broader_edges
from kg.errors import NotFoundError
from kg.facts import KnowledgeGraph
from kg.schema import Schema

__all__ = ["Selection", "Selector"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked of the products of a list."""

    terms: Sequence[str] = ()  # compact ids
    min_price: float | None = None  # major units; products without a price do not pass
    max_price: float | None = None
    in_stock: bool = True  # leave out what is known to be out of stock
    without: Sequence[str] = ()  # compact ids of products
    unwanted: Sequence[str] = ()  # terms; what carries one does not pass, unknown ones say nothing


class Selector:
    """Selects among a snapshot's products. May be shared between threads."""

    def __init__(self, catalogue: Catalogue, kg: KnowledgeGraph, schema: Schema) -> None:
        self._catalogue = catalogue
        self._available = catalogue.available()
        self._prices = catalogue.prices()
        self._narrower = _narrower(kg, schema)
        self._known = {*kg.entities["id"].to_pylist(), *schema.concepts}
        entity_facts = kg.facts.filter(pc.is_null(kg.facts["datatype"]))
        names = pa.array(list(catalogue.products), pa.string())
        found = pc.index_in(entity_facts["subject"].combine_chunks(), names)
        rows = pc.fill_null(found, -1).to_numpy().astype(np.int64)
        objects = entity_facts["object"].combine_chunks().dictionary_encode()
        codes = objects.indices.to_numpy()
        kept = rows >= 0
        order = np.argsort(codes[kept], kind="stable")
        self._rows, codes = rows[kept][order], codes[kept][order]
        bounds = np.searchsorted(codes, np.arange(len(objects.dictionary) + 1)).tolist()
        self._span = {
            name: (bounds[at], bounds[at + 1])
            for at, name in enumerate(objects.dictionary.to_pylist())
        }
        self.of_term = lru_cache(maxsize=1024)(self._of_term)

    def revised(self, catalogue: Catalogue) -> Selector:
        """The same products and facts with other prices and stock."""
        other = copy(self)
        other._catalogue = catalogue
        other._available, other._prices = catalogue.available(), catalogue.prices()
        return other

    def mask(self, selection: Selection) -> Mask:
        """Products that pass, (n,).

        Raises:
            NotFoundError: a term or product is not in the snapshot.
        """
        allowed = self._available.copy() if selection.in_stock else self._all()
        for same_kind in _by_kind(selection.terms):
            wide = np.zeros(len(self._catalogue), dtype=np.bool_)
            for term in same_kind:
                wide |= self.of_term(term)
            allowed &= wide
        # A product without a price is NaN, which no comparison lets pass.
        if selection.min_price is not None:
            allowed &= self._prices >= selection.min_price
        if selection.max_price is not None:
            allowed &= self._prices <= selection.max_price
        for term in selection.unwanted:
            if term in self._known or term in self._catalogue.products:
                allowed &= ~self.of_term(term)
        for product in selection.without:
            allowed[self._catalogue.row(product)] = False
        return allowed

    def _all(self) -> Mask:
        return np.ones(len(self._catalogue), dtype=np.bool_)

    def _of_term(self, term: str) -> Mask:
        """Products that carry a term or something narrower, (n,); a product carries itself.

        Raises:
            NotFoundError: the term is not in the snapshot.
        """
        carried = np.zeros(len(self._catalogue), dtype=np.bool_)
        row = self._catalogue.products.get(term)
        if row is not None:
            carried[row] = True
        elif term in self._known:
            for name in (term, *self._narrower.get(term, ())):
                start, end = self._span.get(name, (0, 0))
                carried[self._rows[start:end]] = True
        else:
            raise NotFoundError(
                f"no term {term!r} in this snapshot; a product's page lists the terms it carries"
            )
        carried.setflags(write=False)
        return carried


def _by_kind(terms: Iterable[str]) -> list[list[str]]:
    kinds: dict[str, list[str]] = {}
    for term in terms:
        kinds.setdefault(term.partition(":")[0], []).append(term)
    return list(kinds.values())


def _narrower(kg: KnowledgeGraph, schema: Schema) -> dict[str, list[str]]:
    """Everything that falls under an entity, through any number of broader edges."""
    edges = broader_edges(kg, schema)
    below: dict[str, list[str]] = {}
    for child in edges:
        for parent in ancestors(child, edges):
            below.setdefault(parent, []).append(child)
    return below
