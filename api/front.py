"""What stands before every route: size and time of bodies, request ids, security headers, one log
line and the figures of each request. Plain ASGI, so that it costs little.

Log lines and figures name the route (``/v1/users/{user_id}/…``), never the path, so no shopper's
id gets into them.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem
from api.logs import request_id
from api.metrics import Metrics

__all__ = ["BodyLimit", "Front", "route_of"]

_log = logging.getLogger("api.access")
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_DATA = "default-src 'none'; frame-ancestors 'none'"
_PAGES = (
    "default-src 'self'; img-src 'self' https: data:; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_REFERENCE = frozenset({"/docs", "/redoc"})  # FastAPI's pages bring scripts from elsewhere


def route_of(scope: Scope) -> str:
    """The template of the route that answered; ``other`` where none did."""
    path = getattr(scope.get("route"), "path_format", None)
    return path if isinstance(path, str) else "other"


class Front:
    """Request ids, security headers, log line and figures."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        name = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        token = request_id.set(name)
        began, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = name
                for header, value in _HEADERS.items():
                    headers.setdefault(header, value)
                _restrict(scope["path"], headers)
            await send(message)

        try:
            await self.app(scope, receive, answer)
        finally:
            seconds, route = time.perf_counter() - began, route_of(scope)
            self.metrics.answered(scope["method"], route, status, seconds)
            key = scope.get("state", {}).get("key")
            _log.info(
                "answered",
                extra={
                    "method": scope["method"],
                    "route": route,
                    "status": status,
                    "ms": round(1000 * seconds, 2),
                    "key": None if key is None else key.id,
                },
            )
            request_id.reset(token)


def _restrict(path: str, headers: MutableHeaders) -> None:
    """What a browser may load for the answer, and that nobody between keeps it."""
    if path in _REFERENCE:
        return
    pages = path == "/" or path.startswith("/web/")
    headers.setdefault("Content-Security-Policy", _PAGES if pages else _DATA)
    if not pages:
        headers.setdefault("Cache-Control", "no-store")


class BodyLimit:
    """Answers 413 to a body larger than allowed, declared or not, and 408 to one too slow."""

    def __init__(self, app: ASGIApp, max_body_bytes: int, timeout_s: float) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take in the whole body, then hand it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.timeout_s):
                body = await self._body(receive)
        except TimeoutError:
            detail = f"the body did not come in within {self.timeout_s:g} s; send it at once"
            await problem(408, detail)(scope, receive, send)
            return
        if body is None:
            return
        if len(body) > self.max_body_bytes:
            detail = f"the body is larger than {self.max_body_bytes} bytes; send less at once"
            await problem(413, detail)(scope, receive, send)
            return
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return unread.pop() if unread else await receive()

        await self.app(scope, replay, send)

    async def _body(self, receive: Receive) -> bytes | None:
        """The body, or as much of it as shows that it is too large; None: the caller left."""
        parts, size = [], 0
        while size <= self.max_body_bytes:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if not message.get("more_body", False):
                break
        return b"".join(parts)
