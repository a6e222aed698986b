"""What was bought together: counts of baskets and of the people behind them.

In: the interactions of a snapshot. Out: for one product, the products of its baskets. A basket is
what one shopper bought on one day; where no time is known, all they bought. Two products go
together by the cosine of their baskets, ``b_ij / sqrt(b_i b_j)`` (Linden, Smith and York 2003,
"Amazon.com recommendations: item-to-item collaborative filtering"), and more often than chance
where the lift ``b_ij b / (b_i b_j)`` is above 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.sparse import rows_of
from kg.ids import Vocabulary

__all__ = ["Baskets", "Together"]

_DAY_US = 86_400_000_000
_BOUGHT = ("purchase", "rating")  # ratings where a dataset knows no purchases


@dataclass(frozen=True, slots=True)
class Together:
    """Products of one product's baskets; not itself."""

    rows: NDArray[np.int64]  # (m,) ascending
    shoppers: NDArray[np.int64]  # (m,) people who bought both in one basket
    cosine: NDArray[np.float64]  # (m,) (0, 1]
    lift: NDArray[np.float64]  # (m,)


class Baskets:
    """The baskets of a snapshot. May be shared between threads."""

    def __init__(self, interactions: pa.Table, products: Vocabulary) -> None:
        """Count them.

        Args:
            interactions: `kg.records.INTERACTION_SCHEMA`, compact ids.
            products: the rows of the catalogue.
        """
        kinds = set(pc.unique(interactions["event"]).to_pylist())
        event = next((event for event in _BOUGHT if event in kinds), _BOUGHT[0])
        bought = interactions.filter(pc.equal(interactions["event"], event))
        row = products.rows(bought["product_id"].to_pylist())
        shopper = np.asarray(bought["user_id"].combine_chunks().dictionary_encode().indices)
        time = pc.fill_null(bought["timestamp"].cast(pa.int64()), -1).to_numpy()
        known = row >= 0
        shopper, row, day = shopper[known].astype(np.int64), row[known], time[known] // _DAY_US
        keys, basket = np.unique(np.column_stack([shopper, day]), axis=0, return_inverse=True)
        self._shopper = keys[:, 0]
        shape = (len(keys), len(products))
        ones = np.ones(len(row), dtype=np.int64)
        held = csr_matrix((ones, (basket.ravel(), row)), shape=shape)
        held.data[:] = 1
        self._held, self._holding = held, csr_matrix(held.T)
        self._count = np.diff(self._holding.indptr)

    def of(self, product: int) -> Together:
        """What was bought together with a product, by its row."""
        first, stop = self._holding.indptr[product : product + 2]
        baskets = self._holding.indices[first:stop]
        some = rows_of(self._held, baskets)
        whose = np.repeat(self._shopper[baskets], np.diff(some.indptr))
        both = np.bincount(some.indices, minlength=len(self._count))
        pairs = np.unique(np.column_stack([some.indices, whose]), axis=0)
        people = np.bincount(pairs[:, 0], minlength=len(self._count))
        both[product] = 0
        rows = np.flatnonzero(both)
        expected = self._count[rows] * float(self._count[product])
        return Together(
            rows=rows,
            shoppers=people[rows],
            cosine=both[rows] / np.sqrt(expected),
            lift=both[rows] * len(self._shopper) / expected,
        )
