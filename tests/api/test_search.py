"""The search route and command on the sample shop."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from api.app import create_app
from api.cli import main
from api.live import Live
from api.settings import Settings
from kg.snapshot import SnapshotStore
from tests.api.conftest import unsigned

USER = "u0184"
TEXT = "red mugs under £40, not christmas"


@pytest.fixture(scope="module")
def client(store: Path) -> Iterator[TestClient]:
    settings = Settings(store=store, max_k=50, max_history=3)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def get(client: TestClient, **query: Any) -> Any:
    response = client.get("/v1/search", params=query)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_search_is_understood_and_every_result_explained(client: TestClient) -> None:
    answer = get(client, q=TEXT, k=5)
    query = answer["query"]
    assert query["intent"] == "find"
    assert [(part["role"], part["id"]) for part in query["parts"]] == [
        ("want", "colour:red"),
        ("want", "type:mug"),
        ("not", "occasion:christmas"),
    ]
    assert query["price"]["most"] == 40
    assert answer["results"]
    for item in answer["results"]:
        assert item["product"]["price"] <= 40
        assert item["score"] == pytest.approx(sum(item["terms"].values()))
        fact = next(met["fact"] for met in item["met"] if met["text"] == "red")
        assert fact["relation"] == "schema:color"
        assert fact["label"] == "colour"
        assert fact["text"]


def test_every_fact_shown_is_on_the_products_page(client: TestClient) -> None:
    for item in get(client, q="blue porcelain teapot", k=3)["results"]:
        page = client.get(f"/v1/products/{item['product']['id']}").json()
        known = {(fact["relation"], fact["object"]) for fact in page["facts"]}
        for met in item["met"]:
            if met["fact"] is not None:
                assert (met["fact"]["relation"], met["fact"]["object"]) in known


def test_chinese(client: TestClient) -> None:
    answer = get(client, q="白色的花瓶", k=3)
    assert answer["query"]["language"] == "zh"
    assert {part["name"] for part in answer["query"]["parts"]} == {"白色", "花瓶"}
    assert get(client, q="vase", lang="zh")["query"]["language"] == "zh"


def test_taste_counts_where_a_shopper_is_named(client: TestClient) -> None:
    nobody = get(client, q="cushion", k=5)
    somebody = get(client, q="cushion", k=5, user=USER)
    assert not any("taste" in item["terms"] for item in nobody["results"])
    assert any("taste" in item["terms"] for item in somebody["results"])
    assert USER not in json.dumps(somebody)
    body = {"q": "cushion", "k": 5, "history": [{"product_id": "HD-0221"}]}
    answer = client.post("/v1/search", json=body).json()
    assert any("taste" in item["terms"] for item in answer["results"])


def test_the_same_search_has_the_same_answer(client: TestClient) -> None:
    query = {"q": TEXT, "user": USER}
    first, again = (unsigned(client.get("/v1/search", params=query)) for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ({"q": "?!"}, 400, "the search '?!' has no words; type what to look for"),
        ({"q": ""}, 422, "query.q"),
        ({"q": "x" * 301}, 422, "query.q"),
        ({"q": "mug", "lang": "de"}, 422, "query.lang"),
        ({"q": "mug", "k": 51}, 422, "at most 50 are listed at once"),
        ({"q": "mug", "user": "nobody"}, 404, "user 'nobody' has no events"),
    ],
)
def test_problems_of_get(
    client: TestClient, query: dict[str, Any], status: int, message: str
) -> None:
    response = client.get("/v1/search", params=query)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert message in response.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"q": "mug", "colour": "red"}, 422, "body.colour"),
        ({"q": "mug", "history": [{"product_id": "KD-0101"}] * 4}, 422, "at most 3 are read"),
        (
            {"q": "mug", "user": USER, "history": [{"product_id": "KD-0101"}]},
            422,
            "whose taste counts? Give one of them",
        ),
        ({"q": "mug", "history": [{"product_id": "XX"}]}, 404, "no product 'XX'"),
    ],
)
def test_problems_of_post(
    client: TestClient, body: dict[str, Any], status: int, message: str
) -> None:
    response = client.post("/v1/search", json=body)
    assert response.status_code == status
    assert message in response.json()["detail"]


def test_openapi_has_examples(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    get_route = document["paths"]["/v1/search"]["get"]
    (q,) = [p for p in get_route["parameters"] if p["name"] == "q"]
    assert "under £10" in q["schema"]["examples"][0]
    assert document["components"]["schemas"]["SearchRequest"]["examples"][0]["history"]


def test_the_page_has_a_search_box(client: TestClient) -> None:
    assert 'id="ask-form"' in client.get("/").text
    assert "/v1/search" in client.get("/web/search.js").text


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["search", *arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stderr if code else result.stdout


def test_command(sample_store: Path, client: TestClient) -> None:
    store = ("--store", str(sample_store))
    answer = json.loads(run(TEXT, "-k", "3", "--json", *store))
    over_http = get(client, q=TEXT, k=3)
    assert [item["product"]["id"] for item in answer["results"]] == [
        item["product"]["id"] for item in over_http["results"]
    ]
    text = run("red enamle mugs under £4000, cheap", "--user", USER, *store)
    assert "enamle was read as enamel" in text
    assert "no amount was named; cheaper products were ranked higher" in text
    assert "✓ red: colour red" in text
    assert "price under £4000: at most 4000" in text
    assert "has no words" in run("?!", *store, code=6)


def test_the_index_is_made_before_the_first_search_where_asked(sample_store: Path) -> None:
    live = Live(SnapshotStore(sample_store), warm_search=True)
    assert "searcher" not in vars(live.service)
    live.watch(60)
    for _ in range(600):
        if "searcher" in vars(live.service):
            break
        time.sleep(0.1)
    live.stop()
    assert "searcher" in vars(live.service)
