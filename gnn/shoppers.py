"""What each known shopper did, by pseudonym.

In: the interactions of a snapshot. Out: a shopper's events, as the recommender takes them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gnn.history import Event
from kg.errors import NotFoundError

__all__ = ["Shoppers"]


class Shoppers:
    """Events of users, in the order they happened."""

    def __init__(self, interactions: pa.Table) -> None:
        keys = [(name, "ascending") for name in ("user_id", "timestamp", "position")]
        order = pc.sort_indices(interactions, sort_keys=keys)
        self._events = interactions.take(order)
        users = self._events["user_id"].combine_chunks()
        runs = pc.run_end_encode(users)
        ends = np.asarray(runs.run_ends)
        starts = np.concatenate([[0], ends[:-1]])
        names = runs.values.to_pylist()
        self._rows = {
            name: (int(start), int(end))
            for name, start, end in zip(names, starts, ends, strict=True)
        }

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, user: object) -> bool:
        return user in self._rows

    def events(self, user: str) -> list[Event]:
        """A shopper's events, oldest first.

        Args:
            user: compact id (a pseudonym).

        Raises:
            NotFoundError: the shopper did nothing in this snapshot.
        """
        if user not in self._rows:
            raise NotFoundError(
                "this user has no events in this snapshot; post a history to recommend from instead"
            )
        start, end = self._rows[user]
        rows = self._events.slice(start, end - start)
        columns = ("product_id", "event", "timestamp", "position", "value")
        return [
            Event(product, event, timestamp, position, value)
            for product, event, timestamp, position, value in zip(
                *(rows[name].to_pylist() for name in columns), strict=True
            )
        ]
