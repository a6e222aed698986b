"""Traces: what takes time in a request, and nobody's name in them."""

import sys

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api import tracing
from api.otel import KEPT
from api.tracing import span, trace
from kg.errors import MissingExtraError
from tests.api.conftest import Start

USER = "u0184"


@pytest.fixture
def traced(start: Start) -> "tuple[TestClient, InMemorySpanExporter]":
    spans = InMemorySpanExporter()
    client = start()
    app = client.app
    end = trace(app, spans)  # type: ignore[arg-type]
    app.middleware_stack = app.build_middleware_stack()  # type: ignore[attr-defined]  # had begun
    yield client, spans  # type: ignore[misc]
    end()


def test_spans_name_routes_and_never_who_asks(
    traced: tuple[TestClient, InMemorySpanExporter],
) -> None:
    client, spans = traced
    secret = "secret-shopper"
    row = {"user_id": secret, "product_id": "KD-0101", "event": "purchase"}
    assert client.post("/v1/events", json={"events": [row]}).status_code == 200
    url = f"/v1/users/{secret}/recommendations"
    told = client.get(url, headers={"User-Agent": secret, "X-Request-ID": secret})
    assert told.status_code == 200
    assert client.get("/v1/search", params={"q": "red mug", "user": secret}).status_code == 200
    assert client.get(f"/v1/sessions/{secret}/recommendations").status_code == 404
    assert client.get(f"/nowhere/{secret}").status_code == 404
    assert client.patch(url).status_code in {404, 405, 422}
    done = spans.get_finished_spans()
    names = [one.name for one in done]
    assert "GET /v1/users/{user_id:path}/recommendations" in names
    assert "POST /v1/events" in names
    for one in done:
        assert secret not in one.to_json()
        assert set(one.attributes or {}) <= KEPT
        assert not one.events
    request = next(one for one in done if one.name.startswith("GET /v1/users/"))
    inside = {
        one.name for one in done if one.parent and one.parent.span_id == request.context.span_id
    }
    assert inside == {"recommend", "explain"}
    search = next(one for one in done if one.name == "GET /v1/search")
    (found,) = [one for one in done if one.name == "search"]
    assert found.parent is not None
    assert found.parent.span_id == search.context.span_id


def test_an_error_says_its_kind_and_no_more(
    traced: tuple[TestClient, InMemorySpanExporter], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, spans = traced

    def fail(*_: object) -> None:
        raise RuntimeError(f"about {USER}")

    monkeypatch.setattr("api.routes.recommendations.user_history", fail)
    assert client.get(f"/v1/users/{USER}/recommendations").status_code == 500
    for one in spans.get_finished_spans():
        assert USER not in one.to_json()
    assert spans.get_finished_spans()[-1].status.is_ok is False


def test_nothing_is_traced_where_nothing_is_asked_for(start: Start) -> None:
    client = start()
    assert not tracing._tracers
    with span("nothing") as nothing:
        assert nothing is None
    assert client.get(f"/v1/users/{USER}/recommendations").status_code == 200
    assert trace(client.app, None)() is None  # type: ignore[arg-type]


def test_an_address_starts_it(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def exporter(address: str) -> InMemorySpanExporter:
        asked.append(address)
        return InMemorySpanExporter()

    monkeypatch.setattr("api.otel.OTLPSpanExporter", exporter)
    client = start(otlp_endpoint="http://collector:4318/")
    assert asked == ["http://collector:4318/v1/traces"]
    assert tracing._tracers
    client.app.state.end_traces()  # type: ignore[attr-defined]
    client.app.state.end_traces = lambda: None  # type: ignore[attr-defined]
    assert not tracing._tracers


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    monkeypatch.delitem(sys.modules, "api.otel")
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.fastapi", None)
    with pytest.raises(MissingExtraError, match=r"opentelemetry.*pip install 'clew\[otel\]'"):
        start(otlp_endpoint="http://collector:4318")
