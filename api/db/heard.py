"""Queries for what the event log heard of a subject: a user with their sessions, or a session.

In: ``of_tenant`` and ``of_subject``, bound when a query is run. Out: rows, oldest first. They are
read at every recommendation, so written once.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    literal,
    select,
)

from api.db.tables import events, merges, tombstones

__all__ = ["HEARD_OF_SESSION", "HEARD_OF_USER", "KEPT", "OLDEST_FIRST", "theirs"]

_TENANT: BindParameter[str] = bindparam("of_tenant")
_SUBJECT: BindParameter[str] = bindparam("of_subject")


def theirs(*, user: bool) -> ColumnElement[bool]:
    """Whether an event is one of ``of_subject`` at ``of_tenant``; a user's sessions' are too."""
    one = events.c.subject == _SUBJECT
    if user:
        merged = merges.c.tenant == _TENANT, merges.c.user == _SUBJECT
        sessions = select(merges.c.session).where(*merged)
        # "this or one of those" would have SQLite read every event of the tenant
        one = events.c.subject.in_(select(_SUBJECT).union_all(sessions))
    return and_(events.c.tenant == _TENANT, one)


def _heard(*, user: bool) -> Select[Any]:
    """Whether the subject was erased, with each of their events; with nulls if there are none."""
    erased = exists().where(tombstones.c.tenant == _TENANT, tombstones.c.subject == _SUBJECT)
    always = select(literal(1)).subquery().outerjoin(events, theirs(user=user))
    columns = (events.c.product, events.c.event, events.c.at, events.c.value)
    return select(erased, *columns).select_from(always).order_by(*OLDEST_FIRST)


OLDEST_FIRST = (events.c.at, events.c.id)
KEPT = tuple(column for column in events.c if column.name not in ("id", "tenant"))
HEARD_OF_USER, HEARD_OF_SESSION = _heard(user=True), _heard(user=False)
