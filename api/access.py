"""Who may ask for what, and how often: API keys, scopes and rate limits, as a dependency of routes.

Where keys are required a request bears one as ``Authorization: Bearer clew_…`` (or ``X-API-Key``).
Without, every request is answered 401; with a key that lacks the route's scope, 403; too often,
429 with ``Retry-After``. Limits are counted in each worker, whose share is the limit divided by the
number of workers, so no more than the limit gets through.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.keys import Key, Keys, Scope

__all__ = ["Access", "needs"]

_BEARER = HTTPBearer(auto_error=False, description="an API key: clew keys create")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="the same, as a header")


class Access:
    """Decides about requests. One per application."""

    def __init__(
        self,
        keys: Keys,
        *,
        required: bool,
        per_minute: int,
        guesses_per_minute: int = 30,
        workers: int = 1,
    ) -> None:
        self._keys = keys
        self.required = required
        self._per_minute = per_minute
        self._guesses = guesses_per_minute
        self._workers = workers
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def admit(self, token: str | None, address: str, scope: Scope) -> Key | None:
        """The key of a request that may go on; None where keys are not required.

        Raises:
            HTTPException: 401, 403 or 429.
        """
        if not self.required:
            self._count(f"address:{address}", self._per_minute)
            return None
        failures = self._share(self._guesses)
        if not self._limiter.test(failures, f"refused:{address}"):
            raise self._too_many(failures, f"refused:{address}")
        key = self._keys.check(token) if token else None
        if key is None:
            self._limiter.hit(failures, f"refused:{address}")
            detail = "this service wants an API key, and this is none that is valid"
            raise HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})
        self._count(f"key:{key.id}", key.per_minute or self._per_minute)
        if scope not in key.scopes:
            raise HTTPException(403, f"key {key.id} lacks the scope {scope!r}")
        return key

    def _count(self, who: str, per_minute: int) -> None:
        share = self._share(per_minute)
        if not self._limiter.hit(share, who):
            raise self._too_many(share, who)

    def _share(self, per_minute: int) -> RateLimitItemPerMinute:
        return RateLimitItemPerMinute(max(1, per_minute // self._workers))

    def _too_many(self, item: RateLimitItemPerMinute, who: str) -> HTTPException:
        reset = self._limiter.get_window_stats(item, who).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        detail = f"more than {item.amount} requests in a minute; try again in {wait} s"
        return HTTPException(429, detail, headers={"Retry-After": str(wait)})


def needs(scope: Scope) -> Any:
    """A dependency that admits requests with a key of this scope."""
    return Security(_checker(scope))


def _checker(scope: Scope) -> Callable[..., Awaitable[Key | None]]:
    async def check(
        request: Request,
        bearer: HTTPAuthorizationCredentials | None = Security(_BEARER),  # noqa: B008
        header: str | None = Security(_HEADER),
    ) -> Key | None:
        access: Access = request.app.state.access
        token = bearer.credentials if bearer is not None else header
        address = request.client.host if request.client else "unknown"
        if access.required:  # which may ask the database
            key = await run_in_threadpool(access.admit, token, address, scope)
        else:
            key = access.admit(token, address, scope)
        request.state.key = key
        return key

    return check
