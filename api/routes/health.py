"""Whether the service lives, is ready, and how it does."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.access import needs
from api.metrics import CONTENT_TYPE_LATEST, Metrics
from api.routes.deps import CurrentParts, CurrentService
from api.schemas import Health
from api.schemas_events import Live, Ready
from api.threads import waits

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get("/v1/health", summary="Health", dependencies=[needs("recommend")])
def health(service: CurrentService) -> Health:
    """The snapshot that is served. Answers only once a model is loaded."""
    return service.health()


@router.get("/v1/live", summary="Liveness")
async def live() -> Live:
    """That the process answers. If this fails, restart it."""
    return Live(status="live")


@router.get("/v1/ready", summary="Readiness")
@waits
def ready(service: CurrentService, parts: CurrentParts) -> Ready:
    """That requests can be answered: a model is loaded, the database answers. If this fails, send
    requests elsewhere.
    """
    parts.database.check()
    return Ready(status="ready", snapshot=service.snapshot.id)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    dependencies=[needs("admin")],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request) -> Response:
    """Requests, times, events and snapshots, of all workers."""
    found: Metrics = request.app.state.metrics
    return Response(found.text(), media_type=CONTENT_TYPE_LATEST)
