"""Explained recommendations for a user, for a session, or for a history that is sent along."""

from __future__ import annotations

from fastapi import APIRouter

from api.access import needs
from api.history import session_history, user_history
from api.routes.deps import (
    CurrentParts,
    CurrentSettings,
    CurrentShowing,
    SessionId,
    UserId,
    Wanted,
    asked_by,
    check_k,
    refuse,
)
from api.schemas import Recommendations, RecommendRequest

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["recommendations"], dependencies=[needs("recommend")])


@router.get("/users/{user_id:path}/recommendations", summary="For a known user")
def for_user(
    showing: CurrentShowing,
    parts: CurrentParts,
    settings: CurrentSettings,
    user_id: UserId,
    options: Wanted,
) -> Recommendations:
    """Products for a user, best first, each with the paths its score is made of.

    Every event that was acknowledged counts, by whichever worker.
    """
    asked = asked_by(showing, options, parts.people.user(user_id), "query")
    check_k(asked.options.k, settings, "query")
    service = asked.service
    shopper = user_history(service.teller, parts.log, parts.people, user_id)
    answer = service.recommend(shopper.history, asked.options, parts.rules.all(), shopper.wishes)
    return showing.shown(answer, asked)


@router.get("/sessions/{session_id:path}/recommendations", summary="For an anonymous session")
def for_session(
    showing: CurrentShowing,
    parts: CurrentParts,
    settings: CurrentSettings,
    session_id: SessionId,
    options: Wanted,
) -> Recommendations:
    """As for a user, from what happened in the session."""
    asked = asked_by(showing, options, parts.people.session(session_id), "query")
    check_k(asked.options.k, settings, "query")
    service = asked.service
    shopper = session_history(service.teller, parts.log, parts.people, session_id)
    answer = service.recommend(shopper.history, asked.options, parts.rules.all(), shopper.wishes)
    return showing.shown(answer, asked)


@router.post("/recommendations", summary="For a history")
def for_history(
    showing: CurrentShowing, parts: CurrentParts, settings: CurrentSettings, body: RecommendRequest
) -> Recommendations:
    """Products for whoever has this history; nothing is stored, and no experiment takes part."""
    asked = asked_by(showing, body, "", "body")
    check_k(asked.options.k, settings, "body")
    if len(body.history) > settings.max_history:
        message = f"holds {len(body.history)} events, at most {settings.max_history} are read"
        refuse(("body", "history"), message)
    service = asked.service
    history = service.history_of(body.history)
    return showing.shown(service.recommend(history, asked.options, parts.rules.all()), asked)
