"""Baskets and trends on worlds counted by hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from commerce.baskets import Baskets
from commerce.trending import Trend, Trending
from gnn.history import HistoryConfig
from kg.ids import Vocabulary
from kg.records import INTERACTION_SCHEMA

PRODUCTS = Vocabulary(["product:a", "product:b", "product:c", "product:d"])
DAY = datetime(2026, 1, 10)


Row = tuple[str, str, str, float | None]


def table(*rows: Row) -> pa.Table:
    """User, product, event, days before DAY."""
    made: list[dict[str, Any]] = [
        {
            "user_id": f"user:{user}",
            "product_id": f"product:{product}",
            "event": event,
            "timestamp": None if days is None else DAY - timedelta(days=days),
        }
        for user, product, event, days in rows
    ]
    return pa.Table.from_pylist(made, schema=INTERACTION_SCHEMA)


def test_a_basket_is_what_a_shopper_bought_on_a_day() -> None:
    bought = [
        ("u", "a", "purchase", 0), ("u", "b", "purchase", 0), ("u", "b", "purchase", 0),
        ("u", "a", "purchase", 5), ("u", "b", "purchase", 5), ("u", "c", "purchase", 4),
        ("v", "a", "purchase", 0), ("v", "c", "view", 0), ("x", "gone", "purchase", 0),
    ]  # fmt: skip
    found = Baskets(table(*bought), PRODUCTS).of(0)
    assert found.rows.tolist() == [1]  # c was bought on another day, or viewed
    assert found.shoppers.tolist() == [1]  # twice by the same one
    assert found.cosine[0] == pytest.approx(2 / np.sqrt(3 * 2))
    assert found.lift[0] == pytest.approx(2 * 4 / (3 * 2))
    assert len(Baskets(table(*bought), PRODUCTS).of(3).rows) == 0


def test_without_times_a_basket_is_all_a_shopper_bought() -> None:
    rated = [(u, p, "rating", None) for u in "uv" for p in "ab"]
    found = Baskets(table(*rated), PRODUCTS).of(0)
    assert (found.rows.tolist(), found.shoppers.tolist()) == ([1], [2])
    assert found.cosine.tolist() == pytest.approx([1.0])


def test_older_days_count_less() -> None:
    rows = [
        ("u", "a", "view", 0), ("u", "a", "purchase", 0),  # one day, its strongest event
        ("v", "a", "purchase", 7), ("v", "b", "view", 14), ("v", "b", "view", None),
    ]  # fmt: skip
    trend = trending(rows, [])
    assert trend is not None
    np.testing.assert_allclose(trend.scores, [1 + 0.5, 0.3 * 0.25, 0, 0])
    assert trend.shoppers.tolist() == [2, 0, 0, 0]
    assert trending([("u", "a", "view", None)], []) is None


def test_what_was_heard_since_counts_as_if_it_had_been_there() -> None:
    """Wherever the snapshot ends: within a day of a shopper with a product, too."""
    rng = np.random.default_rng(4)
    rows = [
        (f"u{rng.integers(6)}", rng.choice(list("abc")), rng.choice(["view", "purchase"]), day)
        for day in sorted(rng.uniform(0, 20, 80), reverse=True)
    ]
    whole = trending(rows, [])
    assert whole is not None
    for cut in (0, 1, 40, 79, 80):
        parts = trending(rows[:cut], rows[cut:])
        assert parts is not None
        np.testing.assert_allclose(parts.scores, whole.scores)
        assert parts.shoppers.tolist() == whole.shoppers.tolist()
        assert parts.newest_us == whole.newest_us


def trending(known: Sequence[Row], heard: Sequence[Row]) -> Trend | None:
    return Trending(table(*known), PRODUCTS, HistoryConfig()).now(table(*heard), 7.0)
