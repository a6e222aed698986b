"""A list with less of the same: products put in another order, their scores left alone.

In: the best products of a ranking with their scores, and one knob, ``diversity`` in [0, 1]. Out:
those to be shown as `Place` records, in the order to show them. Maximal marginal relevance
(Carbonell and Goldstein 1998, "The use of MMR, diversity-based reranking for reordering documents
and producing summaries"), greedy: with ``S`` what was chosen so far, the next product is

    argmax_j  z_j − penalty · diversity · max_{s∈S} v_j · v_s        z_j = (score_j − score_1) / σ

where ``v`` are the unit vectors of `gnn.likeness` and ``σ`` the standard deviation of the
candidates' scores. It is the order of ``λ z_j − (1 − λ) max v_j · v_s`` with
``λ = 1 / (1 + penalty · diversity)``. The best product stays first. The first five of ten are the
five that would be shown alone, as long as both are chosen from the same candidates. Deterministic:
among equals the better score wins, then the smaller row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from gnn.head import Head
from gnn.likeness import TEXT_SHARE, Vectors, product_vectors
from kg.errors import ModelError

__all__ = ["Diversity", "Place", "places", "rerank"]


class Diversity(BaseModel):
    """How much likeness within a list counts against a product."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    diversity: float = Field(
        default=0.0, ge=0, le=1, description="the knob; 0: the order of the scores"
    )
    candidates: int = Field(
        default=100, ge=1, le=10_000, description="best products the list is chosen from"
    )
    penalty: float = Field(
        default=5.0,
        gt=0,
        le=1000,
        description="standard deviations of the candidates' scores that being exactly like a "
        "product shown before costs, at diversity 1",
    )
    text_share: float = Field(
        default=TEXT_SHARE, ge=0, le=1, description="how much the words count beside the graph"
    )

    def pool(self, k: int) -> int:
        """How many of the best products a list of ``k`` is chosen from."""
        return k if self.diversity == 0 else max(k, self.candidates)


@dataclass(frozen=True, slots=True)
class Place:
    """A product to show, where it stands by its score alone, and what spoke against it."""

    row: int
    rank_by_score: int  # among the candidates, from 1
    likeness: float | None = None  # largest cosine with a product shown before; None: not looked at


def places(
    head: Head,
    rows: NDArray[np.int64],
    scores: NDArray[np.floating],
    k: int,
    config: Diversity,
) -> list[Place]:
    """Products to show, in the order to show them; at diversity 0 nothing is compared.

    Args:
        head: the fitted head, which says what is known of the products.
        rows: (m,) product rows of the candidates, in any order.
        scores: (m,) theirs.
        k: how many, at least 1; fewer come back where there are fewer.
        config: the knob.

    Raises:
        ModelError: as `rerank`.
    """
    order = np.lexsort((rows, -scores))
    rows = rows[order]
    if config.diversity == 0:
        return [Place(row, at + 1) for at, row in enumerate(rows[:k].tolist())]
    vectors = product_vectors(head, rows, text_share=config.text_share)
    chosen = rerank(scores[order], vectors, k, config)
    return [Place(int(rows[at]), at + 1, likeness) for at, likeness in chosen]


def rerank(
    scores: NDArray[np.floating], vectors: Vectors, k: int, config: Diversity
) -> list[tuple[int, float | None]]:
    """What to show, in the order to show it: position among the candidates, and likeness.

    A product's likeness is its largest cosine with one shown before it; None: it is the first.

    Args:
        scores: (m,) of the candidates, descending; equals in the order they are to be taken.
        vectors: of the candidates, in the same order.
        k: how many, at least 1; fewer come back where there are fewer.
        config: the knob.

    Raises:
        ModelError: ``k`` is not positive, the scores do not descend, or the vectors are of others.
    """
    values = np.asarray(scores, dtype=np.float64)
    _check(values, vectors, k)
    if not len(values):
        return []
    spread = values.std()
    left = (values - values[0]) / spread if spread > 0 else np.zeros(len(values))
    cost = config.penalty * config.diversity
    nearest = np.full(len(values), -np.inf)
    at = 0
    chosen: list[tuple[int, float | None]] = [(0, None)]
    while len(chosen) < min(k, len(values)):
        left[at] = -np.inf
        np.maximum(nearest, vectors.cosines(at), out=nearest)
        at = int(np.argmax(left - cost * nearest))
        chosen.append((at, float(nearest[at])))
    return chosen


def _check(scores: NDArray[np.float64], vectors: Vectors, k: int) -> None:
    if k < 1:
        raise ModelError(f"cannot choose {k} products; ask for at least 1")
    if len(vectors) != len(scores):
        raise ModelError(f"{len(scores)} scores but the vectors of {len(vectors)} products")
    falls = np.flatnonzero(np.diff(scores) > 0)
    if len(falls):
        at = int(falls[0])
        raise ModelError(
            f"the scores must come best first, but {scores[at]:g} stands before {scores[at + 1]:g}"
        )
