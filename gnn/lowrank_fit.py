"""Fit the low-rank head: the sketch, its diagonal, and what scoring reads (`gnn.lowrank`).

In: interactions, channels and text as matrices. Out: a `LowRankHead`. In memory at once: four
arrays of n × d float32, beside the matrices.
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
from gnn.index import COARSE
from gnn.lowrank import LowRankHead
from gnn.sketch import Gram, Sketch, reduced, sketch
from gnn.sparse import sorted_csr

__all__ = ["fit_low_rank"]

_COLUMNS = 64  # multiplied at a time
_SAMPLE = 64
_SEED = 0


def fit_low_rank(
    user_items: csr_matrix,
    features: Features,
    text: NDArray[np.float32] | None,
    config: HeadConfig,
    *,
    bought: csr_matrix | None = None,
    sketched: Callable[[Gram], Sketch] | None = None,
    coarse: int = COARSE,
) -> LowRankHead:
    """Fit the head; see `gnn.fusion.fit_head`, whose arguments most of these are.

    Args:
        user_items: X, users × products, float32.
        features: the relations' channels.
        text: embeddings, (n, t) float32 with unit rows; None: no text channel.
        config: settings.
        bought: users × products, what counts as bought; default X.
        sketched: makes a sketch of G; by default `gnn.sketch.sketch` of ``config.rank``, seeded.
        coarse: columns of `LowRankHead.coarse`.

    Raises:
        ModelError: shapes that do not agree.
    """
    check_shapes(user_items.shape[1], features, text)
    block = reduced(scaled_text(text, user_items.shape[1], config), config.text_rank)
    known = sorted_csr(side_by_side(features.matrix(), user_items), np.float32)
    by_entity = sorted_csr(csc_matrix(known).T, np.float32)
    gram = Gram(known, by_entity, block)
    if sketched is None:
        made = sketch(gram, config.rank, np.random.default_rng(_SEED))
    else:
        made = sketched(gram)
    solved = _solve(made, gram.diagonal(), config, coarse)
    del made
    reached = _reached(known, by_entity, features.shape[1], solved.right, block)
    head = LowRankHead(
        features=features,
        known=known,
        by_entity=by_entity,
        text=block,
        share=solved.share,
        left=solved.left,
        coarse=solved.coarse,
        factor=solved.factor,
        own=_own(gram, solved, reached["reach"]),
        bought=sorted_csr((user_items if bought is None else bought).T, np.int8),
        error=0.0,
        **reached,
    )
    return replace(head, error=_error(head))


@dataclass(frozen=True, slots=True)
class _Solved:
    """The ridge regression in the space of the sketch; names as in `LowRankHead`."""

    share: NDArray[np.float64]
    left: NDArray[np.float32]
    right: NDArray[np.float32]  # R, (n, d)
    coarse: NDArray[np.float32]
    factor: NDArray[np.float64]


def _solve(made: Sketch, squares: NDArray[np.float64], config: HeadConfig, coarse: int) -> _Solved:
    """See the formulas of `gnn.lowrank`; ``squares`` is the diagonal of G."""
    missing = np.maximum(squares - _row_dots(made.phi, made.phi), 0.0)
    diagonal = config.regularization + missing
    left = (made.phi / diagonal[:, None]).astype(np.float32)
    inverse = _small_inverse(made.phi.T @ left)
    right = made.phi @ inverse  # Φ M
    factor = (1.0 - _row_dots(left, right)) ** -config.norm_exponent
    rough = np.ascontiguousarray(right[:, :coarse] * factor[:, None], dtype=np.float32)
    right *= (config.refinement / diagonal[:, None]).astype(np.float32)
    right -= made.made_by @ ((1 - config.refinement) * inverse)
    return _Solved(config.refinement / diagonal, left, right, rough, factor)


def _own(gram: Gram, solved: _Solved, reach: NDArray[np.float32]) -> NDArray[np.float64]:
    """``B_jj``."""
    return np.asarray(
        (gram.diagonal() * solved.share - _row_dots(solved.left, reach)) * solved.factor
    )


def _row_dots(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(np.einsum("jd,jd->j", left, right, dtype=np.float64))


def _small_inverse(core: NDArray[np.float32]) -> NDArray[np.float32]:
    """``(I + Φᵀ D⁻¹ Φ)⁻¹``, (d, d), in float64."""
    wide = core.astype(np.float64)
    wide = (wide + wide.T) / 2 + np.eye(len(core))
    return np.asarray(cho_solve(cho_factor(wide), np.eye(len(core))), dtype=np.float32)


def _reached(
    known: csr_matrix,
    by_entity: csr_matrix,
    width: int,
    right: NDArray[np.float32],
    text: NDArray[np.float32],
) -> dict[str, NDArray[np.float32]]:
    """What ``known = [F Xᵀ]``, F of so many columns, and text make of R, some columns at a time.

    Returns:
        ``reach = G R`` (n, d), written over R, ``of_entity = Fᵀ R`` (width, d),
        ``of_purchase = Xᵀ X R`` (n, d) and ``of_text = Tᵀ R`` (t, d).
    """
    entities, users = by_entity[:width], by_entity[width:]
    features, purchases = entities.T.tocsr(), users.T.tocsr()
    of_text = text.T @ right
    of_entity = np.empty((width, right.shape[1]), dtype=np.float32)
    of_purchase = np.empty_like(right)
    for start in range(0, right.shape[1], _COLUMNS):
        columns = slice(start, start + _COLUMNS)
        some = np.ascontiguousarray(right[:, columns])
        of_entity[:, columns] = entities @ some
        of_purchase[:, columns] = purchases @ (users @ some)
        part = features @ np.ascontiguousarray(of_entity[:, columns])
        part += of_purchase[:, columns]
        part += text @ of_text[:, columns]
        right[:, columns] = part
    return {
        "reach": right,
        "of_entity": of_entity,
        "of_purchase": of_purchase,
        "of_text": of_text,
    }


def _error(head: LowRankHead) -> float:
    """The largest difference of B_ij and the sum of its terms, on a sample of pairs."""
    n = head.num_products
    products = np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(np.int64))
    rows = np.unique(np.minimum(products + 1, n - 1))
    columns, carrying = head.entities_of(products)
    sums = head.sums(rows, np.ones(len(rows)), np.arange(len(rows)), columns, products)
    terms = carrying @ sums.entities[1:].T
    terms += (sums.co_purchase + sums.text)[1:].T
    gap = terms * head.scale(products)[:, None] - head.parts(products, rows)
    return float(np.abs(gap).max(initial=0.0))
