"""The sample shop's store to serve from and write to, and clients of the service."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.db import open_database
from api.eventlog import EventLog
from api.settings import Settings
from tests.api import postgres

Start = Callable[..., TestClient]


@pytest.fixture(scope="module")
def store(sample_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample shop's store that a module's tests may write to."""
    return copied(sample_store, tmp_path_factory.mktemp("served") / "store", _linked)


def copied(store: Path, target: Path, copy: Callable[[str, str], str] = shutil.copy2) -> Path:
    """A copy of a store, without the service's database.

    Others may have that open: read here it would lose its locks, and a log of it that is linked
    would be written by two databases.
    """
    ignored = shutil.ignore_patterns("service.sqlite*")
    shutil.copytree(store, target, symlinks=True, ignore=ignored, copy_function=copy)
    return target


def _linked(source: str, target: str) -> str:
    if source.endswith(".sqlite"):
        shutil.copy2(source, target)
    else:
        os.link(source, target)
    return target


@pytest.fixture(scope="module")
def start(store: Path) -> Iterator[Start]:
    """Starts a service on the store, with these settings; all are stopped in the end."""
    with ExitStack() as stack:

        def begin(**settings: Any) -> TestClient:
            app = create_app(Settings(store=store, **settings))
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield begin


def unsigned(answer: httpx.Response) -> bytes:
    """An answer byte for byte, without its impression id, which no two share."""
    left, count = re.subn(rb'"impression_id":"[^"]*",', b"", answer.content)
    assert count == 1
    return left


@pytest.fixture(params=["sqlite", "postgresql"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    """An empty event log, on each database."""
    if request.param == "sqlite":
        database = open_database(f"sqlite:///{tmp_path}/x.sqlite")
        yield EventLog(database)
        database.close()
    else:
        with postgres.running() as url:
            database = open_database(url)
            yield EventLog(database)
            database.close()
