"""Feedback of shoppers on the reasons they were given."""

from __future__ import annotations

from fastapi import APIRouter

from api.access import needs
from api.eventlog import NewEvent, now_us
from api.feedback import AGAIN_BECAUSE, AGAIN_TERM, NOT_BECAUSE, NOT_TERM
from api.replays import ConflictError
from api.routes.deps import CurrentParts, CurrentService
from api.schemas_feedback import FeedbackIn, FeedbackOut
from api.threads import waits

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["events"], dependencies=[needs("events")])


@router.post("/feedback", summary="Send feedback on a reason")
@waits
def send(service: CurrentService, parts: CurrentParts, body: FeedbackIn) -> FeedbackOut:
    """Not this brand, not because of that purchase: it is on the disk when this answers and heeded
    in the next recommendation, by whichever worker, until it is taken back with `undo`.
    """
    if body.not_term is not None:
        service.selector.of_term(body.not_term)  # which knows it, or says that nothing does
        kind, target = (AGAIN_TERM if body.undo else NOT_TERM), body.not_term
    else:
        target = body.not_because or ""
        service.teller.product(target)
        kind = AGAIN_BECAUSE if body.undo else NOT_BECAUSE
    who = body.user_id
    people = parts.people
    subject = people.session(body.session_id or "") if who is None else people.user(who)
    outcome, _ = parts.log.append(
        [NewEvent(subject=subject, product=target, event=kind, at_us=now_us())],
        lambda outcomes: outcomes[0],
    )
    if outcome == "erased":
        raise ConflictError("this user was erased; their id is not used again")
    return FeedbackOut(heeded=not body.undo)
