import numpy as np
import pytest

from gnn.path_quality import (
    ShownPath,
    path_quality,
    recencies,
    shared_entity_popularity,
    simpson,
)


def path(linking, entity, kind, relation, recency=None, popularity=None):
    return ShownPath(
        linking, entity, kind, relation, ("clew:bought", relation, relation), recency, popularity
    )


USERS = [
    [
        path("a", "brand:x", "Brand", "brand", recency=1.0, popularity=0.5),
        path("a", "brand:x", "Brand", "brand", recency=0.5),
        path("b", "colour:red", "Colour", "color", recency=0.0, popularity=1.0),
        path("c", "colour:pink", "Colour", "color", popularity=0.0),
    ],
    [path("a", "brand:x", "Brand", "brand")],
    [],
]


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("fidelity", (4 / 5 + 1 / 5 + 0) / 3),
        ("lir", (1 + 0.5 + 0) / 3),  # over the paths whose recency is known
        ("sep", (0.5 + 1 + 0) / 3),
        ("lid", (3 / 4 + 1) / 2),
        ("sed", (3 / 4 + 1) / 2),
        ("setd", (2 / 4 + 1) / 2),
        ("ptd", (2 / 3 + 1) / 2),  # of three types there are
        ("ptc", (1 - 4 / 12 + 0) / 2),  # 2·1 + 2·1 of 4·3 pairs are alike
        ("ppt", (2 / 2 + 1) / 2),  # two patterns anywhere
        ("ppc", (1 - 4 / 12 + 0) / 2),
    ],
)
def test_by_hand(measure, value):
    found = path_quality(USERS, k=5, path_types=3)
    assert found[measure] == pytest.approx(value)


def test_nobody_with_a_path():
    found = path_quality([[], []], k=10, path_types=3)
    assert found.pop("fidelity") == 0.0
    assert np.isnan(list(found.values())).all()


@pytest.mark.parametrize(
    ("kinds", "value"), [("", 0), ("a", 0), ("aa", 0), ("ab", 1), ("aab", 1 - 2 / 6)]
)
def test_simpson_by_hand(kinds, value):
    assert simpson(kinds) == pytest.approx(value)


def test_recency_by_hand():
    # m = 3: β = 1/2. Means: 0, (0·½ + 4)/(3/2) = 8/3, (0·¼ + 4·½ + 10)/(7/4) = 48/7.
    assert recencies(np.array([0.0, 4.0, 10.0])) == pytest.approx([0, (8 / 3) / (48 / 7), 1])
    assert recencies(np.array([5.0, 9.0, 15.0])) == pytest.approx([0, (8 / 3) / (48 / 7), 1])
    assert recencies(np.array([7.0])).tolist() == [0.0]
    assert recencies(np.zeros(0)).tolist() == []


def test_at_one_moment_the_order_stands_for_time():
    assert recencies(np.full(3, 7.0)) == pytest.approx(recencies(np.arange(3.0)))


def test_the_filter_is_the_weighted_mean_it_says():
    values = np.sort(np.random.default_rng(0).normal(size=9))
    weights = [(1 - 2 / 10) ** np.arange(at, -1, -1) for at in range(9)]
    means = np.array([w @ values[: len(w)] / w.sum() for w in weights])
    wanted = (means - means.min()) / (means.max() - means.min())
    assert recencies(values) == pytest.approx(wanted)


def test_popularity_by_hand():
    # Degrees 1, 5, 11 less the first are 0, 4, 10: the numbers of the recency test.
    found = shared_entity_popularity({"z": 11, "x": 1, "y": 5})
    assert found == pytest.approx({"x": 0.0, "y": (8 / 3) / (48 / 7), "z": 1.0})
    assert list(shared_entity_popularity({"b": 2, "a": 2, "c": 3})) == ["a", "b", "c"]
