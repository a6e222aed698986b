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
        raise ModelError(f"unknown event {name!r} among the interactions; known: {list(EVENTS)}")
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
    return _collapse(columns, weights[columns.events], shape)


def history_matrix(
    columns: EventColumns, shape: tuple[int, int], config: HistoryConfig
) -> csr_matrix:
    """Weighted histories ``X`` of all users, users × products, float32, indices sorted."""
    matrix = _collapse(columns, _event_weights(columns, config), shape)
    return _truncate(matrix, config)


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
    table = _event_table(events)
    owner = Vocabulary(["user"])
    columns = read_events(table, owner, products, min_rating=config.min_rating)
    row = history_matrix(columns, (1, len(products)), config)
    strength = config.event_weights()
    strongest: dict[int, int] = {}
    for product, event in zip(columns.products.tolist(), columns.events.tolist(), strict=True):
        best = strongest.get(product, event)
        strongest[product] = max(best, event, key=lambda code: (strength[code], code))
    known = products.rows(event.product for event in events)
    return History(
        rows=row.indices.astype(np.int64),
        weights=row.data.astype(np.float64),
        events=tuple(EVENTS[strongest[product]] for product in row.indices.tolist()),
        seen=np.unique(known[known >= 0]),
        user=user,
        unknown=tuple(sorted({event.product for event in events} - set(products))),
    )


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


def _collapse(
    columns: EventColumns, weight: NDArray[np.float64], shape: tuple[int, int]
) -> csr_matrix:
    """Largest weight of each (user, product); zeros are not stored."""
    key = columns.users * shape[1] + columns.products
    order = np.lexsort((weight, key))
    key, weight = key[order], weight[order]
    last = np.r_[np.diff(key) != 0, True] if len(key) else np.zeros(0, dtype=bool)
    last &= weight > 0
    users, products = np.divmod(key[last], shape[1])
    values = weight[last].astype(np.float32)
    matrix = csr_matrix((values, (users, products)), shape=shape)
    matrix.sort_indices()
    return matrix


def _truncate(matrix: csr_matrix, config: HistoryConfig) -> csr_matrix:
    """Drop what `HistoryConfig.min_weight` and `max_products` leave out."""
    counts = np.diff(matrix.indptr)
    users = np.repeat(np.arange(matrix.shape[0]), counts)
    largest = np.zeros(matrix.shape[0], dtype=np.float32)
    np.maximum.at(largest, users, matrix.data)
    keep = matrix.data >= config.min_weight * largest[users]
    for user in np.flatnonzero(counts > config.max_products):
        part = slice(matrix.indptr[user], matrix.indptr[user + 1])
        # Among equals the smaller row stays: the sort is stable.
        order = np.argsort(-matrix.data[part], kind="stable")
        keep[part.start + order[config.max_products :]] = False
    if keep.all():
        return matrix
    kept = (matrix.data[keep], (users[keep], matrix.indices[keep]))
    return csr_matrix(kept, shape=matrix.shape)


def _codes(column: pa.ChunkedArray, values: list[str]) -> NDArray[np.int64]:
    """Position of each string in ``values``; -1 where it is not there."""
    found = pc.index_in(column, value_set=pa.array(values, pa.string()))
    codes: NDArray[np.int64] = found.fill_null(-1).to_numpy().astype(np.int64)
    return codes


def _moments(interactions: pa.Table) -> NDArray[np.int64]:
    """Dense rank of (timestamp, position) over the table; nulls come first."""
    stamp = interactions["timestamp"].cast(pa.int64()).fill_null(np.iinfo(np.int64).min).to_numpy()
    position = interactions["position"].fill_null(-1).to_numpy()
    order = np.lexsort((position, stamp))
    changed = (np.diff(stamp[order]) != 0) | (np.diff(position[order]) != 0)
    moments = np.empty(len(order), dtype=np.int64)
    moments[order] = np.cumsum(np.r_[0, changed]) if len(order) else 0
    return moments


def _event_table(events: Sequence[Event]) -> pa.Table:
    """A few events as the columns `read_events` reads."""
    stamps = [None if e.timestamp is None else _microseconds(e.timestamp) for e in events]
    return pa.table(
        {
            "user_id": pa.array(["user"] * len(events), pa.string()),
            "product_id": pa.array([e.product for e in events], pa.string()),
            "event": pa.array([e.event for e in events], pa.string()),
            "timestamp": pa.array(stamps, pa.int64()),
            "position": pa.array([e.position for e in events], pa.int64()),
            "value": pa.array([e.value for e in events], pa.float64()),
        }
    )


def _microseconds(moment: datetime) -> int:
    """Microseconds since 1970 UTC; a time without zone is read as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1_000_000)
