"""Every event is predicted from its user's others, and never from itself."""

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn.history import EventColumns, HistoryConfig
from gnn.targets import Batch, Targets
from kg.errors import ModelError
from kg.records import EVENTS

PURCHASE = EVENTS.index("purchase")
VIEW = EVENTS.index("view")


def columns(*events: tuple[int, int, int] | tuple[int, int, int, int]) -> EventColumns:
    """(user, product, moment[, event])."""
    rows = np.array([(*event, PURCHASE)[:4] for event in events], dtype=np.int64).reshape(-1, 4)
    return EventColumns(
        users=rows[:, 0], products=rows[:, 1], events=rows[:, 3], moments=rows[:, 2]
    )


def targets(events: EventColumns, **settings: Any) -> Targets:
    sizes = {"per_user": settings.pop("per_user", 100), "window": settings.pop("window", 100)}
    return Targets(events, HistoryConfig(**settings), **sizes)


def asked(batches: list[Batch]) -> dict[tuple[int, int], dict[int, float]]:
    """(user, product) -> history with weights."""
    out: dict[tuple[int, int], dict[int, float]] = {}
    for batch in batches:
        for row, (user, product) in enumerate(zip(batch.users, batch.products, strict=True)):
            here = batch.rows == row
            strengths = batch.strengths[here].tolist()
            out[int(user), int(product)] = dict(
                zip(batch.history[here].tolist(), strengths, strict=True)
            )
    return out


def one_pass(chosen: Targets, count: int = 1, seed: int = 0) -> dict[Any, Any]:
    return asked(list(chosen.batches(count, np.random.default_rng(seed))))


def test_each_event_is_predicted_from_the_others() -> None:
    chosen = targets(columns((0, 5, 1), (0, 6, 2), (0, 7, 3), (1, 5, 1), (2, 8, 1), (2, 5, 9)))
    assert one_pass(chosen) == {
        (0, 5): {6: 1, 7: 1},
        (0, 6): {5: 1, 7: 1},
        (0, 7): {5: 1, 6: 1},
        (2, 8): {5: 1},
        (2, 5): {8: 1},
    }


def test_nearer_events_weigh_more() -> None:
    events = columns((0, 1, 10), (0, 2, 20), (0, 3, 20), (0, 4, 50))
    assert one_pass(targets(events, recency=0.5)) == {
        (0, 1): {2: 1, 3: 1, 4: 0.5},
        (0, 2): {1: 1, 3: 1, 4: 1},  # 3 was in the same basket
        (0, 3): {1: 1, 2: 1, 4: 1},
        (0, 4): {1: 0.5, 2: 1, 3: 1},
    }


def test_a_pair_counts_once_with_its_strongest_event() -> None:
    events = columns((0, 1, 1, VIEW), (0, 1, 2), (0, 1, 3, VIEW), (0, 2, 4, VIEW))
    (batch,) = targets(events, view=0.25).batches(1, np.random.default_rng(0))
    by_product = dict(zip(batch.products.tolist(), batch.weights.tolist(), strict=True))
    assert by_product == {1: 1.0, 2: 0.25}
    assert asked([batch]) == {(0, 1): {2: 0.25}, (0, 2): {1: 1.0}}


def test_events_without_weight_are_left_out() -> None:
    events = columns((0, 1, 1), (0, 2, 2), (0, 3, 3, VIEW))
    assert one_pass(targets(events, view=0)) == {(0, 1): {2: 1}, (0, 2): {1: 1}}


def test_the_window_bounds_the_history() -> None:
    events = columns(*((0, product, product) for product in range(10)))
    chosen = one_pass(targets(events, window=2))
    assert set(chosen[0, 5]) == {3, 4, 6, 7}
    assert set(chosen[0, 0]) == {1, 2}


def test_a_user_with_many_events_is_asked_some() -> None:
    events = columns(*((0, p, p) for p in range(50)), (1, 0, 1), (1, 1, 2))
    first = one_pass(targets(events, per_user=5), seed=1)
    other = one_pass(targets(events, per_user=5), seed=2)
    assert Counter(user for user, _ in first) == {0: 5, 1: 2}
    assert len(first) == len(targets(events, per_user=5)) == 7
    assert first.keys() != other.keys()


def test_batches_are_of_like_size_and_keep_users_together() -> None:
    events = columns(*((user, product, product) for user in range(40) for product in range(5)))
    batches = list(targets(events).batches(3, np.random.default_rng(0)))
    assert [len(batch.products) for batch in batches] == [67, 67, 66]
    split = sum(len(set(a.users) & set(b.users)) for a, b in pairwise(batches))
    assert split <= 2


def test_same_seed_same_batches() -> None:
    events = columns(*((user, product, product) for user in range(9) for product in range(5)))
    one, other = (list(targets(events).batches(7, np.random.default_rng(3))) for _ in range(2))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.products, b.products)
        np.testing.assert_array_equal(a.history, b.history)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 6)), min_size=1, max_size=40
    ),
    st.integers(1, 20),
)
def test_no_answer_stands_in_its_own_history(
    events: list[tuple[int, int, int]], count: int
) -> None:
    pairs = {(user, product) for user, product, _ in events}
    many = Counter(user for user, _ in pairs)
    expected = {(user, product) for user, product in pairs if many[user] > 1}
    if not expected:
        with pytest.raises(ModelError, match="has met two products"):
            targets(columns(*events))
        return
    found = one_pass(targets(columns(*events), recency=0.7), count)
    assert found.keys() == expected
    for (user, product), history in found.items():
        assert set(history) == {other for owner, other in pairs if owner == user} - {product}
        assert all(0 < weight <= 1 for weight in history.values())


def test_users_with_one_product_teach_nothing() -> None:
    with pytest.raises(ModelError, match="none of 2 users has met two products"):
        targets(columns((0, 1, 1), (0, 1, 2), (1, 1, 1)))
    with pytest.raises(ModelError, match="none of 0 users"):
        targets(columns())
