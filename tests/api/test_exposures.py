"""Who met which experiment: written once, the first time, and not of who was erased."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from api.db import open_database
from api.db.exposed import Exposure
from api.db.tables import exposures
from api.erasure import erase
from api.eventlog import EventLog
from api.exposures import Exposures
from api.settings import Settings
from kg.errors import StoreError
from tests.api.conftest import copied
from tests.api.test_experiments import FILE, USERS, listed


def rows(log: EventLog) -> list[tuple[str, str, int]]:
    query = select(exposures.c.subject, exposures.c.arm, exposures.c.at).order_by(
        exposures.c.subject
    )
    with log.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_the_first_exposure_stays_and_who_is_erased_does_not(log: EventLog) -> None:
    one, other = Exposures(log), Exposures(log)  # of two workers
    one.note(Exposure("x", "user:a", "arm", 20))
    one.note(Exposure("x", "user:a", "arm", 30))
    one.note(Exposure("x", "user:b", "arm", 20))
    one.flush()
    other.note(Exposure("x", "user:a", "arm", 10))
    other.note(Exposure("x", "user:b", "arm", 25))
    other.flush()
    assert rows(log) == [("user:a", "arm", 10), ("user:b", "arm", 20)]
    other.note(Exposure("x", "user:c", "arm", 1))
    assert erase(log, "user:b").exposures == 1
    erase(log, "user:c")
    other.flush()
    one.flush()
    assert rows(log) == [("user:a", "arm", 10)]
    assert log.prune(11) == 0
    assert rows(log) == []


def test_exposures_wait_for_a_database_that_does_not_answer(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Exposures(log)
    seen.note(Exposure("x", "user:a", "arm", 20))
    with monkeypatch.context() as broken:
        broken.setattr("api.exposures.write_exposures", _broken)
        with pytest.raises(StoreError, match="down"):
            seen.flush()
    seen.flush()
    assert rows(log) == [("user:a", "arm", 20)]


def _broken(*_: object) -> None:
    raise StoreError("down")


def test_what_waits_is_written_when_the_service_stops(sample_store: Path, tmp_path: Path) -> None:
    copied(sample_store, tmp_path / "store")
    (tmp_path / "x.toml").write_text(FILE)
    settings = Settings(store=tmp_path / "store", experiments=tmp_path / "x.toml")
    with TestClient(create_app(settings)) as client:
        shown = sum("experiment" in listed(client, user) for user in USERS[:10])
    database = open_database(f"sqlite:///{tmp_path}/store/service.sqlite")
    assert len(rows(EventLog(database))) == shown > 0
    database.close()


def test_a_flush_waits_for_what_another_thread_is_writing(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Exposures(log)
    inside, go_on, write = threading.Event(), threading.Event(), known._write

    def slow(waiting: Sequence[Exposure]) -> None:
        inside.set()
        assert go_on.wait(20)
        write(waiting)

    monkeypatch.setattr(known, "_write", slow)
    known.note(Exposure("x", "user:slow", "wide", 1))
    first, second = (threading.Thread(target=known.flush) for _ in range(2))
    first.start()
    assert inside.wait(20)
    second.start()
    second.join(0.3)
    assert second.is_alive()
    go_on.set()
    second.join(20)
    assert [row[0] for row in rows(log)] == ["user:slow"]
    first.join(20)
