"""Commands about the graph: look at a dataset, extract, build, query."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from kg.cli_graph import graph
from kg.cli_query import cypher, queries, sparql
from kg.cli_reader import train_reader
from kg.cli_snapshots import snapshots
from kg.cli_support import (
    STORE,
    ClewGroup,
    TerminalProgress,
    as_json_option,
    emit,
    ontology_option,
    store_option,
    table,
)

__all__ = ["COMMANDS"]

dataset_argument = click.argument("dataset", type=click.Path(path_type=Path))


@click.group(cls=ClewGroup)
def data() -> None:
    """Look at datasets."""


@data.command("check")
@dataset_argument
@as_json_option
def data_check(dataset: Path, as_json: bool) -> None:
    """Read DATASET and tell what was found, and which rows were set aside and why."""
    from kg.catalog import profile, read_dataset

    found = profile(read_dataset(dataset)).to_dict()
    emit(found, as_json, lambda console: _tree(console, found))


@click.command()
@dataset_argument
@ontology_option
@click.option("--store", type=STORE, help="Snapshots whose trained reader reads too.")
@click.option("--product", "products", multiple=True, help="Only these products (repeatable).")
@click.option("--limit", default=20, show_default=True, help="Most products to print.")
@as_json_option
def extract(
    dataset: Path,
    ontology_directory: Path | None,
    store: Path | None,
    products: tuple[str, ...],
    limit: int,
    as_json: bool,
) -> None:
    """Show what is read from the texts of DATASET's products, with the words it was read from."""
    from kg.build import languages_of
    from kg.catalog import read_dataset
    from kg.errors import NotFoundError
    from kg.extract import Extractor
    from kg.schema import load_schema
    from kg.snapshot import SnapshotStore

    trained = SnapshotStore(store).reader if store else None
    schema = load_schema(ontology_directory)
    found = read_dataset(dataset)
    chosen = [p for p in found.products if not products or p.id in products][:limit]
    missing = set(products) - {p.id for p in found.products}
    if missing:
        raise NotFoundError(f"no product {', '.join(sorted(missing))} in {dataset}")
    mentions = Extractor(schema, languages_of(found), trained).mentions(chosen)
    result = [
        {
            "product": product.id,
            "title": product.title,
            "mentions": [
                {name: getattr(mention, name) for name in mention._fields if name != "product_id"}
                for mention in read
            ],
        }
        for product, read in zip(chosen, mentions, strict=True)
    ]
    emit(result, as_json, lambda console: _print_mentions(console, result))


def _print_mentions(console: Console, result: list[dict[str, Any]]) -> None:
    for entry in result:
        console.print(f"[bold]{entry['product']}[/]  {entry['title']}", soft_wrap=True)
        rows = table(None, "relation", "object", "words", "field", "component", "#confidence")
        for m in entry["mentions"]:
            rows.add_row(
                m["relation"],
                m["object"],
                m["text"],
                f"{m['field']} {m['start']}–{m['end']}",
                m["component"],
                f"{m['confidence']:.2f}",
            )
        console.print(rows)


@click.command()
@dataset_argument
@store_option
@ontology_option
@click.option("--full", is_flag=True, help="Take nothing over from the snapshot before.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=len(os.sched_getaffinity(0)),
    show_default="processors",
    help="Processes that read a large catalogue.",
)
@as_json_option
def build(
    dataset: Path,
    store: Path,
    ontology_directory: Path | None,
    full: bool,
    workers: int,
    as_json: bool,
) -> None:
    """Build the graph of DATASET and publish it as a snapshot.

    Where there is a snapshot, only what changed is read again, and the rest is taken over; the
    result is that of a full build.
    """
    from kg.build import build as run
    from kg.snapshot import SnapshotStore

    with TerminalProgress() as progress:
        report = run(
            dataset,
            SnapshotStore(store),
            ontology_directory=ontology_directory,
            full=full,
            workers=workers,
            progress=progress,
        ).to_dict()
    emit(report, as_json, lambda console: _tree(console, report))


def _tree(console: Console, values: dict[str, Any], indent: str = "") -> None:
    """Print nested values, a line each."""
    width = max((len(str(name)) for name in values), default=0)
    for name, value in values.items():
        if isinstance(value, dict):
            console.print(f"{indent}[bold]{name}[/]" + ("" if value else "  none"))
            _tree(console, value, indent + "  ")
        elif isinstance(value, list | tuple):
            console.print(f"{indent}[bold]{name}[/]  {', '.join(map(str, value)) or 'none'}")
        else:
            shown = (
                f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
            )
            console.print(f"{indent}{name!s:<{width}}  {shown}", soft_wrap=True)


COMMANDS: tuple[click.Command, ...] = (
    data,
    extract,
    build,
    train_reader,
    snapshots,
    graph,
    cypher,
    sparql,
    queries,
)
"""What this room adds to the ``clew`` command."""
