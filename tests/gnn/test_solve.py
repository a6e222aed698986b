import numpy as np
import pytest
from scipy.sparse import csr_matrix

from gnn import solve
from gnn.solve import add_gram, exact_sum_error, ridge_inverse
from kg.errors import ModelError


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks smaller than the matrices, so that every seam is crossed."""
    monkeypatch.setattr(solve, "_BLOCK", 7)
    monkeypatch.setattr(solve, "_HEAVY", 4)


def sparse(n=20, m=30, seed=0):
    rng = np.random.default_rng(seed)
    return csr_matrix((rng.random((n, m)) * (rng.random((n, m)) < 0.3)).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gram_matrix_is_added_in_place(dtype):
    gram = np.ones((20, 20), dtype=dtype)
    add_gram(gram, sparse())
    add_gram(gram, np.eye(20, 3, dtype=np.float32))
    dense = sparse().toarray()
    wanted = 1 + dense @ dense.T + np.eye(20, 3) @ np.eye(20, 3).T
    assert gram == pytest.approx(wanted, rel=1e-5)
    assert gram.dtype == dtype


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 1e-5), (np.float64, 1e-7)])
def test_the_inverse_is_the_inverse_and_symmetric(dtype, error):
    gram = np.zeros((20, 20), dtype=dtype)
    add_gram(gram, sparse())
    wanted = np.linalg.inv(gram.astype(np.float64) + 0.5 * np.eye(20))
    inverse = ridge_inverse(gram, 0.5)
    assert inverse.dtype == np.float32
    assert np.abs(inverse - wanted).max() <= error * np.abs(wanted).max()
    assert (inverse == inverse.T).all()
    nothing = np.zeros((20, 0), dtype=np.float32)
    assert exact_sum_error(inverse, sparse(), nothing, 0.5) < 1e-4


def test_an_inexact_inverse_is_noticed():
    gram = np.zeros((20, 20))
    add_gram(gram, sparse())
    inverse = ridge_inverse(gram, 0.5)
    inverse[3, 4] += 0.01
    assert exact_sum_error(inverse, sparse(), np.zeros((20, 0), np.float32), 0.5) > 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_matrix_that_has_no_inverse_is_an_error(dtype):
    gram = -np.eye(4, dtype=dtype)
    with pytest.raises(ModelError, match=f"4 products with λ=0.5 is not positive definite in "
                                         f"{np.dtype(dtype)}"):  # fmt: skip
        ridge_inverse(gram, 0.5)
