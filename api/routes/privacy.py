"""A user's data: handed out, erased."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from api.access import needs
from api.erasure import erase, export_user, told
from api.routes.deps import (
    CurrentLive,
    CurrentParts,
    CurrentService,
    CurrentSettings,
    CurrentShowing,
    UserId,
)
from api.schemas_events import ErasureOut, ExportOut
from api.threads import waits
from kg.additions import add_erased

__all__ = ["router"]

router = APIRouter(prefix="/v1/users", tags=["privacy"], dependencies=[needs("admin")])

_OTHERS = ("/recommendations", "/export")


@router.get("/{user_id:path}/export", summary="Export a user")
@waits
def export(service: CurrentService, parts: CurrentParts, user_id: UserId) -> ExportOut:
    """All events that are kept of a user, and where."""
    return export_user(service, parts.log, parts.people, user_id)


@router.delete("/{user_id:path}", summary="Erase a user")
@waits
def delete(
    live: CurrentLive,
    parts: CurrentParts,
    settings: CurrentSettings,
    showing: CurrentShowing,
    user_id: UserId,
) -> ErasureOut:
    """Erase a user's events and sessions and keep them out of later builds.

    From then on they are answered as someone never seen, and events that still come in under their
    id are rejected.
    """
    if user_id.endswith(_OTHERS):
        raise HTTPException(405, "only a user is erased, not what is asked about them")
    user = parts.people.user(user_id)
    erased = erase(parts.log, user)
    add_erased(settings.store, [user])
    lives = [live, *showing.pinned.values()]
    known = [one for one in lives if user in one.service.teller.shoppers]
    if not known or settings.erasure == "mark":
        return told(erased, in_snapshot=bool(known))
    for one in known:
        one.catch_up()
    why_not = next((one.why_not_forgotten for one in known if one.why_not_forgotten), "")
    return told(erased, in_snapshot=True, downdated=not why_not, why_not=why_not)
