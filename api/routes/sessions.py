"""Anonymous sessions and whose they turn out to be."""

from __future__ import annotations

from fastapi import APIRouter

from api.access import needs
from api.routes.deps import CurrentParts, SessionId
from api.schemas_events import MergeIn, MergeOut
from api.threads import waits

__all__ = ["router"]

router = APIRouter(prefix="/v1/sessions", tags=["events"], dependencies=[needs("events")])


@router.post("/{session_id:path}/merge", summary="Merge a session into a user")
@waits
def merge(parts: CurrentParts, session_id: SessionId, body: MergeIn) -> MergeOut:
    """At login: what happened in the session, and what still will, counts as the user's."""
    people = parts.people
    counted = parts.log.merge(people.session(session_id), people.user(body.user_id))
    return MergeOut(merged=True, events=counted)
