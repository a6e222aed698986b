"""Figures of the service for Prometheus.

With several workers each writes its own to files in ``PROMETHEUS_MULTIPROC_DIR``, and any of them
answers for all; memory and processor time of the process are told where there is one alone.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """One application's figures."""

    def __init__(self, *, shared: bool = False) -> None:
        """Make the figures.

        Args:
            shared: with those of other worker processes.
        """
        self._registry = CollectorRegistry()
        self._shared = shared
        if not shared:
            ProcessCollector(registry=self._registry)  # memory, processor time, open files
        self._requests = Counter(
            "clew_requests_total",
            "Requests answered",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "clew_request_seconds",
            "Time from the request's head to the end of its answer",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._events = Counter(
            "clew_events_total", "Events received", ("status",), registry=self._registry
        )
        self._changes = Counter(
            "clew_product_changes_total",
            "Products put, changed and taken back",
            ("kind",),
            registry=self._registry,
        )
        self._switches = Counter(
            "clew_snapshot_loads_total", "Snapshots loaded", registry=self._registry
        )
        self._loaded = Gauge(
            "clew_snapshot_loaded_timestamp_seconds",
            "When the served snapshot was loaded",
            registry=self._registry,
            multiprocess_mode="livemin",
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def received(self, statuses: Iterable[str]) -> None:
        """Events came in."""
        for status, count in Tally(statuses).items():
            self._events.labels(status).inc(count)

    def changed(self, kind: str) -> None:
        """A product was put, changed or taken back."""
        self._changes.labels(kind).inc()

    def loaded(self) -> None:
        """A snapshot was loaded."""
        self._switches.inc()
        self._loaded.set_to_current_time()

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        if not self._shared:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
