"""Products put, changed and taken back: served at once, explained, kept for the next build."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import client as clew
from api.db import database_url, open_database
from api.live import Live
from api.schemas_products import ProductIn, ProductPart
from api.shelf import Shelf
from kg.build import build, graph_of
from kg.changes import ProductChange, read_changes, write_changes
from kg.errors import StoreError
from kg.snapshot import SnapshotStore
from tests.api.conftest import Start, unsigned

MUG = {
    "title": "Stoneware Mug with Dancing Otters, Sage",
    "brand": "Kittiwake & Down",
    "categories": ["Kitchen & Dining", "Mugs"],
    "price": 14.5,
    "stock": 7,
    "attributes": {"material": ["stoneware"]},
}
HISTORY = {"history": [{"product_id": "KD-0101"}, {"product_id": "KD-0102"}], "k": 100}


@pytest.fixture(scope="module")
def client(start: Start) -> TestClient:
    return start(warm_search=True)


@pytest.fixture
def mug(client: TestClient) -> Iterator[dict[str, Any]]:
    answer = client.put("/v1/products/NEW/1", json=MUG)
    assert answer.status_code == 200, answer.text
    yield answer.json()
    client.delete("/v1/products/NEW/1")


def listed(client: TestClient, **more: Any) -> dict[str, dict[str, Any]]:
    answer = client.post("/v1/recommendations", json={**HISTORY, **more})
    assert answer.status_code == 200, answer.text
    return {item["product"]["id"]: item for item in answer.json()["recommendations"]}


def test_a_new_product_is_read_linked_and_shown(client: TestClient, mug: dict[str, Any]) -> None:
    assert mug["new"] is True
    page = client.get("/v1/products/NEW/1").json()
    assert page == mug["product"]
    assert page["snapshot"]["products_revision"] == mug["revision"]
    stated = {(fact["relation"], fact["object"]) for fact in page["facts"]}
    assert any(o == "type:mug" for _, o in stated)
    assert any(o == "material:stoneware" for _, o in stated)
    assert page["product"]["price"] == 14.5
    assert client.get("/v1/products", params={"q": "dancing otters"}).json()["total"] == 1
    assert client.put("/v1/products/NEW/1", json=MUG).json()["new"] is False
    assert 'clew_product_changes_total{kind="put"}' in client.get("/metrics").text


def test_a_new_product_is_recommended_and_its_score_is_its_paths(
    client: TestClient, mug: dict[str, Any]
) -> None:
    found = listed(client, paths=3)
    item = found["NEW/1"]
    assert item["rank"] <= 20  # of a shop of 412: it is like the mugs of the history
    for one in found.values():
        told = sum(p["value"] for p in one["paths"]) + sum(r["value"] for r in one["rest"])
        assert told == pytest.approx(one["score"], abs=1e-5)
    path = item["paths"][0]
    assert path["evidence"] == "kin"
    known = {(f["relation"], f["object"]) for f in client.get("/v1/products/NEW/1").json()["facts"]}
    own = [edge for edge in path["edges"] if edge["subject"] == "product:NEW%2F1"]
    assert own
    assert all((edge["relation"], edge["object"]) in known for edge in own)


def test_what_a_shopper_does_with_a_new_product_counts(
    client: TestClient, mug: dict[str, Any]
) -> None:
    similar = client.get("/v1/products/NEW/1/similar", params={"k": 10}).json()["similar"]
    assert sum("Mug" in item["product"]["title"] for item in similar) >= 3
    row = {"user_id": "otter", "product_id": "NEW/1", "event": "purchase"}
    sent = client.post("/v1/events", json={"events": [row]}).json()
    assert sent["results"][0]["known_product"] is True
    answer = client.get("/v1/users/otter/recommendations", params={"k": 10, "paths": 5}).json()
    assert answer["history"][0]["id"] == "NEW/1"
    direct = [p for i in answer["recommendations"] for p in i["paths"] if p["evidence"] == "direct"]
    assert direct  # a path through a fact both carry
    for one in answer["recommendations"]:
        told = sum(p["value"] for p in one["paths"]) + sum(r["value"] for r in one["rest"])
        assert told == pytest.approx(one["score"], abs=1e-5)


def test_filters_and_rules_hold_for_new_products(client: TestClient, mug: dict[str, Any]) -> None:
    assert "NEW/1" in listed(client, term=["material:stoneware"])
    assert "NEW/1" not in listed(client, term=["material:glass"])
    assert "NEW/1" not in listed(client, max_price=14.4)
    client.put("/v1/rules/no", json={"action": "exclude", "target": "product:NEW%2F1"})
    assert "NEW/1" not in listed(client)
    client.delete("/v1/rules/no")


def test_search_finds_a_new_product(client: TestClient, mug: dict[str, Any]) -> None:
    found: list[str] = []
    for _ in range(100):  # the index is made in the background
        hits = client.get("/v1/search", params={"q": "dancing otters mug"}).json()["results"]
        found = [hit["product"]["id"] for hit in hits]
        if "NEW/1" in found:
            break
        time.sleep(0.1)
    assert found[0] == "NEW/1"
    client.patch("/v1/products/NEW/1", json={"stock": 0})
    hits = client.get("/v1/search", params={"q": "dancing otters mug"}).json()["results"]
    service = client.app.state.live.service  # type: ignore[attr-defined]
    assert service.searcher.recommender is service.teller.recommender
    assert "NEW/1" not in [hit["product"]["id"] for hit in hits]


def test_price_and_stock_take_effect_at_once(client: TestClient) -> None:
    first = next(iter(listed(client)))
    before = client.get(f"/v1/products/{first}").json()
    changed = client.patch(f"/v1/products/{first}", json={"stock": 0, "price": 1.25}).json()
    assert (changed["new"], changed["product"]["stock"]) == (False, 0)
    assert first not in listed(client)
    assert listed(client, in_stock=False)[first]["product"]["price"] == 1.25
    assert first in listed(client, in_stock=False, max_price=1.25)
    client.patch(f"/v1/products/{first}", json={"title": "Another name"})
    page = client.get(f"/v1/products/{first}").json()
    assert (page["product"]["title"], page["stock"]) == ("Another name", 0)
    assert page["facts"] == before["facts"]
    assert client.delete(f"/v1/products/{first}").status_code == 204
    after = client.get(f"/v1/products/{first}").json()
    assert {**after, "snapshot": 0} == {**before, "snapshot": 0}


def test_what_was_taken_back_is_gone(client: TestClient) -> None:
    client.put("/v1/products/NEW/2", json=MUG)
    assert client.delete("/v1/products/NEW/2").status_code == 204
    assert client.get("/v1/products/NEW/2").status_code == 404
    again = client.delete("/v1/products/NEW/2")
    assert (again.status_code, "nothing was put of product" in again.text) == (404, True)
    part = client.patch("/v1/products/NEW/2", json={"stock": 3})
    assert (part.status_code, "PUT all of it" in part.json()["detail"]) == (404, True)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "title"),
        ({"title": "x", "translations": {"q": {"title": "y"}}}, "bad language"),
        ({"title": "x", "language": "to"}, "no text is read in the language 'to'"),
        ({"title": "x", "price": -1}, "greater than or equal to 0"),
        ({"title": "x", "colour": "red"}, "Extra inputs"),
    ],
)
def test_products_that_cannot_be(client: TestClient, body: dict[str, Any], said: str) -> None:
    answer = client.put("/v1/products/bad", json=body)
    assert answer.status_code == 422
    assert said in answer.text
    assert client.patch("/v1/products/KD-0101", json={}).status_code == 422


def test_another_worker_and_a_later_start_serve_it_too(
    start: Start, client: TestClient, mug: dict[str, Any]
) -> None:
    other = start()
    assert other.get("/v1/products/NEW/1").status_code == 200
    client.patch("/v1/products/NEW/1", json={"price": 3})
    live: Live = other.app.state.live  # type: ignore[attr-defined]
    live.catch_up()
    assert other.get("/v1/products/NEW/1").json()["product"]["price"] == 3
    one, two = (unsigned(c.post("/v1/recommendations", json=HISTORY)) for c in (client, other))
    assert one == two


def test_the_client_puts_products(client: TestClient) -> None:
    made = clew.Client("http://testserver")
    made._http = client
    stored = made.send(clew.put_product("NEW/3", ProductIn(title="A blue vase", stock=2)))
    assert stored.new
    part = ProductPart(stock=0)
    assert made.send(clew.change_product("NEW/3", part)).product.stock == 0
    made.send(clew.take_back_product("NEW/3"))
    assert client.get("/v1/products/NEW/3").status_code == 404


def test_the_next_build_takes_products_in(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "store")
    shop = tmp_path / "shop"
    shop.mkdir()
    rows = [{"id": "KD-0101", "title": "A glass vase", "price": 3, "stock": 2, "brand": "Acme"}]
    (shop / "products.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    database = open_database(database_url(tmp_path, None))
    shelf = Shelf(database)
    shelf.put("NEW/1", MUG, whole=True)
    shelf.put("KD-0101", {"stock": 0}, whole=False)
    last = shelf.put("KD-0101", {"price": 2.5}, whole=False)
    shelf.put("no longer sold", {"stock": 1}, whole=False)
    assert last.fields == {"stock": 0, "price": 2.5}
    write_changes(store.root, shelf.all())
    database.close()
    snapshot = build(shop, store).snapshot
    assert snapshot.manifest.dataset["products_revision"] == "4"
    kg = graph_of(snapshot)
    rows = {row["id"]: row for row in kg.products.to_pylist()}
    assert (rows["product:KD-0101"]["stock"], float(rows["product:KD-0101"]["price"])) == (0, 2.5)
    assert rows["product:NEW%2F1"]["title"] == MUG["title"]
    assert rows["product:KD-0101"]["brand"] == "Acme"
    assert ("product:NEW%2F1", "material:stoneware") in set(
        zip(kg.facts["subject"].to_pylist(), kg.facts["object"].to_pylist(), strict=True)
    )
    (store.root / "additions" / "products.jsonl").write_text("{broken")
    with pytest.raises(StoreError, match=r"products.jsonl cannot be read: .*; restore it from"):
        read_changes(store.root)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["put", "part", "back"])), max_size=8
    )
)
def test_shelves_with_one_state_hold_the_same(
    steps: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('shelf')}/s.sqlite")
    shelf = Shelf(database)
    seen = {shelf.state(): shelf.all()}
    for product, step in steps:
        known = {change.product for change in shelf.all()}
        if step == "back" and product not in known:
            continue
        if step == "back":
            shelf.take_back(product)
        else:
            shelf.put(product, {"title": "t"}, whole=step == "put")
        assert seen.setdefault(shelf.state(), shelf.all()) == shelf.all()
    database.close()


def test_changes_keep_their_order(tmp_path: Path) -> None:
    changes = [ProductChange("a", 2, True, {"title": "x"}), ProductChange("b", 1, False, {})]
    write_changes(tmp_path, changes)
    assert read_changes(tmp_path) == changes
