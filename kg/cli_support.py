"""What every command shares: errors without a traceback, ``--json``, progress on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table

from kg.errors import ClewError
from kg.progress import Stopwatch

__all__ = [
    "STORE",
    "ClewGroup",
    "TerminalProgress",
    "as_json_option",
    "emit",
    "ontology_option",
    "store_option",
    "table",
    "with_login",
]


class ClewGroup(click.Group):
    """A command group that turns a `ClewError` into one line and its own exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; ``--debug`` lets the traceback through."""
        try:
            return super().invoke(ctx)
        except ClewError as exc:
            if ctx.find_root().params.get("debug"):
                raise
            click.echo(f"clew: {exc}", err=True)
            ctx.exit(exc.exit_code)


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

ontology_option = click.option(
    "--ontology",
    "ontology_directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Ontology directory; by default the one that ships with Clew.",
)

STORE = click.Path(file_okay=False, path_type=Path)
"""Kind of an option that is a directory of snapshots."""

store_option = click.option(
    "--store",
    type=STORE,
    required=True,
    envvar="CLEW_STORE",
    show_envvar=True,
    help="Directory of the snapshots.",
)


def with_login(_ctx: click.Context, _param: click.Parameter, url: str | None) -> str | None:
    """Callback of an option that is a graph store's URL.

    Where the URL of a server names no user, ``NEO4J_USERNAME`` and ``NEO4J_PASSWORD`` do.
    """
    scheme, separator, rest = (url or "").partition("://")
    user = os.environ.get("NEO4J_USERNAME")
    if not separator or "@" in rest or not user:
        return url
    password = os.environ.get("NEO4J_PASSWORD", "")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"


def emit(data: Any, as_json: bool, human: Callable[[Console], None]) -> None:
    """Print a result: ``data`` as JSON, or what ``human`` writes to a console."""
    if as_json:
        options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        click.echo(orjson.dumps(data, option=options, default=str).decode())
    else:
        wide = None if sys.stdout.isatty() else 120
        human(Console(width=wide, highlight=False, soft_wrap=not sys.stdout.isatty()))


def table(title: str | None, *columns: str) -> Table:
    """A plain table in the house's look; columns that begin with ``#`` are aligned right."""
    result = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        number = column.startswith("#")
        result.add_column(column.lstrip("#"), justify="right" if number else "left")
    return result


class TerminalProgress(Stopwatch):
    """A bar on stderr where that is a terminal, silence elsewhere; seconds measured in both."""

    def __init__(self) -> None:
        super().__init__()
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )

    def __enter__(self) -> TerminalProgress:
        self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        self._bar.stop()

    def stage(self, name: str, total: int | None = None) -> None:
        """Begin a stage with its own bar."""
        super().stage(name, total)
        for task in self._bar.task_ids:
            self._bar.remove_task(task)
        self._bar.add_task(name, total=total)

    def advance(self, steps: int = 1) -> None:
        """Move the bar."""
        for task in self._bar.task_ids:
            self._bar.advance(task, steps)
