"""The low-rank head: the fusion head of `gnn.fusion` where n × n arrays do not fit.

With a sketch ``G ≈ Φ Φᵀ`` (`gnn.sketch`, all channels at once) and D the diagonal that makes up for
what the sketch leaves out, ``D = λI + diag(G − Φ Φᵀ)``, the inverse is, by Woodbury,

    P = D⁻¹ − D⁻¹ Φ M Φᵀ D⁻¹        M = (I + Φᵀ D⁻¹ Φ)⁻¹        s_j = (D_jj P_jj)^−η = (1 − h_j)^−η

and B is made from it and from the *whole* G, as the dense head's terms are:

    B_ij = s_j Σ_r w_r (P F_r)[i, :] · F_r[j, :] = s_j (G_ij − φ_i · ψ_j) / D_ii        Ψ = G D⁻¹ Φ M

So what two products share counts even where the sketch misses it (one step of iterative refinement
of P), and a score is exactly a sum over (history product, channel, entity), by construction. Where
Φ has the rank of G this is the dense head. The diagonal makes the sketch what Snelson and
Ghahramani (2006) do to Gaussian processes. In: matrices. Out: a `LowRankHead`, (n, d) arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csc_matrix, csr_matrix

from gnn.features import Features
from gnn.fusion import HeadConfig, check_shapes, scaled_text, side_by_side
from gnn.head import Rows
from gnn.sketch import Gram, reduced, sketch
from gnn.sparse import gather, pair_products, rows_of, some_columns, sorted_csr

__all__ = ["LowRankHead", "LowRankSums", "fit_low_rank"]

_BLOCK = 1 << 26  # numbers in a dense block
_SAMPLE = 64
_SEED = 0


@dataclass(frozen=True)
class LowRankHead:
    """A fitted head of low rank; see `gnn.head.Head`. Arrays may be memory-mapped."""

    features: Features  # F, (n, columns), scaled by sqrt(w)
    known: csr_matrix  # [F Xᵀ], (n, columns + users) float32
    by_entity: csr_matrix  # its transpose
    text: NDArray[np.float32]  # T, (n, t) scaled by sqrt(w); t may be 0
    diagonal: NDArray[np.float64]  # D, (n,)
    left: NDArray[np.float32]  # D⁻¹ Φ, (n, d)
    reach: NDArray[np.float32]  # Ψ, (n, d)
    of_entity: NDArray[np.float32]  # Fᵀ D⁻¹ Φ M, (columns, d)
    of_purchase: NDArray[np.float32]  # Xᵀ X D⁻¹ Φ M, (n, d): the part of Ψ that is co-purchase
    of_text: NDArray[np.float32]  # Tᵀ D⁻¹ Φ M, (t, d)
    target: NDArray[np.float32]  # s Φ M, (n, d): left · target is the part of B the sketch knows
    factor: NDArray[np.float64]  # s_j, (n,)
    own: NDArray[np.float64]  # B_jj, (n,): what is taken out, none is scored from itself
    bought: csr_matrix  # products × users, who bought it, int8
    error: float  # largest error of the exact sum, measured

    @property
    def num_products(self) -> int:
        """Number of products."""
        return len(self.left)

    @property
    def rank(self) -> int:
        """Columns of the sketch."""
        return int(self.left.shape[1])

    def query(self, rows: Rows, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """``x_u D⁻¹ Φ``, (d,): what `reach` and `target` are multiplied with."""
        return np.asarray(weights @ self.left[rows].astype(np.float64))

    def scores(
        self, rows: Rows, weights: NDArray[np.float64], products: Rows | None = None
    ) -> NDArray[np.float64]:
        """See `gnn.head.Head`; of all products in float32, of some in float64."""
        each = weights / self.diagonal[rows]
        user = self.query(rows, weights)
        text = each @ self.text[rows].astype(np.float64)
        carried = np.asarray(rows_of(self.known, rows).T @ each)  # (columns + users,)
        if products is None:
            scores = np.asarray(self.known @ carried.astype(np.float32), dtype=np.float64)
            scores += self.text @ text.astype(np.float32) - self.reach @ user.astype(np.float32)
            scores *= self.factor
            scores[rows] -= weights * self.own[rows]
            return scores
        known = rows_of(self.known, products) @ carried
        known += _dots(self.text[products], text) - _dots(self.reach[products], user)
        known *= self.factor[products]
        itself, at = np.nonzero(products[:, None] == rows)
        known[itself] -= weights[at] * self.own[rows[at]]
        return np.asarray(known)

    def batch(self, histories: csr_matrix) -> NDArray[np.float32]:
        """See `gnn.head.Head`."""
        scores = np.empty(histories.shape, dtype=np.float32)
        step = max(1, _BLOCK // max(self.known.shape))
        for start in range(0, histories.shape[0], step):
            some = csr_matrix(histories[start : start + step])
            each = csr_matrix(some.multiply(1.0 / self.diagonal), dtype=np.float32)
            part = self.known @ np.ascontiguousarray((each @ self.known).toarray().T)  # (n, b)
            part += self.text @ (each @ self.text).T
            part -= self.reach @ (some @ self.left).T
            scores[start : start + step] = part.T * self.factor
        return scores

    def parts(self, products: Rows, rows: Rows) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        parts = pair_products(rows_of(self.known, products), rows_of(self.known, rows))
        parts += _pairs(self.text[products], self.text[rows])
        parts /= self.diagonal[rows]
        parts -= _pairs(self.reach[products], self.left[rows])
        return np.asarray(parts * self.factor[products, None])

    def scale(self, products: Rows) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        return self.factor[products]

    def sums(self, rows: Rows, weights: NDArray[np.float64], chosen: Rows) -> LowRankSums:
        """See `gnn.head.Head`."""
        mix = np.zeros((1 + len(chosen), len(rows)))
        mix[0] = weights
        mix[np.arange(1, 1 + len(chosen)), chosen] = 1.0
        return LowRankSums(self, rows, mix)

    def bought_both(self, one: int, other: int) -> int:
        """See `gnn.head.Head`."""
        first, second = (
            self.bought.indices[self.bought.indptr[row] : self.bought.indptr[row + 1]]
            for row in (one, other)
        )
        return len(np.intersect1d(first, second, assume_unique=True))

    def popularity(self) -> NDArray[np.float64]:
        """See `gnn.head.Head`."""
        return np.diff(self.bought.indptr).astype(np.float64)

    def neighbours(
        self, rows: Rows, weights: NDArray[np.float64], count: int, max_degree: int
    ) -> NDArray[np.int64]:
        """Products that share most with a history in rare entities and buyers, at most ``count``.

        Entities and buyers of more than ``max_degree`` products are passed over: these the sketch
        knows.
        """
        known = rows_of(self.known, rows)
        each = np.repeat(weights / self.diagonal[rows], np.diff(known.indptr))
        degree = self.by_entity.indptr[known.indices + 1] - self.by_entity.indptr[known.indices]
        rare = degree <= max_degree
        columns, entry = np.unique(known.indices[rare], return_inverse=True)
        carried = np.bincount(entry, (known.data * each)[rare], len(columns))
        position, owner = gather(self.by_entity.indptr, columns)
        found, place = np.unique(self.by_entity.indices[position], return_inverse=True)
        shared = self.by_entity.data[position] * carried[owner]
        value = np.bincount(place, shared, len(found)) * self.factor[found]
        best = np.argsort(-value, kind="stable")[:count]
        return found[best].astype(np.int64)


class LowRankSums:
    """See `gnn.head.HistorySums`; ``mix`` (lines, m) says which rows of P make each line."""

    def __init__(self, head: LowRankHead, rows: Rows, mix: NDArray[np.float64]) -> None:
        self._head, self._rows = head, rows
        self._each = mix / head.diagonal[rows]
        self._lines = mix @ head.left[rows].astype(np.float64)  # (lines, d)
        self._known = rows_of(head.known, rows)

    def entities(self, columns: Rows) -> NDArray[np.float64]:
        """``(P F)[·, e]``, (lines, columns)."""
        own = self._each @ some_columns(self._known, columns)
        return np.asarray(own - _pairs(self._lines, self._head.of_entity[columns]))

    def co_purchase(self, products: Rows) -> NDArray[np.float64]:
        """``(P C)[·, j]``, (lines, products)."""
        width = self._head.features.shape[1]
        both = pair_products(
            _from_column(self._known, width),
            _from_column(rows_of(self._head.known, products), width),
        )
        return np.asarray(self._each @ both - _pairs(self._lines, self._head.of_purchase[products]))

    def text(self, products: Rows) -> NDArray[np.float64]:
        """``(P T)[·, :] · T[j, :]``, (lines, products)."""
        own = self._each @ self._head.text[self._rows].astype(np.float64)
        lines = own - self._lines @ self._head.of_text.astype(np.float64).T
        return _pairs(lines, self._head.text[products])


def fit_low_rank(
    user_items: csr_matrix,
    features: Features,
    text: NDArray[np.float32] | None,
    config: HeadConfig,
    *,
    bought: csr_matrix | None = None,
    sketched: Callable[[Gram], NDArray[np.float32]] | None = None,
) -> LowRankHead:
    """Fit the head; see `gnn.fusion.fit_head`, whose arguments most of these are.

    Args:
        user_items: X, users × products, float32.
        features: the relations' channels.
        text: embeddings, (n, t) float32 with unit rows; None: no text channel.
        config: settings.
        bought: users × products, what counts as bought; default X.
        sketched: makes Φ of G; by default `gnn.sketch.sketch` of ``config.rank``, seeded.

    Raises:
        ModelError: shapes that do not agree.
    """
    check_shapes(user_items.shape[1], features, text)
    block = reduced(scaled_text(text, user_items.shape[1], config), config.text_rank)
    known = sorted_csr(side_by_side(features.matrix(), user_items), np.float32)
    by_entity = sorted_csr(csc_matrix(known).T, np.float32)
    gram = Gram(known, by_entity, block)
    if sketched is None:
        phi = sketch(gram, config.rank, np.random.default_rng(_SEED))
    else:
        phi = sketched(gram)
    squares = gram.diagonal()
    missing = np.maximum(squares - np.einsum("jd,jd->j", phi, phi, dtype=np.float64), 0.0)
    diagonal = config.regularization + missing
    left = (phi / diagonal[:, None]).astype(np.float32)
    right = _times_inverse(phi, left)  # Φ M
    unexplained = 1.0 - np.einsum("jd,jd->j", left, right, dtype=np.float64)
    factor = unexplained**-config.norm_exponent
    target = (right * factor[:, None]).astype(np.float32)
    right /= diagonal[:, None].astype(np.float32)  # D⁻¹ Φ M
    width = features.shape[1]
    of_entity, of_purchase = _multiplied(by_entity, known, right, width)
    of_text = block.T @ right
    reach = features.matrix() @ of_entity
    reach += of_purchase
    reach += block @ of_text
    own = (squares / diagonal - np.einsum("jd,jd->j", left, reach, dtype=np.float64)) * factor
    held = csr_matrix((user_items if bought is None else bought).T)
    return _checked(
        LowRankHead(
            features=features,
            known=known,
            by_entity=by_entity,
            text=block,
            diagonal=diagonal,
            left=left,
            reach=reach,
            of_entity=of_entity,
            of_purchase=of_purchase,
            of_text=of_text,
            target=target,
            factor=factor,
            own=own,
            bought=sorted_csr(held, np.int8),
            error=0.0,
        )
    )


def _times_inverse(phi: NDArray[np.float32], left: NDArray[np.float32]) -> NDArray[np.float32]:
    """``Φ M``, (n, d), with M in float64."""
    core = (phi.T @ left).astype(np.float64)
    core = (core + core.T) / 2 + np.eye(len(core))
    inverse = cho_solve(cho_factor(core), np.eye(len(core)))
    return np.asarray(phi @ inverse.astype(np.float32))


def _multiplied(
    by_entity: csr_matrix, known: csr_matrix, right: NDArray[np.float32], width: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """``Fᵀ R``, (columns, d), and ``Xᵀ X R``, (n, d), a few columns at a time."""
    entities, users = by_entity[:width], by_entity[width:]
    purchases = users.T.tocsr()
    of_purchase = np.empty_like(right)
    step = 64
    for start in range(0, right.shape[1], step):
        some = np.ascontiguousarray(right[:, start : start + step])
        of_purchase[:, start : start + step] = purchases @ (users @ some)
    return np.asarray(entities @ right), of_purchase


def _checked(head: LowRankHead) -> LowRankHead:
    """The head with its error: the largest difference of B_ij and the sum of its terms.

    On a sample of columns j, over all i. Both use the same numbers but for the rounding of Ψ.
    """
    n, width = head.num_products, head.features.shape[1]
    sample = np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(np.int64))
    matrix = rows_of(head.known, sample)[:, :width]
    summed = matrix @ head.of_entity.astype(np.float64)
    summed += head.of_purchase[sample].astype(np.float64)
    summed += head.text[sample].astype(np.float64) @ head.of_text.astype(np.float64)
    gap = (summed - head.reach[sample]) * head.factor[sample, None]
    worst = 0.0
    for start in range(0, n, 8192):
        block = head.left[start : start + 8192].astype(np.float64) @ gap.T
        worst = max(worst, float(np.abs(block).max(initial=0.0)))
    return replace(head, error=worst)


def _from_column(matrix: csr_matrix, first: int) -> csr_matrix:
    """The entries of a matrix from a column on, in the same columns."""
    kept = matrix.indices >= first
    indptr = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return csr_matrix((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)


def _dots(rows: NDArray[np.float32], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.einsum("jd,d->j", rows, vector, dtype=np.float64))


def _pairs(left: NDArray[np.floating], right: NDArray[np.floating]) -> NDArray[np.float64]:
    """``left @ right.T``, each number summed by itself: the same whatever stands beside it."""
    return np.asarray(np.einsum("jd,id->ji", left, right, dtype=np.float64))
