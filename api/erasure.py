"""What is kept of a user: all of it handed out, or all of it erased.

A user is their history and nothing else, so once their events are gone their answers are those of
someone never seen. What the model learnt from them in sum (a user among many who bought two
products) bears no name; it goes with the next build, which `kg.additions` keeps them out of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Row, delete, or_, select

from api.db.tables import events, exposures, merges, tombstones
from api.eventlog import EventLog, aware, now_us
from api.people import Pseudonyms
from api.schemas_events import ErasureOut, ExportedEvent, ExportedExposure, ExportOut
from api.service import Service
from kg.additions import add_erased
from kg.errors import NotFoundError
from kg.ids import local_part

__all__ = ["Erased", "erase", "erased_users", "export_user", "restore_tombstones", "told"]


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased."""

    events: int
    sessions: int
    exposures: int


def export_user(service: Service, log: EventLog, people: Pseudonyms, user_id: str) -> ExportOut:
    """All that log and snapshot keep of a user.

    Raises:
        NotFoundError: nothing is.
    """
    name = people.user(user_id)
    _, erased = log.of(name)
    kept = [_exported(row, name) for row in log.rows(name)]
    known = service.teller.shoppers
    if name in known and not erased:
        kept += [
            ExportedEvent(
                product_id=local_part(event.product),
                event=event.event,
                at=aware(event.timestamp),
                value=event.value,
                source="snapshot",
            )
            for event in known.events(name)
        ]
    met = [
        ExportedExposure(
            experiment=row.experiment,
            arm=row.arm,
            at=_time(row.at),
            source=_source(row.subject, name),
        )
        for row in _exposures(log, name)
    ]
    if not kept and not met:
        raise NotFoundError(f"nothing is kept of user {user_id!r}")
    return ExportOut(
        user_id=user_id,
        pseudonym=name,
        snapshot=service.snapshot.id,
        sessions=log.sessions(name),
        events=kept,
        exposures=met,
    )


def _exported(row: Mapping[str, Any], user: str) -> ExportedEvent:
    """A row of the log as it is exported."""
    same = ("event", "value", "quantity", "event_id", "surface", "experiment", "arm")
    return ExportedEvent(
        product_id=row["product"],
        at=_time(row["at"]),
        received=_time(row["received"]),
        source=_source(row["subject"], user),
        **{name: row[name] for name in same},
    )


def _source(subject: str, user: str) -> Literal["log", "session"]:
    return "log" if subject == user else "session"


def erase(log: EventLog, user: str) -> Erased:
    """Erase a user's events, sessions and exposures and leave a tombstone, in one transaction.

    Erasing again changes nothing. Tombstones hold keyed pseudonyms only.

    Raises:
        StoreError: the database cannot be written; nothing was erased then.
    """
    tenant = log.tenant
    with log.database.writing() as connection:
        log.guard(connection, exclusive=True)
        sessions = list(
            connection.scalars(
                select(merges.c.session).where(merges.c.tenant == tenant, merges.c.user == user)
            )
        )
        gone = connection.execute(
            delete(events).where(events.c.tenant == tenant, events.c.subject.in_([user, *sessions]))
        ).rowcount
        theirs = exposures.c.subject.in_([user, *sessions])
        met = connection.execute(
            delete(exposures).where(exposures.c.tenant == tenant, theirs)
        ).rowcount
        connection.execute(delete(merges).where(merges.c.tenant == tenant, merges.c.user == user))
        known = set(
            connection.scalars(select(tombstones.c.subject).where(tombstones.c.tenant == tenant))
        )
        new = [
            {"tenant": tenant, "subject": subject, "at": now_us()}
            for subject in (user, *sessions)
            if subject not in known
        ]
        if new:
            connection.execute(tombstones.insert(), new)
    log.database.forget_pages()
    return Erased(gone, len(sessions), met)


def restore_tombstones(log: EventLog, root: Path) -> int:
    """Tell the next build of every erased user; done at each start, so that none is forgotten.

    Returns:
        How many there are.
    """
    erased = erased_users(log)
    if erased:
        add_erased(root, erased)
    return len(erased)


def erased_users(log: EventLog) -> frozenset[str]:
    """Pseudonyms of all erased users."""
    query = select(tombstones.c.subject).where(
        tombstones.c.tenant == log.tenant, tombstones.c.subject.like("user:%")
    )
    with log.database.reading() as connection:
        return frozenset(connection.scalars(query))


def told(
    erased: Erased, *, in_snapshot: bool, downdated: bool = False, why_not: str = ""
) -> ErasureOut:
    """The answer to an erasure.

    Args:
        erased: what was.
        in_snapshot: whether the snapshot holds the user's events.
        downdated: whether the model was made as if it had never seen them.
        why_not: why it was not, where that was asked for.
    """
    detail = "no model learnt from this user; nothing is left to do"
    if in_snapshot:
        detail = (
            "their own answers are those of someone never seen from now on; snapshots built before "
            "hold their events under a pseudonym until pruned: build, train, then snapshots prune"
        )
    if in_snapshot and why_not:
        detail = f"the model forgets them at the next build only: {why_not}; {detail}"
    return ErasureOut(
        erased_events=erased.events,
        erased_sessions=erased.sessions,
        erased_exposures=erased.exposures,
        in_snapshot=in_snapshot,
        head=("downdated" if downdated else "marked_for_next_build")
        if in_snapshot
        else "untouched",
        detail=detail,
    )


def _exposures(log: EventLog, user: str) -> Sequence[Row[Any]]:
    """Exposures of a user and of their sessions, oldest first."""
    sessions = select(merges.c.session).where(merges.c.tenant == log.tenant, merges.c.user == user)
    theirs = or_(exposures.c.subject == user, exposures.c.subject.in_(sessions))
    query = select(exposures).where(exposures.c.tenant == log.tenant, theirs)
    with log.database.reading() as connection:
        return connection.execute(query.order_by(exposures.c.at)).all()


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
