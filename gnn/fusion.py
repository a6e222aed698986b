"""The fusion head: ridge regression of the history on itself and on what is known of the products.

    G = Σ_r w_r F_r F_rᵀ     P = (G + λI)⁻¹     s_j = (λ P_jj)^−η     B_ij = −λ P_ij s_j   (i ≠ j)
    score(u, j) = Σ_i x_ui B_ij

Co-purchase is the channel ``F = Xᵀ``; without any other channel and with η = 1 this is EASE (Steck,
2019, "Embarrassingly Shallow Autoencoders for Sparse Data"). ``λ P_jj``, in (0, 1], is what nothing
else explains of product j; η above 1 favours products of which much is known. Because
``(G + λI) P = I``,

    B_ij = s_j Σ_r w_r (P F_r)[i, :] · F_r[j, :]     for i ≠ j,

so each score is exactly a sum over (history product i, channel r, entity e of j): the terms
`gnn.explain` hands out. In: matrices. Out: a `FusionHead`, arrays only, n² of them; what is done
where these do not fit is `gnn.lowrank`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csc_matrix, csr_matrix, hstack

from gnn.dense import DenseScores, HeavyColumns
from gnn.features import Features
from gnn.history import HistoryConfig
from gnn.kin import KinConfig
from gnn.solve import add_gram, exact_sum_error, ridge_inverse
from gnn.sparse import sorted_csr
from kg.errors import ModelError

__all__ = [
    "FusionHead",
    "HeadConfig",
    "check_shapes",
    "column_factor",
    "fit_head",
    "scaled_text",
    "side_by_side",
    "solve_head",
]

_HEAVY = 32  # products an entity must have before its sums are worth keeping
_HEAVY_SHARE = 0.25  # entities kept so at most, in products: a quarter of the memory of P
_Weight = Annotated[float, Field(ge=0, le=1e5)]


class HeadConfig(BaseModel):
    """What the fusion head computes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    regularization: float = Field(
        default=100.0, gt=0, le=1e6, description="λ of the ridge regression"
    )
    relation_weight: _Weight = Field(
        default=3.0, description="w_r of a relation not named in weights"
    )
    weights: Mapping[str, _Weight] = Field(
        default_factory=dict, description="w_r by relation id; 0 leaves a relation out"
    )
    text_weight: _Weight = Field(default=6.0, description="w of the text embeddings")
    gnn_weight: float = Field(
        default=0.5,
        ge=0,
        le=100,
        description="GNN scores added, in standard deviations of the head's",
    )
    degree_exponent: float = Field(
        default=0.5, ge=0, le=1, description="an entity of degree d counts d ** -exponent"
    )
    ancestor_damping: float = Field(
        default=0.5, ge=0, le=1, description="factor per broader edge; 0: no ancestors"
    )
    norm_exponent: float = Field(
        default=1.0, ge=0, le=4, description="η of the normalisation of each product's column of B"
    )
    min_degree: int = Field(default=2, ge=1, description="entities of fewer products are left out")
    half_life_days: float | None = Field(
        default=None,
        gt=0,
        description="days before the last event that halve a training event; None: none do",
    )
    history: HistoryConfig = HistoryConfig()
    kin: KinConfig = KinConfig()
    precision: Literal["auto", "float32", "float64"] = Field(
        default="auto", description="of the inversion; auto: float64 where float32 misses max_error"
    )
    max_error: float = Field(
        default=1e-6, gt=0, le=1e-2, description="allowed error of the exact sum"
    )
    kind: Literal["auto", "dense", "low_rank"] = Field(
        default="auto",
        description="auto: dense where its n × n arrays fit in half the memory, else low_rank",
    )
    rank: int = Field(
        default=256, ge=1, le=2048, description="of the low-rank head's sketch of all channels"
    )
    refinement: float = Field(
        default=0.5, ge=0, le=1, description="θ: how much of what the sketch misses counts"
    )
    text_rank: int = Field(
        default=128, ge=1, le=2048, description="dimensions of text the low-rank head keeps"
    )
    memory_bytes: int | None = Field(
        default=None, ge=1, description="memory to choose by; None: what the machine has"
    )

    def weight(self, relation: str) -> float:
        """``w_r`` of a relation."""
        return self.weights.get(relation, self.relation_weight)


@dataclass(frozen=True)
class FusionHead(DenseScores):
    """A fitted head. All that scoring and explaining read; arrays may be memory-mapped."""

    regularization: float
    inverse: NDArray[np.float32]  # P, (n, n) symmetric
    factor: NDArray[np.float64]  # s_j, (n,)
    features: Features  # F, (n, columns), scaled by sqrt(w)
    by_entity: csr_matrix  # Fᵀ, (columns, n)
    heavy: HeavyColumns
    text: NDArray[np.float32]  # (n, d) scaled by sqrt(w); d may be 0
    inverse_text: NDArray[np.float32]  # P @ text, (n, d)
    co_purchase: csr_matrix  # C = Xᵀ X, (n, n) float32
    buyers: csr_matrix  # how many users bought both, (n, n) int32; the diagonal: bought one
    error: float  # largest error of the exact sum, measured


def fit_head(
    user_items: csr_matrix,
    features: Features,
    text: NDArray[np.float32] | None,
    config: HeadConfig,
    *,
    bought: csr_matrix | None = None,
) -> FusionHead:
    """Fit the head.

    Args:
        user_items: X, users × products, float32; what each user did in training.
        features: the relations' channels, of the same products.
        text: embeddings of the products, (n, d) float32 with unit rows; None: no text channel.
        config: settings.
        bought: users × products, what counts as bought when buyers are counted; default X.

    Raises:
        ModelError: shapes that do not agree.
    """
    n = user_items.shape[1]
    check_shapes(n, features, text)
    scaled = scaled_text(text, n, config)
    matrix = features.matrix()
    co_purchase = sorted_csr(user_items.T @ user_items, np.float32)
    inverse, error = _solve(matrix, scaled, user_items, config)
    by_entity = sorted_csr(csc_matrix(matrix).T, np.float32)
    held = user_items if bought is None else bought
    ones = csr_matrix((np.ones(held.nnz, dtype=np.int32), held.indices, held.indptr), held.shape)
    return FusionHead(
        regularization=config.regularization,
        inverse=inverse,
        factor=column_factor(inverse.diagonal(), config),
        features=features,
        by_entity=by_entity,
        heavy=_heavy_columns(by_entity, inverse),
        text=scaled,
        inverse_text=np.ascontiguousarray(_product(scaled.T.astype(np.float64), inverse).T),
        co_purchase=co_purchase,
        buyers=sorted_csr(ones.T @ ones, np.int32),
        error=error,
    )


def scaled_text(
    text: NDArray[np.float32] | None, n: int, config: HeadConfig
) -> NDArray[np.float32]:
    """T, the embeddings times the root of their weight; (n, 0) where they do not count."""
    if text is None or config.text_weight == 0:
        return np.zeros((n, 0), dtype=np.float32)
    return np.ascontiguousarray(np.sqrt(config.text_weight) * text, dtype=np.float32)


def column_factor(diagonal: NDArray[np.floating], config: HeadConfig) -> NDArray[np.float64]:
    """``s_j = (λ P_jj)^−η`` of each product from the diagonal of P, (n,)."""
    unexplained = config.regularization * diagonal.astype(np.float64)
    return np.asarray(unexplained**-config.norm_exponent)


def check_shapes(n: int, features: Features, text: NDArray[np.float32] | None) -> None:
    """Features and text must be of the ``n`` products the interactions name.

    Raises:
        ModelError: they are not.
    """
    for name, rows in (("features", features.shape[0]), ("text", n if text is None else len(text))):
        if rows != n:
            raise ModelError(f"{name} have {rows} rows but the interactions name {n} products")


def solve_head(
    features: csr_matrix,
    text: NDArray[np.float32],
    user_items: csr_matrix,
    regularization: float,
    precision: str = "float32",
) -> NDArray[np.float32]:
    """P alone, (n, n) float32: what scores are made of.

    Args:
        features: F, products × columns, scaled by the channels' weights.
        text: (n, d) scaled by the root of its weight; d may be 0.
        user_items: X, users × products.
        regularization: λ.
        precision: float32 or float64.
    """
    n = user_items.shape[1]
    gram = np.zeros((n, n), dtype=precision)
    add_gram(gram, side_by_side(features, user_items))
    if text.shape[1]:
        add_gram(gram, text)
    return ridge_inverse(gram, regularization)


def _solve(
    matrix: csr_matrix, text: NDArray[np.float32], user_items: csr_matrix, config: HeadConfig
) -> tuple[NDArray[np.float32], float]:
    """P and the error of its exact sum, in the precision that reaches ``max_error``."""
    everything = side_by_side(matrix, user_items)
    for precision in ("float32", "float64"):
        if config.precision in ("auto", precision):
            inverse = solve_head(matrix, text, user_items, config.regularization, precision)
            error = exact_sum_error(
                inverse, everything, text, config.regularization, config.norm_exponent
            )
            if error <= config.max_error:
                break
    return inverse, error


def side_by_side(matrix: csr_matrix, user_items: csr_matrix) -> csr_matrix:
    """``[F Xᵀ]``, products × (columns + users)."""
    return csr_matrix(hstack([matrix, user_items.T], format="csr", dtype=np.float32))


def _heavy_columns(by_entity: csr_matrix, inverse: NDArray[np.float32]) -> HeavyColumns:
    """Precompute `HeavyColumns` for the entities of most products."""
    degree = np.diff(by_entity.indptr)
    most = np.argsort(-degree, kind="stable")[: int(_HEAVY_SHARE * len(inverse))]
    heavy = np.sort(most[degree[most] > _HEAVY])
    index = np.full(by_entity.shape[0], -1, dtype=np.int32)
    index[heavy] = np.arange(len(heavy))
    sums = _product(by_entity[heavy].astype(np.float64), inverse)
    return HeavyColumns(index, np.ascontiguousarray(sums.T))


def _product(
    left: csr_matrix | NDArray[np.float64], inverse: NDArray[np.float32]
) -> NDArray[np.float32]:
    """``left @ P``, summed in float64 so that explanations add up, kept as float32."""
    product = np.empty((left.shape[0], len(inverse)), dtype=np.float32)
    for start in range(0, len(inverse), 1024):
        columns = slice(start, start + 1024)
        product[:, columns] = left @ inverse[:, columns].astype(np.float64, order="C")
    return product
