"""What a user did, read as the weighted history ``x_u`` the model scores from.

In: interactions (Arrow, or a few events at request time). Out: a sparse row over the products per
user. Users are never trained parameters, so whoever has a history has recommendations. Assumes
moments are comparable within one user only: by timestamp, then by position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_matrix

from kg.errors import ModelError
from kg.ids import Vocabulary
from kg.records import EVENTS

__all__ = [
    "Event",
    "EventColumns",
    "History",
    "HistoryConfig",
    "event_matrix",
    "history_matrix",
    "read_events",
    "weigh_history",
]

_LEAST = np.iinfo(np.int64).min  # stands where a time or position is not known


class HistoryConfig(BaseModel):
    """How much each event of a history counts.

    Weight of an event: ``event weight * recency ** age``, with ``age`` the sum of the event
    weights of the user's later moments (events at one moment, say of one basket, age alike and
    count once, with the strongest). A product met several times keeps its largest weight.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recency: float = Field(
        default=1.0, gt=0, le=1, description="factor per later purchase; 1: no decay"
    )
    view: float = Field(default=0.3, ge=0, le=1, description="weight of a view")
    cart: float = Field(default=0.6, ge=0, le=1, description="weight of an addition to the cart")
    purchase: float = Field(default=1.0, ge=0, le=1, description="weight of a purchase")
    rating: float = Field(default=1.0, ge=0, le=1, description="weight of a rating")
    min_rating: float = Field(
        default=0.0, ge=0, description="ratings with fewer stars do not count"
    )
    min_weight: float = Field(
        default=1e-3,
        ge=0,
        lt=1,
        description="events below this share of the strongest are left out",
    )
    max_products: int = Field(
        default=500, ge=1, le=100_000, description="strongest products that count"
    )

    def event_weights(self) -> NDArray[np.float64]:
        """Weights in the order of `kg.records.EVENTS`, shape (4,)."""
        return np.array([getattr(self, event) for event in EVENTS], dtype=np.float64)


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


@dataclass(frozen=True, slots=True)
class History:
    """One user's weighted history.

    ``rows`` ascend, so the order in which events came in changes nothing but their age.
    """

    rows: NDArray[np.int64]  # (m,) product rows, ascending, unique
    weights: NDArray[np.float64]  # (m,) > 0
    events: tuple[str, ...]  # strongest event of each row
    seen: NDArray[np.int64]  # every product met, those without weight too; ascending
    user: str | None = None  # compact id, where the user stands in the graph
    unknown: tuple[str, ...] = ()  # products not in the snapshot

    def without(self, row: int) -> History:
        """The same history less one product, all other weights as they are."""
        keep = self.rows != row
        events = tuple(event for event, kept in zip(self.events, keep, strict=True) if kept)
        return replace(self, rows=self.rows[keep], weights=self.weights[keep], events=events)


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
    moments = _moments(interactions)
    return EventColumns(user[keep], product[keep], event[keep], moments[keep])


def event_matrix(
    columns: EventColumns, shape: tuple[int, int], weights: NDArray[np.float64]
) -> csr_matrix:
    """Users × products with the largest event weight of each pair, float32; no recency."""
    users, products, values = _largest(columns, weights[columns.events], shape[1])
    return csr_matrix((values, (users, products)), shape=shape)


def history_matrix(
    columns: EventColumns, shape: tuple[int, int], config: HistoryConfig
) -> csr_matrix:
    """Weighted histories ``X`` of all users, users × products, float32, indices sorted."""
    users, products, values = _weighed(columns, shape[1], config)
    return csr_matrix((values, (users, products)), shape=shape)


def weigh_history(
    events: Sequence[Event],
    products: Vocabulary,
    config: HistoryConfig,
    *,
    user: str | None = None,
) -> History:
    """History of one user, weighed exactly as `history_matrix` weighs it.

    Products that are not in ``products`` (newer than the snapshot) are named in ``unknown``.

    Raises:
        ModelError: an event type is not one of `kg.records.EVENTS`.
    """
    columns = _columns_of(events, products, config.min_rating)
    _, rows, values = _weighed(columns, len(products), config)
    strength = config.event_weights().tolist()
    strongest: dict[int, int] = {}
    for product, event in zip(columns.products.tolist(), columns.events.tolist(), strict=True):
        best = strongest.get(product, event)
        strongest[product] = max(best, event, key=lambda code: (strength[code], code))
    met = {event.product: products.get(event.product) for event in events}
    return History(
        rows=rows,
        weights=values.astype(np.float64),
        events=tuple(EVENTS[strongest[product]] for product in rows.tolist()),
        seen=np.array(sorted(row for row in met.values() if row is not None), dtype=np.int64),
        user=user,
        unknown=tuple(sorted(name for name, row in met.items() if row is None)),
    )


def _weighed(
    columns: EventColumns, num_products: int, config: HistoryConfig
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Users, products and weights of the histories, sorted by user and product."""
    users, products, values = _largest(columns, _event_weights(columns, config), num_products)
    return _truncated(users, products, values, config)


def _event_weights(columns: EventColumns, config: HistoryConfig) -> NDArray[np.float64]:
    """Weight of each event by `HistoryConfig`'s formula, shape (n,)."""
    weight = config.event_weights()[columns.events]
    if config.recency == 1.0 or not len(weight):
        return weight
    order = np.lexsort((columns.moments, columns.users))
    users, moments, sorted_weight = columns.users[order], columns.moments[order], weight[order]
    starts = np.flatnonzero(
        np.r_[True, (np.diff(users) != 0) | (np.diff(moments) != 0)]
    )  # of each moment of each user
    step = np.maximum.reduceat(sorted_weight, starts)
    total = np.cumsum(step)
    owner = users[starts]
    last_of_owner = np.searchsorted(owner, owner, side="right") - 1
    age = total[last_of_owner] - total
    moment_of_event = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(users)]))
    result = np.empty_like(weight)
    result[order] = sorted_weight * config.recency ** age[moment_of_event]
    return result


def _largest(
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


def _truncated(
    users: NDArray[np.int64],
    products: NDArray[np.int64],
    values: NDArray[np.float32],
    config: HistoryConfig,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """What `HistoryConfig.min_weight` and ``max_products`` leave of sorted histories."""
    if not len(users):
        return users, products, values
    starts = np.flatnonzero(np.r_[True, users[1:] != users[:-1]])
    counts = np.diff(np.r_[starts, len(users)])
    largest = np.repeat(np.maximum.reduceat(values, starts), counts)
    keep = values >= config.min_weight * largest
    for at in np.flatnonzero(counts > config.max_products):
        # Among equals the smaller row stays: the sort is stable.
        order = np.argsort(-values[starts[at] : starts[at] + counts[at]], kind="stable")
        keep[starts[at] + order[config.max_products :]] = False
    return users[keep], products[keep], values[keep]


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


def _columns_of(events: Sequence[Event], products: Vocabulary, min_rating: float) -> EventColumns:
    """A few events of one user as columns, as `read_events` reads a table."""
    moments = [(_microseconds(e.timestamp), _or_least(e.position)) for e in events]
    rank = {moment: at for at, moment in enumerate(sorted(set(moments)))}
    rows: list[tuple[int, int, int]] = []
    for event, moment in zip(events, moments, strict=True):
        if event.event not in EVENTS:
            raise ModelError(_unknown_event(event.event))
        row = products.get(event.product)
        low = event.event == "rating" and event.value is not None and event.value < min_rating
        if row is not None and not low:
            rows.append((row, EVENTS.index(event.event), rank[moment]))
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return EventColumns(np.zeros(len(table), dtype=np.int64), table[:, 0], table[:, 1], table[:, 2])


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
