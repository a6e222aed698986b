"""What a user did, read as the weighted history ``x_u`` the model scores from.

In: interactions (Arrow, or a few events at request time). Out: a sparse row over the products per
user. Users are never trained parameters, so whoever has a history has recommendations. Assumes
moments are comparable within one user only: by timestamp, then by position.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_matrix

from gnn.events import (
    Event,
    EventColumns,
    event_columns,
    event_matrix,
    halved,
    largest,
    read_events,
)
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

    Weight of an event: ``event weight * recency ** age * 0.5 ** (days / half_life_days)``, with
    ``age`` the sum of the event weights of the user's later moments (events at one moment, say of
    one basket, age alike and count once, with the strongest) and ``days`` the time between the
    event and the user's last. A product met several times keeps its largest weight.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recency: float = Field(
        default=1.0, gt=0, le=1, description="factor per later purchase; 1: no decay"
    )
    half_life_days: float | None = Field(
        default=None,
        gt=0,
        description="days that halve a weight, where times are known; None: none",
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

    @property
    def key(self) -> Hashable:
        """The same for equal histories, another for others."""
        arrays = (self.rows.tobytes(), self.weights.tobytes(), self.seen.tobytes())
        return (*arrays, self.events, self.user, self.unknown)

    def without(self, row: int) -> History:
        """The same history less one product, all other weights as they are."""
        keep = self.rows != row
        events = tuple(event for event, kept in zip(self.events, keep, strict=True) if kept)
        return replace(self, rows=self.rows[keep], weights=self.weights[keep], events=events)


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
    columns = event_columns(events, products, config.min_rating)
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
    users, products, values = largest(columns, _event_weights(columns, config), num_products)
    return _truncated(users, products, values, config)


def _event_weights(columns: EventColumns, config: HistoryConfig) -> NDArray[np.float64]:
    """Weight of each event by `HistoryConfig`'s formula, shape (n,)."""
    weight = config.event_weights()[columns.events]
    if not len(weight) or (config.recency == 1.0 and config.half_life_days is None):
        return weight
    result = weight
    if config.half_life_days is not None and columns.days is not None:
        latest = np.full(int(columns.users.max()) + 1, -np.inf)
        timed = ~np.isnan(columns.days)
        np.maximum.at(latest, columns.users[timed], columns.days[timed])
        result = weight * halved(latest[columns.users] - columns.days, config.half_life_days)
    return result * config.recency ** _ages(columns, weight)


def _ages(columns: EventColumns, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the weights of each user's later moments, (n,)."""
    order = np.lexsort((columns.moments, columns.users))
    users, moments = columns.users[order], columns.moments[order]
    new = np.r_[True, (np.diff(users) != 0) | (np.diff(moments) != 0)]
    starts = np.flatnonzero(new)  # of each moment of each user
    total = np.cumsum(np.maximum.reduceat(weight[order], starts))
    owner = users[starts]
    last_of_owner = np.searchsorted(owner, owner, side="right") - 1
    ages = np.empty_like(weight)
    ages[order] = (total[last_of_owner] - total)[np.cumsum(new) - 1]
    return ages


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
