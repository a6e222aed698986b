"""Which products are worth scoring for a history, where scoring all of them takes long.

In: a history, the head's matrices. Out: a few hundred rows, which are then scored exactly: so a
wrong guess can lose a product but never change a score. A product can only score high for one of
two reasons, and each has its index:

- it shares something *rare* with the history, an entity or a buyer of few products: these are
  looked up in the columns of the matrix itself, which serve as inverted lists (`neighbours`);
- it lies in the same broad direction: the strongest columns of the sketch are scanned (`COARSE` of
  them: 64 numbers a product, not 512).

Measured against scoring everything in docs/scale.md; why no library for approximate search is used
is in docs/decisions/the-graph-is-the-index.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.sparse import gather, rows_of

__all__ = ["COARSE", "RARE", "SCAN", "best_rows", "neighbours"]

COARSE = 64
"""Columns of the sketch that are scanned."""
RARE = 64
"""An entity or buyer of more products is not looked up: the sketch knows it."""
SCAN = 10_000
"""Up to so many products all are scored: that is as quick."""


def neighbours(
    known: csr_matrix,
    by_entity: csr_matrix,
    rows: NDArray[np.signedinteger],
    weights: NDArray[np.float64],
    factor: NDArray[np.float64],
    count: int,
    allowed: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Products that share most with a history in rare entities and buyers, best first.

    Args:
        known: products × (entities and buyers).
        by_entity: its transpose.
        rows: the history's products.
        weights: of each of them.
        factor: of each product, times which its share counts, (n,).
        count: how many at most.
        allowed: (n,) True where a product may come.
    """
    carried = rows_of(known, rows)
    each = np.repeat(weights, np.diff(carried.indptr))
    degree = by_entity.indptr[carried.indices + 1] - by_entity.indptr[carried.indices]
    rare = degree <= RARE
    columns, entry = np.unique(carried.indices[rare], return_inverse=True)
    value = np.bincount(entry, (carried.data * each)[rare], len(columns))
    position, owner = gather(by_entity.indptr, columns)
    product, shared = by_entity.indices[position], by_entity.data[position] * value[owner]
    here = allowed[product]
    found, place = np.unique(product[here], return_inverse=True)
    total = np.bincount(place, shared[here], len(found)) * factor[found]
    return np.asarray(found[np.argsort(-total, kind="stable")[:count]], dtype=np.int64)


def best_rows(
    scores: NDArray[np.floating], count: int, allowed: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Rows of the ``count`` largest scores among those allowed, ascending."""
    some = np.where(allowed, scores, -np.inf)
    count = min(count, len(some))
    best = np.argpartition(some, len(some) - count)[len(some) - count :]
    return np.sort(best[some[best] > -np.inf]).astype(np.int64)
