"""What shoppers do, as it happens."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import ValidationError

from api.access import needs
from api.eventlog import NewEvent, Outcome, now_us
from api.people import Pseudonyms
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
    checked = [_checked(row, parts.people) for row in body.events]
    good = [(at, row) for at, row in enumerate(checked) if isinstance(row, NewEvent)]

    def answer(outcomes: object) -> str:
        return _answer(checked, good, outcomes, service).model_dump_json()

    key = getattr(request.state, "key", None)
    told, again = parts.log.append(
        [row for _, row in good],
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


def _checked(row: dict[str, Any], people: Pseudonyms) -> NewEvent | list[dict[str, str]]:
    """A row ready to be written, or what is wrong with it."""
    try:
        event = EventIn.model_validate(row)
        at_us = event.at_us(now_us())
    except ValidationError as exc:
        return [
            {"field": ".".join(str(part) for part in error["loc"]), "message": error["msg"]}
            for error in exc.errors(include_url=False, include_input=False)
        ]
    except (ValueError, OverflowError) as exc:
        return [{"field": "timestamp", "message": str(exc)}]
    who = event.user_id
    return NewEvent(
        subject=people.session(event.session_id or "") if who is None else people.user(who),
        product=event.product_id,
        event=event.event,
        at_us=at_us,
        value=event.value,
        quantity=event.quantity,
        event_id=event.event_id,
    )


def _answer(
    checked: list[NewEvent | list[dict[str, str]]],
    good: list[tuple[int, NewEvent]],
    outcomes: Any,
    service: Service,
) -> EventsOut:
    became: dict[int, Outcome] = {
        at: outcome for (at, _), outcome in zip(good, outcomes, strict=True)
    }
    products = service.teller.recommender.products
    results = []
    for at, row in enumerate(checked):
        outcome = became.get(at)
        if isinstance(row, NewEvent) and outcome in ("accepted", "duplicate"):
            known = entity_id("product", row.product) in products
            results.append(EventResult(index=at, status=outcome, known_product=known))
            continue
        errors = row if isinstance(row, list) else [_ERASED]
        results.append(EventResult(index=at, status="rejected", errors=errors))
    statuses = [result.status for result in results]
    return EventsOut(
        accepted=statuses.count("accepted"),
        duplicates=statuses.count("duplicate"),
        rejected=statuses.count("rejected"),
        results=results,
    )


_ERASED = {"field": "user_id", "message": "this user was erased; their id is not used again"}
