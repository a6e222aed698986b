"""Whether the service can answer."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes.deps import CurrentService
from api.schemas import Health

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["health"])


@router.get("/health", summary="Health")
def health(service: CurrentService) -> Health:
    """The snapshot that is served. Answers only once a model is loaded."""
    return service.health()
