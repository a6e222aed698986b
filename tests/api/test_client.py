"""The typed client against the service itself, in both kinds."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from api import client as clew
from api.schemas import HistoryItemIn
from api.schemas_events import EventIn
from tests.api.conftest import Start


@pytest.fixture(scope="module")
def served(start: Start) -> TestClient:
    return start()


@pytest.fixture
def blocking(served: TestClient) -> clew.Client:
    made = clew.Client("http://testserver")
    made._http = served  # the same protocol, without a socket
    return made


def test_each_call_comes_back_as_its_record(blocking: clew.Client) -> None:
    bought = EventIn(user_id="c/1", product_id="KD-0101", event="purchase")
    assert blocking.send(clew.events([bought])).accepted == 1
    found = blocking.send(clew.recommendations("c/1", k=3))
    assert [item.id for item in found.history] == ["KD-0101"]
    assert len(found.recommendations) == 3
    same = blocking.send(clew.for_history([HistoryItemIn(product_id="KD-0101")], k=3))
    assert [r.score for r in same.recommendations] == [r.score for r in found.recommendations]
    assert blocking.send(clew.similar("KD-0101", k=2)).product.id == "KD-0101"
    assert blocking.send(clew.product("KD-0101")).product.id == "KD-0101"
    visit = EventIn(session_id="v", product_id="KD-0102", event="view")
    blocking.send(clew.events([visit]))
    assert blocking.send(clew.session_recommendations("v", k=1)).recommendations
    assert blocking.send(clew.merge("v", "c/1")).events == 1
    assert len(blocking.send(clew.export("c/1")).events) == 2
    assert blocking.send(clew.cypher("MATCH (p:Product) RETURN p.id LIMIT 1")).rows
    assert blocking.send(clew.erase("c/1")).erased_events == 2
    with pytest.raises(clew.ServiceError, match="404 Not Found: user 'c/1' has no events"):
        blocking.send(clew.recommendations("c/1"))


def test_asynchronous(served: TestClient) -> None:
    async def ask() -> int:
        async with clew.AsyncClient("http://testserver") as made:
            made._http = httpx.AsyncClient(
                transport=httpx.ASGITransport(served.app), base_url="http://testserver"
            )
            return len((await made.send(clew.similar("KD-0101", k=4))).similar)

    assert asyncio.run(ask()) == 4


@pytest.mark.parametrize("asynchronous", [False, True], ids=["blocking", "asynchronous"])
def test_a_busy_service_is_asked_again(asynchronous: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["idempotency-key"])
        if len(asked) == 1:
            raise httpx.ConnectError("refused")
        if len(asked) == 2:
            return httpx.Response(503, headers={"Retry-After": "0"})
        return httpx.Response(
            200, json={"accepted": 1, "duplicates": 0, "rejected": 0, "results": []}
        )

    transport = httpx.MockTransport(answer)
    call = clew.events([EventIn(user_id="u", product_id="p", event="view")])
    if asynchronous:
        several = clew.AsyncClient("http://x")
        several._http = httpx.AsyncClient(transport=transport, base_url="http://x")
        assert asyncio.run(several.send(call)).accepted == 1
    else:
        one = clew.Client("http://x")
        one._http = httpx.Client(transport=transport, base_url="http://x")
        assert one.send(call).accepted == 1
    assert len(asked) == 3
    assert len(set(asked)) == 1


def test_an_answer_that_is_no_problem_document() -> None:
    made = clew.Client("http://x", tries=1)
    made._http = httpx.Client(
        transport=httpx.MockTransport(lambda request: httpx.Response(502, text="<html>")),
        base_url="http://x",
    )
    with pytest.raises(clew.ServiceError, match="502 Bad Gateway: GET /v1/products/p was answered"):
        made.send(clew.product("p"))
