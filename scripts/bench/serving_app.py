"""The service with one route more, which returns the bytes of a recommendation ready-made."""

from fastapi import FastAPI, Request, Response

from api.access import needs
from api.app import worker_app

READY = "/v1/ready-made"


def app() -> FastAPI:
    """As `api.app.worker_app`, by the settings in the environment."""
    made = worker_app()
    kept: dict[str, bytes] = {}

    @made.put(READY)
    async def keep(request: Request) -> None:
        kept["body"] = await request.body()

    @made.get(READY, dependencies=[needs("recommend")])
    def ready() -> Response:
        return Response(kept["body"], media_type="application/json")

    return made
