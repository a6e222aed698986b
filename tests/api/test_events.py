"""Events count at once, once, from any worker, and survive; on SQLite and on a real PostgreSQL."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from fastapi.testclient import TestClient

from api.db import open_database
from api.eventlog import EventLog
from kg.errors import StoreError
from tests.api import postgres
from tests.api.conftest import Start

KNOWN = "u0184"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def workers(
    request: pytest.FixtureRequest, start: Start, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TestClient, TestClient]]:
    """Two workers of one service."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('db') / 'events.sqlite'}"
        yield start(database_url=url), start(database_url=url)
    else:
        with postgres.running() as url:
            yield start(database_url=url), start(database_url=url)


def send(client: TestClient, *rows: dict[str, Any], **headers: str) -> Any:
    response = client.post("/v1/events", json={"events": list(rows)}, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def row(product: str, event: str = "purchase", **more: Any) -> dict[str, Any]:
    return {"product_id": product, "event": event, **more}


def history(client: TestClient, who: str) -> set[str]:
    answer = client.get(f"/v1/{who}/recommendations")
    assert answer.status_code in {200, 404}, answer.text
    return {product["id"] for product in answer.json().get("history", [])}


def test_an_event_counts_in_the_next_answer_of_any_worker(
    workers: tuple[TestClient, TestClient],
) -> None:
    one, other = workers
    assert other.get("/v1/users/fresh/recommendations").status_code == 404
    for sender, asked in ((one, other), (other, one)):
        product = "KD-0101" if sender is one else "KD-0110"
        send(sender, row(product, user_id="fresh"))
        assert product in history(asked, "users/fresh")
    body = {"history": [{"product_id": "KD-0101"}, {"product_id": "KD-0110"}]}
    sent_along = one.post("/v1/recommendations", json=body).json()["recommendations"]
    stored = one.get("/v1/users/fresh/recommendations").json()["recommendations"]
    assert [r["product"]["id"] for r in stored] == [r["product"]["id"] for r in sent_along]


def test_events_are_joined_to_the_history_of_the_snapshot(
    workers: tuple[TestClient, TestClient],
) -> None:
    one, other = workers
    before = history(one, f"users/{KNOWN}")
    assert before
    assert "KD-0142" not in before
    send(one, row("KD-0142", user_id=KNOWN))
    assert history(other, f"users/{KNOWN}") == before | {"KD-0142"}


def test_bad_rows_are_answered_one_by_one(workers: tuple[TestClient, TestClient]) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = send(
        workers[0],
        row("KD-0101", user_id="rows"),
        row("KD-0102"),
        row("KD-0102", user_id="rows", session_id="s"),
        row("KD-0102", "steal", user_id="rows"),
        row("KD-0102", "rating", user_id="rows"),
        row("KD-0102", user_id="rows", timestamp=later),
        row("KD-0102", user_id="rows", timestamp="1066-10-14T09:00:00Z"),
        row("KD-0102", user_id="rows", note="hello"),
        row("", user_id="rows"),
        row("KD-\x00", user_id="rows"),
        row("not-here-yet", user_id="rows"),
    )
    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (2, 0, 9)
    statuses = [result["status"] for result in answer["results"]]
    assert statuses == ["accepted", *["rejected"] * 9, "accepted"]
    said = [result["errors"][0]["message"] for result in answer["results"][1:10]]
    for message, expected in zip(
        said,
        (
            "give either user_id or session_id",
            "give either user_id or session_id",
            "Input should be 'view'",
            "a rating needs its value, in stars",
            "lies in the future; send times with their zone",
            "lies before 1990",
            "Extra inputs are not permitted",
            "at least 1 character",
            "should match pattern",
        ),
        strict=True,
    ):
        assert expected in message
    assert answer["results"][0]["known_product"] is True
    assert answer["results"][10]["known_product"] is False
    assert history(workers[1], "users/rows") == {"KD-0101"}


def test_a_batch_sent_again_counts_once(workers: tuple[TestClient, TestClient]) -> None:
    one, other = workers
    rows = [row("KD-0101", user_id="again"), row("KD-0102", "view", user_id="again")]
    body = {"events": rows}
    key = {"Idempotency-Key": "order-17"}
    first = one.post("/v1/events", json=body, headers=key)
    second = other.post("/v1/events", json=body, headers=key)
    assert first.json() == second.json()
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    exported = one.get("/v1/users/again/export").json()["events"]
    assert len(exported) == 2
    changed = one.post("/v1/events", json={"events": rows[:1]}, headers=key)
    assert changed.status_code == 409
    assert "came with another body; use a new key" in changed.json()["detail"]


def test_an_event_with_an_id_counts_once(workers: tuple[TestClient, TestClient]) -> None:
    one, other = workers
    event = row("KD-0101", user_id="once", event_id="evt-1")
    answer = send(one, event, event)
    assert (answer["accepted"], answer["duplicates"]) == (1, 1)
    answer = send(other, event, row("KD-0102", user_id="once", event_id="evt-2"))
    assert [result["status"] for result in answer["results"]] == ["duplicate", "accepted"]
    assert len(one.get("/v1/users/once/export").json()["events"]) == 2


def test_a_removal_takes_back_cart_and_purchase(workers: tuple[TestClient, TestClient]) -> None:
    one, other = workers
    send(
        one,
        row("KD-0101", "cart", user_id="back"),
        row("KD-0102", "view", user_id="back"),
        row("KD-0103", user_id="back"),
    )
    assert history(other, "users/back") == {"KD-0101", "KD-0102", "KD-0103"}
    send(
        other,
        *(row(product, "remove", user_id="back") for product in ("KD-0101", "KD-0102", "KD-0103")),
    )
    assert history(one, "users/back") == {"KD-0102"}  # it was looked at; that stays true
    send(one, row("KD-0101", user_id="back"))
    assert history(other, "users/back") == {"KD-0101", "KD-0102"}


def test_a_session_becomes_a_users_at_login(workers: tuple[TestClient, TestClient]) -> None:
    one, other = workers
    send(one, row("KD-0101", "view", session_id="s1"), row("KD-0102", user_id="late"))
    assert history(other, "sessions/s1") == {"KD-0101"}
    assert history(other, "users/late") == {"KD-0102"}
    merged = one.post("/v1/sessions/s1/merge", json={"user_id": "late"})
    assert merged.json() == {"merged": True, "events": 1}
    assert other.post("/v1/sessions/s1/merge", json={"user_id": "late"}).json() == merged.json()
    assert history(other, "users/late") == {"KD-0101", "KD-0102"}
    send(other, row("KD-0103", "cart", session_id="s1"))  # by a page that did not hear of it yet
    assert history(one, "users/late") == {"KD-0101", "KD-0102", "KD-0103"}
    taken = one.post("/v1/sessions/s1/merge", json={"user_id": "someone-else"})
    assert taken.status_code == 409
    assert "this session belongs to another user" in taken.json()["detail"]


def test_a_session_named_like_a_user_is_not_that_user(
    workers: tuple[TestClient, TestClient],
) -> None:
    send(workers[0], row("KD-0101", session_id="twin"))
    assert workers[0].get("/v1/users/twin/recommendations").status_code == 404


def test_limits_of_a_batch(workers: tuple[TestClient, TestClient]) -> None:
    body = {"events": [row("KD-0101", user_id="many")] * 1001}
    refused = workers[0].post("/v1/events", json=body)
    assert refused.status_code == 422
    assert "holds 1001 events, at most 1000 are read at once" in refused.json()["detail"]
    assert workers[0].post("/v1/events", json={"events": []}).status_code == 422


def test_a_database_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the database URL is malformed; write sqlite:///FILE"):
        open_database("nonsense")
    with pytest.raises(StoreError, match="'oracle2' is no database Clew can open; use sqlite or"):
        open_database("oracle2://x/y")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot use .*file/db.sqlite: File exists"):
        open_database(f"sqlite:///{tmp_path}/file/db.sqlite")
    (tmp_path / "bad.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="the service's database does not answer: DatabaseError"):
        open_database(f"sqlite:///{tmp_path}/bad.sqlite")


def test_events_are_found_by_their_subject_and_no_other_is_read(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/x.sqlite")
    asked: list[tuple[str, Any]] = []

    @sqlalchemy.event.listens_for(database.engine, "before_cursor_execute")
    def _ask(_one: object, _two: object, statement: str, values: Any, *_more: object) -> None:
        asked.append((statement, values))

    log = EventLog(database)
    log.of("user:a")
    log.of("session:a")
    statements = list(asked)
    assert len(statements) == 2  # a query each
    with database.asking() as connection:
        for statement, values in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            [step] = [row.detail for row in plan if " events " in row.detail]
            assert "(tenant=? AND subject=?)" in step
    database.close()


def test_a_database_opened_twice_keeps_its_locks(tmp_path: Path) -> None:
    file = tmp_path / "x.sqlite"
    one, two = open_database(f"sqlite:///{file}"), open_database(f"sqlite:///{file}")
    one.check()
    script = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0.1).execute(sys.argv[2])"
    command = [sys.executable, "-c", script, str(file), "PRAGMA journal_mode=DELETE"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "database is locked" in done.stderr  # it may not take the log away while we use it
    one.close()
    two.close()
