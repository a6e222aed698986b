"""What a part is worth, in a world where only the brand tells what is bought next."""

import numpy as np
import pytest

from gnn.ablation import ablate
from gnn.fit import attach_gnn, fit_model, read_training
from gnn.fusion import HeadConfig
from gnn.ranking import model_scorer, top_products
from gnn.split import split_interactions
from tests.gnn.graphs import graph, small_schema

NAMES = [f"p{at}" for at in range(40)]
CONFIG = HeadConfig(regularization=1.0, gnn_weight=0.5)


@pytest.fixture(scope="module")
def world():
    """Each user buys three products of one of four brands; text and GNN are noise."""
    rng = np.random.default_rng(7)
    facts = [(f"product:{n}", "schema:brand", f"brand:{at % 4}") for at, n in enumerate(NAMES)]
    events = []
    for user in range(40):
        own = rng.permutation([name for at, name in enumerate(NAMES) if at % 4 == user % 4])
        events += [(f"u{user}", name) for name in own[:3]]
    kg = graph(NAMES, facts, events)
    noise = rng.normal(size=(2, 40, 3)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=2, keepdims=True)
    split = split_interactions(kg.interactions)
    model = fit_model(kg, small_schema(), split.train_and_valid, text=noise[0], config=CONFIG)
    return kg, split, model, noise[0], noise[1]


def test_each_part_is_taken_away_once(world):
    kg, split, model, text, vectors = world
    data = read_training(split.train_and_valid, model.products, CONFIG)
    whole = attach_gnn(model, vectors, data.histories(CONFIG), 0.5)
    found = ablate(kg, small_schema(), split, whole, text=text, embeddings=vectors, ks=(3, 8))
    by_name = {item.name: item for item in found}
    assert list(by_name) == [
        "full", "without GNN", "without graph", "without text", "without co-purchase",
    ]  # fmt: skip
    assert by_name["full"].difference == {}
    measures = {"ndcg@3", "recall@3", "ndcg@8", "recall@8"}
    full = by_name["full"].metrics
    for name, item in by_name.items():
        assert set(item.metrics) == measures
        for measure, estimate in item.metrics.items():
            assert estimate.low <= estimate.mean <= estimate.high
            if name != "full":
                change = item.difference[measure]
                assert change.mean == pytest.approx(estimate.mean - full[measure].mean)
    graph_gone = by_name["without graph"].difference["recall@8"]
    assert graph_gone.high < 0
    assert graph_gone.is_apart_from_zero
    assert by_name["without text"].difference["recall@8"].mean >= 0  # noise is no loss


def test_full_is_the_model_given(world):
    kg, split, model, text, _ = world
    full = ablate(kg, small_schema(), split, model, text=text, ks=(5,))[0]
    data = read_training(split.train_and_valid, model.products, CONFIG)
    truth = data.truth(split.test)
    users = np.flatnonzero(np.diff(truth.indptr))
    best = top_products(
        model_scorer(model.head), data.histories(CONFIG)[users], data.seen[users], 5
    )
    hits = [bool(truth[user, row]) for user, rows in zip(users, best, strict=True) for row in rows]
    assert full.metrics["recall@5"].mean == pytest.approx(sum(hits) / truth[users].sum())


def test_without_co_purchase_purchases_teach_nothing_but_are_still_asked_about(world):
    kg, split, _, _, _ = world
    other = split.train.slice(0, 5)
    one, two = (
        fit_model(kg, small_schema(), events, config=CONFIG, co_purchase=False)
        for events in (split.train, other)
    )
    np.testing.assert_array_equal(one.head.inverse, two.head.inverse)
    known = fit_model(kg, small_schema(), split.train, config=CONFIG)
    assert one.head.bought_both(0, 4) == known.head.bought_both(0, 4)
    found = ablate(kg, small_schema(), split, known, ks=(8,))  # eight of a brand are not known yet
    assert {item.name: item for item in found}["without co-purchase"].metrics["recall@8"].mean == 1


def test_what_the_model_lacks_is_not_taken_away():
    events = [(f"u{user}", f"p{(user + at) % 6}") for user in range(6) for at in range(4)]
    kg = graph(NAMES[:6], (), events)
    split = split_interactions(kg.interactions)
    model = fit_model(kg, small_schema(), split.train_and_valid, config=CONFIG)
    found = ablate(kg, small_schema(), split, model, ks=(2,))
    assert [item.name for item in found] == ["full", "without co-purchase"]
