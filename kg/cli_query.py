"""Commands that ask the graph: Cypher, SPARQL, and the queries that are saved."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from kg.cli_support import (
    STORE,
    as_json_option,
    emit,
    ontology_option,
    store_option,
    table,
    with_login,
)

__all__ = ["cypher", "queries", "sparql"]

_FORMATS = ("table", "csv", "json", "parquet", "graphml", "png", "svg")


@dataclass(frozen=True)
class _Wish:
    """How an answer is wanted: the options `_answer_options` adds."""

    timeout_s: float
    limit: int
    kind: str | None
    output: Path | None


def _answer_options(formats: tuple[str, ...]) -> Callable[[Any], Any]:
    """Options of what becomes of an answer; the command gets them as ``wish``."""

    def decorate(command: Any) -> Any:
        @functools.wraps(command)
        def wrapped(
            timeout_s: float, limit: int, kind: str | None, output: Path | None, **rest: Any
        ) -> Any:
            as_json = rest.pop("as_json")
            return command(
                wish=_Wish(timeout_s, limit, "json" if as_json else kind, output), **rest
            )

        for option in (
            as_json_option,
            click.option(
                "--format",
                "kind",
                type=click.Choice(formats),
                help="By default what the name of --output says, or a table.",
            ),
            click.option(
                "--output",
                "-o",
                type=click.Path(dir_okay=False, path_type=Path),
                help="File to write; Parquet and PNG need one.",
            ),
            click.option("--limit", default=1000, show_default=True, help="Most rows."),
            click.option("--timeout", "timeout_s", default=10.0, show_default=True, help="s."),
        ):
            wrapped = option(wrapped)
        return wrapped

    return decorate


@click.command()
@click.argument("query")
@click.option(
    "--param", "-p", "params", multiple=True, help="NAME=VALUE (repeatable); JSON, or text."
)
@click.option("--store", type=STORE, envvar="CLEW_STORE", help="Directory of the snapshots.")
@click.option(
    "--url",
    callback=with_login,
    help="Ask this graph store instead: bolt://user:password@host:port/database, ladybug:FILE.",
)
@_answer_options(_FORMATS)
def cypher(
    query: str, params: tuple[str, ...], store: Path | None, url: str | None, wish: _Wish
) -> None:
    """Ask the property graph a QUERY in Cypher, or a saved one by its @NAME. Read only.

    '-' reads the query from standard input. GraphML and pictures are of the nodes, relationships
    and paths in the answer.
    """
    from kg.query import ask_cypher

    source = url or store
    if source is None:
        raise click.UsageError("name a graph: --store DIRECTORY or --url URL")
    given = _params(params, saved=query.startswith("@"))
    answer = ask_cypher(source, _text(query), given, timeout_s=wish.timeout_s, limit=wish.limit)
    _emit(answer, wish.kind, wish.output)


@click.command()
@click.argument("query")
@store_option
@_answer_options(_FORMATS[:4])
def sparql(query: str, store: Path, wish: _Wish) -> None:
    """Ask the RDF graph a QUERY in SPARQL, or a saved one by its @NAME. Read only.

    '-' reads the query from standard input.
    """
    from kg.query import ask_sparql

    answer = ask_sparql(store, _text(query), timeout_s=wish.timeout_s, limit=wish.limit)
    _emit(answer, wish.kind, wish.output)


@click.command()
@ontology_option
@click.option("--markdown", is_flag=True, help="Print the cookbook.")
@as_json_option
def queries(ontology_directory: Path | None, markdown: bool, as_json: bool) -> None:
    """List the saved queries: what each answers, and its parameters."""
    from dataclasses import asdict

    from kg.query_saved import cookbook, saved_queries

    known = saved_queries(*([ontology_directory] if ontology_directory else []))

    def human(console: Console) -> None:
        if markdown:
            click.echo(cookbook(known), nl=False)
            return
        for saved in known.values():
            given = " ".join(f"{p.name}={p.default!r}" for p in saved.parameters)
            console.print(f"[bold]@{saved.name}[/]  {saved.language}  {given}", soft_wrap=True)
            console.print(f"  {saved.title}: {saved.question}", soft_wrap=True)

    emit([asdict(saved) for saved in known.values()], as_json, human)


def _text(query: str) -> str:
    return sys.stdin.read() if query == "-" else query


def _params(given: tuple[str, ...], *, saved: bool) -> dict[str, Any]:
    """Parameters as given. A saved query knows the kinds of its own; else they are JSON or text."""
    import json

    found: dict[str, Any] = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not separator:
            raise click.UsageError(f"--param {each!r}: write NAME=VALUE")
        found[name.removeprefix("$")] = value
        if not saved:
            try:
                found[name.removeprefix("$")] = json.loads(value)
            except ValueError:
                continue  # text
    return found


def _emit(answer: Any, kind: str | None, output: Path | None) -> None:
    """Print an answer or write it to a file."""
    from typing import cast

    from kg.query_output import BINARY, FORMATS, Format, encode, write_answer

    chosen = kind or (output.suffix.removeprefix(".") if output else "table")
    if output is None and chosen in BINARY:
        raise click.UsageError(f"{chosen} is no text; name a file with --output")
    if output is not None and chosen not in FORMATS:
        raise click.UsageError(
            f"--output {output}: name its format with --format, one of {', '.join(FORMATS)}"
        )
    if output is not None:
        write_answer(answer.table, cast(Format, chosen), output)
        click.echo(f"{answer.table.num_rows} rows in {output}", err=True)
    elif chosen == "table":
        emit(None, False, lambda console: _print_rows(console, answer.table))
    else:
        click.echo(encode(answer.table, cast(Format, chosen)).decode(), nl=False)
    if answer.truncated:
        click.echo(f"only the first {answer.table.num_rows} rows; see --limit", err=True)
    if not answer.table.num_rows:
        why = f"; the graph has no {', no '.join(answer.missing)}" if answer.missing else ""
        click.echo(f"nothing found{why}", err=True)


def _print_rows(console: Console, found: Any) -> None:
    from rich.text import Text

    from kg.query_text import value_text

    columns = found.column_names
    printed = table(None, *columns)
    for row in found.to_pylist():
        printed.add_row(*(Text(value_text(row[name])) for name in columns))
    console.print(printed)
