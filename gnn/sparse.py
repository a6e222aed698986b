"""Rows of compressed sparse matrices, taken without building more than is asked for.

In: CSR matrices, possibly memory-mapped and wide. Out: small matrices and dense blocks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

__all__ = ["gather", "narrowed", "pair_products", "rows_of", "some_columns", "sorted_csr"]


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
    matrix: csr_matrix, rows: NDArray[np.signedinteger]
) -> tuple[csr_matrix, NDArray[np.int64]]:
    """Some rows of a matrix, float64, without the columns that are empty there; and the others."""
    position, _ = gather(matrix.indptr, rows)
    indices = matrix.indices[position]
    met = np.zeros(matrix.shape[1], dtype=bool)
    met[indices] = True
    columns = np.flatnonzero(met)
    place = np.empty(matrix.shape[1], dtype=np.int32)
    place[columns] = np.arange(len(columns))
    indptr = np.zeros(len(rows) + 1, dtype=np.int32)
    np.cumsum(matrix.indptr[rows + 1] - matrix.indptr[rows], out=indptr[1:])
    data = matrix.data[position].astype(np.float64)
    return csr_matrix((data, place[indices], indptr), shape=(len(rows), len(columns))), columns


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
