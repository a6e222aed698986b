"""The terms of scores, in numbers: which history product, channel and entity bring how much.

In: a fitted head, a history, the rows of a few products. Out: `Terms`, arrays over all (history
product, channel, entity) of those products, and the exact total of each channel. Computed for all
asked products at once; only as much as they need.

A term of score(u, j) is ``x_ui s_j w_r (P F_r)[i, e] F_r[j, e]`` (`gnn.head`); co-purchase, text and
GNN are summed over their entities (buyers, dimensions) to one term per history product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.head import Head
from gnn.history import History
from gnn.sparse import gather

__all__ = ["DENSE_CHANNELS", "Terms", "score_terms"]

DENSE_CHANNELS = ("co_purchase", "text", "gnn")
"""Channels with one term per history product, after the relations."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of the scores of k products (axis j), from m' of the history's products (axis i)."""

    products: NDArray[np.int64]  # (k,) rows j
    history: NDArray[np.int64]  # (m',) rows i, ascending: those looked at term by term
    scores: NDArray[np.float64]  # (k,) as ranked, from B
    totals: NDArray[np.float64]  # (k, relations + 3) sum of all terms, of the whole history
    owner: NDArray[np.int64]  # (t,) index in products of each entity entry
    position: NDArray[np.int64]  # (t,) where the entry stands in Features.indices
    graph: NDArray[np.float64]  # (t, m') terms by entity entry and history product
    dense: NDArray[np.float64]  # (3, k, m') terms of DENSE_CHANNELS

    @property
    def error(self) -> NDArray[np.float64]:
        """How far the sum of all terms is from the score, (k,)."""
        gap: NDArray[np.float64] = np.abs(self.totals.sum(axis=1) - self.scores)
        return gap


def score_terms(
    head: Head,
    gnn: NDArray[np.float32],
    history: History,
    products: NDArray[np.int64],
    *,
    max_history: int,
) -> Terms:
    """Terms of the scores of some products, none of them in the history.

    Args:
        head: the fitted head.
        gnn: scaled GNN embeddings, (n, d); d = 0: none.
        history: whom the scores are for.
        products: rows, (k,).
        max_history: how many history products are looked at term by term: those that bring most
            to any of the products. The totals count the whole history all the same.
    """
    rows, weights = history.rows, history.weights
    # Each product for itself, summed in one order: a score is the same whoever else is asked for.
    z = np.einsum("jd,id->ji", gnn[products], gnn[rows], dtype=np.float64)  # (k, m)
    parts = weights * (z + head.parts(products, rows))  # of each i in each score
    chosen = _strongest(parts, max_history)
    scale = head.scale(products)
    sums = head.sums(rows, weights, chosen)

    position, owner = gather(head.features.indptr, products)
    columns, entry = np.unique(head.features.indices[position], return_inverse=True)
    of_entity = sums.entities(columns)[:, entry]  # (1 + m', t)
    carried = head.features.data[position] * scale[owner]
    relations = len(head.features.relations)
    cell = owner * relations + head.features.channel[columns[entry]]
    by_relation = np.bincount(cell, carried * of_entity[0], len(products) * relations)

    purchase, text = (
        of_products * scale for of_products in (sums.co_purchase(products), sums.text(products))
    )
    dense = np.stack([purchase[1:].T, text[1:].T, z[:, chosen]])
    totals = [purchase[0], text[0], z @ weights]
    return Terms(
        products=products,
        history=rows[chosen],
        scores=parts.sum(axis=1),
        totals=np.column_stack([by_relation.reshape(len(products), relations), *totals]),
        owner=owner,
        position=position,
        graph=carried[:, None] * of_entity[1:].T * weights[chosen],
        dense=dense * weights[chosen],
    )


def _strongest(parts: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """History products with the largest part in any of the scores (k, m), ascending."""
    if parts.shape[1] <= count:
        return np.arange(parts.shape[1])
    best = parts.max(axis=0)
    return np.sort(np.argsort(-best, kind="stable")[:count])
