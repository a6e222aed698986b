"""Export and erasure: complete and lasting; afterwards the answers of someone never seen."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.db import open_database
from api.erasure import erase
from api.eventlog import EventLog, NewEvent, now_us
from api.fold import fold
from api.settings import Settings
from kg.additions import Additions, add_erased, read_additions, write_events
from kg.build import build, graph_of
from kg.catalog import sample_path
from kg.errors import StoreError
from kg.ids import pseudonym
from kg.records import INTERACTION_SCHEMA
from kg.snapshot import SnapshotStore
from tests.api.conftest import Start, copied, unsigned

USER = "u0184"


def post(client: TestClient, *rows: dict[str, Any]) -> Any:
    return client.post("/v1/events", json={"events": list(rows)}).json()


def purchase(product: str, **who: str) -> dict[str, Any]:
    return {"product_id": product, "event": "purchase", **who}


def test_an_export_holds_everything_that_is_kept(start: Start) -> None:
    client = start()
    before = client.get(f"/v1/users/{USER}/export").json()
    assert {event["source"] for event in before["events"]} == {"snapshot"}
    post(client, purchase("KD-0110", user_id=USER), purchase("KD-0111", session_id="visit"))
    client.post("/v1/sessions/visit/merge", json={"user_id": USER})
    after = client.get(f"/v1/users/{USER}/export").json()
    new = {(e["product_id"], e["source"]) for e in after["events"]} - {
        (e["product_id"], e["source"]) for e in before["events"]
    }
    assert new == {("KD-0110", "log"), ("KD-0111", "session")}
    assert after["sessions"] == 1
    assert client.get("/v1/users/nobody/export").status_code == 404


def test_an_erased_user_is_answered_as_one_never_seen(start: Start, store: Path) -> None:
    client = start()
    post(client, purchase("KD-0110", user_id=USER), purchase("KD-0111", session_id="other visit"))
    client.post("/v1/sessions/other visit/merge", json={"user_id": USER})
    answer = client.delete(f"/v1/users/{USER}").json()
    assert answer["erased_events"] >= 2
    assert answer["erased_sessions"] >= 1
    assert (answer["in_snapshot"], answer["head"]) == (True, "marked_for_next_build")
    asked, never = (
        client.get(f"/v1/users/{user}/recommendations") for user in (USER, "never-seen")
    )
    assert asked.status_code == 404
    assert asked.text == never.text.replace("never-seen", USER)
    assert client.get(f"/v1/users/{USER}/export").status_code == 404
    late = post(client, purchase("KD-0110", user_id=USER))
    assert late["results"][0]["status"] == "rejected"
    assert "was erased; their id is not used again" in late["results"][0]["errors"][0]["message"]
    session = post(client, purchase("KD-0110", session_id="other visit"))
    assert session["rejected"] == 1
    merging = client.post("/v1/sessions/new/merge", json={"user_id": USER})
    assert merging.status_code == 409
    assert "this user was erased" in merging.json()["detail"]
    taken = client.post("/v1/sessions/other visit/merge", json={"user_id": "another"})
    assert "this session was erased with its user" in taken.json()["detail"]
    again = client.delete(f"/v1/users/{USER}").json()
    assert (again["erased_events"], again["erased_sessions"]) == (0, 0)
    known = pseudonym(USER, SnapshotStore(store).pseudonym_key())
    assert known in read_additions(store).erased


def test_what_experiments_keep_is_exported_and_erased(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "experiments.toml"
    file.write_text("[x.arms.a]\n[x.arms.b]\nk = 5\n")
    client = start(experiments=file, database_url=f"sqlite:///{tmp_path}/x.sqlite")
    exposures = client.app.state.parts.exposures  # type: ignore[attr-defined]
    post(client, purchase("KD-0110", user_id="met it"), purchase("KD-0111", session_id="met it"))
    lists = {
        kind: client.get(f"/v1/{kind}/met it/recommendations").json()
        for kind in ("users", "sessions")
    }
    exposures.flush()
    shown = lists["users"]["recommendations"][0]["product"]["id"]
    name = lists["users"]["impression_id"]
    post(client, purchase(shown, user_id="met it", impression_id=name))
    client.post("/v1/sessions/met it/merge", json={"user_id": "met it"})
    kept = client.get("/v1/users/met it/export").json()
    arms = {kind: told["experiment"]["arm"] for kind, told in lists.items()}
    assert {(e["experiment"], e["arm"], e["source"]) for e in kept["exposures"]} == {
        ("x", arms["users"], "log"),
        ("x", arms["sessions"], "session"),
    }
    (due,) = [event for event in kept["events"] if event["experiment"]]
    assert (due["product_id"], due["arm"]) == (shown, arms["users"])
    post(client, purchase("KD-0110", user_id="not yet written"))
    client.get("/v1/users/not yet written/recommendations")
    client.delete("/v1/users/not yet written")
    assert client.delete("/v1/users/met it").json()["erased_exposures"] == 2
    exposures.flush()
    assert client.get("/v1/users/met it/export").status_code == 404
    assert client.get("/v1/users/not yet written/export").status_code == 404
    report = client.get("/v1/experiments/x/report").json()
    assert [arm["people"] for arm in report["arms"]] == [0, 0]
    late = client.get("/v1/sessions/met it/recommendations")
    assert late.status_code == 404


def test_answers_after_erasure_equal_the_never_seen_systems(
    sample_store: Path, tmp_path: Path
) -> None:
    """After erasures, histories that are sent along are scored as by a service without a log."""
    with TestClient(create_app(Settings(store=copied(sample_store, tmp_path / "a")))) as seen:
        users = [f"u{number:04}" for number in range(0, 300, 10)]
        before = {u: seen.get(f"/v1/users/{u}/recommendations") for u in users}
        known = [u for u in users if before[u].status_code == 200]
        for user in known:
            assert seen.delete(f"/v1/users/{user}").status_code == 200
        assert all(seen.get(f"/v1/users/{u}/recommendations").status_code == 404 for u in known)
        with TestClient(create_app(Settings(store=copied(sample_store, tmp_path / "b")))) as never:
            for user in known[:10]:
                history = [{"product_id": p["id"]} for p in before[user].json()["history"]]
                answers = [c.post("/v1/recommendations", json={"history": history}) for c in
                           (seen, never)]  # fmt: skip
                assert unsigned(answers[0]) == unsigned(answers[1])


def test_nothing_erased_is_left_in_the_file(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/log.sqlite")
    log = EventLog(database)
    event = NewEvent("user:someone", "rare-product-xyzzy", "view", now_us())
    log.append([event] * 50, lambda outcomes: "")
    files = list(tmp_path.glob("log.sqlite*"))
    assert any(b"xyzzy" in file.read_bytes() for file in files)
    assert erase(log, "user:someone").events == 50
    assert not any(b"xyzzy" in file.read_bytes() for file in tmp_path.glob("log.sqlite*"))
    database.close()


def test_the_next_build_counts_the_log_and_forgets_the_erased(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    key = store.pseudonym_key()
    database = open_database(f"sqlite:///{tmp_path}/service.sqlite")
    log = EventLog(database)
    new, gone = pseudonym("someone-new", key), pseudonym(USER, key)
    moment = now_us()
    log.append(
        [
            NewEvent(new, "KD-0101", "purchase", moment),
            NewEvent(new, "KD-0102", "cart", moment + 1),
            NewEvent(new, "KD-0102", "remove", moment + 2),
            NewEvent(new, "no-such-product", "view", moment + 3),
            NewEvent("session:anonymous", "KD-0101", "view", moment),
            NewEvent(gone, "KD-0101", "purchase", moment),
        ],
        lambda outcomes: "",
    )
    assert fold(log, tmp_path) == 3
    erase(log, gone)
    add_erased(tmp_path, [gone])
    assert set(read_additions(tmp_path).events["user_id"].to_pylist()) == {new}
    build(sample_path(), store)
    found = graph_of(store.current())
    events = found.interactions.filter(pc.equal(found.interactions["user_id"], new))
    assert events["product_id"].to_pylist() == ["product:KD-0101"]
    subjects = set(found.facts["subject"].to_pylist())
    assert new in subjects
    assert gone not in subjects | set(found.interactions["user_id"].to_pylist())
    build(sample_path(), store)  # the log's events stand in it once, however often it is built
    again = graph_of(store.current())
    assert again.interactions.num_rows == found.interactions.num_rows
    database.close()


def test_old_events_are_removed(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/log.sqlite")
    log = EventLog(database)
    rows = [NewEvent("user:a", "p", "view", at) for at in (10, 20, 30)]
    log.append(rows, lambda outcomes: "")
    assert log.prune(25) == 2
    assert [row["at"] for row in log.rows("user:a")] == [30]
    database.close()


def test_additions_repeat_nothing_of_the_dataset(tmp_path: Path) -> None:
    rows = [{"user_id": "user:a", "product_id": "product:1", "event": "view", "timestamp": t}
            for t in (1, 2)]  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=INTERACTION_SCHEMA)
    joined = Additions(table, frozenset()).apply(table.slice(0, 1), {"product:1"})
    assert joined.num_rows == 2
    assert Additions(table, frozenset({"user:a"})).apply(table, {"product:1"}).num_rows == 0
    write_events(tmp_path, table)
    (tmp_path / "additions" / "events.parquet").write_bytes(b"broken")
    with pytest.raises(StoreError, match=r"additions cannot be read: .*; restore it from a backup"):
        read_additions(tmp_path)
