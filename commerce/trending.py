"""What is wanted now: events, each counted the less the older it is.

In: events of a snapshot and those heard since. Out: a score a product,
``Σ w 0.5^(age / half-life)`` over the days on which somebody met it, each day with the strongest of
that person's events. Age counts from the newest event there is, so the same events give the same
order whenever it is asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gnn.history import HistoryConfig
from kg.ids import Vocabulary
from kg.records import EVENTS, INTERACTION_SCHEMA

__all__ = ["Trend", "trending"]

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Trend:
    """How much each product is wanted now."""

    scores: NDArray[np.float64]  # (n,)
    shoppers: NDArray[np.int64]  # (n,) who met it within the last half-life
    newest_us: int  # time of the newest event, microseconds since 1970 UTC


def trending(
    interactions: pa.Table, products: Vocabulary, config: HistoryConfig, half_life_days: float
) -> Trend | None:
    """Scores of all products; None where no event has a time.

    Args:
        interactions: `kg.records.INTERACTION_SCHEMA`, compact ids.
        products: rows of the result.
        config: weights of the event types.
        half_life_days: age in days that halves an event.
    """
    table = interactions.select(INTERACTION_SCHEMA.names[:4])
    table = table.filter(pc.is_valid(table["timestamp"]))
    rows = products.rows(table["product_id"].to_pylist())
    if not len(rows):
        return None
    time = table["timestamp"].cast(pa.int64()).to_numpy()
    shopper = np.asarray(table["user_id"].combine_chunks().dictionary_encode().indices)
    kind = pc.index_in(table["event"], pa.array(EVENTS)).to_numpy().astype(np.int64)
    weight = config.event_weights()[kind]
    newest = int(time.max())
    age = (newest - time) / _DAY_US
    day = time // _DAY_US
    order = np.lexsort((-weight, day, rows, shopper))
    keys = np.column_stack([shopper, rows, day])[order]
    first = np.r_[True, (np.diff(keys, axis=0) != 0).any(axis=1)]
    kept = order[first & (rows[order] >= 0)]
    worth = weight[kept] * 0.5 ** (age[kept] / half_life_days)
    scores = np.bincount(rows[kept], worth, len(products)).astype(np.float64)
    lately = kept[age[kept] <= half_life_days]
    people = np.unique(np.column_stack([rows[lately], shopper[lately]]), axis=0)
    lately_met = np.bincount(people[:, 0], minlength=len(products))
    return Trend(scores, lately_met.astype(np.int64), newest)
