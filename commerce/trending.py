"""What is wanted now: events, each counted the less the older it is.

In: events of a snapshot, sorted once, and those heard since. Out: a score a product,
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

__all__ = ["Trend", "Trending"]

_DAY_US = 86_400_000_000
_COLUMNS = INTERACTION_SCHEMA.names[:4]


@dataclass(frozen=True, slots=True)
class Trend:
    """How much each product is wanted now."""

    scores: NDArray[np.float64]  # (n,)
    shoppers: NDArray[np.int64]  # (n,) who met it within the last half-life
    newest_us: int  # time of the newest event, microseconds since 1970 UTC


@dataclass(frozen=True, slots=True)
class _Days:
    """Days on which a shopper met a product, one entry each."""

    shopper: NDArray[np.int64]
    row: NDArray[np.int64]
    time: NDArray[np.int64]  # of the strongest event, microseconds since 1970 UTC
    weight: NDArray[np.float64]


class Trending:
    """Scores of one snapshot's products. May be shared between threads."""

    def __init__(self, interactions: pa.Table, products: Vocabulary, config: HistoryConfig) -> None:
        """Sort the events of the snapshot.

        Args:
            interactions: `kg.records.INTERACTION_SCHEMA`, compact ids.
            products: rows of the result.
            config: weights of the event types.
        """
        self._products, self._config = products, config
        known = _timed(interactions)
        self._newest = 0
        if known.num_rows:
            self._newest = pc.max(known["timestamp"]).cast(pa.int64()).as_py()
        # What is heard may fall on the last day, so that one stays open.
        start = pa.scalar(self._newest // _DAY_US * _DAY_US, pa.int64())
        open_ = pc.greater_equal(known["timestamp"].cast(pa.int64()), start)
        self._last_day, before = known.filter(open_), known.filter(pc.invert(open_))
        shoppers = pc.unique(before["user_id"]).to_pylist()
        self._codes = {name: code for code, name in enumerate(shoppers)}
        self._before = self._days(before)

    @property
    def newest_us(self) -> int:
        """Time of the snapshot's newest event, microseconds since 1970 UTC; 0: none has one."""
        return self._newest

    def now(self, heard: pa.Table, half_life_days: float) -> Trend | None:
        """Scores of all products; None where no event has a time.

        Args:
            heard: events later than `newest_us`, as ``interactions`` (its first four columns).
            half_life_days: age in days that halves an event.
        """
        table = pa.concat_tables([self._last_day, _timed(heard)])
        if not table.num_rows:
            return None
        newest = pc.max(table["timestamp"]).cast(pa.int64()).as_py()
        scores = np.zeros(len(self._products))
        lately = []
        for days in (self._before, self._days(table)):
            age = (newest - days.time) / _DAY_US
            worth = days.weight * 0.5 ** (age / half_life_days)
            scores += np.bincount(days.row, worth, len(scores))
            recent = age <= half_life_days
            lately.append(np.column_stack([days.row[recent], days.shopper[recent]]))
        people = np.unique(np.concatenate(lately), axis=0)
        met = np.bincount(people[:, 0], minlength=len(scores))
        return Trend(scores, met.astype(np.int64), newest)

    def _days(self, table: pa.Table) -> _Days:
        names = table["user_id"].combine_chunks().dictionary_encode()
        codes, unknown = self._codes, len(self._codes)
        own = [
            codes.get(name, unknown + at) for at, name in enumerate(names.dictionary.to_pylist())
        ]
        shopper = np.array(own, dtype=np.int64)[np.asarray(names.indices)]
        row = self._products.rows(table["product_id"].to_pylist())
        time = table["timestamp"].cast(pa.int64()).to_numpy()
        kind = pc.index_in(table["event"], pa.array(EVENTS)).to_numpy().astype(np.int64)
        weight = self._config.event_weights()[kind]
        day = time // _DAY_US
        order = np.lexsort((-weight, day, row, shopper))
        keys = np.column_stack([shopper, row, day])[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (np.diff(keys, axis=0) != 0).any(axis=1)
        kept = order[first & (row[order] >= 0)]
        return _Days(shopper[kept], row[kept], time[kept], weight[kept])


def _timed(interactions: pa.Table) -> pa.Table:
    table = interactions.select(_COLUMNS)
    return table.filter(pc.is_valid(table["timestamp"]))
