"""The log's events for the next build: written where `kg.build` finds them.

In: the event log. Out: ``additions/events.parquet`` in the store. What shoppers took back is left
out, and so are sessions that belong to no user.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import select

from api.db.tables import events, merges
from api.eventlog import EventLog, as_event
from api.history import withdrawn
from gnn.history import Event
from kg.additions import write_events
from kg.records import INTERACTION_SCHEMA

__all__ = ["fold"]


def fold(log: EventLog, root: Path) -> int:
    """Write every user's events for the next build.

    Returns:
        How many there are.

    Raises:
        StoreError: the log cannot be read, or the store not be written.
    """
    rows = list(_rows(log))
    write_events(root, pa.Table.from_pylist(rows, schema=INTERACTION_SCHEMA))
    return len(rows)


def _rows(log: EventLog) -> Iterator[dict[str, Any]]:
    tenant = log.tenant
    columns = (events.c.subject, events.c.product, events.c.event, events.c.at, events.c.value)
    with log.database.reading() as connection:
        pairs = select(merges.c.session, merges.c.user).where(merges.c.tenant == tenant)
        whose = {row.session: row.user for row in connection.execute(pairs)}
        of_user: dict[str, list[Event]] = defaultdict(list)
        query = select(*columns).where(events.c.tenant == tenant)
        for subject, *row in connection.execute(query.order_by(events.c.at, events.c.id)):
            user = whose.get(subject, subject)
            if user.startswith("user:"):
                of_user[user].append(as_event(*row))
    for user in sorted(of_user):
        for event in withdrawn(of_user[user]):
            yield {
                "user_id": user,
                "product_id": event.product,
                "event": event.event,
                "timestamp": event.timestamp.replace(tzinfo=None) if event.timestamp else None,
                "value": event.value,
            }
