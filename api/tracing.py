"""Traces, where an address to send them to is set (`Settings.otlp_endpoint`); nothing otherwise.

In: the application. Out: a span for each request, with spans of what takes time in it
(`api.otel`). Needs ``pip install 'clew[otel]'``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from kg import __version__
from kg.errors import MissingExtraError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

__all__ = ["span", "trace"]

_tracers: list[Tracer] = []  # of the applications of this process that are traced; mostly one


def span(name: str) -> AbstractContextManager[Any]:
    """A span of what is done in the block, within that of the request; costs nothing when off."""
    if not _tracers:
        return nullcontext()
    return _tracers[-1].start_as_current_span(
        name, record_exception=False, set_status_on_exception=False
    )


def trace(app: FastAPI, target: str | SpanExporter | None) -> Callable[[], None]:
    """Trace the requests of an application that has all its routes.

    Args:
        app: the application.
        target: address of an OTLP collector, or an exporter; None: nothing is traced.

    Returns:
        What sends the rest and ends it.

    Raises:
        MissingExtraError: asked for and not installed.
    """
    if target is None:
        return lambda: None
    try:
        from api.otel import instrument, provider_to  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as exc:
        raise MissingExtraError(exc.name or "opentelemetry", "otel") from exc
    provider = provider_to(target)
    instrument(app, provider)
    tracer = provider.get_tracer("clew", __version__)
    _tracers.append(tracer)

    def end() -> None:
        _tracers.remove(tracer)
        provider.shutdown()

    return end
