"""The log of what shoppers do: durable before it is acknowledged, read at every recommendation.

In: checked events under pseudonyms. Out: what was written, and a subject's events as the
recommender takes them. A session merged into a user at login keeps its events where they are; the
user's are then read with them. An erased user's events are refused, so that what is still under
way when someone leaves does not bring them back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, text
from sqlalchemy.exc import IntegrityError

from api.db.engine import Database
from api.db.tables import batches, events, merges, tombstones
from gnn.history import Event
from kg.errors import StoreError
from kg.ids import entity_id
from kg.records import EVENTS

__all__ = [
    "ConflictError",
    "EventLog",
    "NewEvent",
    "Outcome",
    "as_event",
    "aware",
    "now_us",
    "withdrawn",
]

_TRIES = 5
_GUARD = 4241542  # of PostgreSQL's advisory locks: writers share it, an erasure has it alone
_TAKEN_BACK = frozenset({"cart", "purchase"})

Outcome = Literal["accepted", "duplicate", "erased"]


class ConflictError(StoreError):
    """What is asked contradicts what was done before."""


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
        columns = (events.c.product, events.c.event, events.c.at, events.c.value)
        query = (
            select(*columns)
            .where(events.c.tenant == self.tenant, self._whose(subject))
            .order_by(events.c.at, events.c.id)
        )
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
            erased = bool(self._erased(connection, {subject}))
        return [as_event(*row) for row in rows], erased

    def rows(self, subject: str) -> list[dict[str, Any]]:
        """All that is kept of a subject's events, for an export; oldest first."""
        names = ("product", "event", "at", "received", "value", "quantity", "event_id", "subject")
        query = (
            select(*(events.c[name] for name in names))
            .where(events.c.tenant == self.tenant, self._whose(subject))
            .order_by(events.c.at, events.c.id)
        )
        with self.database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

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
            if self._erased(connection, {user}):
                raise ConflictError("this user was erased; their id is not used again")
            if self._erased(connection, {session}):
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
        """Remove events that happened before a moment, and answers kept for that long."""
        with self.database.writing() as connection:
            connection.execute(
                delete(batches).where(batches.c.tenant == self.tenant, batches.c.at < before_us)
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
                before = self._answered(connection, key, digest)
                if before is not None:
                    return before, True
            outcomes = self._outcomes(connection, new)
            received = now_us()
            rows = [
                self._row(one, received)
                for one, outcome in zip(new, outcomes, strict=True)
                if outcome == "accepted"
            ]
            if rows:
                connection.execute(insert(events), rows)
            told = answer(outcomes)
            if key is not None:
                row = {"tenant": self.tenant, "owner": key[0], "idempotency_key": key[1]}
                row |= {"digest": digest, "answer": told}
                connection.execute(insert(batches).values(**row, at=received))
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
        }

    def _answered(self, connection: Connection, key: tuple[str, str], digest: str) -> str | None:
        query = select(batches.c.digest, batches.c.answer).where(
            batches.c.tenant == self.tenant,
            batches.c.owner == key[0],
            batches.c.idempotency_key == key[1],
        )
        found = connection.execute(query).one_or_none()
        if found is None:
            return None
        if found.digest != digest:
            raise ConflictError("this Idempotency-Key came with another body; use a new key for it")
        return str(found.answer)

    def _outcomes(self, connection: Connection, new: Sequence[NewEvent]) -> list[Outcome]:
        ids = {one.event_id for one in new if one.event_id is not None}
        query = select(events.c.event_id).where(
            events.c.tenant == self.tenant, events.c.event_id.in_(ids)
        )
        known = set(connection.scalars(query)) if ids else set()
        erased = self._erased(connection, {one.subject for one in new})
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

    def _erased(self, connection: Connection, subjects: set[str]) -> set[str]:
        query = select(tombstones.c.subject).where(
            tombstones.c.tenant == self.tenant, tombstones.c.subject.in_(subjects)
        )
        return set(connection.scalars(query)) if subjects else set()

    def guard(self, connection: Connection, *, exclusive: bool) -> None:
        """On PostgreSQL, keep writers and erasures apart; SQLite has one writer at a time."""
        if not self.database.is_sqlite:
            name = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
            connection.execute(text(f"SELECT {name}({_GUARD})"))

    def _whose(self, subject: str) -> ColumnElement[bool]:
        if not subject.startswith("user:"):
            return events.c.subject == subject
        sessions = select(merges.c.session).where(
            merges.c.tenant == self.tenant, merges.c.user == subject
        )
        return or_(events.c.subject == subject, events.c.subject.in_(sessions))


def withdrawn(found: Sequence[Event]) -> list[Event]:
    """Events without those that a later ``remove`` takes back, removals and feedback."""
    last: Mapping[str, int] = {
        event.product: at for at, event in enumerate(found) if event.event == "remove"
    }
    return [
        event
        for at, event in enumerate(found)
        if event.event in EVENTS
        and not (event.event in _TAKEN_BACK and at < last.get(event.product, -1))
    ]


def aware(moment: datetime | None) -> datetime | None:
    """A moment with its zone; without one it is UTC."""
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def as_event(product: str, event: str, at_us: int, value: float | None) -> Event:
    """A row of the log as the recommender takes it."""
    seconds, micros = divmod(at_us, 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
    return Event(entity_id("product", product), event, moment, None, value)
