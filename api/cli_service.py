"""Commands about what the service keeps: API keys, and the event log."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
from rich.console import Console

from kg.cli_support import as_json_option, emit, store_option, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.db import Database
    from api.parts import Parts
    from api.service import Service
    from api.settings import Settings

__all__ = ["COMMANDS", "opened"]


@contextmanager
def opened(store: Path) -> Iterator[tuple[Database, Settings]]:
    """The database of a store's service, and its settings, for as long as a command runs."""
    from api.db import database_url, open_database
    from api.settings import Settings

    settings = Settings(store=store)
    secret = settings.database_url
    database = open_database(database_url(store, secret.get_secret_value() if secret else None))
    try:
        yield database, settings
    finally:
        database.close()


@contextmanager
def _answering(store: Path) -> Iterator[tuple[Service, Parts, Settings]]:
    """What a server of this store would answer with now."""
    from api.following import follow
    from api.live import Live
    from api.parts import open_parts
    from api.settings import Settings
    from kg.snapshot import SnapshotStore

    settings = Settings(store=store)
    parts = open_parts(settings)
    try:
        live = Live(SnapshotStore(store), min_buyers=settings.min_buyers)
        follow(live, parts, settings)
        yield live.service, parts, settings
    finally:
        parts.database.close()


@click.group()
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(["recommend", "events", "catalogue", "analyst", "admin"]),
    help="What the key may do (repeatable).",
)
@click.option("--per-minute", type=click.IntRange(1), help="Requests a minute; else the service's.")
@store_option
@as_json_option
def create(
    name: str, scopes: tuple[str, ...], per_minute: int | None, store: Path, as_json: bool
) -> None:
    """Make a key called NAME and show it, this once."""
    from api.keys import SCOPES, Keys

    wanted = [scope for scope in SCOPES if scope in scopes]
    with opened(store) as (database, settings):
        token, key = Keys(database, settings.tenant).create(name, wanted, per_minute=per_minute)
    found = {"key": token, "id": key.id, "name": key.name, "scopes": sorted(key.scopes)}

    def human(console: Console) -> None:
        console.print(token)
        console.print(f"Key {key.id} may: {', '.join(sorted(key.scopes))}.", style="dim")
        console.print("Keep it now: it is not shown again.", style="dim")

    emit(found, as_json, human)


@keys.command("list")
@store_option
@as_json_option
def list_(store: Path, as_json: bool) -> None:
    """List the keys, without their secrets."""
    from api.keys import Keys

    with opened(store) as (database, settings):
        found = [
            {**asdict(key), "scopes": sorted(key.scopes)}
            for key in Keys(database, settings.tenant).all()
        ]

    def human(console: Console) -> None:
        rows = table(None, "id", "name", "scopes", "created", "revoked")
        for key in found:
            revoked = key["revoked"]
            rows.add_row(
                key["id"],
                key["name"],
                " ".join(key["scopes"]),
                f"{key['created']:%Y-%m-%d %H:%M}",
                "" if revoked is None else f"{revoked:%Y-%m-%d %H:%M}",
            )
        console.print(rows)

    emit(found, as_json, human)


@keys.command("revoke")
@click.argument("key_id")
@store_option
@as_json_option
def revoke(key_id: str, store: Path, as_json: bool) -> None:
    """Revoke the key with this id; running workers refuse it within a second."""
    from api.keys import Keys

    with opened(store) as (database, settings):
        key = Keys(database, settings.tenant).revoke(key_id)
    found = {**asdict(key), "scopes": sorted(key.scopes)}
    emit(found, as_json, lambda console: console.print(f"Key {key.id} ({key.name}) is revoked."))


@click.group()
def events() -> None:
    """Look after the log of what shoppers do."""


@events.command("fold")
@store_option
@as_json_option
def fold_events(store: Path, as_json: bool) -> None:
    """Hand the log's events and the products put since to the next build.

    Events count like those of the dataset; products win over it.
    """
    from api.eventlog import EventLog
    from api.fold import fold
    from api.shelf import Shelf
    from kg.changes import write_changes

    with opened(store) as (database, settings):
        count = fold(EventLog(database, settings.tenant), store)
        changes = Shelf(database, settings.tenant).all()
    write_changes(store, changes)

    def human(console: Console) -> None:
        told = f"{count:,} events and {len(changes):,} products for the next build"
        console.print(f"{told}; now: clew build")

    emit({"events": count, "products": len(changes)}, as_json, human)


@events.command("prune")
@click.option(
    "--days", type=click.FloatRange(0, min_open=True), required=True, help="Older ones go."
)
@store_option
@as_json_option
def prune_events(days: float, store: Path, as_json: bool) -> None:
    """Remove events that happened more than DAYS days ago."""
    from api.eventlog import EventLog, now_us

    with opened(store) as (database, settings):
        gone = EventLog(database, settings.tenant).prune(now_us() - round(days * 86_400_000_000))
    emit({"removed": gone}, as_json, lambda console: console.print(f"{gone:,} events removed."))


@events.command("recommend-all")
@click.option(
    "--users",
    type=click.File(encoding="utf-8"),
    required=True,
    help="File with the shop's own user ids, one a line; -: standard input.",
)
@click.option(
    "--out",
    help="Parquet file to write.",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
)
@click.option("--surface", default="email", show_default=True, help="Place whose defaults count.")
@click.option("-k", type=click.IntRange(1), help="How many for each; else as the place says.")
@click.option("--lang", default="en", show_default=True, help="Language of the reasons.")
@store_option
@as_json_option
def recommend_all_(
    users: TextIO,
    out: Path,
    surface: str,
    k: int | None,
    lang: str,
    store: Path,
    as_json: bool,
) -> None:
    """Write recommendations for many users to a Parquet file: for e-mail, say.

    The file bears user ids: delete it when it was used, and whenever one of them is erased.
    """
    from api.batch import recommend_all
    from api.schemas import ListOptions
    from api.surfaces import place, read_surfaces, settled

    with _answering(store) as (service, parts, settings):
        asked = ListOptions(lang=lang) if k is None else ListOptions(lang=lang, k=k)
        options = settled(asked, place(read_surfaces(settings.surfaces), surface))
        names = list(dict.fromkeys(filter(None, (line.strip() for line in users))))
        found = recommend_all(service, parts, names, options, out)

    def human(console: Console) -> None:
        console.print(f"{found.rows:,} rows for {found.users:,} users in {out}.")
        console.print(f"{found.left_out:,} users are erased or unknown.", style="dim")

    emit(asdict(found), as_json, human)


COMMANDS = (keys, events)
