"""Explained recommendations for a user, for a session, or for a history that is sent along."""

from __future__ import annotations

from fastapi import APIRouter

from api.access import needs
from api.history import session_history, user_history
from api.routes.deps import (
    CurrentParts,
    CurrentService,
    CurrentSettings,
    CurrentSurfaces,
    Options,
    SessionId,
    UserId,
    at_surface,
    check_k,
    refuse,
)
from api.schemas import Recommendations, RecommendRequest

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["recommendations"], dependencies=[needs("recommend")])


@router.get("/users/{user_id:path}/recommendations", summary="For a known user")
def for_user(
    service: CurrentService,
    parts: CurrentParts,
    settings: CurrentSettings,
    user_id: UserId,
    options: Options,
) -> Recommendations:
    """Products for a user, best first, each with the paths its score is made of.

    Every event that was acknowledged counts, by whichever worker.
    """
    check_k(options.k, settings, "query")
    shopper = user_history(service.teller, parts.log, parts.people, user_id)
    return service.recommend(shopper.history, options, parts.rules.all(), shopper.wishes)


@router.get("/sessions/{session_id:path}/recommendations", summary="For an anonymous session")
def for_session(
    service: CurrentService,
    parts: CurrentParts,
    settings: CurrentSettings,
    session_id: SessionId,
    options: Options,
) -> Recommendations:
    """As for a user, from what happened in the session."""
    check_k(options.k, settings, "query")
    shopper = session_history(service.teller, parts.log, parts.people, session_id)
    return service.recommend(shopper.history, options, parts.rules.all(), shopper.wishes)


@router.post("/recommendations", summary="For a history")
def for_history(
    service: CurrentService,
    parts: CurrentParts,
    settings: CurrentSettings,
    surfaces: CurrentSurfaces,
    body: RecommendRequest,
) -> Recommendations:
    """Products for whoever has this history; nothing is stored."""
    body = at_surface(body, surfaces, "body")
    check_k(body.k, settings, "body")
    if len(body.history) > settings.max_history:
        message = f"holds {len(body.history)} events, at most {settings.max_history} are read"
        refuse(("body", "history"), message)
    return service.recommend(service.history_of(body.history), body, parts.rules.all())
