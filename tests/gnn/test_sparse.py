"""Taking a little out of large sparse matrices gives what taking it out of dense ones gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import random_array

import gnn.sparse
from gnn.sparse import distinct, narrowed, pair_products, rows_of, some_columns, sorted_csr

SHAPE = (7, 11)


def _matrix(seed: int):
    return sorted_csr(random_array(SHAPE, density=0.3, rng=np.random.default_rng(seed)), np.float32)


rows = st.lists(st.integers(0, SHAPE[0] - 1), max_size=9).map(lambda r: np.array(r, dtype=np.int64))
seeds = st.integers(0, 50)


@given(seeds, rows)
def test_rows_are_the_rows_of_the_dense_matrix(seed, some):
    matrix = _matrix(seed)
    np.testing.assert_array_equal(rows_of(matrix, some).toarray(), matrix.toarray()[some])


@given(seeds, rows, rows)
def test_narrowed_leaves_out_the_empty_columns_alone(seed, some, others):
    one, other = _matrix(seed), _matrix(seed + 1)
    narrow, columns = narrowed([(one, some), (other, others)])
    dense = np.vstack([one.toarray()[some], other.toarray()[others]])
    assert columns.tolist() == np.flatnonzero((dense != 0).any(axis=0)).tolist()
    np.testing.assert_array_equal(narrow.toarray(), dense[:, columns])
    assert narrow.dtype == np.float64


@pytest.mark.parametrize("marks", [0, 1 << 18], ids=["sorted", "marked"])
@given(st.lists(st.integers(0, 40)))
def test_distinct_numbers_ascend_and_every_number_finds_its_own(marks, numbers):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gnn.sparse, "_MARKS", marks)
        found, place = distinct(np.array(numbers, dtype=np.int64), 41)
    assert found.tolist() == sorted(set(numbers))
    assert found[place].tolist() == numbers


@given(seeds)
def test_some_columns_are_those_of_the_dense_matrix(seed):
    matrix, columns = _matrix(seed), np.array([0, 3, 4, 10])
    np.testing.assert_array_equal(some_columns(matrix, columns), matrix.toarray()[:, columns])


@given(seeds, seeds)
def test_pair_products_are_those_of_the_dense_matrices(one, other):
    left, right = _matrix(one), _matrix(other)
    np.testing.assert_allclose(
        pair_products(left, right), left.toarray() @ right.toarray().T, atol=1e-6
    )
