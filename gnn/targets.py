"""What the network is asked in training: which event of a user follows from which others.

In: event columns of all users. Out: batches of events to predict, each with the user's other events
as weighted history. An event is predicted from what came before and after it, nearer events first:
a history read backwards teaches as much as one read forwards, and there are few enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.history import EventColumns, HistoryConfig
from kg.errors import ModelError

__all__ = ["Batch", "Targets"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Events to predict, and the histories to predict them from, in coordinates."""

    users: NDArray[np.int64]  # (b,)
    products: NDArray[np.int64]  # (b,) the right answers
    weights: NDArray[np.float32]  # (b,) how much each counts in the loss
    rows: NDArray[np.int64]  # (m,) position in the batch, ascending
    history: NDArray[np.int64]  # (m,) product met by the user of that row; never the answer
    strengths: NDArray[np.float32]  # (m,) > 0


class Targets:
    """All events of users with two products or more, each pair of user and product once.

    Args:
        columns: the events.
        config: event weights and recency. The history weight of an event is
            ``event weight * recency ** max(0, moments to the predicted event - 1)``.
        per_user: events of a user predicted in one pass, drawn anew each time.
        window: events before, and events after, that one event is predicted from.

    Raises:
        ModelError: no user has two products.
    """

    def __init__(
        self, columns: EventColumns, config: HistoryConfig, *, per_user: int, window: int
    ) -> None:
        weight = config.event_weights()[columns.events]
        users, products, moments, weight = _pairs(columns, weight)
        self._users, self._products, self._weight = users, products, weight.astype(np.float32)
        self._rank = _ranks(users, moments)
        self._first = np.searchsorted(users, users, side="left")
        self._end = np.searchsorted(users, users, side="right")
        self._eligible = np.flatnonzero(self._end - self._first > 1)
        self._recency, self._per_user, self._window = config.recency, per_user, window
        if not len(self._eligible):
            raise ModelError(
                f"none of {len(np.unique(users))} users has met two products; the graph neural "
                "network learns from users who have: train without it, or bring more events"
            )

    def __len__(self) -> int:
        """Events predicted in one pass."""
        users = np.bincount(self._users[self._eligible])
        return int(np.minimum(users, self._per_user).sum())

    def batches(self, count: int, rng: np.random.Generator) -> Iterator[Batch]:
        """One pass over the users in random order, in ``count`` like batches, none empty."""
        users = self._users[self._eligible]
        shuffled = rng.permutation(int(users.max()) + 1)[users]
        order = np.lexsort((rng.random(len(users)), shuffled))
        ordered = shuffled[order]
        place = np.arange(len(order)) - np.searchsorted(ordered, ordered)
        chosen = self._eligible[order[place < self._per_user]]
        for part in np.array_split(chosen, min(count, len(chosen))):
            yield self._batch(part)

    def _batch(self, events: NDArray[np.int64]) -> Batch:
        first = np.maximum(self._first[events], events - self._window)
        end = np.minimum(self._end[events], events + self._window + 1)
        lengths = end - first
        rows = np.repeat(np.arange(len(events)), lengths)
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        others = first[rows] + np.arange(len(rows)) - starts
        keep = others != events[rows]
        rows, others = rows[keep], others[keep]
        apart = np.abs(self._rank[others] - self._rank[events[rows]])
        decay = self._recency ** np.maximum(apart - 1, 0)
        return Batch(
            users=self._users[events],
            products=self._products[events],
            weights=self._weight[events],
            rows=rows,
            history=self._products[others],
            strengths=(self._weight[others] * decay).astype(np.float32),
        )


def _pairs(
    columns: EventColumns, weight: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Users, products, moments, weights of each pair once, by user and then moment.

    A pair's weight is that of its strongest event, its moment that event's, the last among equals.
    """
    order = np.lexsort((columns.moments, weight, columns.products, columns.users))
    users, products = columns.users[order], columns.products[order]
    last = np.r_[(np.diff(users) != 0) | (np.diff(products) != 0), True][: len(order)]
    kept = order[last & (weight[order] > 0)]
    kept = kept[np.lexsort((columns.products[kept], columns.moments[kept], columns.users[kept]))]
    return columns.users[kept], columns.products[kept], columns.moments[kept], weight[kept]


def _ranks(users: NDArray[np.int64], moments: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the moment among its user's; the difference of two is how far they are apart."""
    changed = (np.diff(users) != 0) | (np.diff(moments) != 0)
    return np.cumsum(np.r_[0, changed])[: len(users)]
