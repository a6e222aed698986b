"""Intervals of distributions whose spread is known."""

import numpy as np
import pytest
from scipy.stats import bootstrap, norm

from gnn.bootstrap import Estimate, estimates, paired_differences
from kg.errors import ModelError


def test_a_normal_sample_has_the_interval_of_the_textbook():
    values = np.random.default_rng(3).normal(0.2, 0.5, size=2000)
    found = estimates({"ndcg@10": values}, resamples=4000)["ndcg@10"]
    error = values.std() / np.sqrt(2000)
    assert found.mean == pytest.approx(values.mean(), abs=1e-12)
    assert found.low == pytest.approx(values.mean() + norm.ppf(0.025) * error, abs=0.06 * error)
    assert found.high == pytest.approx(values.mean() + norm.ppf(0.975) * error, abs=0.06 * error)


def test_it_agrees_with_scipy_on_a_skewed_sample():
    values = np.random.default_rng(4).exponential(size=60)
    found = estimates({"x": values}, resamples=20_000, confidence=0.9)["x"]
    theirs = bootstrap(
        (values,), np.mean, n_resamples=20_000, confidence_level=0.9, method="percentile", rng=1
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_intervals_cover_as_often_as_they_say():
    rng = np.random.default_rng(5)
    samples = {str(at): (rng.random(300) < 0.3).astype(float) for at in range(400)}
    held = [e.low <= 0.3 <= e.high for e in estimates(samples).values()]
    assert 0.92 <= np.mean(held) <= 0.98


def test_what_never_varies_has_no_spread():
    assert estimates({"x": np.full(7, 0.25)})["x"] == Estimate(0.25, 0.25, 0.25)
    assert estimates({}) == {}


def test_the_same_seed_gives_the_same_interval():
    values = {"x": np.random.default_rng(1).random(50)}
    assert estimates(values, seed=2) == estimates(values, seed=2)
    assert estimates(values, seed=2) != estimates(values, seed=3)


def test_many_users_are_drawn_in_parts(monkeypatch):
    values = {"x": np.random.default_rng(1).random(50)}
    whole = estimates(values)["x"]
    monkeypatch.setattr("gnn.bootstrap._CHUNK", 120)  # two resamples at once
    parts = estimates(values)["x"]
    assert (parts.low, parts.high) == pytest.approx((whole.low, whole.high), abs=1e-12)


def test_pairs_see_what_single_intervals_hide():
    rng = np.random.default_rng(6)
    hard = rng.random(400)
    better = {"ndcg@10": hard + 0.01 + 0.01 * rng.random(400)}
    worse = {"ndcg@10": hard}
    one, other = estimates(better)["ndcg@10"], estimates(worse)["ndcg@10"]
    assert one.low < other.high  # the intervals overlap
    difference = paired_differences(better, worse)["ndcg@10"]
    assert difference.low > 0.013
    assert difference.high < 0.017
    assert difference.is_apart_from_zero
    assert not paired_differences(worse, worse)["ndcg@10"].is_apart_from_zero


@pytest.mark.parametrize(
    ("values", "settings", "message"),
    [
        ({"x": np.ones(3), "y": np.ones(2)}, {}, r"measures of \[2, 3\] users cannot be resampled"),
        ({"x": np.ones(0)}, {}, r"measures of \[0\] users cannot be resampled"),
        ({"x": np.ones(3)}, {"resamples": 0}, "0 resamples at confidence 0.95; give at least 1"),
        ({"x": np.ones(3)}, {"confidence": 1.0}, "1000 resamples at confidence 1; give at least"),
    ],
)
def test_what_cannot_be_resampled_is_an_error(values, settings, message):
    with pytest.raises(ModelError, match=message):
        estimates(values, **settings)


@pytest.mark.parametrize("other", [{}, {"x": np.ones(4)}])
def test_differences_need_the_same_users(other):
    with pytest.raises(ModelError, match="x is not measured on the same users by both methods"):
        paired_differences(other, {"x": np.ones(3)})
