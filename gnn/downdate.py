"""A dense head as if some users had never been there, without fitting it again.

A user adds ``x xᵀ`` to ``G = Σ_r w_r F_r F_rᵀ`` and nothing else, so taking m of them (rows ``X``)
out is a change of rank m (Woodbury):

    P' = P + V (I − X V)⁻¹ Vᵀ        V = P Xᵀ

which costs ``n² m`` where fitting costs ``n³``. In: a fitted head, what the users did. Out: the
head a fit without them would give, up to the rounding of its float32 arrays. Assumes that the
weights stay as they were chosen, and that every product keeps an event: one that loses its last is
new from then on and takes after its kin, which `gnn.forget` finds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from gnn.dense import HeavyColumns
from gnn.fusion import FusionHead, HeadConfig, column_factor
from gnn.sparse import sorted_csr
from kg.errors import ModelError

__all__ = ["without_users"]

_BLOCK = 1024  # rows of P changed at once


def without_users(
    head: FusionHead, gone: csr_matrix, config: HeadConfig, *, bought: csr_matrix | None = None
) -> FusionHead:
    """The head without some users.

    Args:
        head: fitted with them; not changed.
        gone: their rows of the X it was fitted to, (m, n).
        config: the head's settings.
        bought: their rows of what counted as bought, (m, n); default ``gone``.

    Raises:
        ModelError: the rows have another width than the head has products, or the users were not
            among those it was fitted to.
    """
    if gone.shape[1] != head.num_products:
        raise ModelError(
            f"the users met {gone.shape[1]} products, the head has {head.num_products}"
        )
    X = gone.astype(np.float64)
    met = np.unique(gone.indices)
    V = np.asarray((X[:, met] @ head.inverse[met].astype(np.float64)).T)  # P is symmetric
    left = np.eye(X.shape[0]) - X @ V
    if np.linalg.eigvalsh((left + left.T) / 2)[0] <= 0:
        raise ModelError("these users were not among those the head was fitted to")
    W = np.linalg.solve(left, V.T)  # (m, n): P' = P + V W
    inverse = np.array(head.inverse)
    for start in range(0, len(inverse), _BLOCK):
        inverse[start : start + _BLOCK] += V[start : start + _BLOCK] @ W
    heavy = np.flatnonzero(head.heavy.index >= 0)
    columns = W @ head.by_entity[heavy].astype(np.float64).T
    held = gone if bought is None else bought
    ones = csr_matrix((np.ones(held.nnz, dtype=np.int32), held.indices, held.indptr), held.shape)
    return replace(
        head,
        inverse=inverse,
        factor=column_factor(inverse.diagonal(), config),
        heavy=HeavyColumns(head.heavy.index, (head.heavy.sums + V @ columns).astype(np.float32)),
        inverse_text=(head.inverse_text + V @ (W @ head.text)).astype(np.float32),
        co_purchase=_less(head.co_purchase, sorted_csr(gone.T @ gone, np.float32)),
        buyers=_less(head.buyers, sorted_csr(ones.T @ ones, np.int32)),
    )


def _less(counts: csr_matrix, gone: csr_matrix) -> csr_matrix:
    left = sorted_csr(counts - gone, counts.dtype.type)
    left.eliminate_zeros()
    return left
