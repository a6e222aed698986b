"""A shopper's whole history: what the snapshot knows of them and what the log heard since.

In: the service of a snapshot, the event log. Out: a `Shopper`. An event that stands in
both, because a build took it in, counts once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api.eventlog import EventLog, aware
from api.feedback import Wishes, wishes
from api.people import Pseudonyms
from gnn.history import Event, History
from gnn.teller import Teller
from kg.errors import NotFoundError
from kg.records import EVENTS

__all__ = ["Shopper", "session_history", "user_history", "withdrawn"]

_TAKEN_BACK = frozenset({"cart", "purchase"})
_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shopper:
    """Someone recommendations are for."""

    history: History  # without what nothing shall be recommended because of
    wishes: Wishes


def user_history(teller: Teller, log: EventLog, people: Pseudonyms, user_id: str) -> Shopper:
    """What a user did and does not want, by the shop's own id.

    Raises:
        NotFoundError: nothing is known of them, or they were erased.
        StoreError: the log cannot be read.
    """
    name = people.user(user_id)
    fresh, erased = log.of(name)
    before: list[Event] = []
    known = name in teller.shoppers and not erased
    if known:
        before = teller.shoppers.events(name)
    if not before and not fresh:
        raise NotFoundError(
            f"user {user_id!r} has no events; send some to /v1/events, "
            "or give a history to recommend from"
        )
    history = teller.recommender.history(_joined(before, fresh), user=name if known else None)
    return _heeded(teller, history, fresh)


def session_history(teller: Teller, log: EventLog, people: Pseudonyms, session_id: str) -> Shopper:
    """What happened in an anonymous session, and what is not wanted there.

    Raises:
        NotFoundError: nothing did.
        StoreError: the log cannot be read.
    """
    fresh, _ = log.of(people.session(session_id))
    if not fresh:
        raise NotFoundError(
            f"session {session_id!r} has no events; send some to /v1/events, "
            "or give a history to recommend from"
        )
    return _heeded(teller, teller.recommender.history(withdrawn(fresh)), fresh)


def _heeded(teller: Teller, history: History, fresh: Sequence[Event]) -> Shopper:
    said = wishes(fresh)
    return Shopper(said.heed(history, teller.recommender.products), said)


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


def _joined(before: Sequence[Event], fresh: Sequence[Event]) -> list[Event]:
    """Both in the order of time, what the log repeats left out."""
    known = {(event.product, event.event, _when(event)) for event in before}
    new = [e for e in fresh if (e.product, e.event, _when(e)) not in known]
    both = [*before, *new]
    return withdrawn(sorted(both, key=_when))


def _when(event: Event) -> datetime:
    return aware(event.timestamp) or _BEGINNING
