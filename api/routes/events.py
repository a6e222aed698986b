"""What shoppers do, as it happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import ValidationError

from api.access import needs
from api.eventlog import NewEvent, Outcome, now_us
from api.parts import Parts
from api.routes.deps import CurrentParts, CurrentService, CurrentSettings, refuse
from api.schemas_events import EventIn, EventResult, EventsIn, EventsOut
from api.service import Service
from api.threads import waits
from kg.ids import entity_id

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["events"], dependencies=[needs("events")])

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=128,
        pattern="^[!-~]+$",
        description="a request sent again with the same key and body is answered as the first",
    ),
]


@router.post("/events", summary="Send events")
@waits
def send(
    request: Request,
    response: Response,
    service: CurrentService,
    parts: CurrentParts,
    settings: CurrentSettings,
    body: EventsIn,
    idempotency_key: IdempotencyKey = None,
) -> EventsOut:
    """Write events. When this answers they are on the disk and count in the next recommendation.

    Each row is answered by itself: a bad one is rejected and the others count.
    """
    if len(body.events) > settings.max_events:
        message = f"holds {len(body.events)} events, at most {settings.max_events} are read at once"
        refuse(("body", "events"), message)
    checked = [_checked(row, parts) for row in body.events]
    good = [row.event for row in checked if row.event is not None]

    def answer(outcomes: Sequence[Outcome]) -> str:
        return _answer(checked, outcomes, service).model_dump_json()

    key = getattr(request.state, "key", None)
    told, again = parts.log.append(
        good,
        answer,
        key=None if idempotency_key is None else ("" if key is None else key.id, idempotency_key),
        digest=parts.people.digest(body.model_dump_json()),
    )
    result = EventsOut.model_validate_json(told)
    if again:
        response.headers["Idempotent-Replayed"] = "true"
    else:
        request.app.state.metrics.received(row.status for row in result.results)
    return result


@dataclass(frozen=True, slots=True)
class _Row:
    """A row ready to be written, or what is wrong with it."""

    event: NewEvent | None
    errors: Sequence[dict[str, str]] = ()
    attributed: bool | None = None
    note: str | None = None


def _checked(row: dict[str, Any], parts: Parts) -> _Row:
    try:
        event = EventIn.model_validate(row)
        at_us = event.at_us(now_us())
    except ValidationError as exc:
        errors = [
            {"field": ".".join(str(part) for part in error["loc"]), "message": error["msg"]}
            for error in exc.errors(include_url=False, include_input=False)
        ]
        return _Row(None, errors)
    except (ValueError, OverflowError) as exc:
        return _Row(None, [{"field": "timestamp", "message": str(exc)}])
    who, people = event.user_id, parts.people
    subject = people.session(event.session_id or "") if who is None else people.user(who)
    new = NewEvent(
        subject=subject,
        product=event.product_id,
        event=event.event,
        at_us=at_us,
        value=event.value,
        quantity=event.quantity,
        event_id=event.event_id,
    )
    if event.impression_id is None:
        return _Row(new)
    due = parts.impressions.attribute(event.impression_id, subject, new.product, at_us)
    if isinstance(due, str):
        return _Row(new, attributed=False, note=f"impression_id {due}")
    return _Row(replace(new, due=due), attributed=True)


def _answer(checked: Sequence[_Row], outcomes: Sequence[Outcome], service: Service) -> EventsOut:
    products, fates = service.teller.recommender.products, iter(outcomes)
    results = []
    for at, row in enumerate(checked):
        outcome = None if row.event is None else next(fates)
        if row.event is None or outcome is None or outcome == "erased":
            errors = list(row.errors) or [_ERASED]
            results.append(EventResult(index=at, status="rejected", errors=errors))
            continue
        results.append(
            EventResult(
                index=at,
                status=outcome,
                known_product=entity_id("product", row.event.product) in products,
                attributed=row.attributed,
                note=row.note,
            )
        )
    statuses = [result.status for result in results]
    return EventsOut(
        accepted=statuses.count("accepted"),
        duplicates=statuses.count("duplicate"),
        rejected=statuses.count("rejected"),
        results=results,
    )


_ERASED = {"field": "user_id", "message": "this user was erased; their id is not used again"}
