"""Feedback on reasons: heeded at once, by exactly its terms; exported and erased with the user."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import client as clew
from api.fold import fold
from api.history import user_history
from api.parts import Parts
from api.schemas_feedback import FeedbackIn
from kg.additions import read_additions
from kg.ids import entity_id
from tests.api.conftest import Start

USER = "feedback/user"
LIST = f"/v1/users/{USER}/recommendations"


@pytest.fixture(scope="module")
def client(start: Start) -> TestClient:
    client = start()
    rows = [
        {"user_id": USER, "product_id": product, "event": "purchase"}
        for product in ("KD-0101", "KD-0102", "KD-0110")
    ]
    client.post("/v1/events", json={"events": rows})
    return client


def say(client: TestClient, **said: Any) -> dict[str, Any]:
    answer = client.post("/v1/feedback", json=said)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def listed(client: TestClient, url: str = LIST, **query: Any) -> dict[str, Any]:
    answer = client.get(url, params={"k": 100, "in_stock": False, **query})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    del made["impression_id"]  # which no two share
    return made


def test_not_because_takes_away_exactly_its_terms(client: TestClient) -> None:
    teller = client.app.state.live.service.teller  # type: ignore[attr-defined]
    parts: Parts = client.app.state.parts  # type: ignore[attr-defined]
    history = user_history(teller, parts.log, parts.people, USER).history
    recommender = teller.recommender
    at = history.rows.tolist().index(recommender.products.row("product:KD-0101"))
    alone = replace(
        history, rows=history.rows[[at]], weights=history.weights[[at]], events=("purchase",)
    )
    brought = recommender.scores(alone)
    before = listed(client, paths=20)
    assert say(client, user_id=USER, not_because="KD-0101") == {"heeded": True}
    after = listed(client, paths=20)
    assert after["heeded"] == ["product:KD-0101"]
    assert "KD-0101" not in [item["id"] for item in after["history"]]
    shown = {item["product"]["id"]: item for item in after["recommendations"]}
    assert "KD-0101" not in shown  # it still counts as met
    both = [item for item in before["recommendations"] if item["product"]["id"] in shown]
    assert len(both) > 30
    for item in both:
        name = item["product"]["id"]
        fell = brought[recommender.products.row(entity_id("product", name))]
        assert item["score"] - shown[name]["score"] == pytest.approx(fell, abs=1e-6)
        assert "product:KD-0101" not in str(shown[name]["paths"])
    assert say(client, user_id=USER, not_because="KD-0101", undo=True) == {"heeded": False}
    assert listed(client, paths=20) == before


def test_not_this_term_leaves_out_what_carries_it(client: TestClient) -> None:
    before = listed(client)["recommendations"]
    brand = next(
        fact["object"]
        for fact in client.get(f"/v1/products/{before[0]['product']['id']}").json()["facts"]
        if fact["object"].startswith("brand:")
    )
    say(client, user_id=USER, not_term=brand)
    after = listed(client)
    assert after["heeded"] == [brand]
    name = before[0]["product"]["brand"]
    assert name not in {item["product"]["brand"] for item in after["recommendations"]}
    assert after["recommendations"]
    say(client, user_id=USER, not_term=brand, undo=True)
    assert listed(client)["recommendations"] == before


def test_a_sessions_feedback_goes_with_it_to_the_user(client: TestClient) -> None:
    row = {"session_id": "fs", "product_id": "KD-0101", "event": "view"}
    client.post("/v1/events", json={"events": [row]})
    say(client, session_id="fs", not_term="product:KD-0102")
    url = "/v1/sessions/fs/recommendations"
    assert "KD-0102" not in [i["product"]["id"] for i in listed(client, url)["recommendations"]]
    client.post("/v1/sessions/fs/merge", json={"user_id": "feedback/other"})
    url = "/v1/users/feedback/other/recommendations"
    assert listed(client, url)["heeded"] == ["product:KD-0102"]


def test_it_is_exported_erased_and_never_built_from(client: TestClient, store: Path) -> None:
    say(client, user_id=USER, not_because="KD-0110")
    exported = client.get(f"/v1/users/{USER}/export").json()["events"]
    assert ("KD-0110", "not_because") in {(e["product_id"], e["event"]) for e in exported}
    parts: Parts = client.app.state.parts  # type: ignore[attr-defined]
    fold(parts.log, store)
    assert "not_because" not in read_additions(store).events["event"].to_pylist()
    assert client.delete(f"/v1/users/{USER}").status_code == 200
    assert client.get(f"/v1/users/{USER}/export").status_code == 404
    late = client.post("/v1/feedback", json={"user_id": USER, "not_because": "KD-0110"})
    assert (late.status_code, "was erased" in late.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"not_term": "brand:x"}, 422, "give either user_id or session_id"),
        ({"user_id": "u"}, 422, "give either not_term or not_because"),
        ({"user_id": "u", "not_term": "brand:none-such"}, 404, "no term 'brand:none-such'"),
        ({"user_id": "u", "not_because": "none-such"}, 404, "no product 'none-such'"),
    ],
)
def test_feedback_that_cannot_be(
    client: TestClient, body: dict[str, Any], status: int, said: str
) -> None:
    answer = client.post("/v1/feedback", json=body)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_the_client_sends_feedback(client: TestClient) -> None:
    made = clew.Client("http://testserver")
    made._http = client
    said = FeedbackIn(session_id="client", not_term="product:KD-0101")
    assert made.send(clew.feedback(said)).heeded
