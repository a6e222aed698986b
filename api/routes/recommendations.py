"""Explained recommendations for a known user or for a history that is sent along."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.exceptions import RequestValidationError

from api.routes.deps import CurrentService, Options, check_k
from api.schemas import Recommendations, RecommendRequest

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["recommendations"])

UserId = Annotated[str, Path(min_length=1, max_length=200, description="the shop's own user id")]


@router.get("/users/{user_id}/recommendations", summary="For a known user")
def for_user(
    request: Request,
    service: CurrentService,
    user_id: UserId,
    options: Options,
) -> Recommendations:
    """Products for a user of the snapshot, best first, each with the paths its score is made of."""
    check_k(options.k, request.app.state.settings, "query")
    return service.recommend_user(user_id, options)


@router.post("/recommendations", summary="For a history")
def for_history(
    request: Request, service: CurrentService, body: RecommendRequest
) -> Recommendations:
    """Products for whoever has this history; nothing is stored."""
    settings = request.app.state.settings
    check_k(body.k, settings, "body")
    if len(body.history) > settings.max_history:
        message = f"holds {len(body.history)} events, at most {settings.max_history} are read"
        raise RequestValidationError([{"loc": ("body", "history"), "msg": message}])
    return service.recommend_history(body)
