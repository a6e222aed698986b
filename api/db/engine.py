"""Opening the service's database: SQLite by default, any SQLAlchemy URL, migrated on the way.

In: a URL. Out: a `Database` with short read and write transactions. SQLite runs in WAL mode with
``synchronous=FULL``, so what was committed is on the disk; a write transaction takes its lock at
its beginning, so that two writers wait for each other instead of failing. Foreign errors become
`StoreError`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from kg.errors import MissingExtraError, StoreError

__all__ = ["Database", "database_url", "open_database"]

MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MS = 10_000


class Database:
    """A pool of connections. Safe to share between threads; opened once per process."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._plain = engine.execution_options(clew_plain=True)
        self.is_sqlite = engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction.

        Raises:
            StoreError: the database does not answer.
        """
        with _translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """For one query, which needs no transaction around it and takes less time so.

        Raises:
            StoreError: the database does not answer.
        """
        with _translated(), self._plain.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction, on the disk when the block has ended.

        Raises:
            StoreError: the database cannot be written.
            sqlalchemy.exc.IntegrityError: a row stands there already.
        """
        with _translated(), self.engine.connect() as connection:
            options = connection.execution_options(clew_writes=True)
            with options.begin():
                yield options

    def check(self) -> None:
        """Ask something, for the readiness probe.

        Raises:
            StoreError: the database does not answer.
        """
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    def forget_pages(self) -> None:
        """Have SQLite write erased rows over: its log is folded into the file and emptied."""
        if self.is_sqlite:
            with self.asking() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def database_url(store: Path, url: str | None) -> str:
    """The URL that is meant: by default a SQLite file in the snapshot store."""
    return url or f"sqlite:///{store / 'service.sqlite'}"


def open_database(url: str) -> Database:
    """Open a database and bring its tables up to date.

    Raises:
        StoreError: the URL is malformed, or the database cannot be opened or migrated.
        MissingExtraError: the driver is not installed.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise StoreError(
            "the database URL is malformed; write sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from exc
    if parsed.get_backend_name() == "postgresql" and "+" not in parsed.drivername:
        parsed = parsed.set(drivername="postgresql+pg8000")
    try:
        database = Database(_engine(parsed))
    except NoSuchModuleError as exc:
        raise StoreError(
            f"{parsed.drivername!r} is no database Clew can open; use sqlite or postgresql"
        ) from exc
    except ModuleNotFoundError as exc:
        raise MissingExtraError(exc.name or parsed.drivername, "postgresql") from exc
    with _translated():
        _migrate(database, parsed)
    return database


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url, pool_pre_ping=True, pool_size=10, max_overflow=30, hide_parameters=True
        )
    if url.database:
        _private(Path(url.database))
    engine = create_engine(url, pool_size=10, max_overflow=30, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin as `_begin` says
        for pragma in (
            f"busy_timeout={_BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("clew_plain"):
            writes = options.get("clew_writes")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _private(path: Path) -> None:
    """Make the file readable by its owner only, before SQLite makes it otherwise.

    One that is there is not opened: closing it again would take from this process the locks of
    its other connections, and another process could then break the database.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as exc:
        raise StoreError(f"cannot use {path}: {exc.strerror}") from exc


def _migrate(database: Database, url: URL) -> None:
    """Run what Alembic has not run yet, one process at a time."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    if database.is_sqlite and url.database:
        with FileLock(f"{url.database}.lock"), database.writing() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    else:
        with database.writing() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(4241541)"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as exc:
        cause = getattr(exc, "orig", None) or exc
        raise StoreError(
            f"the service's database does not answer: {type(cause).__name__}; "
            "see that it runs, that its URL is right and its disk has room"
        ) from exc
