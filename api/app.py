"""The HTTP application: routes, errors, pages, and the snapshot and database behind them."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.cors import CORSMiddleware

from api.errors import PROBLEM_RESPONSES, install_error_handlers
from api.following import follow
from api.front import BodyLimit, Front
from api.live import Live
from api.logs import set_up_logs
from api.metrics import Metrics
from api.openapi import describe
from api.parts import Parts, open_parts
from api.routes import (
    descriptions,
    events,
    experiments,
    feedback,
    health,
    lists,
    privacy,
    products,
    products_put,
    queries,
    recommendations,
    rules,
    search,
    sessions,
)
from api.settings import Settings
from api.showing import open_showing
from api.surfaces import read_surfaces
from api.threads import compute_in
from api.tracing import trace
from kg import __version__
from kg.garbage import settle
from kg.query_open import OpenGraphs
from kg.snapshot import SnapshotStore

__all__ = ["create_app", "worker_app"]

WEB = Path(__file__).parent / "web"
ROUTES = (
    recommendations,
    descriptions,  # before products, whose ids may hold slashes
    lists,  # before products too
    products,
    products_put,
    search,
    events,
    feedback,
    sessions,
    privacy,
    rules,
    queries,
    experiments,
    health,
)


def create_app(settings: Settings, *, settled: Callable[[], None] = lambda: None) -> FastAPI:
    """The application on a store's current snapshot.

    Args:
        settings: of the service.
        settled: called when much was loaded that stays; a process that does nothing else than
            serve gives `kg.garbage.settle`.

    Raises:
        StoreError: the store has no snapshot, the database cannot be opened, or the address is
            open to other machines and there are no keys.
        ModelError: its current snapshot has no model.
    """
    metrics = Metrics(shared=settings.workers > 1)
    live = Live(
        SnapshotStore(settings.store),
        min_buyers=settings.min_buyers,
        kept_answers=settings.kept_answers,
        warm_search=settings.warm_search,
        loaded=metrics.loaded,
        settle=settled,
    )
    parts, graphs = open_parts(settings), OpenGraphs(settings.store)
    follow(live, parts, settings)
    surfaces = read_surfaces(settings.surfaces)
    showing = open_showing(live, parts, settings, surfaces)

    app = FastAPI(
        title="Clew",
        version=__version__,
        summary="Recommendations with the thread that led to each.",
        lifespan=_lifespan([live, *showing.pinned.values()], parts, graphs, settings, settled),
        responses=PROBLEM_RESPONSES,
    )
    app.state.live, app.state.settings, app.state.parts = live, settings, parts
    app.state.surfaces, app.state.showing, app.state.graphs = surfaces, showing, graphs
    app.state.access, app.state.metrics = parts.access, metrics
    _guard(app, settings, metrics)
    install_error_handlers(app)
    for module in ROUTES:
        app.include_router(module.router)

    @app.get("/", include_in_schema=False)
    def index() -> FileResponse:
        return FileResponse(WEB / "index.html")

    describe(app, settings, sorted(surfaces))
    app.state.end_traces = trace(app, settings.otlp_endpoint)
    app.mount("/web", StaticFiles(directory=WEB), name="web")
    return app


def _lifespan(
    lives: Sequence[Live],
    parts: Parts,
    graphs: OpenGraphs,
    settings: Settings,
    settled: Callable[[], None],
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What runs beside the requests, from the first to the last."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        compute_in(settings.threads)
        settled()
        stop = threading.Event()
        threads = [thread for live in lives for thread in live.watch(settings.refresh_s)]
        threads.append(parts.exposures.watch(stop))
        if settings.retention_days is not None:
            parts.keep_house(settings.retention_days, stop)
        yield
        stop.set()
        for live in lives:
            live.stop()
        for thread in threads:
            thread.join(timeout=settings.refresh_s + 1)
        graphs.close()
        parts.database.close()
        app.state.end_traces()

    return lifespan


def _guard(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """What stands before every route, the last added first."""
    app.add_middleware(
        BodyLimit, max_body_bytes=settings.max_body_bytes, timeout_s=settings.body_timeout_s
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key"],
        )
    app.add_middleware(Front, metrics=metrics)


def worker_app() -> FastAPI:
    """The application of a worker process, by the settings in its environment."""
    settings = Settings()  # from the environment
    set_up_logs(settings.log_format)
    return create_app(settings, settled=settle)
