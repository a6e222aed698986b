"""Rows of compressed sparse matrices, taken without building more than is asked for.

In: CSR matrices, possibly memory-mapped and wide. Out: small matrices and dense blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

__all__ = [
    "distinct",
    "gather",
    "narrowed",
    "pair_products",
    "rows_of",
    "some_columns",
    "sorted_csr",
]

_MARKS = 1 << 18  # one for each number below a limit is quicker than sorting


def gather(
    indptr: NDArray[np.signedinteger], rows: NDArray[np.signedinteger]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the entries of some rows of a compressed matrix, and whose each is."""
    start = indptr[rows].astype(np.int64)
    count = indptr[rows + 1] - start
    owner = np.repeat(np.arange(len(rows)), count)
    shift = start - (np.cumsum(count) - count)
    return np.arange(len(owner)) + shift[owner], owner


def rows_of(matrix: csr_matrix, rows: NDArray[np.signedinteger]) -> csr_matrix:
    """Some rows of a matrix, float64."""
    position, _ = gather(matrix.indptr, rows)
    count = matrix.indptr[rows + 1] - matrix.indptr[rows]
    indptr = np.concatenate([[0], np.cumsum(count)])
    data = matrix.data[position].astype(np.float64)
    return csr_matrix((data, matrix.indices[position], indptr), shape=(len(rows), matrix.shape[1]))


def narrowed(
    taken: Sequence[tuple[csr_matrix, NDArray[np.signedinteger]]],
) -> tuple[csr_matrix, NDArray[np.int64]]:
    """Some rows of matrices of the same width, one below the other, without empty columns.

    Args:
        taken: matrices, and which rows of each.

    Returns:
        The rows, float64, and the columns kept, ascending.
    """
    places = [gather(matrix.indptr, rows)[0] for matrix, rows in taken]
    met = [matrix.indices[place] for (matrix, _), place in zip(taken, places, strict=True)]
    columns, place = distinct(np.concatenate(met), taken[0][0].shape[1])
    data = [matrix.data[place] for (matrix, _), place in zip(taken, places, strict=True)]
    counts = [matrix.indptr[rows + 1] - matrix.indptr[rows] for matrix, rows in taken]
    indptr = np.concatenate([[0], *counts]).cumsum(dtype=np.int32)
    values = np.concatenate(data).astype(np.float64)
    return csr_matrix((values, place, indptr), shape=(len(indptr) - 1, len(columns))), columns


def distinct(
    numbers: NDArray[np.signedinteger], limit: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Distinct numbers below a limit, ascending, and the place of each number among them.

    As ``np.unique``, without sorting where the limit is not large.
    """
    if limit > _MARKS:
        found, place = np.unique(numbers, return_inverse=True)
        return found.astype(np.int64), place.astype(np.int32)
    met = np.zeros(limit, dtype=bool)
    met[numbers] = True
    found = np.flatnonzero(met)
    place = np.empty(limit, dtype=np.int32)
    place[found] = np.arange(len(found))
    return found, place[numbers]


def some_columns(matrix: csr_matrix, columns: NDArray[np.signedinteger]) -> NDArray[np.float64]:
    """``matrix[:, columns]`` dense, (rows, columns); columns ascend, the matrix has few rows.

    The cost goes with the entries and the columns asked for, not with the width.
    """
    dense = np.zeros((matrix.shape[0], len(columns)))
    owner = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    at = np.searchsorted(columns, matrix.indices)
    known = at < len(columns)
    known[known] = columns[at[known]] == matrix.indices[known]
    dense[owner[known], at[known]] = matrix.data[known]
    return dense


def pair_products(left: csr_matrix, right: csr_matrix) -> NDArray[np.float64]:
    """``left @ right.T``, dense (few rows of each), at the cost of their entries alone."""
    columns = np.unique(right.indices)
    at = np.searchsorted(columns, left.indices)
    known = at < len(columns)
    known[known] = columns[at[known]] == left.indices[known]
    owner = np.repeat(np.arange(left.shape[0]), np.diff(left.indptr))[known]
    shape = (left.shape[0], len(columns))
    narrow = csr_matrix((left.data[known], (owner, at[known])), shape=shape)
    place = np.searchsorted(columns, right.indices)
    other = csr_matrix((right.data, place, right.indptr), shape=(right.shape[0], len(columns)))
    return np.asarray((narrow @ other.T).toarray())


def sorted_csr(matrix: Any, dtype: type[np.generic]) -> csr_matrix:
    """A matrix compressed by rows, its columns ascending and unique."""
    result = csr_matrix(matrix, dtype=dtype)
    result.sum_duplicates()
    return result
