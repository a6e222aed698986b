"""Products beside a product, what is wanted now, and defaults of places."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import client as clew
from api.surfaces import read_surfaces
from kg.errors import StoreError
from tests.api.conftest import Start

KINDS = ("bundles", "substitutes", "complements")


@pytest.fixture(scope="module")
def client(start: Start, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    file = tmp_path_factory.mktemp("places") / "surfaces.toml"
    file.write_text('[basket]\nk = 3\nkind = "bundles"\n[footer]\nk = 2\nmax_price = 10\n')
    return start(surfaces=file)


def beside(client: TestClient, product: str = "KD-0101", **query: Any) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/products/{product}/related", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["related"]
    return items


def types_of(client: TestClient, product: str) -> set[str]:
    facts = client.get(f"/v1/products/{product}").json()["facts"]
    return {fact["object"] for fact in facts if fact["object"].startswith("type:")}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("paths", [0, 3])
def test_paths_and_rest_are_the_score(client: TestClient, kind: str, paths: int) -> None:
    product = "KD-0106"  # which others are bought with
    items = beside(client, product, kind=kind, k=8, paths=paths)
    assert items
    scores = [item["score"] for item in items]
    assert scores == sorted(scores, reverse=True)
    for item in items:
        assert item["product"]["id"] != product
        assert item["product"]["in_stock"] is not False
        assert len(item["paths"]) <= paths
        told = sum(p["value"] for p in item["paths"]) + sum(r["value"] for r in item["rest"])
        assert told == pytest.approx(item["score"], abs=1e-6)


def test_each_kind_is_what_it_says(client: TestClient) -> None:
    own = types_of(client, "KD-0101")
    assert own
    for item in beside(client, kind="substitutes", k=10):
        assert own & types_of(client, item["product"]["id"])
        assert all(path["words"] for path in item["paths"])
    for item in beside(client, kind="complements", k=10):
        assert not own & types_of(client, item["product"]["id"])
    for item in beside(client, "KD-0106", kind="bundles", k=10):
        assert item["paths"][0]["buyers"] >= 5
        assert item["paths"][0]["evidence"] == "co_purchase"
    assert client.get("/v1/products/none/related").status_code == 404


def test_facts_of_a_substitute_are_facts(client: TestClient) -> None:
    item = beside(client, kind="substitutes", k=1, paths=5)[0]
    graph = [path for path in item["paths"] if path["evidence"] == "direct"]
    assert graph
    for path in graph:
        for edge in path["edges"]:
            if edge["subject"].startswith("product:"):
                page = client.get(f"/v1/products/{edge['subject'][8:]}").json()
                assert (edge["relation"], edge["object"]) in {
                    (fact["relation"], fact["object"]) for fact in page["facts"]
                }


def test_what_is_met_now_is_trending(client: TestClient) -> None:
    before = client.get("/v1/trending", params={"k": 100, "in_stock": False}).json()
    assert before["as_of"]
    scores = [item["score"] for item in before["trending"]]
    assert scores == sorted(scores, reverse=True)
    last = before["trending"][-1]["product"]["id"]
    rows = [{"user_id": f"t{n}", "product_id": last, "event": "purchase"} for n in range(400)] + [
        {"session_id": "t", "product_id": "unheard of", "event": "view"}
    ]
    client.post("/v1/events", json={"events": rows})
    after = client.get("/v1/trending", params={"k": 3, "in_stock": False}).json()
    first = after["trending"][0]
    assert (first["product"]["id"], first["shoppers"]) == (last, 400)
    assert datetime.fromisoformat(after["as_of"]).date() == datetime.now(UTC).date()
    facts = client.get(f"/v1/products/{last}").json()["facts"]
    term = next(f["object"] for f in facts if f["object"].startswith("category:"))
    some = client.get("/v1/trending", params={"term": term, "in_stock": False}).json()["trending"]
    assert some[0]["product"]["id"] == last
    client.put("/v1/rules/t", json={"action": "exclude", "target": term})
    assert last not in [i["product"]["id"] for i in client.get("/v1/trending").json()["trending"]]
    client.delete("/v1/rules/t")


def test_a_place_fills_in_what_is_not_asked(client: TestClient) -> None:
    bundles = beside(client, "KD-0106", surface="basket")
    assert bundles == beside(client, "KD-0106", kind="bundles", k=3)
    assert bundles
    assert len(beside(client, "KD-0106", surface="basket", kind="substitutes")) == 3
    url = "/v1/users/u0184/recommendations"
    listed = client.get(url, params={"surface": "footer"}).json()["recommendations"]
    assert len(listed) == 2
    assert all(item["product"]["price"] <= 10 for item in listed)
    asked = client.get(url, params={"surface": "footer", "k": 5}).json()["recommendations"]
    assert len(asked) == 5
    body = {"history": [{"product_id": "KD-0101"}], "surface": "footer"}
    assert len(client.post("/v1/recommendations", json=body).json()["recommendations"]) == 2
    wrong = client.get(url, params={"surface": "attic"})
    assert wrong.status_code == 422
    assert "no place 'attic'; there are: basket, email, footer, home, product_page" in wrong.text


def test_a_file_of_places_that_cannot_be(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("[home]\ncount = 3\n")
    with pytest.raises(StoreError, match="does not name places and their defaults"):
        read_surfaces(file)


def test_the_client_asks_for_lists(client: TestClient) -> None:
    made = clew.Client("http://testserver")
    made._http = client
    assert made.send(clew.related("KD-0101", "complements", k=2)).kind == "complements"
    assert len(made.send(clew.trending(k=2)).trending) == 2
