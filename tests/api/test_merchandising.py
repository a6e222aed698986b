"""Filters, stock and the shop's rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.db import open_database
from api.rulebook import Rulebook
from api.schemas_events import RuleIn
from commerce.rules import Rule
from kg.schema import load_schema
from tests.api.conftest import Start

SCHEMA = load_schema()
LIST = "/v1/users/u0184/recommendations"


@pytest.fixture(scope="module")
def client(start: Start) -> TestClient:
    return start()


@pytest.fixture(autouse=True)
def no_rules_left(client: TestClient) -> Iterator[None]:
    yield
    for rule in client.get("/v1/rules").json()["rules"]:
        client.delete(f"/v1/rules/{rule['id']}")


def listed(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(LIST, params={"k": 20, **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["recommendations"]
    return items


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["product"]["id"] for item in items]


def put(client: TestClient, name: str, **rule: Any) -> None:
    answer = client.put(f"/v1/rules/{name}", json=rule)
    assert answer.status_code == 200, answer.text


def terms_of(client: TestClient, product: str) -> set[str]:
    """What a product carries, and what that falls under."""
    carried = {fact["object"] for fact in client.get(f"/v1/products/{product}").json()["facts"]}
    return carried.union(*(_above(term) for term in carried))


def _above(term: str) -> set[str]:
    broader = SCHEMA.concepts[term].broader if term in SCHEMA.concepts else ()
    return set(broader).union(*(_above(one) for one in broader))


def test_only_products_that_carry_a_term(client: TestClient) -> None:
    terms = sorted(
        term
        for product in ids(listed(client))[:5]
        for term in terms_of(client, product)
        if term.startswith(("colour:", "material:"))
    )
    assert terms
    for term in terms[:3]:
        found = listed(client, term=term)
        assert found
        assert all(term in terms_of(client, product) for product in ids(found)[:5])
    one = terms[0]
    brand = next(t for t in terms_of(client, ids(listed(client, term=one))[0]) if ":" in t)
    both = set(ids(listed(client, term=[one, brand], k=100)))
    if brand.partition(":")[0] != one.partition(":")[0]:
        assert both <= set(ids(listed(client, term=one, k=100)))
    answer = client.get(LIST, params={"term": "colour:octarine"})
    assert answer.status_code == 404
    assert "no term 'colour:octarine' in this snapshot; a product's page" in answer.json()["detail"]
    assert client.get(LIST, params={"term": "red"}).status_code == 422


def test_prices_and_products_left_out(client: TestClient) -> None:
    found = listed(client, min_price=10, max_price=20)
    assert found
    assert all(10 <= item["product"]["price"] <= 20 for item in found)
    first = ids(listed(client))[:2]
    assert not set(first) & set(ids(listed(client, exclude=first)))
    assert client.get(LIST, params={"min_price": "nan"}).status_code == 422


def test_rules_move_products_and_say_so(client: TestClient) -> None:
    plain = listed(client)
    first, fifth = plain[0], plain[4]
    put(client, "no-first", action="exclude", target=f"product:{first['product']['id']}")
    assert ids(listed(client))[0] == plain[1]["product"]["id"]
    client.delete("/v1/rules/no-first")
    put(client, "up", action="boost", target=f"product:{fifth['product']['id']}", amount=1000)
    boosted = listed(client)
    assert boosted[0]["product"]["id"] == fifth["product"]["id"]
    assert (boosted[0]["rules"], boosted[0]["rank_by_score"]) == (["up"], 5)
    assert boosted[0]["score"] == pytest.approx(fifth["score"])
    assert client.get(LIST).json()["order"]["reordered"] is True
    put(client, "up", action="bury", target=f"product:{first['product']['id']}", amount=0.001)
    buried = listed(client, k=20)
    assert first["product"]["id"] not in ids(buried)[:5]
    put(client, "up", action="pin", target=f"product:{fifth['product']['id']}", amount=2)
    pinned = listed(client)
    assert pinned[1]["product"]["id"] == fifth["product"]["id"]
    assert (pinned[1]["rank"], pinned[1]["rank_by_score"]) == (2, 5)
    assert len(ids(pinned)) == len(set(ids(pinned))) == 20
    client.delete("/v1/rules/up")
    assert listed(client) == plain


def test_a_rule_on_a_term_and_its_dates(client: TestClient) -> None:
    term = next(t for t in terms_of(client, ids(listed(client))[0]) if t.startswith("category:"))
    now = datetime.now(UTC)
    rule = {"action": "exclude", "target": term}
    put(client, "later", **rule, starts=(now + timedelta(days=1)).isoformat())
    put(client, "over", **rule, ends=(now - timedelta(days=1)).isoformat())
    kept = client.get("/v1/rules").json()["rules"]
    assert [(r["id"], r["valid_now"]) for r in kept] == [("later", False), ("over", False)]
    plain = ids(listed(client))
    put(client, "now", **rule, starts=(now - timedelta(days=1)).isoformat())
    without = ids(listed(client, k=100))
    assert without
    assert plain[0] not in without
    assert all(term not in terms_of(client, product) for product in without[:5])


def test_a_pinned_product_that_is_out_of_stock_stays_out(client: TestClient) -> None:
    every = listed(client, in_stock=False, k=100)
    gone = next(i["product"]["id"] for i in every if i["product"]["in_stock"] is False)
    put(client, "pin", action="pin", target=f"product:{gone}", amount=1)
    assert gone not in ids(listed(client))
    assert ids(listed(client, in_stock=False))[0] == gone


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"action": "boost", "target": "brand:x", "amount": 0.5}, "needs an amount above 1"),
        ({"action": "bury", "target": "brand:x", "amount": 2}, "needs an amount below 1"),
        ({"action": "pin", "target": "product:x", "amount": 1.5}, "a pin needs a whole place"),
        ({"action": "pin", "target": "brand:x", "amount": 1}, "needs a product as its target"),
        ({"action": "exclude", "target": "brand:x", "amount": 1}, "an exclusion has no amount"),
        ({"action": "exclude", "target": "brand:x", "starts": "2026-01-01T00:00:00"},
         "give starts and ends with their time zone"),
        ({"action": "exclude", "target": "brand:x", "starts": "2026-01-02T00:00:00Z",
          "ends": "2026-01-01T00:00:00Z"}, "starts must lie before ends"),
    ],
)  # fmt: skip
def test_rules_that_cannot_be(client: TestClient, rule: dict[str, Any], said: str) -> None:
    answer = client.put("/v1/rules/bad", json=rule)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert client.delete("/v1/rules/bad").status_code == 404


def test_a_rule_is_valid_from_its_start_until_before_its_end() -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    rule = Rule("r", "exclude", "brand:x", starts=day, ends=day + timedelta(days=1))
    assert rule.valid(day)
    assert not rule.valid(day + timedelta(days=1))
    assert not rule.valid(day - timedelta(seconds=1))


def test_what_was_read_before_a_change_is_not_kept_after_it(tmp_path: Path) -> None:
    """A reader that is overtaken by a writer of its own process leaves nothing stale behind."""
    database = open_database(f"sqlite:///{tmp_path}/rules.sqlite")
    book, other = Rulebook(database), Rulebook(database)
    reading = database.reading

    @contextmanager
    def overtaken() -> Iterator[Any]:
        with reading() as connection:
            yield connection
        vars(database).pop("reading")  # once
        book.put("r", RuleIn(action="exclude", target="brand:x"))

    vars(database)["reading"] = overtaken
    assert book.all() == ()  # as it was when it began
    assert [rule.id for rule in book.all()] == ["r"]
    assert [rule.id for rule in other.all()] == ["r"]
    database.close()
