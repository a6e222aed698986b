"""Interactions as columns of rows: who did what with which product, and when.

In: an interaction table, or the few events of a request. Out: `EventColumns`, and sparse matrices
of them. Assumes moments are comparable within one user only: by timestamp, then by position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from kg.errors import ModelError
from kg.ids import Vocabulary
from kg.records import EVENTS

__all__ = [
    "Event",
    "EventColumns",
    "event_columns",
    "event_matrix",
    "halved",
    "largest",
    "read_events",
]

_MICROSECONDS_A_DAY = 86_400_000_000
_LEAST = np.iinfo(np.int64).min  # stands where a time or position is not known


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a user did, at request time."""

    product: str  # compact id
    event: str = "purchase"  # one of kg.records.EVENTS
    timestamp: datetime | None = None
    position: int | None = None
    value: float | None = None  # rating stars


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Interactions as rows of users and products; events of unknown products are left out."""

    users: NDArray[np.int64]  # (n,)
    products: NDArray[np.int64]  # (n,)
    events: NDArray[np.int64]  # (n,) index in kg.records.EVENTS
    moments: NDArray[np.int64]  # (n,) grows with time; equal: at the same moment
    days: NDArray[np.float64] | None = None  # (n,) since 1970 UTC; NaN where no time is known


def read_events(
    interactions: pa.Table, users: Vocabulary, products: Vocabulary, *, min_rating: float = 0.0
) -> EventColumns:
    """Columns of an interaction table (``INTERACTION_SCHEMA``) in rows of two vocabularies.

    Events whose user or product is in neither vocabulary, and ratings below ``min_rating`` stars,
    are left out.

    Raises:
        ModelError: an event type is not one of `kg.records.EVENTS`.
    """
    event = _codes(interactions["event"], list(EVENTS))
    if (event < 0).any():
        name = interactions["event"][int(np.argmax(event < 0))].as_py()
        raise ModelError(_unknown_event(name))
    user = _codes(interactions["user_id"], list(users))
    product = _codes(interactions["product_id"], list(products))
    value = interactions["value"].fill_null(np.inf).to_numpy()
    keep = (user >= 0) & (product >= 0)
    keep &= (event != EVENTS.index("rating")) | (value >= min_rating)
    moments = _moments(interactions)[keep]
    stamps = interactions["timestamp"].cast(pa.int64()).cast(pa.float64()).fill_null(np.nan)
    days = stamps.to_numpy()[keep] / _MICROSECONDS_A_DAY
    return EventColumns(user[keep], product[keep], event[keep], moments, days)


def event_matrix(
    columns: EventColumns,
    shape: tuple[int, int],
    weights: NDArray[np.float64],
    half_life_days: float | None = None,
) -> csr_matrix:
    """Users × products with the largest event weight of each pair, float32.

    Args:
        columns: the events.
        shape: users, products.
        weights: of each of `kg.records.EVENTS`.
        half_life_days: days before the last of all events that halve a weight; None: none do.
    """
    weight = weights[columns.events]
    if half_life_days is not None and columns.days is not None and len(weight):
        latest = np.max(columns.days, initial=-np.inf, where=~np.isnan(columns.days))
        weight = weight * halved(latest - columns.days, half_life_days)
    users, products, values = largest(columns, weight, shape[1])
    return csr_matrix((values, (users, products)), shape=shape)


def halved(days: NDArray[np.float64], half_life_days: float) -> NDArray[np.float64]:
    """``0.5 ** (days / half_life_days)``; 1 where no time is known."""
    return np.asarray(0.5 ** np.nan_to_num(days / half_life_days, nan=0.0))


def largest(
    columns: EventColumns, weight: NDArray[np.float64], num_products: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Largest weight of each user and product, sorted by both; zeros are left out."""
    key = columns.users * num_products + columns.products
    order = np.lexsort((weight, key))
    key, weight = key[order], weight[order]
    last = weight > 0
    last[:-1] &= key[1:] != key[:-1]
    users, products = np.divmod(key[last], num_products)
    return users, products, weight[last].astype(np.float32)


def _codes(column: pa.ChunkedArray, values: list[str]) -> NDArray[np.int64]:
    """Position of each string in ``values``; -1 where it is not there."""
    found = pc.index_in(column, value_set=pa.array(values, pa.string()))
    codes: NDArray[np.int64] = found.fill_null(-1).to_numpy().astype(np.int64)
    return codes


def _moments(interactions: pa.Table) -> NDArray[np.int64]:
    """Dense rank of (timestamp, position) over the table; nulls come first."""
    stamp = interactions["timestamp"].cast(pa.int64()).fill_null(_LEAST).to_numpy()
    position = interactions["position"].fill_null(_LEAST).to_numpy()
    order = np.lexsort((position, stamp))
    changed = (np.diff(stamp[order]) != 0) | (np.diff(position[order]) != 0)
    moments = np.empty(len(order), dtype=np.int64)
    moments[order] = np.cumsum(np.r_[0, changed]) if len(order) else 0
    return moments


def event_columns(events: Sequence[Event], products: Vocabulary, min_rating: float) -> EventColumns:
    """A few events of one user as columns, as `read_events` reads a table."""
    moments = [(_microseconds(e.timestamp), _or_least(e.position)) for e in events]
    rank = {moment: at for at, moment in enumerate(sorted(set(moments)))}
    rows: list[tuple[int, int, int, float]] = []
    for event, moment in zip(events, moments, strict=True):
        if event.event not in EVENTS:
            raise ModelError(_unknown_event(event.event))
        row = products.get(event.product)
        low = event.event == "rating" and event.value is not None and event.value < min_rating
        if row is not None and not low:
            days = np.nan if event.timestamp is None else moment[0] / _MICROSECONDS_A_DAY
            rows.append((row, EVENTS.index(event.event), rank[moment], days))
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    codes = table[:, :3].astype(np.int64)
    users = np.zeros(len(table), dtype=np.int64)
    return EventColumns(users, codes[:, 0], codes[:, 1], codes[:, 2], table[:, 3])


def _unknown_event(name: str) -> str:
    return f"unknown event {name!r} among the interactions; known: {list(EVENTS)}"


def _microseconds(moment: datetime | None) -> int:
    """Microseconds since 1970 UTC; a time without zone is read as UTC, none comes first."""
    if moment is None:
        return _LEAST
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1_000_000)


def _or_least(position: int | None) -> int:
    return _LEAST if position is None else position
