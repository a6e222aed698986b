"""How fast products sell, and how long the stock will last.

In: the interactions of a snapshot. Out: expected units a week per product. Assumes purchases carry
timestamps; most products of a shop sell in few of the weeks, so the forecast is one for
intermittent demand: Teunter, Syntetos and Babai, "Intermittent demand: linking forecasting to
inventory obsolescence" (European Journal of Operational Research 214, 2011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg.errors import NotFoundError
from kg.ids import Vocabulary

__all__ = ["Demand", "forecast"]

_WEEK_US = 7 * 24 * 3600 * 1_000_000


@dataclass(frozen=True)
class Demand:
    """Expected sales of every product.

    Attributes:
        products: whose rows these are.
        units_per_week: shape (n,), float64, ≥ 0.
        units_sold: shape (n,), float64: all units in the data.
        weeks: weeks the data spans.
    """

    products: Vocabulary
    units_per_week: NDArray[np.float64]
    units_sold: NDArray[np.float64]
    weeks: int

    def days_of_cover(self, product: str, stock: int) -> float | None:
        """Days until ``stock`` units are sold at the expected rate; None where nothing sells.

        Raises:
            NotFoundError: the product is not in the snapshot.
        """
        if product not in self.products:
            raise NotFoundError(f"no product {product!r} in this snapshot")
        rate = float(self.units_per_week[self.products.row(product)])
        return 7.0 * stock / rate if rate > 1e-9 else None


def forecast(
    interactions: pa.Table, products: Vocabulary, *, alpha: float = 0.2, beta: float = 0.2
) -> Demand | None:
    """Units a week to expect of each product, by TSB smoothing over whole weeks.

    With y_t the units of week t:  p_t = p_{t-1} + β(1[y_t>0] − p_{t-1});
    z_t = z_{t-1} + α(y_t − z_{t-1}) in weeks with sales, else z_{t-1};  forecast = p·z.
    A week is counted back from the last purchase, so the last one is whole. Rows without a
    quantity count as one unit. Start: the means over the first quarter of the weeks.

    Args:
        interactions: ``INTERACTION_SCHEMA`` with compact product ids.
        products: the rows of the result.
        alpha: weight of the newest demand size, in (0, 1].
        beta: weight of the newest demand occurrence, in (0, 1].

    Returns:
        None where no purchase carries a timestamp.

    Raises:
        ValueError: alpha or beta is outside (0, 1].
    """
    for name, value in (("alpha", alpha), ("beta", beta)):
        if not 0.0 < value <= 1.0:
            raise ValueError(f"{name} is {value}, it must be in (0, 1]")
    bought = interactions.filter(
        pc.and_(pc.equal(interactions["event"], "purchase"), pc.is_valid(interactions["timestamp"]))
    )
    if bought.num_rows == 0:
        return None
    rows = products.rows(bought["product_id"].to_pylist())
    times = bought["timestamp"].cast(pa.int64()).to_numpy()
    units = pc.fill_null(bought["quantity"], 1.0).to_numpy()
    back = (times.max() - times) // _WEEK_US
    weeks = int(back.max()) + 1
    known = rows >= 0
    sales = np.zeros((weeks, len(products)))
    np.add.at(sales, (weeks - 1 - back[known], rows[known]), units[known])
    return Demand(products, _tsb(sales, alpha, beta), sales.sum(axis=0), weeks)


def _tsb(sales: NDArray[np.float64], alpha: float, beta: float) -> NDArray[np.float64]:
    """Forecast after the last of the weeks; ``sales`` has shape (weeks, products)."""
    start = sales[: max(1, len(sales) // 4)]
    occurrence = (start > 0).mean(axis=0)
    size = start.sum(axis=0) / np.maximum((start > 0).sum(axis=0), 1)
    for week in sales:
        sold = week > 0
        first = sold & (size == 0)
        size = np.where(sold, np.where(first, week, size + alpha * (week - size)), size)
        occurrence = occurrence + beta * (sold - occurrence)
    forecast_per_week: NDArray[np.float64] = occurrence * size
    return forecast_per_week
