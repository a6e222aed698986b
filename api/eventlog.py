"""The log of what shoppers do: durable before it is acknowledged, read at every recommendation.

In: checked events under pseudonyms. Out: what was written, and a subject's events as the
recommender takes them. A session merged into a user at login keeps its events where they are; the
user's are then read with them. An erased user's events are refused, so that what is still under
way when someone leaves does not bring them back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import (
    Connection,
    delete,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError

from api.db.engine import Database
from api.db.exposed import Exposure, write_exposures
from api.db.heard import HEARD_OF_SESSION, HEARD_OF_USER, KEPT, OLDEST_FIRST, theirs
from api.db.tables import batches, events, exposures, merges, tombstones
from api.impressions import UNATTRIBUTED, Attribution
from api.replays import ConflictError, answered, keep_answer
from gnn.history import Event
from kg.errors import StoreError
from kg.ids import entity_id

__all__ = [
    "EventLog",
    "NewEvent",
    "Outcome",
    "as_event",
    "aware",
    "now_us",
]

_TRIES = 5
_GUARD = 4241542  # of PostgreSQL's advisory locks: writers share it, an erasure has it alone

Outcome = Literal["accepted", "duplicate", "erased"]


def _is_user(subject: str) -> bool:
    return subject.startswith("user:")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One event to write."""

    subject: str  # pseudonym
    product: str  # the shop's own id
    event: str  # one of kg.records.EVENTS, or remove
    at_us: int  # microseconds since 1970 UTC
    value: float | None = None
    quantity: float | None = None
    event_id: str | None = None
    due: Attribution = UNATTRIBUTED

    @property
    def met(self) -> Exposure | None:
        """That who did it was shown the list it is due to, where that was part of an experiment."""
        due = self.due
        if due.shown_us is None or due.experiment is None or due.arm is None:
            return None
        return Exposure(due.experiment, self.subject, due.arm, due.shown_us)


def now_us() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


class EventLog:
    """Events of one tenant."""

    def __init__(self, database: Database, tenant: str = "default") -> None:
        self.database = database
        self.tenant = tenant

    def append(
        self,
        new: Sequence[NewEvent],
        answer: Callable[[Sequence[Outcome]], str],
        *,
        key: tuple[str, str] | None = None,
        digest: str = "",
    ) -> tuple[str, bool]:
        """Write events; when this returns they are on the disk.

        Args:
            new: the events.
            answer: what to tell the caller, of one outcome per event; kept under ``key``.
            key: who sends, and their idempotency key; None: nothing is kept.
            digest: of the request; a key used again must come with the same.

        Returns:
            The answer, and whether it is that of an earlier request with this key.

        Raises:
            ConflictError: the key was used for another request.
            StoreError: the database cannot be written.
        """
        for _ in range(_TRIES):
            try:
                return self._append(new, answer, key, digest)
            except IntegrityError:
                continue  # another writer wrote the same key or event id: read what it wrote
        raise StoreError("the event log is too busy with the same events; send them again")

    def of(self, subject: str) -> tuple[list[Event], bool]:
        """Events of a user, with their sessions', or of a session, oldest first; and whether the
        subject was erased.
        """
        query = HEARD_OF_USER if _is_user(subject) else HEARD_OF_SESSION
        values = {"of_tenant": self.tenant, "of_subject": subject}
        with self.database.asking() as connection:
            rows = connection.execute(query, values).all()
        return [as_event(*row[1:]) for row in rows if row[1] is not None], bool(rows[0][0])

    def rows(self, subject: str) -> list[dict[str, Any]]:
        """All that is kept of a subject's events, for an export; oldest first."""
        query = select(*KEPT).where(theirs(user=_is_user(subject))).order_by(*OLDEST_FIRST)
        values = {"of_tenant": self.tenant, "of_subject": subject}
        with self.database.reading() as connection:
            return [dict(row) for row in connection.execute(query, values).mappings()]

    def sessions(self, user: str) -> int:
        """How many sessions were merged into a user."""
        query = select(func.count()).where(merges.c.tenant == self.tenant, merges.c.user == user)
        with self.database.reading() as connection:
            return int(connection.scalar(query) or 0)

    def merge(self, session: str, user: str) -> int:
        """Count a session's events, those before and those after, as a user's.

        Returns:
            How many events the session has.

        Raises:
            ConflictError: it was merged into another user, or the user was erased.
            StoreError: the database cannot be written.
        """
        with self.database.writing() as connection:
            self.guard(connection, exclusive=True)
            if self.erased_of(connection, {user}):
                raise ConflictError("this user was erased; their id is not used again")
            if self.erased_of(connection, {session}):
                raise ConflictError("this session was erased with its user; begin a new one")
            known = connection.scalar(
                select(merges.c.user).where(
                    merges.c.tenant == self.tenant, merges.c.session == session
                )
            )
            if known not in (None, user):
                raise ConflictError(
                    "this session belongs to another user; begin a new one at logout"
                )
            if known is None:
                row = {"tenant": self.tenant, "session": session, "user": user, "at": now_us()}
                connection.execute(insert(merges).values(row))
            counted = select(func.count()).where(
                events.c.tenant == self.tenant, events.c.subject == session
            )
            return int(connection.scalar(counted) or 0)

    def prune(self, before_us: int) -> int:
        """Remove events that happened before a moment, and exposures and answers as old."""
        with self.database.writing() as connection:
            for table in (batches, exposures):
                connection.execute(
                    delete(table).where(table.c.tenant == self.tenant, table.c.at < before_us)
                )
            old = delete(events).where(events.c.tenant == self.tenant, events.c.at < before_us)
            return connection.execute(old).rowcount

    def _append(
        self,
        new: Sequence[NewEvent],
        answer: Callable[[Sequence[Outcome]], str],
        key: tuple[str, str] | None,
        digest: str,
    ) -> tuple[str, bool]:
        with self.database.writing() as connection:
            self.guard(connection, exclusive=False)
            if key is not None:
                before = answered(connection, self.tenant, key, digest)
                if before is not None:
                    return before, True
            outcomes = self._outcomes(connection, new)
            received = now_us()
            fates = zip(new, outcomes, strict=True)
            taken = [one for one, outcome in fates if outcome == "accepted"]
            if taken:
                connection.execute(insert(events), [self._row(one, received) for one in taken])
                write_exposures(connection, self.tenant, [one.met for one in taken if one.met])
            told = answer(outcomes)
            if key is not None:
                keep_answer(connection, self.tenant, key, digest, told, received)
        return told, False

    def _row(self, one: NewEvent, received: int) -> dict[str, object]:
        return {
            "tenant": self.tenant,
            "subject": one.subject,
            "product": one.product,
            "event": one.event,
            "at": one.at_us,
            "received": received,
            "value": one.value,
            "quantity": one.quantity,
            "event_id": one.event_id,
            "surface": one.due.surface,
            "experiment": one.due.experiment,
            "arm": one.due.arm,
        }

    def _outcomes(self, connection: Connection, new: Sequence[NewEvent]) -> list[Outcome]:
        ids = {one.event_id for one in new if one.event_id is not None}
        query = select(events.c.event_id).where(
            events.c.tenant == self.tenant, events.c.event_id.in_(ids)
        )
        known = set(connection.scalars(query)) if ids else set()
        erased = self.erased_of(connection, {one.subject for one in new})
        outcomes: list[Outcome] = []
        for one in new:
            if one.subject in erased:
                outcomes.append("erased")
            elif one.event_id is not None and one.event_id in known:
                outcomes.append("duplicate")
            else:
                outcomes.append("accepted")
                known.add(one.event_id)
        return outcomes

    def erased_of(self, connection: Connection, subjects: set[str]) -> set[str]:
        """Those of some subjects that were erased."""
        query = select(tombstones.c.subject).where(
            tombstones.c.tenant == self.tenant, tombstones.c.subject.in_(subjects)
        )
        return set(connection.scalars(query)) if subjects else set()

    def guard(self, connection: Connection, *, exclusive: bool) -> None:
        """On PostgreSQL, keep writers and erasures apart; SQLite has one writer at a time."""
        if not self.database.is_sqlite:
            name = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
            connection.execute(text(f"SELECT {name}({_GUARD})"))


def aware(moment: datetime | None) -> datetime | None:
    """A moment with its zone; without one it is UTC."""
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def as_event(product: str, event: str, at_us: int, value: float | None) -> Event:
    """A row of the log as the recommender takes it."""
    seconds, micros = divmod(at_us, 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
    return Event(entity_id("product", product), event, moment, None, value)
