"""Products back out of a product table: the inverse of `kg.facts.product_table`.

In: rows of `kg.facts.PRODUCT_SCHEMA`. Out: `Product` records, so that a snapshot's texts can be
read again without the dataset it was built from.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pyarrow as pa

from kg.ids import local_part
from kg.records import Product, Text

__all__ = ["products_of"]


def products_of(table: pa.Table) -> list[Product]:
    """The products of a table, in its order."""
    return [_product(row) for row in table.to_pylist()]


def _product(row: dict[str, Any]) -> Product:
    titles, descriptions = dict(row["titles"] or ()), dict(row["descriptions"] or ())
    own = row["language"]
    others = {
        language: Text(titles.get(language, ""), descriptions.get(language, ""))
        for language in sorted({*titles, *descriptions} - {own})
    }
    return Product(
        id=local_part(row["id"]),
        title=row["title"],
        description=row["description"],
        language=own,
        brand=row["brand"],
        categories=tuple(row["categories"] or ()),
        price=row["price"],
        currency=row["currency"],
        stock=row["stock"],
        image=row["image"],
        attributes=MappingProxyType({n: tuple(v) for n, v in row["attributes"] or ()}),
        translations=MappingProxyType(others),
    )
