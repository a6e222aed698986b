"""The HTTP API on the sample shop: what it promises, and every fault a caller can cause."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from kg.errors import ModelError, StoreError
from kg.facts import KnowledgeGraph
from kg.snapshot import SnapshotStore
from tests.api.conftest import copied, unsigned

USER = "u0184"


@pytest.fixture(scope="module")
def client(store: Path) -> Iterator[TestClient]:
    settings = Settings(store=store, max_k=50, max_history=20, max_body_bytes=20_000)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def facts(sample_store: Path) -> set[tuple[str, str, str]]:
    kg = KnowledgeGraph.read(SnapshotStore(sample_store).current().path / "tables")
    columns = (kg.facts[name].to_pylist() for name in ("subject", "relation", "object"))
    return set(zip(*columns, strict=True))


def get(client: TestClient, path: str, **query: Any) -> Any:
    response = client.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def check(items: list[dict[str, Any]], facts: set[tuple[str, str, str]]) -> None:
    """The guarantees: every edge exists, terms and rest are the score, order is by score."""
    assert [item["rank"] for item in items] == list(range(1, len(items) + 1))
    scores = [item["score"] for item in items]
    assert scores == sorted(scores, reverse=True)
    for item in items:
        total = sum(path["value"] for path in item["paths"]) + sum(
            rest["value"] for rest in item["rest"]
        )
        assert abs(total - item["score"]) <= 1e-5 * max(1, abs(item["score"]))
        for path in item["paths"]:
            assert path["share"] == pytest.approx(path["value"] / item["score"])
            assert path["words"]
            nodes = {node["id"] for node in path["nodes"]}
            for edge in path["edges"]:
                assert (edge["subject"], edge["relation"], edge["object"]) in facts
                assert {edge["subject"], edge["object"]} <= nodes


def test_recommendations_for_a_user(
    client: TestClient, facts: set[tuple[str, str, str]], sample_store: Path
) -> None:
    answer = get(client, f"/v1/users/{USER}/recommendations", k=10)
    assert answer["snapshot"]["id"] == SnapshotStore(sample_store).current().id
    assert len(answer["recommendations"]) == 10
    check(answer["recommendations"], facts)
    known = {product["id"] for product in answer["history"]}
    assert not known & {item["product"]["id"] for item in answer["recommendations"]}
    evidence = {path["evidence"] for item in answer["recommendations"] for path in item["paths"]}
    assert "direct" in evidence
    first = answer["recommendations"][0]["paths"][0]
    assert first["nodes"][0]["label"] == "User"
    assert USER not in str(answer)


def test_the_same_question_has_the_same_answer(client: TestClient) -> None:
    path = f"/v1/users/{USER}/recommendations"
    assert unsigned(client.get(path)) == unsigned(client.get(path))


def test_recommendations_for_a_history(
    client: TestClient, facts: set[tuple[str, str, str]]
) -> None:
    body = {"history": [{"product_id": "KD-0101"}, {"product_id": "KD-0102", "event": "view"}]}
    answer = client.post("/v1/recommendations", json={**body, "k": 5}).json()
    assert len(answer["recommendations"]) == 5
    check(answer["recommendations"], facts)
    assert {product["id"] for product in answer["history"]} == {"KD-0101", "KD-0102"}


def test_words_in_chinese(client: TestClient) -> None:
    answer = get(client, "/v1/products/KD-0101/similar", k=5, lang="zh")
    words = "".join(path["words"] for item in answer["similar"] for path in item["paths"])
    assert any("\u4e00" <= letter <= "\u9fff" for letter in words)
    title = get(client, "/v1/products/KD-0101", lang="zh")["product"]["title"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in title)


def test_similar_products(client: TestClient, facts: set[tuple[str, str, str]]) -> None:
    answer = get(client, "/v1/products/KD-0101/similar", k=8, paths=5)
    assert answer["product"]["id"] == "KD-0101"
    assert "KD-0101" not in {item["product"]["id"] for item in answer["similar"]}
    check(answer["similar"], facts)


def test_out_of_stock_is_left_out_unless_asked_for(client: TestClient) -> None:
    some, every = (
        [
            item["product"]
            for user in range(180, 190)
            for item in get(
                client, f"/v1/users/u{user:04}/recommendations", k=50, in_stock=in_stock
            )["recommendations"]
        ]
        for in_stock in (True, False)
    )
    assert all(product["in_stock"] is not False for product in some)
    assert any(product["in_stock"] is False for product in every)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_product_page_says_where_its_facts_come_from(client: TestClient, lang: str) -> None:
    page = get(client, "/v1/products/KD-0101", lang=lang)
    fields = {
        page["title_field"]: page["product"]["title"],
        page["description_field"]: page["description"],
    }
    marked = [
        fact for fact in page["facts"] if fact["field"] in fields and fact["start"] is not None
    ]
    assert page["facts"]
    for fact in marked:
        assert fields[fact["field"]][fact["start"] : fact["end"]] == fact["text"]
    assert page["units_per_week"] >= 0
    if lang == "en":
        assert marked


def test_listing_products(client: TestClient) -> None:
    found = get(client, "/v1/products", q="mug", limit=5)
    assert found["total"] >= len(found["products"]) == 5
    assert all("mug" in product["title"].lower() for product in found["products"])
    rest = get(client, "/v1/products", q="mug", limit=5, offset=5)
    assert {p["id"] for p in found["products"]}.isdisjoint(p["id"] for p in rest["products"])
    assert get(client, "/v1/products", q="no such thing")["total"] == 0


def test_health(client: TestClient) -> None:
    answer = get(client, "/v1/health")
    assert answer["status"] == "ok"
    assert answer["products"] >= 300


def test_the_page_is_served(client: TestClient) -> None:
    assert "<title>Clew</title>" in client.get("/").text
    for name in ("app.js", "style.css", "clew.svg"):
        assert client.get(f"/web/{name}").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "detail"),
    [
        ("GET", "/v1/users/nobody/recommendations", None, 404, "user 'nobody' has no events"),
        ("GET", "/v1/products/XX-1", None, 404, "no product 'XX-1' in snapshot"),
        ("GET", "/v1/products/XX-1/similar", None, 404, "no product 'XX-1' in snapshot"),
        ("GET", "/v1/nowhere", None, 404, "GET /v1/nowhere: Not Found"),
        ("DELETE", "/v1/health", None, 405, "DELETE /v1/health: Method Not Allowed"),
        ("GET", f"/v1/users/{USER}/recommendations?k=0", None, 422, "query.k: Input should be"),
        ("GET", f"/v1/users/{USER}/recommendations?k=51", None, 422, "query.k: is 51, at most 50"),
        ("GET", f"/v1/users/{USER}/recommendations?lang=english", None, 422, "query.lang: String"),
        ("POST", "/v1/recommendations", b"{", 422, "JSON decode error"),
        ("POST", "/v1/recommendations", b'{"history": []}', 422, "at least 1 item"),
        ("POST", "/v1/recommendations", b'{"historie": []}', 422, "body.history: Field required"),
        (
            "POST",
            "/v1/recommendations",
            b'{"history": [{"product_id": "XX-1"}]}',
            404,
            "no product 'XX-1'",
        ),
        (
            "POST",
            "/v1/recommendations",
            b'{"history": [{"product_id": "KD-0101", "event": "steal"}]}',
            422,
            "body.history.0.event: Input should be 'view'",
        ),
        (
            "POST",
            "/v1/recommendations",
            b'{"k": 51, "history": [{"product_id": "KD-0101"}]}',
            422,
            "body.k: is 51, at most 50",
        ),
        (
            "POST",
            "/v1/recommendations",
            b'{"history": [' + b'{"product_id": "KD-0101"},' * 20 + b'{"product_id": "KD-0101"}]}',
            422,
            "body.history: holds 21 events, at most 20 are read",
        ),
        ("POST", "/v1/recommendations", b" " * 20_001, 413, "larger than 20000 bytes"),
    ],
)
def test_faults_are_problem_documents(
    client: TestClient, method: str, path: str, body: bytes | None, status: int, detail: str
) -> None:
    headers = {"Content-Type": "application/json"}
    response = client.request(method, path, content=body, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert detail in problem["detail"]


def test_openapi_documents_every_route_and_its_faults(client: TestClient) -> None:
    document = get(client, "/openapi.json")
    assert set(document["paths"]) >= {
        "/metrics",
        "/v1/events",
        "/v1/health",
        "/v1/live",
        "/v1/products",
        "/v1/products/{product_id}",
        "/v1/products/{product_id}/similar",
        "/v1/query/cypher",
        "/v1/query/sparql",
        "/v1/ready",
        "/v1/recommendations",
        "/v1/rules",
        "/v1/rules/{rule_id}",
        "/v1/sessions/{session_id}/merge",
        "/v1/sessions/{session_id}/recommendations",
        "/v1/users/{user_id}",
        "/v1/users/{user_id}/export",
        "/v1/users/{user_id}/recommendations",
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert {"401", "403", "404", "413", "422", "429", "503"} <= set(operation["responses"])
            assert {"200", "204"} & set(operation["responses"])
            assert "application/problem+json" in operation["responses"]["404"]["content"]


def test_a_new_snapshot_is_picked_up(sample_store: Path, tmp_path: Path) -> None:
    root = copied(sample_store, tmp_path / "store")
    store = SnapshotStore(root)
    with TestClient(create_app(Settings(store=root, refresh_s=0.05))) as client:
        before = get(client, "/v1/health")["snapshot"]["id"]
        parent = store.current()
        with store.writing("0", parent=parent) as draft:
            shutil.copytree(parent.path / "model", draft.path / "model")
        deadline = time.monotonic() + 20
        while get(client, "/v1/health")["snapshot"]["id"] == before:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert get(client, "/v1/health")["snapshot"]["id"] == store.current().id
        with store.writing("0", parent=parent):
            pass  # no model: it cannot be served, the one before stays
        time.sleep(0.3)
        assert get(client, "/v1/health")["snapshot"]["id"] != store.current().id


def test_nothing_to_serve(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no snapshot in"):
        create_app(Settings(store=tmp_path))
    with SnapshotStore(tmp_path).writing("0"):
        pass
    with pytest.raises(ModelError, match="has a graph but no model; train one: clew train"):
        create_app(Settings(store=tmp_path))
