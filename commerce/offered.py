"""An answer of search as products are offered now, where its index is of a moment before.

In: an answer, the catalogue of this moment. Out: the same answer with rows of that catalogue,
without products that are no longer in it, or, where that was asked, out of stock by now.
"""

from __future__ import annotations

from dataclasses import replace

from commerce.catalogue import Catalogue
from commerce.search import Answer

__all__ = ["offered"]


def offered(answer: Answer, catalogue: Catalogue, *, in_stock: bool) -> Answer:
    """The hits that are still offered.

    Args:
        answer: found by an index of earlier.
        catalogue: as it is now.
        in_stock: leave out products known to be out of stock.
    """
    available = catalogue.available()
    hits = []
    for hit in answer.hits:
        row = catalogue.products.get(hit.product)
        if row is not None and (available[row] or not in_stock):
            hits.append(replace(hit, row=row))
    return replace(answer, hits=tuple(hits))
