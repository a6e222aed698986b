"""How alike products are, by what Clew knows of them: the graph and the words.

In: a fitted head and some product rows. Out: `Vectors`, one unit row a product, whose dot products
are cosines. A product's vector is its fused feature row (`gnn.features`: each entity counts by its
relation's weight and the rarer the more) beside its text embedding, each of unit length, then
blended:

    v_j = [ √(1−t) · f_j / |f_j| ,  √t · e_j / |e_j| ],  scaled to length one

so that the cosine of two products that have both is ``(1−t) cos(f_i, f_j) + t cos(e_i, e_j)``, and
any matrix of cosines is positive semi-definite. A product without facts is compared by its words,
one without words by its facts; one without either is like no other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.head import Head
from gnn.sparse import gather

__all__ = ["TEXT_SHARE", "Vectors", "product_vectors"]

TEXT_SHARE = 0.5
"""``t``: how much the words count beside the graph."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """Unit rows of products in two parts; a row of zeros where nothing is known."""

    graph: csr_matrix  # (m, columns) float32
    text: NDArray[np.float32]  # (m, d); d may be 0

    def __len__(self) -> int:
        return len(self.text)

    def cosines(self, at: int) -> NDArray[np.float32]:
        """Cosines of all rows with one of them, (m,)."""
        graph = self.graph
        first, stop = graph.indptr[at], graph.indptr[at + 1]
        row = np.zeros(graph.shape[1], dtype=np.float32)
        row[graph.indices[first:stop]] = graph.data[first:stop]
        cosines: NDArray[np.float32] = graph @ row
        if self.text.shape[1]:
            cosines += self.text @ self.text[at]
        return cosines

    def of(self, rows: NDArray[np.int64]) -> Vectors:
        """Some of the rows."""
        return Vectors(csr_matrix(self.graph[rows]), self.text[rows])

    def sums(self, weights: csr_matrix) -> Vectors:
        """Weighted sums of the rows, one for each row of ``weights`` (users × m)."""
        return Vectors(csr_matrix(weights @ self.graph), np.asarray(weights @ self.text))

    def dots(self, other: Vectors) -> NDArray[np.float64]:
        """Dot product of each row with the other's row at the same place, (m,)."""
        graph = np.asarray(self.graph.multiply(other.graph).sum(axis=1)).ravel()
        text = np.einsum("md,md->m", self.text, other.text, dtype=np.float64)
        return np.asarray(graph.astype(np.float64) + text)


def product_vectors(
    head: Head, rows: NDArray[np.int64], *, text_share: float = TEXT_SHARE
) -> Vectors:
    """Vectors of some products, float32.

    Args:
        head: the fitted head.
        rows: (m,) product rows.
        text_share: ``t``, [0, 1].
    """
    features = head.features
    position, owner = gather(features.indptr, rows)
    data = features.data[position]
    facts = np.bincount(owner, weights=data * data, minlength=len(rows))
    text = head.text[rows]
    words = np.einsum("md,md->m", text, text)
    share = (1 - text_share) * (facts > 0), text_share * (words > 0)
    whole = np.maximum(share[0] + share[1], 1e-12)
    of_facts = np.sqrt(share[0] / whole / np.maximum(facts, 1e-30)).astype(np.float32)
    of_words = np.sqrt(share[1] / whole / np.maximum(words, 1e-30)).astype(np.float32)
    indptr = np.searchsorted(owner, np.arange(len(rows) + 1))
    graph = csr_matrix(
        (data * of_facts[owner], features.indices[position], indptr),
        shape=(len(rows), features.shape[1]),
    )
    return Vectors(graph, text * of_words[:, None])
