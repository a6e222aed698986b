"""New products take after the products they resemble."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

import gnn.kin
from gnn.kin import Kin, KinConfig, find_kin, near_kin, no_kin
from kg.errors import ModelError

# Products 0-2 carry entity 0, products 3-4 entity 1; 2 and 4 are new, 5 is new and carries nothing.
FACTS = csr_matrix(np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [0, 0]], dtype=np.float32))
NEW = np.array([False, False, True, False, True, True])


def test_kin_share_what_the_new_product_carries():
    kin = find_kin([FACTS], NEW, 1.0, KinConfig(smoothing=0.5))
    wanted = np.zeros((6, 6))
    wanted[2, :2] = 0.5  # two products alike in everything share it evenly
    wanted[4, 3] = 1.0
    np.testing.assert_allclose(kin.shares.toarray(), wanted, atol=1e-6)


def test_shares_are_the_largest_of_the_regression():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(30, 8)).astype(np.float32)
    new = np.arange(30) >= 25
    gram = features.astype(np.float64) @ features.T
    weights = np.linalg.solve(gram[:25, :25] + 2 * 0.1 * np.eye(25), gram[:25, 25:])
    kin = find_kin([csr_matrix(features[:, :3]), features[:, 3:]], new, 2.0, KinConfig(count=4))
    for row in range(25, 30):
        own = weights[:, row - 25]
        best = np.argsort(-own)[:4]
        shares = kin.shares[row].toarray().ravel()
        assert set(np.flatnonzero(shares)) == set(best[own[best] > 0])
        np.testing.assert_allclose(shares[best], own[best] / own[best].sum(), rtol=1e-3)
    assert kin.shares[:25].nnz == 0


def test_a_new_product_scores_as_its_kin_less_their_own_part():
    B = np.array(
        [[-1, 0.5, 9, 0.1, 9, 9], [0.5, -1, 9, 0.2, 9, 9], *np.zeros((4, 6))], dtype=np.float32
    )
    own = np.array([-1, -1, 0, 0, 0, 0], dtype=np.float32)
    kin = Kin(find_kin([FACTS], NEW, 1.0, KinConfig(smoothing=0.5)).shares, 0.4)
    history = csr_matrix(np.array([[1, 0, 0, 0, 0, 0]], dtype=np.float32))
    scored = np.asarray(history @ B)
    kin.take_over_batch(scored, history, own)
    # 2: half of product 0 (bought: β, nothing from itself), half of product 1; 4: product 3.
    expected = [-1, 0.5, 0.5 * 0.4 + 0.5 * 0.5, 0.1, 0.1, 9]
    np.testing.assert_allclose(scored[0], expected, atol=1e-6)
    alone = np.array(B[0], dtype=np.float64)
    alone[0] = 0.0  # no product scores from itself
    kin.take_over(alone, np.array([0]), np.array([1.0]))
    np.testing.assert_allclose(alone[1:], expected[1:], atol=1e-6)


def test_who_has_no_kin_keeps_its_score():
    kin = find_kin([FACTS], NEW, 1.0)
    assert kin.shares[5].nnz == 0


def test_more_kin_than_products_are_not_asked_for():
    kin = find_kin([FACTS], NEW, 1.0, KinConfig(count=500))
    np.testing.assert_allclose(kin.shares.sum(axis=1).ravel()[0, [2, 4]], 1, atol=1e-6)


def test_where_nothing_is_new_nobody_has_kin():
    kin = find_kin([FACTS], np.zeros(6, dtype=bool), 1.0)
    assert not kin.has(np.arange(6)).any()
    assert not len(no_kin(6).rows)
    assert not find_kin([FACTS], NEW, 1.0, KinConfig(count=0)).shares.nnz


def test_unlike_shapes_are_an_error():
    with pytest.raises(ModelError, match=r"features of \[6\] products, but 3 to sort"):
        find_kin([FACTS], NEW[:3], 1.0)


def test_without_events_there_is_nobody_to_take_after():
    with pytest.raises(ModelError, match="no product has an event to learn from"):
        find_kin([FACTS], np.ones(6, dtype=bool), 1.0)


def test_kin_found_nearby_are_those_of_all_where_all_are_near(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(1)
    features = rng.normal(size=(40, 6)).astype(np.float32)
    facts, text = csr_matrix(features[:, :4]), features[:, 4:]
    new = np.arange(40) % 5 == 0
    config = KinConfig(count=3)
    whole = find_kin([facts, text], new, 2.0, config).shares[new]
    monkeypatch.setattr(gnn.kin, "_BLOCK", 80)  # two products at once
    near = near_kin((facts[new], text[new]), (facts, text), ~new, 2.0, config)
    assert near.shape == (8, 40)
    np.testing.assert_allclose(near.toarray(), whole.toarray(), atol=1e-5)
    monkeypatch.setattr(gnn.kin, "NEAR", 1)
    [first, *_] = near_kin((facts[new], text[new]), (facts, text), ~new, 2.0, config).toarray()
    alike = np.where(new, -np.inf, features @ features[0])
    assert first[alike.argmax()] == 1 == first.sum()


def test_nothing_new_or_nobody_met_gives_no_kin_nearby():
    text = np.zeros((6, 0), dtype=np.float32)
    none = near_kin((FACTS[:0], text[:0]), (FACTS, text), ~NEW, 1.0, KinConfig())
    assert none.shape == (0, 6)
    lonely = near_kin((FACTS[NEW], text[NEW]), (FACTS, text), np.zeros(6, bool), 1.0, KinConfig())
    assert (lonely.shape, lonely.nnz) == ((3, 6), 0)


def test_some_products_are_taken_over_as_all_are():
    rng = np.random.default_rng(2)
    kin = Kin(find_kin([FACTS], NEW, 1.0, KinConfig(smoothing=0.5)).shares, 0.4)
    rows, weights, scores = np.array([0]), np.array([2.0]), rng.normal(size=6)
    whole = scores.copy()
    kin.take_over(whole, rows, weights)
    asked = np.array([1, 2, 5])
    needed = kin.scored_with(asked)
    assert needed.tolist() == [0, 1, 2, 5]  # and the other kin of 2
    some = scores[needed]
    kin.take_over(some, rows, weights, needed)
    np.testing.assert_allclose(some, whole[needed])


def test_followers_are_the_new_products_that_take_most_after_some():
    kin = find_kin([FACTS], NEW, 1.0, KinConfig(smoothing=0.5))
    assert kin.followers(np.array([0, 3]), 5).tolist() == [2, 4]
    assert kin.followers(np.array([0, 3]), 1).tolist() == [4]  # all of its shares, not half
    assert kin.followers(np.array([5]), 5).tolist() == []
