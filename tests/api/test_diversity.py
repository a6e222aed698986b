"""The diversity knob over HTTP: nothing at 0, the truth about the order above it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from tests.api.conftest import unsigned

PATH = "/v1/users/u0184/recommendations"


@pytest.fixture(scope="module")
def client(store: Path) -> Iterator[TestClient]:
    settings = Settings(store=store, max_k=400)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def listed(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(PATH, params=query).json()["recommendations"]
    return items


def test_at_nought_the_answer_is_the_same_byte_for_byte(client: TestClient) -> None:
    plain = client.get(PATH)
    assert unsigned(client.get(PATH, params={"diversity": 0})) == unsigned(plain)
    answer = plain.json()
    assert answer["order"] == {"diversity": 0.0, "reordered": False}
    for item in answer["recommendations"]:
        assert item["rank_by_score"] == item["rank"]
        assert item["likeness"] is None
    body = {"history": [{"product_id": "KD-0101"}]}
    with_zero = client.post("/v1/recommendations", json={**body, "diversity": 0.0})
    assert unsigned(with_zero) == unsigned(client.post("/v1/recommendations", json=body))


def test_reordered_products_keep_their_scores_and_paths(client: TestClient) -> None:
    by_score = {item["product"]["id"]: item for item in listed(client, k=100)}
    answer = client.get(PATH, params={"k": 10, "diversity": 0.8}).json()
    assert answer["order"] == {"diversity": 0.8, "reordered": True}
    items = answer["recommendations"]
    assert len({item["product"]["id"] for item in items}) == 10
    assert items[0]["rank_by_score"] == 1
    for item in items:
        plain = by_score[item["product"]["id"]]
        assert item["rank_by_score"] == plain["rank"]
        for key in ("score", "paths", "rest", "product"):
            assert item[key] == plain[key]
    assert all(-1 <= item["likeness"] <= 1.000001 for item in items[1:])


def test_a_list_is_the_beginning_of_a_longer_one(client: TestClient) -> None:
    ten, five = (listed(client, k=k, diversity=0.5) for k in (10, 5))
    assert ten[:5] == five


def test_all_routes_take_the_knob(client: TestClient) -> None:
    similar = client.get("/v1/products/KD-0101/similar", params={"diversity": 1}).json()
    assert similar["order"] == {"diversity": 1.0, "reordered": True}
    body = {"history": [{"product_id": "KD-0101"}], "diversity": 1}
    answer = client.post("/v1/recommendations", json=body).json()
    assert answer["order"]["reordered"]
    one, other = (client.get(PATH, params={"diversity": 0.7}) for _ in range(2))
    assert unsigned(one) == unsigned(other)


@pytest.mark.parametrize("diversity", ["1.1", "-0.1", "nan", "much"])
def test_what_is_no_setting_of_the_knob(client: TestClient, diversity: str) -> None:
    answer = client.get(PATH, params={"diversity": diversity})
    assert answer.status_code == 422
    assert "query.diversity: Input should be" in answer.json()["detail"]


def test_more_than_the_candidates_may_be_asked_for(client: TestClient) -> None:
    many = listed(client, k=150, diversity=0.5, paths=0)
    assert len({item["product"]["id"] for item in many}) == len(many) == 150
