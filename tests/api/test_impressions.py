"""Impression ids: what they say, what is refused, and to what events are due."""

import time
import timeit
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from api.impressions import Attribution, Impressions
from api.people import Pseudonyms
from api.schemas import Recommendations
from tests.api.conftest import Start

KEY = bytes(32)
PEOPLE = Pseudonyms(KEY)
IDS = Impressions(PEOPLE, days=30)
DAY_US = 86_400_000_000
NOW = 20_000 * DAY_US
USER = "u0184"
LIST = f"/v1/users/{USER}/recommendations"


def attribute(text: str, product: str = "a", subject: str = "user:1", at: int = NOW) -> Any:
    return IDS.attribute(text, subject, product, at)


@given(
    seconds=st.integers(0, 2**32 - 1),
    products=st.lists(st.text(max_size=200), max_size=100),
    surface=st.from_regex("[a-z][a-z0-9_-]{0,63}", fullmatch=True),
    subject=st.text(min_size=1, max_size=64),
)
@settings(max_examples=50, deadline=None)
def test_what_is_said_comes_back(
    seconds: int, products: list[str], surface: str, subject: str
) -> None:
    text = IDS.issue(seconds * 10**6 + 7, subject, products, surface=surface, arm="b")
    found = IDS.read(text)
    assert found is not None
    assert (found.at_us, found.surface, found.experiment, found.arm) == (
        seconds * 10**6,
        surface,
        "",
        "b",
    )
    for product in products:
        due = IDS.attribute(text, subject, product, seconds * 10**6)
        assert due == Attribution(surface, None, "b", seconds * 10**6)


@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(max_examples=200, deadline=None)
def test_a_changed_bit_is_noticed(at: int, bit: int) -> None:
    from base64 import urlsafe_b64decode, urlsafe_b64encode

    text = IDS.issue(NOW, "user:1", ["a", "b"], surface="home", experiment="x", arm="y")
    raw = bytearray(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    raw[at % len(raw)] ^= 1 << bit
    assert IDS.read(urlsafe_b64encode(bytes(raw)).decode()) is None


@pytest.mark.parametrize("text", ["", "x", "é", "a" * 10_000, "not base64!", "AAAA", "A" * 40])
def test_what_is_none(text: str) -> None:
    assert IDS.read(text) is None


def test_of_another_key_or_tenant() -> None:
    text = IDS.issue(NOW, "user:1", ["a"])
    assert IDS.read(text) is not None
    assert Impressions(Pseudonyms(bytes(31) + b"\1")).read(text) is None
    assert Impressions(PEOPLE, tenant="other").read(text) is None


def test_to_what_an_event_is_due() -> None:
    text = IDS.issue(NOW, "user:1", ["a", "b"], surface="home", experiment="x", arm="y")
    assert attribute(text) == Attribution("home", "x", "y", NOW)
    assert attribute(text, subject="user:2") == Attribution("home", "x", "y", None)
    assert attribute(text, at=NOW + 30 * DAY_US) == Attribution("home", "x", "y", NOW)
    assert attribute(text, at=NOW - 299 * 10**6) == Attribution("home", "x", "y", NOW)
    assert attribute(IDS.issue(NOW, "", ["a"])) == Attribution()
    assert "none that this service gave" in attribute("forged")
    assert "more than 30 days before the event" in attribute(text, at=NOW + 31 * DAY_US)
    assert "after the event happened" in attribute(text, at=NOW - 301 * 10**6)
    assert "of a list without product 'c'" in attribute(text, product="c")


def test_it_names_neither_shopper_nor_product() -> None:
    from base64 import urlsafe_b64decode

    subject = PEOPLE.user("somebody")
    text = IDS.issue(NOW, subject, ["PRODUCT-XYZZY"])
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert b"XYZZY" not in raw
    assert bytes.fromhex(subject.removeprefix("user:"))[:8] not in raw
    assert subject.encode() not in raw


def test_it_costs_little() -> None:
    products = [f"KD-{n:04}" for n in range(10)]
    clock = timeit.Timer(lambda: IDS.issue(NOW, "user:1", products), timer=time.process_time)
    took = min(clock.repeat(repeat=5, number=200))
    assert took / 200 < 1e-4  # seconds


def test_every_list_has_its_own(start: Start) -> None:
    client = start(kept_answers=100)
    one, again = client.get(LIST).json(), client.get(LIST, params={"surface": "home"}).json()
    sent = {"history": [{"product_id": "KD-0101"}]}
    other = client.post("/v1/recommendations", json=sent).json()
    found = client.get("/v1/search", params={"q": "red mug", "user": USER}).json()
    ids = [answer["impression_id"] for answer in (one, again, other, found)]
    assert len(set(ids)) == 4
    said = client.app.state.parts.impressions  # type: ignore[attr-defined]
    assert [said.read(text).surface for text in ids] == ["", "home", "", "search"]
    assert all(answer.get("experiment") is None for answer in (one, again, other))


def test_a_kept_list_is_signed_for_who_gets_it(start: Start) -> None:
    client = start(kept_answers=100)
    parts = client.app.state.parts  # type: ignore[attr-defined]
    for user in ("kept-1", "kept-2"):
        row = {"user_id": user, "product_id": "KD-0101", "event": "purchase"}
        client.post("/v1/events", json={"events": [row | {"timestamp": "2026-06-01T00:00:00Z"}]})
    lists = {user: client.get(f"/v1/users/{user}/recommendations").json() for user in
             ("kept-1", "kept-2")}  # fmt: skip
    kept = client.app.state.live.service._answers._kept  # type: ignore[attr-defined]
    (answer,) = [answer for answer in kept.values() if isinstance(answer, Recommendations)]
    assert answer.impression_id is None
    assert lists["kept-1"]["recommendations"] == lists["kept-2"]["recommendations"]
    for user, told in lists.items():
        product = told["recommendations"][0]["product"]["id"]
        for other in lists:
            at = parts.impressions.read(told["impression_id"]).at_us
            due = parts.impressions.attribute(
                told["impression_id"], parts.people.user(other), product, at
            )
            assert (due.shown_us is not None) == (user == other)


def test_events_say_whether_they_are_due_and_are_kept_anyhow(start: Start, tmp_path: Path) -> None:
    client: TestClient = start(database_url=f"sqlite:///{tmp_path}/events.sqlite")
    told = client.get(LIST, params={"surface": "home"}).json()
    shown = told["recommendations"][0]["product"]["id"]
    name = told["impression_id"]
    row = {"user_id": USER, "event": "purchase", "product_id": shown}
    rows = [
        row | {"impression_id": name},
        row | {"impression_id": name, "product_id": "KD-9999"},
        row | {"impression_id": name[:-4] + "AAAA"},
        row | {"impression_id": name, "timestamp": "2026-01-01T00:00:00Z"},
        row,
    ]
    answer = client.post("/v1/events", json={"events": rows}).json()
    assert answer["accepted"] == 5
    assert [r["attributed"] for r in answer["results"]] == [True, False, False, False, None]
    notes = [r["note"] for r in answer["results"]]
    assert notes[0] is None
    assert notes[4] is None
    assert "impression_id is of a list without product 'KD-9999'" in notes[1]
    assert "impression_id is none that this service gave" in notes[2]
    assert "impression_id was given after the event happened" in notes[3]
    kept = client.get(f"/v1/users/{USER}/export").json()["events"]
    assert [e["surface"] for e in kept if e["source"] == "log" and e["surface"]] == ["home"]
    wrong = client.post("/v1/events", json={"events": [row | {"impression_id": 7}]}).json()
    assert wrong["results"][0]["errors"][0]["field"] == "impression_id"
