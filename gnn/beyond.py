"""What a list is worth beside hits: diversity, novelty, reach, and whether it is like the shopper.

In: the products recommended to each user, best first, and what is measured against. Out: means over
users, for all users at once. With ``L`` a user's list of k products, ``H`` their history, ``v`` the
unit vectors of `gnn.likeness`, ``h_r = 1`` where rank ``r`` is a hit:

    ILD@k            mean over pairs of L of 1 − v_i · v_j  (Smyth and McClave 2001; Ziegler et al.
                     2005 measure its complement)
    unexpected@k     mean over L × H of 1 − v_j · v_i: distance-based novelty to the user's profile
                     (Vargas and Castells 2011)
    serendipity@k    1/k Σ_r h_r (1 − mean_{i∈H} v_r · v_i): the same, where it was wanted (their
                     relevance-aware form)
    novelty@k        mean over L of −log2 p(i), with p(i) the share of users who met i: mean
                     self-information (Zhou et al. 2010; Vargas and Castells 2011), in bits
    gini@k           Σ_i (2i − n − 1) x_i / (n Σ x), with x the n products' numbers of lists in
                     ascending order: 0 all alike, towards 1 few get all (Gini 1912)
    calibration@k:a  KL(p ‖ (1 − α) q + α p) of an attribute's shares in H (p) and in L (q), α =
                     .01, in nats: 0 where the list has the history's proportions (Steck 2018)
    entropy@k:a      −Σ q log2 q, the spread of L over an attribute's values, in bits (Shannon 1948)

Where a user's list or history says nothing to a measure (no pair, no value), the user is left out
of its mean; where every user is, the measure is not a number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array

from gnn.channels import Channel
from gnn.likeness import Vectors

__all__ = [
    "attribute_shares",
    "calibration",
    "entropy",
    "exposure_gini",
    "intra_list_distance",
    "list_matrix",
    "novelty",
    "unexpectedness",
]

ALPHA = 0.01
"""How much of the history's shares is mixed into the list's, so that no divergence is infinite."""


def list_matrix(recommended: NDArray[np.integer], products: int) -> csr_matrix:
    """Lists as a matrix, users × products: 1 where a product is in the list.

    Args:
        recommended: (users, k) product rows, no product twice in a row; -1 where a list is shorter.
        products: columns of the matrix.
    """
    there = recommended >= 0
    users = np.repeat(np.arange(len(recommended)), there.sum(axis=1))
    ones = np.ones(len(users), dtype=np.float64)
    return csr_matrix((ones, (users, recommended[there])), shape=(len(recommended), products))


def intra_list_distance(lists: csr_matrix, vectors: Vectors) -> float:
    """ILD: mean over users of the mean of 1 − cosine over the pairs of their list.

    Σ_{i≠j} v_i · v_j = |Σ v|² − Σ |v|², so no pair is looked at.

    Args:
        lists: users × products, of `list_matrix`.
        vectors: of all products.
    """
    size = _sums(lists)
    total = vectors.sums(lists)
    alone = lists @ vectors.dots(vectors)
    pairs = size * (size - 1)
    cosines = (total.dots(total) - alone) / np.maximum(pairs, 1)
    return _mean(1 - cosines, pairs > 0)


def unexpectedness(
    lists: csr_matrix,
    histories: csr_matrix,
    vectors: Vectors,
    *,
    counted: csr_matrix | None = None,
) -> float:
    """Mean over users of 1 − cosine over list × history; with hits alone counted, serendipity.

    Args:
        lists: users × products, of `list_matrix`.
        histories: users × products, stored entries are what the history holds.
        vectors: of all products.
        counted: what of the lists adds to the sum, users × products; None: all of it.
    """
    size = _sums(lists)
    some = lists if counted is None else counted
    held = _shares(histories.sign())
    cosines = vectors.sums(some).dots(vectors.sums(held))
    of_each = (_sums(some) - cosines) / np.maximum(size, 1)
    return _mean(of_each, (size > 0) & (_sums(held) > 0))


def novelty(lists: csr_matrix, seen: csr_matrix) -> float:
    """Mean self-information of what is recommended, bits.

    Args:
        lists: users × products.
        seen: all users × products, stored entries are what they met; a product nobody met counts
            as met by one.
    """
    met = np.maximum(np.bincount(seen.indices, minlength=seen.shape[1]), 1)
    bits = np.log2(seen.shape[0]) - np.log2(met)
    return _mean(_shares(lists) @ bits, _sums(lists) > 0)


def exposure_gini(lists: csr_matrix) -> float:
    """Gini coefficient of how often each product of the catalogue is in a list, [0, 1)."""
    exposure = np.sort(np.bincount(lists.indices, minlength=lists.shape[1]))
    n = len(exposure)
    place = 2 * np.arange(1, n + 1) - n - 1
    return float(place @ exposure / (n * exposure.sum())) if exposure.any() else 0.0


def attribute_shares(channel: Channel, products: int) -> csr_matrix:
    """p(value | product) of one relation, products × values: a product's own values, equal parts.

    A product without a value has an empty row.
    """
    own = channel.depth == 0
    held = csr_matrix(
        (np.ones(int(own.sum())), (channel.product[own], channel.entity[own])),
        shape=(products, len(channel.entities)),
    )
    return _shares(held)


def calibration(lists: csr_matrix, histories: csr_matrix, attribute: csr_matrix) -> float:
    """KL(p ‖ q̃): mean over users, nats; 0: the list has the proportions of the history.

    Args:
        lists: users × products.
        histories: users × products, weights of what the history holds.
        attribute: products × values, of `attribute_shares`.
    """
    p, q = _shares(histories @ attribute), _shares(lists @ attribute)
    users = np.repeat(np.arange(p.shape[0]), np.diff(p.indptr))
    mixed = (1 - ALPHA) * np.asarray(q[users, p.indices]).ravel() + ALPHA * p.data
    terms = p.data * (np.log(p.data) - np.log(mixed))
    divergence = np.bincount(users, weights=terms, minlength=p.shape[0])
    return _mean(divergence, (_sums(p) > 0) & (_sums(q) > 0))


def entropy(lists: csr_matrix, attribute: csr_matrix) -> float:
    """Shannon entropy of an attribute's values over each list, mean over users, bits."""
    q = _shares(lists @ attribute)
    users = np.repeat(np.arange(q.shape[0]), np.diff(q.indptr))
    of_each = np.bincount(users, weights=-q.data * np.log2(q.data), minlength=q.shape[0])
    return _mean(of_each, _sums(q) > 0)


def _sums(matrix: csr_matrix) -> NDArray[np.float64]:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()


def _shares(matrix: csr_matrix) -> csr_matrix:
    """Rows divided by their sums; empty rows stay empty."""
    total = _sums(matrix)
    scaled = csr_matrix(diags_array(1.0 / np.where(total > 0, total, 1.0)) @ matrix)
    scaled.eliminate_zeros()
    return scaled


def _mean(values: NDArray[np.floating] | NDArray[np.integer], usable: NDArray[np.bool_]) -> float:
    return float(values[usable].mean()) if usable.any() else float("nan")
