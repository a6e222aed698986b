"""The curve over the knob, on a small shop of two tastes in four brands."""

from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from gnn.fit import fit_model
from gnn.fusion import HeadConfig
from gnn.metrics import ranking_metrics
from gnn.printing_reports import print_curve
from gnn.split import split_interactions
from gnn.tradeoff import KNOB, advised, curve, validation_sample
from kg.errors import ModelError
from tests.gnn.graphs import graph, small_schema


def shop():
    rng = np.random.default_rng(2)
    names = [f"p{at:02}" for at in range(32)]
    facts = [
        (f"product:{name}", "schema:brand", f"brand:{at % 4}") for at, name in enumerate(names)
    ]
    events = []
    for user in range(60):
        taste = [name for at, name in enumerate(names) if at % 2 == user % 2]
        events += [(f"u{user}", name) for name in rng.permutation(taste)[:6]]
    return graph(names, facts, events)


@pytest.fixture(scope="module")
def sample():
    kg = shop()
    split = split_interactions(kg.interactions)
    model = fit_model(kg, small_schema(), split.train, config=HeadConfig(regularization=20))
    return validation_sample(kg, small_schema(), split, model, candidates=20)


@pytest.fixture(scope="module")
def points(sample):
    return curve(sample, k=5)


def test_the_first_point_is_the_ranking_by_score(sample, points):
    plain = ranking_metrics(sample.candidates[:, :5], sample.truth, [5])
    assert plain.items() <= points[0].items()
    assert sample.measure(sample.candidates[:, :5], 5).items() <= points[0].items()


def test_the_curve_rises_in_distance_and_entropy(points):
    assert [point["diversity"] for point in points] == list(KNOB)
    distance = [point["ild@5"] for point in points]
    assert distance == sorted(distance)
    assert points[-1]["entropy@5:schema:brand"] > points[0]["entropy@5:schema:brand"]
    assert all(0 <= point["gini@5"] < 1 and point["novelty@5"] > 0 for point in points)
    assert all(point["serendipity@5"] <= point["precision@5"] for point in points)
    assert all(point["calibration@5:schema:brand"] >= 0 for point in points)
    assert "calibration@5:clew:inCategory" not in points[0]  # the graph has no categories


def test_fewer_candidates_leave_less_to_choose_from(sample, points):
    narrow = curve(sample.best(5), k=5, knob=[0.0, 1.0])
    assert narrow[0] == points[0]
    assert narrow[1]["recall@5"] == narrow[0]["recall@5"]
    assert narrow[1]["ild@5"] == pytest.approx(narrow[0]["ild@5"])


def test_lists_may_be_longer_than_what_is_left(sample):
    (point,) = curve(sample, k=25, knob=[0.5])
    assert 0 < point["recall@25"] <= 1


def test_users_are_a_seeded_sample():
    kg = shop()
    split = split_interactions(kg.interactions)
    model = fit_model(kg, small_schema(), split.train)
    few = [
        validation_sample(kg, small_schema(), split, model, max_users=7, seed=seed)
        for seed in (1, 1, 2)
    ]
    assert len(few[0].candidates) == 7
    assert np.array_equal(few[0].candidates, few[1].candidates)
    assert not np.array_equal(few[0].candidates, few[2].candidates)
    empty = split.valid.slice(0, 0)
    nobody = type(split)(split.train, empty, split.test, split.method, split.description)
    with pytest.raises(ModelError, match="nobody in the validation part"):
        validation_sample(kg, small_schema(), nobody, model)


def test_advice_is_the_last_setting_before_accuracy_falls():
    points = [
        {"diversity": knob, "ndcg@10": ndcg}
        for knob, ndcg in ((0.0, 0.1), (0.1, 0.101), (0.2, 0.0991), (0.3, 0.0989), (0.4, 0.1))
    ]
    assert advised(points) == 0.2
    assert advised(points, allowed=0.02) == 0.4
    assert advised([{"diversity": 0.0, "ndcg@10": 0.1}, {"diversity": 0.1, "ndcg@10": 0.05}]) == 0


def test_what_is_printed(points):
    text = StringIO()
    print_curve(Console(file=text, width=200), points)
    assert "calibration of schema:brand" in text.getvalue()
    assert f"{points[3]['ild@5']:.4f}" in text.getvalue()
    assert f"at most 1 % of NDCG@5: {advised(points, k=5):g}" in text.getvalue()
