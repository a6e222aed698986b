from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn.history import (
    Event,
    HistoryConfig,
    event_matrix,
    history_matrix,
    read_events,
    weigh_history,
)
from kg.errors import ModelError
from kg.ids import Vocabulary
from tests.gnn.graphs import interactions

PRODUCTS = Vocabulary([f"product:{name}" for name in "abcdef"])
START = datetime(2024, 1, 1)
HALF = HistoryConfig(recency=0.5, view=0.5, cart=0.75)


def weights(events, config=HALF):
    history = weigh_history(events, PRODUCTS, config)
    return dict(zip([PRODUCTS[row] for row in history.rows], history.weights, strict=True))


def bought(*names, kind="purchase"):
    return [Event(f"product:{name}", kind, position=at) for at, name in enumerate(names)]


def test_each_later_purchase_halves_the_weight():
    assert weights(bought("a", "b", "c")) == {
        "product:a": 0.25,
        "product:b": 0.5,
        "product:c": 1.0,
    }


def test_a_later_view_ages_by_its_own_weight():
    events = [*bought("a"), Event("product:b", "view", position=5)]
    assert weights(events) == pytest.approx({"product:a": 0.5**0.5, "product:b": 0.5})


def test_a_basket_ages_as_one():
    then, now = datetime(2024, 1, 1), datetime(2024, 2, 1)
    events = [Event(f"product:{name}", timestamp=then) for name in "ab"]
    events += [Event(f"product:{name}", timestamp=now) for name in "cd"]
    assert weights(events) == {
        "product:a": 0.5,
        "product:b": 0.5,
        "product:c": 1.0,
        "product:d": 1.0,
    }


def test_of_a_product_met_again_the_largest_weight_counts():
    assert weights(bought("a", "b", "a")) == {"product:a": 1.0, "product:b": 0.5}
    events = [*bought("a"), Event("product:a", "view", position=1)]
    history = weigh_history(events, PRODUCTS, HALF)
    assert history.events == ("purchase",)
    assert history.weights == pytest.approx([0.5**0.5])


def test_without_decay_order_is_nothing():
    assert set(weights(bought("a", "b", "c"), HistoryConfig()).values()) == {1.0}


def test_zones_are_told_apart_and_none_means_utc():
    early = datetime(2024, 1, 1, 12, tzinfo=UTC)
    late = early.astimezone(UTC).replace(tzinfo=None) + timedelta(minutes=1)
    assert weights([Event("product:b", timestamp=late), Event("product:a", timestamp=early)]) == {
        "product:a": 0.5,
        "product:b": 1.0,
    }


def test_low_ratings_and_weights_of_zero_do_not_count_but_are_seen():
    config = HistoryConfig(min_rating=3, view=0)
    events = [
        Event("product:a", "rating", value=2),
        Event("product:b", "rating", value=3),
        Event("product:c", "rating"),
        Event("product:d", "view"),
    ]
    history = weigh_history(events, PRODUCTS, config)
    assert history.rows.tolist() == [1, 2]
    assert history.seen.tolist() == [0, 1, 2, 3]


def test_products_newer_than_the_snapshot_are_named():
    history = weigh_history(bought("a", "zz", "y"), PRODUCTS, HALF)
    assert history.unknown == ("product:y", "product:zz")
    assert history.rows.tolist() == [0]


def test_only_the_strongest_products_count():
    few = HistoryConfig(recency=0.5, max_products=2)
    assert set(weights(bought(*"abcd"), few)) == {"product:c", "product:d"}
    equal = HistoryConfig(max_products=2)
    assert set(weights(bought(*"dcba"), equal)) == {"product:a", "product:b"}
    faint = HistoryConfig(recency=0.5, min_weight=0.3)
    assert set(weights(bought(*"abcd"), faint)) == {"product:c", "product:d"}


def test_without_leaves_all_else_as_it_is():
    history = weigh_history(bought("a", "b", "c"), PRODUCTS, HALF)
    less = history.without(1)
    assert (less.rows.tolist(), less.weights.tolist()) == ([0, 2], [0.25, 1.0])
    assert len(less.events) == 2


def test_an_unknown_event_is_an_error_either_way():
    message = r"unknown event 'wish' among the interactions; known: \['view'"
    with pytest.raises(ModelError, match=message):
        weigh_history([Event("product:a", "wish")], PRODUCTS, HALF)
    table = interactions([("u", "a")]).set_column(2, "event", pa.array(["wish"]))
    with pytest.raises(ModelError, match=message):
        read_events(table, Vocabulary(["user:u"]), PRODUCTS)


def test_the_matrix_of_events_has_no_recency():
    table = interactions([("u", "a", "view"), ("u", "a"), ("v", "b", "view"), ("w", "zz")])
    users = Vocabulary(["user:u", "user:v", "user:w"])
    columns = read_events(table, users, PRODUCTS)
    matrix = event_matrix(columns, (3, 6), HALF.event_weights()).toarray()
    assert matrix.tolist()[:2] == [[1.0, 0, 0, 0, 0, 0], [0, 0.5, 0, 0, 0, 0]]
    assert not matrix[2].any()


kinds = st.sampled_from(["view", "cart", "purchase", "rating"])
some_events = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abcdefz"), kinds, st.integers(0, 4)),
    max_size=30,
)
configs = st.builds(
    HistoryConfig,
    recency=st.sampled_from([0.5, 0.9, 1.0]),
    half_life_days=st.sampled_from([None, 2.0]),
    view=st.sampled_from([0.0, 0.3]),
    min_weight=st.sampled_from([0.0, 0.2]),
    max_products=st.integers(1, 6),
)


@given(some_events, configs, st.randoms())
def test_all_users_at_once_is_one_after_the_other_in_any_order(events, config, random):
    users = Vocabulary(["user:u", "user:v", "user:w"])
    table = interactions([event[:3] for event in events])
    times = [START + timedelta(days=event[3]) if event[3] else None for event in events]
    table = table.set_column(3, "timestamp", pa.array(times, pa.timestamp("us")))
    table = table.set_column(4, "position", pa.array([e[3] for e in events], pa.int64()))
    columns = read_events(table, users, PRODUCTS)
    together = history_matrix(columns, (3, len(PRODUCTS)), config).toarray()
    shuffled = list(events)
    random.shuffle(shuffled)
    for row, user in enumerate("uvw"):
        mine = [
            Event(f"product:{product}", kind, START + timedelta(days=at) if at else None, at)
            for who, product, kind, at in shuffled
            if who == user
        ]
        history = weigh_history(mine, PRODUCTS, config)
        alone = np.zeros(len(PRODUCTS))
        alone[history.rows] = history.weights
        assert alone == pytest.approx(together[row])
        assert len(history.events) == len(history.rows)


def test_days_halve_a_weight_where_times_are_known():
    config = HistoryConfig(half_life_days=10)
    start = datetime(2024, 1, 1)
    events = [Event(f"product:{name}", timestamp=start + timedelta(days=at)) for name, at in
              (("a", 0), ("b", 10), ("c", 20))]  # fmt: skip
    assert weights(events, config) == pytest.approx(
        {"product:a": 0.25, "product:b": 0.5, "product:c": 1.0}
    )
    both = HistoryConfig(half_life_days=10, recency=0.5)
    assert weights(events[1:], both) == pytest.approx({"product:b": 0.25, "product:c": 1.0})
    assert set(weights(bought("a", "b"), config).values()) == {1.0}
    mixed = [*events, Event("product:d")]
    assert weights(mixed, config)["product:d"] == 1.0


def test_old_training_events_may_teach_less():
    table = interactions([("u", "a"), ("v", "b")], timed=True)
    users = Vocabulary(["user:u", "user:v"])
    columns = read_events(table, users, PRODUCTS)
    halved = event_matrix(columns, (2, 6), HALF.event_weights(), half_life_days=1 / 24).toarray()
    assert (halved[0, 0], halved[1, 1]) == (0.5, 1.0)
    untimed = read_events(interactions([("u", "a")]), users, PRODUCTS)
    assert event_matrix(untimed, (2, 6), HALF.event_weights(), half_life_days=1).sum() == 1.0
