"""The terms of scores, in numbers: which history product, channel and entity bring how much.

In: a fitted head, a history, the rows of a few products. Out: `Terms`, arrays over all (history
product, channel, entity) of those products, and the exact total of each channel. Computed for all
asked products at once; only as much as they need.

A term of score(u, j) is ``x_ui w_r (P F_r)[i, e] F_r[j, e] / (λ P_jj)``; co-purchase, text and GNN
are summed over their entities (buyers, dimensions) to one term per history product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.fusion import FusionHead
from gnn.history import History

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
    head: FusionHead,
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
    inverse = head.inverse[rows].astype(np.float64)  # (m, n)
    diagonal = head.inverse[products, products].astype(np.float64)
    # Each product for itself, summed in one order: a score is the same whoever else is asked for.
    z = np.einsum("jd,id->ji", gnn[products], gnn[rows], dtype=np.float64)  # (k, m)
    among = np.ascontiguousarray(inverse[:, products].T)  # (k, m)
    parts = weights * (z - among / diagonal[:, None])  # of each i in each score
    chosen = _strongest(parts, max_history)
    scale = 1.0 / (head.regularization * diagonal)
    user = weights @ inverse  # x_u P, (n,)
    some, some_weights = inverse[chosen], weights[chosen]

    owner, position, sums = _entity_sums(head, products, rows, weights, user, chosen, some)
    carried = head.features.data[position] * scale[owner]
    column = head.features.indices[position]
    relations = len(head.features.relations)
    cell = owner * relations + head.features.channel[column]
    by_relation = np.bincount(cell, carried * sums[0], len(products) * relations)

    purchase, purchase_total = _purchase_terms(head, products, some, user)
    text, text_total = _text_terms(head, products, rows, weights, chosen)
    dense = np.stack([purchase * scale[:, None], text * scale[:, None], z[:, chosen]])
    totals = [purchase_total * scale, text_total * scale, z @ weights]
    return Terms(
        products=products,
        history=rows[chosen],
        scores=parts.sum(axis=1),
        totals=np.column_stack([by_relation.reshape(len(products), relations), *totals]),
        owner=owner,
        position=position,
        graph=carried[:, None] * sums[1:].T * some_weights,
        dense=dense * some_weights,
    )


def _purchase_terms(
    head: FusionHead,
    products: NDArray[np.int64],
    some: NDArray[np.float64],
    user: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(P C)[i, j]`` of some history products, (k, m'), and ``(x_u P C)[j]``, (k,)."""
    bought = head.co_purchase[products].astype(np.float64)
    return bought @ some.T, bought @ user


def _text_terms(
    head: FusionHead,
    products: NDArray[np.int64],
    rows: NDArray[np.int64],
    weights: NDArray[np.float64],
    chosen: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(P T)[i] · T[j]`` of some history products, (k, m'), and of the whole history, (k,)."""
    text = head.text[products].astype(np.float64)
    inverse_text = head.inverse_text[rows].astype(np.float64)
    return text @ inverse_text[chosen].T, text @ (weights @ inverse_text)


def _strongest(parts: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """History products with the largest part in any of the scores (k, m), ascending."""
    if parts.shape[1] <= count:
        return np.arange(parts.shape[1])
    best = parts.max(axis=0)
    return np.sort(np.argsort(-best, kind="stable")[:count])


def _entity_sums(
    head: FusionHead,
    products: NDArray[np.int64],
    rows: NDArray[np.int64],
    weights: NDArray[np.float64],
    user: NDArray[np.float64],
    chosen: NDArray[np.int64],
    some: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """``(P F)[:, e]`` for the entities e of the products.

    Returns:
        owner: (t,) index in ``products`` of each entity a product carries.
        position: (t,) its place in ``Features.indices``.
        sums: (1 + m', t) first of the whole history (``x_u P F``), then of each chosen product.
    """
    features = head.features
    position, owner = gather(features.indptr, products)
    columns, entry = np.unique(features.indices[position], return_inverse=True)
    sums = np.empty((1 + len(chosen), len(columns)))
    heavy = head.heavy.index[columns]
    is_heavy = heavy >= 0
    ready = head.heavy.sums[heavy[is_heavy][:, None], rows].astype(np.float64)
    sums[0, is_heavy] = ready @ weights
    sums[1:, is_heavy] = ready[:, chosen].T
    light = _rows_of(head.by_entity, columns[~is_heavy])
    stacked = np.empty((len(user), 1 + len(some)))
    stacked[:, 0], stacked[:, 1:] = user, some.T
    sums[:, ~is_heavy] = (light @ stacked).T
    return owner, position, sums[:, entry]


def gather(
    indptr: NDArray[np.signedinteger], rows: NDArray[np.signedinteger]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the entries of some rows of a compressed matrix, and whose each is."""
    start = indptr[rows].astype(np.int64)
    count = indptr[rows + 1] - start
    owner = np.repeat(np.arange(len(rows)), count)
    shift = start - (np.cumsum(count) - count)
    return np.arange(len(owner)) + shift[owner], owner


def _rows_of(matrix: csr_matrix, rows: NDArray[np.int64]) -> csr_matrix:
    """Some rows of a matrix, float64."""
    position, _ = gather(matrix.indptr, rows)
    count = matrix.indptr[rows + 1] - matrix.indptr[rows]
    indptr = np.concatenate([[0], np.cumsum(count)])
    data = matrix.data[position].astype(np.float64)
    return csr_matrix((data, matrix.indices[position], indptr), shape=(len(rows), matrix.shape[1]))
