"""A head without a user equals one that was fitted without them, to 1e-6, on 100 random users."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, vstack

from gnn.channels import Channel
from gnn.downdate import without_users
from gnn.features import fuse
from gnn.fusion import FusionHead, HeadConfig, fit_head
from kg.errors import ModelError

N, USERS = 60, 150
CONFIG = HeadConfig(regularization=5, text_weight=2, norm_exponent=1.3)


def world() -> tuple[csr_matrix, Channel, np.ndarray]:
    draw = np.random.default_rng(0)
    X = (draw.random((USERS, N)) < 0.06) * draw.choice([0.3, 0.6, 1.0], (USERS, N))
    X[0] = 0.3  # every product keeps an event
    entity = (np.arange(N) >= 40).astype(np.int64) + (np.arange(N) >= 50)
    brands = Channel(
        relation="schema:brand",
        entities=("brand:a", "brand:b", "brand:c"),
        product=np.arange(N),
        entity=entity,
        value=np.ones(N, dtype=np.float32),
        depth=np.zeros(N, dtype=np.int8),
        confidence=np.ones(N, dtype=np.float32),
        source=("catalog",),
        source_code=np.zeros(N, dtype=np.int8),
        via=entity,
    )
    text = draw.normal(size=(N, 8))
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    return csr_matrix(X.astype(np.float32)), brands, text.astype(np.float32)


def fit(X: csr_matrix, brands: Channel, text: np.ndarray) -> FusionHead:
    features = fuse([brands], N, weights={"schema:brand": 3.0}, degree_exponent=0.5, min_degree=1)
    return fit_head(X, features, text, CONFIG)


def test_it_equals_a_fit_without_them() -> None:
    X, brands, text = world()
    head = fit(X, brands, text)
    assert (head.heavy.index >= 0).any()
    draw = np.random.default_rng(1)
    histories = csr_matrix((draw.random((20, N)) < 0.05).astype(np.float32))
    for user in draw.permutation(np.arange(1, USERS))[:100]:
        found = without_users(head, X[user], CONFIG)
        never = fit(csr_matrix(vstack([X[:user], X[user + 1 :]])), brands, text)
        assert found.inverse == pytest.approx(never.inverse, abs=1e-6)
        for history in histories[:3]:
            rows, weights = history.indices, history.data.astype(np.float64)
            assert found.scores(rows, weights) == pytest.approx(
                never.scores(rows, weights), abs=1e-6
            )
        assert found.inverse_text == pytest.approx(never.inverse_text, abs=1e-6)
        assert found.heavy.sums == pytest.approx(never.heavy.sums, abs=1e-6)
        assert (found.buyers != never.buyers).nnz == 0
        assert abs(found.co_purchase - never.co_purchase).max() < 1e-5


def test_several_at_once() -> None:
    X, brands, text = world()
    found = without_users(fit(X, brands, text), X[120:], CONFIG)
    assert found.inverse == pytest.approx(fit(X[:120], brands, text).inverse, abs=1e-6)


def test_users_it_never_saw_cannot_leave() -> None:
    X, brands, text = world()
    head = fit(X, brands, text)
    with pytest.raises(ModelError, match="were not among those the head was fitted to"):
        without_users(head, csr_matrix(np.full((1, N), 100, dtype=np.float32)), CONFIG)
    with pytest.raises(ModelError, match=r"the users met 5 products, the head has 60"):
        without_users(head, csr_matrix((1, 5), dtype=np.float32), CONFIG)
