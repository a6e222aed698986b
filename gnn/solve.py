"""The head's linear algebra: the Gram matrix, its ridge inverse, and how exact that came out.

In: sparse and dense features. Out: ``P = (G + λI)⁻¹`` as one dense float32 array. Everything is
done in place in one n × n array (n² · 8 bytes in float64, half in float32).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri, spotrf, spotri
from scipy.sparse import csc_matrix, csr_matrix

from kg.errors import ModelError

__all__ = ["add_gram", "exact_sum_error", "ridge_inverse"]

_BLOCK = 1024
_HEAVY = 256  # columns with more entries are multiplied as dense blocks
_SAMPLE = 64


def add_gram(gram: NDArray[np.floating], matrix: csr_matrix | NDArray[np.float32]) -> None:
    """``gram += matrix @ matrix.T`` in place, in blocks.

    Args:
        gram: (n, n), float32 or float64.
        matrix: (n, m), sparse or dense.
    """
    if isinstance(matrix, np.ndarray):
        _add_dense(gram, matrix)
        return
    by_column = csc_matrix(matrix)
    degree = np.diff(by_column.indptr)
    heavy = np.flatnonzero(degree > _HEAVY)
    for start in range(0, len(heavy), _BLOCK):
        _add_dense(gram, by_column[:, heavy[start : start + _BLOCK]].toarray())
    light = by_column[:, degree <= _HEAVY].tocsr()
    transposed = light.T.tocsr()
    for start in range(0, len(gram), _BLOCK):
        rows = slice(start, start + _BLOCK)
        gram[rows] += (light[rows] @ transposed).toarray()


def ridge_inverse(gram: NDArray[np.floating], regularization: float) -> NDArray[np.float32]:
    """``(G + λI)⁻¹`` by Cholesky (LAPACK potrf, potri); ``gram`` is used up.

    Args:
        gram: (n, n) symmetric, float32 or float64; its dtype is the one computed in.
        regularization: λ > 0.

    Returns:
        (n, n) float32, exactly symmetric.

    Raises:
        ModelError: ``G + λI`` is not positive definite in this precision.
    """
    n = len(gram)
    gram[np.diag_indices(n)] += regularization
    factor, invert = (spotrf, spotri) if gram.dtype == np.float32 else (dpotrf, dpotri)
    # The transpose of a C array is a Fortran array, which LAPACK takes without a copy.
    lower, info = factor(gram.T, lower=1, clean=0, overwrite_a=1)
    if info == 0:
        lower, info = invert(lower, lower=1, overwrite_c=1)
    if info != 0:
        raise ModelError(
            f"the Gram matrix of {n} products with λ={regularization:g} is not positive definite "
            f"in {gram.dtype}; raise the regularization or compute in float64"
        )
    inverse = lower.T if gram.dtype == np.float32 else np.empty((n, n), dtype=np.float32)
    for start in range(0, n, _BLOCK):  # the upper triangle of lower.T is valid: mirror it down
        stop = min(start + _BLOCK, n)
        block = np.triu(lower.T[start:stop, start:stop])
        inverse[start:stop, start:stop] = block + np.triu(block, 1).T
        inverse[start:stop, stop:] = lower.T[start:stop, stop:]
        inverse[stop:, start:stop] = lower.T[start:stop, stop:].T
    return inverse


def exact_sum_error(
    inverse: NDArray[np.float32],
    sparse: csr_matrix,
    dense: NDArray[np.float32],
    regularization: float,
    norm_exponent: float = 1.0,
) -> float:
    """Largest difference between ``B_ij`` and the sum of its terms, on a sample of columns j.

    ``B_ij = −λ P_ij s_j`` equals ``s_j (P G)_ij`` for i ≠ j where P is the inverse; the difference
    is what float arithmetic leaves over.

    Args:
        inverse: P, (n, n).
        sparse: (n, m) with ``sparse @ sparse.T + dense @ dense.T = G``.
        dense: (n, d).
        regularization: λ.
        norm_exponent: η of ``s_j = (λ P_jj)^−η``.
    """
    n = len(inverse)
    columns = np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(np.int64))
    wide = sparse.astype(np.float64)
    gram = (wide @ wide[columns].T).toarray() + dense.astype(np.float64) @ dense[columns].T
    diagonal = inverse[columns, columns].astype(np.float64)
    factor = (regularization * diagonal) ** -norm_exponent
    worst = 0.0
    for start in range(0, n, _BLOCK):
        rows = inverse[start : start + _BLOCK].astype(np.float64)
        left = rows @ gram + regularization * rows[:, columns]
        own = np.arange(start, start + len(rows))[:, None] == columns
        left[own] = 0.0
        worst = max(worst, float(np.abs(left * factor).max(initial=0.0)))
    return worst


def _add_dense(gram: NDArray[np.floating], matrix: NDArray[np.float32]) -> None:
    wide = np.ascontiguousarray(matrix, dtype=gram.dtype)
    for start in range(0, len(gram), _BLOCK):
        rows = slice(start, start + _BLOCK)
        gram[rows] += wide[rows] @ wide.T
