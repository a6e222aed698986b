"""In which threads requests are answered.

What computes shares a few threads, since more of them only take turns (`Settings.threads`). What
waits, for a disk, a database's lock, another process or another service, has threads of its own
and holds nobody up: its routes are marked with `waits`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

__all__ = ["compute_in", "waits"]

_MOST_WAITING = 40

Given = ParamSpec("Given")
Result = TypeVar("Result")

_waiting: RunVar[CapacityLimiter] = RunVar("waiting")


def compute_in(threads: int) -> None:
    """Let so many requests at once be computed by the running event loop's threads."""
    to_thread.current_default_thread_limiter().total_tokens = threads


def waits(route: Callable[Given, Result]) -> Callable[Given, Awaitable[Result]]:
    """A route that mostly waits, run beside those that compute."""

    @wraps(route)
    async def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        limiter = _waiting.get(None)
        if limiter is None:
            limiter = CapacityLimiter(_MOST_WAITING)
            _waiting.set(limiter)
        return await to_thread.run_sync(partial(route, *args, **kwargs), limiter=limiter)

    return run
