"""The catalogue as a shop shows it: cards by language, prices, stock, finding by title.

In: the product table of a snapshot. Out: look-ups by row, in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg.errors import NotFoundError
from kg.ids import Vocabulary

__all__ = ["Card", "Catalogue"]


@dataclass(frozen=True, slots=True)
class Card:
    """A product as it is listed."""

    id: str  # compact id
    title: str
    brand: str | None
    price: float | None  # in major units of currency
    currency: str | None
    stock: int | None  # None: not known
    image: str | None


class Catalogue:
    """Products of a snapshot by row. The rows are those of the product table."""

    def __init__(self, products: pa.Table) -> None:
        self.products = Vocabulary(products["id"].to_pylist())
        self.languages: list[str] = products["language"].to_pylist()
        self.categories: list[list[str]] = [
            found or [] for found in products["categories"].to_pylist()
        ]
        self._titles = [dict(pairs or ()) for pairs in products["titles"].to_pylist()]
        self._descriptions = [dict(pairs or ()) for pairs in products["descriptions"].to_pylist()]
        self._brands = products["brand"].to_pylist()
        self._prices = products["price"].to_pylist()
        self._currencies = products["currency"].to_pylist()
        self._stocks = products["stock"].to_pylist()
        self._images = products["image"].to_pylist()
        folded = pc.utf8_lower(products["title"]).to_pylist()
        self._searched = [
            "\n".join({own, *(title.casefold() for title in titles.values())})
            for own, titles in zip(folded, self._titles, strict=True)
        ]

    def revised(self, rows: Sequence[int], products: pa.Table) -> Catalogue:
        """The same products, some of them in other words.

        Args:
            rows: of those that changed.
            products: what they are now, in the same order.
        """
        other, now = copy(self), Catalogue(products)
        for name, values in vars(self).items():
            if isinstance(values, list):
                listed = list(values)
                for row, value in zip(rows, getattr(now, name), strict=True):
                    listed[row] = value
                setattr(other, name, listed)
        return other

    def __len__(self) -> int:
        return len(self.products)

    def row(self, product: str) -> int:
        """Row of a product.

        Raises:
            NotFoundError: the product is not in the snapshot.
        """
        row = self.products.get(product)
        if row is None:
            raise NotFoundError(f"no product {product.removeprefix('product:')!r} in this snapshot")
        return row

    def card(self, row: int, language: str) -> Card:
        """A product in a language; in its own where it has no title in that one."""
        price = self._prices[row]
        return Card(
            id=self.products[row],
            title=self._titles[row].get(language) or self._titles[row][self.languages[row]],
            brand=self._brands[row],
            price=None if price is None else float(price),
            currency=self._currencies[row],
            stock=self._stocks[row],
            image=self._images[row],
        )

    def shown_language(self, row: int, language: str) -> str:
        """The language a product is shown in when ``language`` is asked for."""
        return language if self._titles[row].get(language) else self.languages[row]

    def description(self, row: int, language: str) -> str:
        """Description in the language the product is shown in; empty where it has none."""
        text: str = self._descriptions[row].get(self.shown_language(row, language), "")
        return text

    def available(self) -> NDArray[np.bool_]:
        """Products that are not known to be out of stock, shape (n,)."""
        return np.array([stock is None or stock > 0 for stock in self._stocks], dtype=np.bool_)

    def prices(self) -> NDArray[np.float64]:
        """Prices in major units, shape (n,); NaN where none is known."""
        return np.array(
            [np.nan if price is None else float(price) for price in self._prices], dtype=np.float64
        )

    def find(self, text: str) -> list[int]:
        """Rows whose title in any language holds every word; titles that begin so come first."""
        words = text.casefold().split()
        rows = [
            row for row, title in enumerate(self._searched) if all(word in title for word in words)
        ]
        start = " ".join(words)
        return sorted(rows, key=lambda row: (not self._searched[row].startswith(start), row))
