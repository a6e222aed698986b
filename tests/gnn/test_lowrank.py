from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gnn.lowrank
from gnn.explain import explain
from gnn.fusion import HeadConfig, fit_head
from gnn.history import History
from gnn.kin import KinConfig
from gnn.lowrank import LowRankHead
from gnn.lowrank_fit import _error, fit_low_rank
from gnn.score import Recommender
from kg.errors import ModelError
from tests.gnn.graphs import bought, fitted, graph
from tests.gnn.test_explain import worlds
from tests.gnn.test_fusion import checkerboard, nothing


def pairs(head):
    """B of all pairs, (n, n), its diagonal meaningless."""
    rows = np.arange(head.num_products)
    return head.parts(rows, rows).T


def off_diagonal(matrix):
    return matrix[~np.eye(len(matrix), dtype=bool)]


def shop(products=60, users=150, seed=0, new=0):
    """Three brands, each with its own buyers; the last so many products nobody bought."""
    rng = np.random.default_rng(seed)
    names = [f"p{at:02d}" for at in range(products)]
    facts = [(f"product:{n}", "schema:brand", f"brand:{at % 3}") for at, n in enumerate(names)]
    facts += [
        (f"product:{n}", "clew:alsoBought", f"product:{names[(at + 3) % products]}")
        for at, n in enumerate(names)
    ]
    events = [
        (f"u{user}", names[user % 3 + 3 * int(rng.integers((products - new) // 3))])
        for user in range(users)
        for _ in range(6)
    ]
    return graph(names, facts, events)


@pytest.fixture(scope="module")
def models():
    """The same shop with the dense head and with one of rank 12."""
    return fitted(shop()), fitted(shop(), kind="low_rank", rank=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([2.0, 50.0]))
def test_at_full_rank_it_is_the_dense_head(seed, refinement, regularization):
    rng = np.random.default_rng(seed)
    names = list("abcdefgh")
    facts = {(f"product:{n}", "schema:brand", f"brand:{rng.integers(3)}") for n in names}
    facts |= {("product:a", "clew:alsoBought", "product:f")}
    events = [(f"u{rng.integers(6)}", names[rng.integers(8)]) for _ in range(20)]
    text = rng.normal(size=(8, 3)).astype(np.float32)
    same = {"text": text, "regularization": regularization}
    dense = fitted(graph(names, facts, events), **same)
    low = fitted(
        graph(names, facts, events), **same, kind="low_rank", rank=8, refinement=refinement
    )
    assert off_diagonal(pairs(low.head)) == pytest.approx(
        off_diagonal(pairs(dense.head)), rel=3e-4, abs=1e-4
    )
    history = bought(dense, "a", "c")
    theirs = Recommender(dense).scores(history)
    assert Recommender(low).scores(history) == pytest.approx(theirs, abs=3e-4)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.integers(1, 8))
def test_some_products_are_scored_as_all_are(world, count):
    _, model, history = world
    recommender = Recommender(model)
    rows = np.arange(count)
    whole = recommender.scores(history)
    assert recommender.scores(history, products=rows) == pytest.approx(whole[rows], abs=1e-5)


def test_a_batch_is_scored_as_one_by_one(models):
    for model in models:
        histories = [bought(model, "p00", "p04"), bought(model, "p10")]
        sparse = np.zeros((2, 60), dtype=np.float32)
        for at, history in enumerate(histories):
            sparse[at, history.rows] = history.weights
        from scipy.sparse import csr_matrix

        together = model.head.batch(csr_matrix(sparse))
        for at, history in enumerate(histories):
            alone = model.head.scores(history.rows, history.weights)
            new = np.setdiff1d(np.arange(60), history.rows)
            assert together[at, new] == pytest.approx(alone[new], abs=1e-5)


def test_what_the_sketch_misses_counts_by_the_refinement(models):
    dense, _ = models
    wanted = off_diagonal(pairs(dense.head))

    def distance(refinement):
        low = fitted(shop(), kind="low_rank", rank=6, refinement=refinement)
        return np.abs(off_diagonal(pairs(low.head)) - wanted).mean()

    assert distance(0.5) < distance(0.0)


def test_both_heads_count_the_same_buyers(models):
    dense, low = (model.head for model in models)
    assert (dense.popularity() == low.popularity()).all()
    assert [low.bought_both(0, j) for j in range(60)] == [
        dense.bought_both(0, j) for j in range(60)
    ]


def test_the_error_is_measured(models, monkeypatch):
    head = models[1].head
    assert head.error < 1e-12
    of_purchase = head.of_purchase + np.float32(0.1)
    assert _error(replace(head, of_purchase=of_purchase)) < 1e-12  # B is made of the same numbers
    summed = LowRankHead.sums
    monkeypatch.setattr(
        LowRankHead,
        "sums",
        lambda *asked: (found := summed(*asked))._replace(co_purchase=found.co_purchase + 0.1),
    )
    assert _error(head) > 1e-3


def test_a_shortlist_finds_what_all_scores_find(models):
    recommender = Recommender(models[1])
    history = bought(models[1], "p00", "p07")
    exact = recommender.recommend(history, 8, exact=True)
    with patch.object(gnn.lowrank, "SCAN", 0), patch("gnn.score._SHORTLIST", 20):
        short = models[1].head.shortlist(
            history.rows, history.weights, 20, allowed=np.ones(60, dtype=bool)
        )
        assert len(short) < 50
        assert recommender.recommend(history, 8) == exact
        few = np.zeros(60, dtype=bool)
        few[:45] = True
        found = recommender.recommend(history, 8, candidates=few, exclude=[3, 6])
        assert len(found) == 8
        assert all(item.row < 45 and item.row not in (0, 3, 6, 7) for item in found)
        only = np.zeros(60, dtype=bool)
        only[[4, 9]] = True
        assert {i.row for i in recommender.recommend(history, 8, candidates=only)} == {4, 9}
        assert recommender.recommend(history, 8, candidates=np.zeros(60, dtype=bool)) == []


def test_new_products_come_by_their_kin_from_the_index_too():
    settings = {"kind": "low_rank", "rank": 12, "kin": KinConfig(count=5)}
    model = fitted(shop(new=6), **settings)
    assert model.kin.rows.tolist() == [54, 55, 56, 57, 58, 59]
    recommender, history = Recommender(model), bought(model, "p00", "p09")
    exact = recommender.recommend(history, 12, exact=True)
    found = [item.row for item in exact if item.row >= 54]
    assert found
    assert all(row % 3 == 0 for row in found)  # of the brand that was bought
    with patch.object(gnn.lowrank, "SCAN", 0), patch("gnn.score._SHORTLIST", 20):
        assert recommender.recommend(history, 12) == exact
        allowed = np.ones(60, dtype=bool)
        allowed[found[0]] = False
        left = recommender.recommend(history, 12, candidates=allowed)
        assert found[0] not in {item.row for item in left}
    plain = Recommender(fitted(shop(new=6), **{**settings, "kin": KinConfig(count=0)}))
    assert all(item.row < 54 for item in plain.recommend(history, 12))
    told = explain(model, history, [found[0]])[0]
    assert told.error < 1e-5
    assert {path.evidence for path in told.paths} == {"kin"}


def test_a_gnn_counts_in_the_shortlist(models):
    z = np.zeros((60, 2), dtype=np.float32)
    z[[0, 50], 1] = 9.0  # far from all that the head knows, but near by the network
    recommender = Recommender(replace(models[1], gnn=z))
    history = bought(models[1], "p00")
    with patch.object(gnn.lowrank, "SCAN", 0), patch("gnn.score._SHORTLIST", 10):
        assert recommender.recommend(history, 1)[0].row == 50
        assert recommender.recommend(history, 1, gnn=False)[0].row != 50


def test_own_part_is_taken_out(models):
    recommender = Recommender(models[1])
    row = np.array([5])
    alone = History(row, np.ones(1), ("purchase",), row)
    assert recommender.scores(alone)[5] == pytest.approx(0, abs=1e-6)
    some = recommender.scores(alone, products=np.array([4, 5, 6]))
    assert some[1] == pytest.approx(0, abs=1e-6)


def test_shapes_have_to_agree():
    with pytest.raises(ModelError, match="features have 7 rows but the interactions name 8"):
        fit_low_rank(checkerboard(), nothing(7), None, HeadConfig())


def test_without_channels_it_is_ease_at_full_rank():
    X = checkerboard()
    low = fit_low_rank(X, nothing(8), None, HeadConfig(regularization=5))
    dense = fit_head(X, nothing(8), None, HeadConfig(regularization=5))
    assert off_diagonal(pairs(low)) == pytest.approx(off_diagonal(pairs(dense)), abs=1e-5)
