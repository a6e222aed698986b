"""The HTTP application: routes, errors, pages, and the snapshot behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import PROBLEM_RESPONSES, install_error_handlers, problem
from api.routes import descriptions, health, products, recommendations, search
from api.service import Live
from api.settings import Settings
from kg import __version__
from kg.snapshot import SnapshotStore

__all__ = ["create_app"]

WEB = Path(__file__).parent / "web"


def create_app(settings: Settings) -> FastAPI:
    """The application on a store's current snapshot.

    Raises:
        StoreError: the store has no snapshot.
        ModelError: its current snapshot has no model.
    """
    live = Live(SnapshotStore(settings.store), min_buyers=settings.min_buyers)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        thread = live.watch(settings.refresh_s)
        yield
        live.stop()
        thread.join(timeout=settings.refresh_s + 1)

    app = FastAPI(
        title="Clew",
        version=__version__,
        summary="Recommendations with the thread that led to each.",
        lifespan=lifespan,
        responses=PROBLEM_RESPONSES,
    )
    app.state.live = live
    app.state.settings = settings
    app.add_middleware(BodyLimit, max_body_bytes=settings.max_body_bytes)
    install_error_handlers(app)
    for module in (recommendations, products, search, descriptions, health):
        app.include_router(module.router)

    @app.get("/", include_in_schema=False)
    def index() -> FileResponse:
        return FileResponse(WEB / "index.html")

    app.mount("/web", StaticFiles(directory=WEB), name="web")
    return app


class BodyLimit:
    """Answers 413 to a request whose body is larger than allowed, declared or not."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the body as it comes in."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if len(body) > self.max_body_bytes:
                detail = f"the body is larger than {self.max_body_bytes} bytes; send less at once"
                await problem(413, detail)(scope, receive, send)
                return
            if not message.get("more_body", False):
                break
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return unread.pop() if unread else await receive()

        await self.app(scope, replay, send)
