"""Spans of requests, sent over OTLP/HTTP; imported only where traces are asked for.

Whatever instruments the application, only what `KEPT` names leaves it: paths, queries, addresses
and messages of errors may name a shopper. The standard ``OTEL_`` variables (sampler, headers,
service name) are read by the SDK.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.trace import Status

from kg import __version__

__all__ = ["KEPT", "Bare", "instrument", "provider_to"]

KEPT = frozenset(
    {
        "error.type",
        "http.method",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "http.scheme",
        "http.status_code",
        "url.scheme",
    }
)
"""Attributes of spans that are sent."""


class Bare(SpanExporter):
    """Hands spans on without what could name a person."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand spans on, stripped of other attributes, events, links and messages."""
        return self._exporter.export([_stripped(one) for one in spans])

    def shutdown(self) -> None:
        """End the exporter behind."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have the exporter behind send what it holds."""
        return self._exporter.force_flush(timeout_millis)


def provider_to(target: str | SpanExporter) -> TracerProvider:
    """What makes tracers whose spans go to an address, or to an exporter at once.

    Args:
        target: of a collector, without ``/v1/traces``; or an exporter.
    """
    about = Resource({"service.name": "clew", "service.version": __version__})
    provider = TracerProvider(resource=about.merge(OTELResourceDetector().detect()))
    if isinstance(target, str):
        there = OTLPSpanExporter(f"{target.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(Bare(there)))
    else:
        provider.add_span_processor(SimpleSpanProcessor(Bare(target)))
    return provider


def instrument(app: FastAPI, provider: TracerProvider) -> None:
    """Have a span made of each request to an application that has all its routes."""
    FastAPIInstrumentor.instrument_app(
        app, tracer_provider=provider, exclude_spans=["receive", "send"]
    )


def _stripped(one: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=one.name,
        context=one.context,
        parent=one.parent,
        resource=one.resource,
        attributes={name: value for name, value in (one.attributes or {}).items() if name in KEPT},
        kind=one.kind,
        status=Status(one.status.status_code),
        start_time=one.start_time,
        end_time=one.end_time,
        instrumentation_scope=one.instrumentation_scope,
    )
