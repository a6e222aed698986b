"""Commands about the property graph: its model, loading it into a server, comparing the two."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from kg.cli_support import (
    ClewGroup,
    TerminalProgress,
    as_json_option,
    emit,
    ontology_option,
    store_option,
    table,
    with_login,
)

__all__ = ["graph"]

url_argument = click.argument("url", envvar="NEO4J_URI", callback=with_login)
people_option = click.option(
    "--no-users",
    "no_people",
    is_flag=True,
    help="Leave out customers and what they did; otherwise they stand there under pseudonyms.",
)


@click.group(cls=ClewGroup)
def graph() -> None:
    """The property graph: its model, and the same graph in Neo4j."""


@graph.command("model")
@ontology_option
@as_json_option
def model(ontology_directory: Path | None, as_json: bool) -> None:
    """Print the labels, relationship types and properties an ontology makes, as Markdown."""
    from kg.graph_model import graph_model, markdown
    from kg.schema import load_schema

    found = graph_model(load_schema(ontology_directory))
    emit(found.to_dict(), as_json, lambda _: click.echo(markdown(found), nl=False))


@graph.command("load")
@url_argument
@store_option
@people_option
@as_json_option
def load(url: str, store: Path, no_people: bool, as_json: bool) -> None:
    """Make the graph at URL the current snapshot's; only what differs is written.

    URL is ladybug:FILE or bolt://user:password@host:port/database (also neo4j://, and +s for TLS;
    NEO4J_URI, NEO4J_USERNAME and NEO4J_PASSWORD are read too). The labels of the ontology are
    Clew's there; others are left alone. A load that was cut goes on where it stopped when it is
    started again.
    """
    from dataclasses import asdict

    from kg.store import open_store

    kg, schema = _current(store, no_people)
    with open_store(url, schema) as target, _telling_retries(), TerminalProgress() as progress:
        done = asdict(target.load(kg, schema, progress))
    emit(done, as_json, lambda console: _print_counts(console, done))


@graph.command("diff")
@url_argument
@store_option
@people_option
@click.option("--examples", default=3, show_default=True, help="Keys to name of each difference.")
@as_json_option
@click.pass_context
def diff(
    ctx: click.Context, url: str, store: Path, no_people: bool, examples: int, as_json: bool
) -> None:
    """Compare the graph at URL with the current snapshot's; exit code 1 if they differ."""
    from kg.graph_diff import diff as compare
    from kg.store import open_store

    kg, schema = _current(store, no_people)
    with open_store(url, schema) as target:
        found = compare(kg, schema, target, examples=examples)
    told = found.to_dict()
    emit(told, as_json, lambda console: _print_diff(console, told))
    if not found.equal:
        ctx.exit(1)


@contextmanager
def _telling_retries() -> Iterator[None]:
    """Tell that the driver sends a batch again, which may take it half a minute."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "will be retried" in record.getMessage():
                click.echo("the server does not answer; trying again", err=True)

    handler = Handler()
    log = logging.getLogger("neo4j")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def _current(store: Path, no_people: bool) -> tuple[Any, Any]:
    """Tables and ontology of the current snapshot."""
    from kg.build import graph_of, schema_of
    from kg.graph_people import without_people
    from kg.snapshot import SnapshotStore

    snapshot = SnapshotStore(store).current()
    kg = graph_of(snapshot)
    return without_people(kg) if no_people else kg, schema_of(snapshot)


def _print_counts(console: Console, counts: dict[str, int]) -> None:
    for name, count in counts.items():
        console.print(f"{name.replace('_', ' '):<22}{count:>12,}")


def _print_diff(console: Console, found: dict[str, Any]) -> None:
    from kg.graph_diff import example_text

    rows = table(None, "label or type", "#same", "#missing", "#extra", "#differs")
    counts = ("same", "missing", "extra", "differs")
    wrong = [entry for entry in found["tables"] if "examples" in entry]
    for entry in wrong:
        rows.add_row(entry["name"], *(f"{entry[name]:,}" for name in counts))
    rows.add_row("all", *(f"{found[name]:,}" for name in counts))
    console.print(rows)
    for entry in wrong:
        for kind, examples in entry["examples"].items():
            for example in examples:
                console.print(
                    f"{kind} {entry['name']}  {escape(example_text(example))}", soft_wrap=True
                )
    for name, count in found["unknown"].items():
        console.print(f"not the ontology's, left alone: {name} ({count:,})")
    console.print("equal" if found["equal"] else "the graphs differ; clew graph load mends it")
