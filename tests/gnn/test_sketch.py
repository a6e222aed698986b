import numpy as np
import pytest
from scipy.sparse import csr_matrix

from gnn import sketch as module
from gnn.sketch import Gram, reduced, sketch


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks smaller than the matrices, so that every seam is crossed."""
    monkeypatch.setattr(module, "_COLUMNS", 5)
    monkeypatch.setattr(module, "_ROWS", 7)


def gram(n=40, m=60, width=4, seed=0):
    rng = np.random.default_rng(seed)
    dense = rng.random((n, m)) * (rng.random((n, m)) < 0.2) * np.geomspace(3, 0.1, m)
    sparse = csr_matrix(dense.astype(np.float32))
    return Gram(sparse, csr_matrix(sparse.T), rng.normal(size=(n, width)).astype(np.float32))


def whole(g):
    return (g.sparse @ g.sparse.T).toarray() + g.dense @ g.dense.T


def test_the_operator_is_the_gram_matrix():
    g = gram()
    assert g.times(np.eye(40, dtype=np.float32)) == pytest.approx(whole(g), abs=1e-4)
    assert g.diagonal() == pytest.approx(whole(g).diagonal(), rel=1e-5)
    assert g.size == 40


def test_at_full_rank_nothing_is_left_out():
    g = gram()
    made = sketch(g, 40, np.random.default_rng(0))
    assert made.phi @ made.phi.T == pytest.approx(whole(g), abs=1e-3)
    assert g.times(made.made_by) == pytest.approx(made.phi, abs=1e-3)


def test_few_columns_are_nearly_the_best_there_are():
    g = gram()
    made = sketch(g, 6, np.random.default_rng(0))
    assert made.phi.shape == (40, 6)
    lost = np.linalg.norm(whole(g) - made.phi @ made.phi.T)
    values = np.linalg.eigvalsh(whole(g))[::-1]
    assert lost <= 1.1 * np.linalg.norm(values[6:])
    norms = np.linalg.norm(made.phi, axis=0)
    assert (np.diff(norms) <= 1e-4).all()
    angle = made.phi.T @ made.phi - np.diag(norms**2)
    assert np.abs(angle).max() < 1e-3 * norms.max() ** 2


def test_the_rank_of_the_matrix_is_rank_enough():
    g = gram(m=3, width=2)
    made = sketch(g, 20, np.random.default_rng(0))
    assert made.phi.shape[1] == 5
    assert made.phi @ made.phi.T == pytest.approx(whole(g), abs=1e-3)


def test_the_same_seed_is_the_same_sketch():
    one, other = (sketch(gram(), 6, np.random.default_rng(3)) for _ in range(2))
    assert (one.phi == other.phi).all()


def test_text_is_reduced_to_its_principal_directions():
    rng = np.random.default_rng(0)
    flat = (rng.normal(size=(30, 2)) @ rng.normal(size=(2, 9))).astype(np.float32)
    less = reduced(flat, 2)
    assert less.shape == (30, 2)
    assert less @ less.T == pytest.approx(flat @ flat.T, abs=1e-4)
    assert reduced(flat, 9) is flat
