"""Running the HTTP service: one process or several on one socket, stopped gracefully."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Callable

import uvicorn
from uvicorn.supervisors import Multiprocess

from api.logs import set_up_logs
from api.parts import open_parts
from api.settings import Settings, export
from api.surfaces import read_surfaces
from kg.errors import ClewError
from kg.garbage import settle
from kg.snapshot import SnapshotStore

__all__ = ["serve"]

_MOST_AT_ONCE = 512  # requests under way in a worker; more are answered 503 at once
_WORKER_START_S = 120  # a worker that has not loaded its model by then is started again


def serve(settings: Settings, listening: Callable[[str], None]) -> None:
    """Serve until a signal says stop; requests under way are then answered first.

    Args:
        settings: how.
        listening: is told the address once it is bound.

    Raises:
        ClewError: the address cannot be bound, or there is nothing to serve.
    """
    if settings.workers > 1:
        _serve_many(settings, listening)
        return
    from api.app import create_app  # noqa: PLC0415 - the parent of workers needs no model

    set_up_logs(settings.log_format)
    app = create_app(settings, settled=settle)
    with _listener(settings) as listener:
        listening(_address(settings, listener))
        uvicorn.Server(_config(app, settings)).run(sockets=[listener])


def _serve_many(settings: Settings, listening: Callable[[str], None]) -> None:
    from api.showing import begin  # noqa: PLC0415 - only here

    SnapshotStore(settings.store).current()
    parts = open_parts(settings)  # so that a fault is told here, once
    begin(parts, settings, read_surfaces(settings.surfaces))
    parts.database.close()
    figures = tempfile.mkdtemp(prefix="clew-metrics-")
    export(settings, PROMETHEUS_MULTIPROC_DIR=figures)
    try:
        with _listener(settings) as listener:
            listening(_address(settings, listener))
            config = _config("api.app:worker_app", settings, factory=True, workers=settings.workers)
            Multiprocess(config, sockets=[listener]).run()
    finally:
        shutil.rmtree(figures, ignore_errors=True)


def _config(app: object, settings: Settings, **more: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # an application or where to import one
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_MOST_AT_ONCE,
        timeout_keep_alive=15,
        timeout_worker_healthcheck=_WORKER_START_S,
        timeout_graceful_shutdown=round(settings.shutdown_s),
        **more,  # type: ignore[arg-type]
    )


def _listener(settings: Settings) -> socket.socket:
    host, port = settings.host, settings.port
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as exc:
        listener.close()
        raise ClewError(
            f"cannot listen on {host}:{port}: {exc.strerror}; choose another with --port"
        ) from exc
    listener.set_inheritable(True)
    return listener


def _address(settings: Settings, listener: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}"
