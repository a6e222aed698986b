import numpy as np
import pytest
from pydantic import ValidationError
from scipy.sparse import csr_matrix

from gnn.features import fuse
from gnn.fusion import HeadConfig, fit_head
from kg.errors import ModelError


def nothing(n):
    return fuse([], n, weights={}, degree_exponent=0.5, min_degree=1)


def checkerboard(n=8, users=40):
    """Even users take even products, odd users odd ones; each leaves some out."""
    X = np.zeros((users, n), dtype=np.float32)
    for user in range(users):
        X[user, user % 2 :: 2] = 1
        X[user, (user // 2 * 2 + user % 2) % n] = 0
    return csr_matrix(X)


def test_without_channels_the_head_is_ease():
    X = checkerboard()
    head = fit_head(X, nothing(8), None, HeadConfig(regularization=5))
    # Steck 2019: P = (XᵀX + λI)⁻¹, B = −P / diag(P) off the diagonal.
    P = np.linalg.inv((X.T @ X).toarray() + 5 * np.eye(8))
    assert head.inverse == pytest.approx(P, abs=1e-6)
    assert head.co_purchase.toarray() == pytest.approx((X.T @ X).toarray())
    assert head.buyers.toarray()[0, 2] == (X.toarray()[:, 0] * X.toarray()[:, 2]).sum()
    assert head.error < 1e-6


def test_text_alone_relates_what_reads_alike():
    text = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    X = csr_matrix((1, 3), dtype=np.float32)
    head = fit_head(X, nothing(3), text, HeadConfig(regularization=5, text_weight=20))
    B = -head.inverse / head.inverse.diagonal()
    assert B[0, 1] == pytest.approx(20 / 25)
    assert B[0, 2] == pytest.approx(0, abs=1e-6)
    assert head.inverse_text == pytest.approx(head.inverse @ head.text, abs=1e-6)
    without = fit_head(X, nothing(3), text, HeadConfig(text_weight=0))
    assert without.text.shape == (3, 0)


def test_entities_of_many_products_are_summed_in_advance():
    from gnn.channels import Channel

    n = 300
    everyone = Channel(
        relation="schema:brand",
        entities=("brand:x",),
        product=np.arange(n),
        entity=np.zeros(n, dtype=np.int64),
        value=np.ones(n, dtype=np.float32),
        depth=np.zeros(n, dtype=np.int8),
        confidence=np.ones(n, dtype=np.float32),
        source=("catalog",),
        source_code=np.zeros(n, dtype=np.int8),
        via=np.zeros(n, dtype=np.int64),
    )
    features = fuse([everyone], n, weights={"schema:brand": 1.0}, degree_exponent=0.5, min_degree=1)
    head = fit_head(csr_matrix((1, n), dtype=np.float32), features, None, HeadConfig())
    assert head.heavy.index.tolist() == [0]
    wanted = head.inverse.astype(np.float64) @ features.matrix()
    assert head.heavy.sums == pytest.approx(wanted, rel=1e-6)


def test_precision_is_raised_where_float32_is_not_enough(monkeypatch):
    import gnn.fusion

    tried = []
    solve = gnn.fusion.solve_head

    def spy(*args):
        tried.append(args[-1])
        return solve(*args)

    monkeypatch.setattr(gnn.fusion, "solve_head", spy)
    fit_head(checkerboard(), nothing(8), None, HeadConfig(max_error=1e-12))
    assert tried == ["float32", "float64"]
    tried.clear()
    fit_head(checkerboard(), nothing(8), None, HeadConfig(max_error=1e-2))
    fit_head(checkerboard(), nothing(8), None, HeadConfig(precision="float64"))
    fit_head(checkerboard(), nothing(8), None, HeadConfig(precision="float32", max_error=1e-12))
    assert tried == ["float32", "float64", "float32"]


def test_shapes_have_to_agree():
    X = checkerboard()
    with pytest.raises(ModelError, match="features have 7 rows but the interactions name 8"):
        fit_head(X, nothing(7), None, HeadConfig())
    with pytest.raises(ModelError, match="text have 3 rows but the interactions name 8"):
        fit_head(X, nothing(8), np.zeros((3, 2), dtype=np.float32), HeadConfig())


def test_settings_are_checked_and_frozen():
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        HeadConfig(lam=3)
    with pytest.raises(ValidationError, match="greater than 0"):
        HeadConfig(regularization=0)
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        HeadConfig(weights={"schema:brand": -1})
    config = HeadConfig(weights={"schema:brand": 7})
    assert (config.weight("schema:brand"), config.weight("schema:color")) == (7, 3)
    with pytest.raises(ValidationError, match="frozen"):
        config.regularization = 5


def test_the_exponent_favours_products_of_which_much_is_known():
    X = checkerboard()
    plain = fit_head(X, nothing(8), None, HeadConfig(regularization=5))
    bold = fit_head(X, nothing(8), None, HeadConfig(regularization=5, norm_exponent=2.0))
    everyone = np.arange(8)
    unexplained = 5 * plain.inverse.diagonal().astype(np.float64)
    assert ((unexplained > 0) & (unexplained <= 1)).all()
    # B_ij = −λ P_ij (λ P_jj)^−η: each column is multiplied by (λ P_jj)^(1 − η).
    before, after = (head.parts(everyone, np.array([0])) for head in (plain, bold))
    assert after[1:, 0] == pytest.approx(before[1:, 0] / unexplained[1:])
    assert bold.error < 1e-6
