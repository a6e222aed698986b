from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from commerce.demand import forecast
from kg.errors import NotFoundError
from kg.ids import Vocabulary
from kg.records import INTERACTION_SCHEMA

PRODUCTS = Vocabulary(["product:a", "product:b", "product:never"])
START = datetime(2026, 1, 1)


def sold(*rows: tuple[str, int, float | None, str]) -> pa.Table:
    """Events of (product, day, quantity, event)."""
    return pa.Table.from_pylist(
        [
            {
                "user_id": "user:1",
                "product_id": f"product:{product}",
                "event": event,
                "timestamp": START + timedelta(days=day),
                "quantity": quantity,
            }
            for product, day, quantity, event in rows
        ],
        schema=INTERACTION_SCHEMA,
    )


def test_hand_computed() -> None:
    # Weeks back from day 27: a sells 4, 0, 0, 2 units; start: size 4, occurrence 1.
    table = sold(("a", 0, 3.0, "purchase"), ("a", 1, None, "purchase"), ("a", 27, 2.0, "purchase"))
    demand = forecast(table, PRODUCTS, alpha=0.5, beta=0.5)
    assert demand is not None
    assert demand.weeks == 4
    # occurrence: 1 → 1 → .5 → .25 → .625; size: 4 → 4 → 4 → 3
    assert demand.units_per_week.tolist() == [pytest.approx(0.625 * 3.0), 0.0, 0.0]
    assert demand.units_sold.tolist() == [6.0, 0.0, 0.0]


def test_steady_sales_are_forecast_as_they_are() -> None:
    rows = [("b", 7 * week, 5.0, "purchase") for week in range(12)]
    demand = forecast(sold(*rows), PRODUCTS)
    assert demand is not None
    assert demand.units_per_week[1] == pytest.approx(5.0)
    assert demand.days_of_cover("product:b", 50) == pytest.approx(70.0)
    assert demand.days_of_cover("product:never", 50) is None


def test_a_product_first_sold_late_starts_at_its_own_size() -> None:
    rows = [("a", 7 * week, 1.0, "purchase") for week in range(12)] + [("b", 76, 9.0, "purchase")]
    demand = forecast(sold(*rows), PRODUCTS, beta=0.2)
    assert demand is not None
    assert demand.units_per_week[1] == pytest.approx(0.2 * 9.0)


def test_only_purchases_with_a_time_count() -> None:
    assert forecast(sold(("a", 0, 1.0, "view")), PRODUCTS) is None
    table = sold(("a", 0, 1.0, "purchase"))
    timeless = table.set_column(3, "timestamp", pa.nulls(1, pa.timestamp("us")))
    assert forecast(timeless, PRODUCTS) is None


@pytest.mark.parametrize("wrong", [0.0, 1.5, -1.0])
def test_smoothing_out_of_range(wrong: float) -> None:
    table = sold(("a", 0, 1.0, "purchase"))
    with pytest.raises(ValueError, match=rf"alpha is {wrong}, it must be in \(0, 1\]"):
        forecast(table, PRODUCTS, alpha=wrong)
    with pytest.raises(ValueError, match=rf"beta is {wrong}, it must be in"):
        forecast(table, PRODUCTS, beta=wrong)


def test_cover_of_an_unknown_product() -> None:
    demand = forecast(sold(("a", 0, 1.0, "purchase")), PRODUCTS)
    assert demand is not None
    with pytest.raises(NotFoundError, match="no product 'product:x'"):
        demand.days_of_cover("product:x", 1)


def test_order_of_rows_is_of_no_account() -> None:
    rng = np.random.default_rng(0)
    rows = [("ab"[day % 2], day, float(day % 5), "purchase") for day in range(60)]
    shuffled = [rows[at] for at in rng.permutation(len(rows))]
    first, second = forecast(sold(*rows), PRODUCTS), forecast(sold(*shuffled), PRODUCTS)
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(first.units_per_week, second.units_per_week)
