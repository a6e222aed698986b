import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from gnn.baselines import ease_scorer, item_cosine_scorer, popularity_scorer
from gnn.evaluate import evaluate
from gnn.fusion import HeadConfig
from gnn.split import Split, split_interactions
from gnn.tune import TuneConfig
from kg.errors import ModelError
from tests.gnn.graphs import graph, interactions, small_schema

X = csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1]], dtype=np.float32))
ONE = csr_matrix(np.array([[0, 1, 0]], dtype=np.float32))


def test_baselines_by_hand():
    assert popularity_scorer(X)(ONE).tolist() == [[3, 2, 1]]
    # cos(0, 1) = 2 / (√3 √2), cos(1, 2) = 0
    assert item_cosine_scorer(X)(ONE)[0] == pytest.approx([2 / np.sqrt(6), 1, 0], abs=1e-6)
    P = np.linalg.inv((X.T @ X).toarray() + 2 * np.eye(3))
    wanted = -P[1] / np.diag(P)
    assert ease_scorer(X, 2.0)(ONE)[0] == pytest.approx(wanted, abs=1e-6)


def world(users=40):
    """Two tastes, by brand; each user buys four products of theirs in a random order."""
    rng = np.random.default_rng(1)
    names = [f"p{at}" for at in range(16)]
    facts = [
        (f"product:{name}", "schema:brand", f"brand:{at % 2}") for at, name in enumerate(names)
    ]
    events = []
    for user in range(users):
        own = rng.permutation([name for at, name in enumerate(names) if at % 2 == user % 2])[:5]
        events += [(f"u{user}", name) for name in own]
    return graph(names, facts, events)


@pytest.fixture(scope="module")
def kg():
    return world()


def test_the_head_beats_what_it_has_to(kg):
    brands = np.eye(2, dtype=np.float32)[np.arange(16) % 2]
    report = evaluate(
        kg,
        small_schema(),
        split_interactions(kg.interactions),
        ks=(1, 5),
        tuning=TuneConfig(max_fits=3, k=5, path_price=0),
        embed=lambda table: brands,
    )
    assert set(report.metrics) == {"head", "gnn", "head+gnn", "ease", "item_knn", "popularity"}
    head = report.metrics["head"]
    assert head["ndcg@5"] > report.metrics["popularity"]["ndcg@5"]
    # Of the eight products of one taste four are known: the fifth is among the other four.
    assert head["recall@5"] == 1.0
    assert report.users == 40
    assert report.interactions == {"train": 120, "valid": 40, "test": 40}
    assert report.tuning.fits == 3
    assert report.exact_sum_error < 1e-5
    assert set(report.gnn_trials) == {"0", "0.1", "0.25", "0.5", "0.75", "1", "1.5"}
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["metrics"]["head"] == head
    assert "lists" not in plain
    assert report.lists.products.keys() == report.metrics.keys()
    taken = dict(
        zip(*(kg.interactions[c].to_pylist() for c in ("user_id", "product_id")), strict=True)
    )
    names = kg.products["id"].to_pylist()
    for user, best in zip(report.lists.users, report.lists.products["head"], strict=True):
        assert taken[user] in [names[row] for row in best]  # recall is 1
    assert plain["split"].startswith("each user's last product")
    assert plain["config"]["history"]["recency"] == report.config.history.recency


def test_settings_may_be_given_and_baselines_left_out(kg):
    config = HeadConfig(regularization=7)
    report = evaluate(
        kg,
        small_schema(),
        split_interactions(kg.interactions),
        ks=(3,),
        config=config,
        baselines=False,
    )
    assert (report.config, report.tuning, set(report.metrics)) == (config, None, {"head"})


def test_the_test_part_teaches_nothing(kg):
    split = split_interactions(kg.interactions)
    seen = []

    def embed(table):
        seen.append(table)
        return np.ones((16, 2), dtype=np.float32)

    evaluate(kg, small_schema(), split, ks=(3,), embed=embed, baselines=False)
    assert seen[0].equals(split.train)
    assert seen[1].equals(split.train_and_valid)
    # Whatever the test part holds, the settings and the lists are the same.
    swapped = Split(split.train, split.valid, split.test.slice(0, 20), "last", "half the test")
    tuning = TuneConfig(max_fits=4, k=5, path_price=0)
    one, other = (
        evaluate(kg, small_schema(), s, ks=(3,), tuning=tuning, baselines=False)
        for s in (split, swapped)
    )
    assert one.config == other.config


def test_strangers_are_counted_apart(kg):
    split = split_interactions(kg.interactions)
    stranger = interactions([("stranger", "p0"), ("u0", "p1"), ("u0", "p0")])
    mixed = Split(split.train, split.valid, stranger, "last", "with a stranger")
    report = evaluate(kg, small_schema(), mixed, ks=(3,), baselines=False)
    assert (report.users, report.users_without_history) == (1, 1)
    nobody = Split(split.train, split.valid, stranger.slice(0, 1), "last", "strangers only")
    with pytest.raises(ModelError, match="nobody in the test part has both a history"):
        evaluate(kg, small_schema(), nobody, ks=(3,), baselines=False)
