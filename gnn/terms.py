"""The terms of scores, in numbers: which history product, channel and entity bring how much.

In: a fitted head, a history, the rows of a few products. Out: `Terms`, arrays over all (history
product, channel, entity) of those products, and the exact total of each channel. Computed for all
asked products at once; only as much as they need.

A term of score(u, j) is ``x_ui s_j w_r (P F_r)[i, e] F_r[j, e]`` (`gnn.head`); co-purchase, text
and GNN are summed over their entities (buyers, dimensions) to one term per history product. A
product without events has one term per history product instead, summed over its kin (`gnn.kin`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.head import Head
from gnn.history import History
from gnn.kin import Kin
from gnn.sparse import distinct, gather

__all__ = ["DENSE_CHANNELS", "Terms", "score_terms"]

DENSE_CHANNELS = ("co_purchase", "text", "gnn", "kin")
"""Channels with one term per history product, after the relations."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of the scores of k products (axis j), from m' of the history's products (axis i)."""

    products: NDArray[np.int64]  # (k,) rows j
    history: NDArray[np.int64]  # (m',) rows i, ascending: those looked at term by term
    own: NDArray[np.bool_]  # (k, m') of these, which are looked at for a product
    scores: NDArray[np.float64]  # (k,) as ranked, from B
    totals: NDArray[np.float64]  # (k, relations + 4) sum of all terms, of the whole history
    owner: NDArray[np.int64]  # (t,) index in products of each entity entry
    position: NDArray[np.int64]  # (t,) where the entry stands in Features.indices
    graph: NDArray[np.float64]  # (t, m') terms by entity entry and history product
    dense: NDArray[np.float64]  # (4, k, m') terms of DENSE_CHANNELS

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
    kin: Kin,
) -> Terms:
    """Terms of the scores of some products, none of them in the history.

    Args:
        head: the fitted head.
        gnn: scaled GNN embeddings, (n, d); d = 0: none.
        history: whom the scores are for.
        products: rows, (k,).
        max_history: how many history products are looked at term by term for each product: those
            that bring most to its score, so that the answer does not depend on what else is asked
            for. The totals count the whole history all the same.
        kin: whom products without events take after.
    """
    rows, weights = history.rows, history.weights
    # Each product for itself, summed in one order: a score is the same whoever else is asked for.
    z = np.einsum("jd,id->ji", gnn[products], gnn[rows], dtype=np.float64)  # (k, m)
    new = kin.has(products)
    of_kin = np.zeros((len(products), len(rows)))
    for at in np.flatnonzero(new).tolist():
        of_kin[at] = kin.parts(head, int(products[at]), rows).sum(axis=0)
    of_head = np.where(new[:, None], of_kin, head.parts(products, rows))
    parts = weights * (z + of_head)  # of each i in each score
    own = _strongest(parts, max_history)
    chosen = np.flatnonzero(own.any(axis=0))
    scale = np.where(new, 0.0, head.scale(products))
    position, owner = gather(head.features.indptr, products)
    columns, entry = distinct(head.features.indices[position], head.features.shape[1])
    sums = head.sums(rows, weights, chosen, columns, products)
    of_entity = sums.entities[:, entry]  # (1 + m', t)
    carried = head.features.data[position] * scale[owner]
    relations = len(head.features.relations)
    cell = owner * relations + head.features.channel[columns[entry]]
    by_relation = np.bincount(cell, carried * of_entity[0], len(products) * relations)

    purchase, text = sums.co_purchase * scale, sums.text * scale
    dense = np.stack([purchase[1:].T, text[1:].T, z[:, chosen], of_kin[:, chosen]])
    totals = [purchase[0], text[0], *(np.einsum("jm,m->j", v, weights) for v in (z, of_kin))]
    return Terms(
        products=products,
        history=rows[chosen],
        own=own[:, chosen],
        scores=parts.sum(axis=1),
        totals=np.column_stack([by_relation.reshape(len(products), relations), *totals]),
        owner=owner,
        position=position,
        graph=carried[:, None] * of_entity[1:].T * weights[chosen],
        dense=dense * weights[chosen],
    )


def _strongest(parts: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """Whether a history product is among those with the largest part in a score, (k, m)."""
    if parts.shape[1] <= count:
        return np.ones(parts.shape, dtype=bool)
    order = np.argsort(-parts, axis=1, kind="stable")[:, :count]
    own = np.zeros(parts.shape, dtype=bool)
    np.put_along_axis(own, order, True, axis=1)
    return own
