"""Commands about the ontology that ask the model: impact."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from kg.cli_support import TerminalProgress, as_json_option, emit, store_option, table

__all__ = ["COMMANDS"]

edited_argument = click.argument(
    "directory", type=click.Path(exists=True, file_okay=False, path_type=Path)
)


@click.command()
@edited_argument
@store_option
@click.option(
    "--users",
    default=1000,
    show_default=True,
    type=click.IntRange(0),
    help="Users whose lists are compared, drawn at random; 0: all.",
)
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="Length of a list.")
@click.option(
    "--examples",
    default=5,
    show_default=True,
    type=click.IntRange(0),
    help="Of each kind to print.",
)
@as_json_option
def impact(directory: Path, store: Path, users: int, k: int, examples: int, as_json: bool) -> None:
    """Tell what the edited ontology in DIRECTORY would change in the current snapshot.

    Facts gained and lost by product and relation; whose lists would move, where there is a model.
    Nothing is published.
    """
    from gnn.impact import MoveConfig, measure_moves
    from gnn.storage import load_model
    from gnn.words import Names
    from kg.build import graph_of, schema_of
    from kg.curated import curated_under
    from kg.ontology_impact import measure_impact
    from kg.schema import load_schema
    from kg.snapshot import SnapshotStore

    began = time.perf_counter()
    with TerminalProgress() as progress:
        progress.stage("load")
        snapshot = SnapshotStore(store).current()
        new, old, kg = load_schema(directory), schema_of(snapshot), graph_of(snapshot)
        progress.stage("facts")
        curated = curated_under(snapshot.path, directory, old, new)
        found = measure_impact(kg, old, new, curated)
        told: dict[str, Any] = {"snapshot": snapshot.id, **found.to_dict(), "moves": None}
        if snapshot.has_model:
            progress.stage("lists")
            model = load_model(snapshot.path / "model")
            config = MoveConfig(users=users or None, k=k, examples=examples)
            told["moves"] = measure_moves(model, found, old, new, config).to_dict()
    told["seconds"] = round(time.perf_counter() - began, 2)
    names = Names(found.graph.entities)

    def name(entity: str) -> str:
        return escape(names.name(entity, new.languages[0]))

    emit(told, as_json, lambda console: _print_impact(console, told, found, name, examples))


def _print_impact(
    console: Console, told: dict[str, Any], found: Any, name: Any, examples: int
) -> None:
    console.print(f"{told['reread']:,} of {told['products']:,} products read again")
    rows = table("Facts", "relation", "#gained", "#lost", "#changed")
    for relation, counts in told["by_relation"].items():
        rows.add_row(relation, *(f"{counts[kind]:,}" for kind in ("gained", "lost", "changed")))
    console.print(rows if told["by_relation"] else "no fact would change")
    for subject, changes in list(found.by_subject().items())[:examples]:
        console.print(f"[bold]{subject}[/]  {name(subject)}", soft_wrap=True)
        for item in changes:
            sign = {"gained": "[green]+[/]", "lost": "[red]-[/]", "changed": "[yellow]~[/]"}
            words = f"  “{escape(item.text)}”" if item.text else ""
            line = f"    {sign[item.kind]} {item.relation} {escape(item.object)}{words}"
            console.print(line, soft_wrap=True)
    if told["moves"] is None:
        console.print("no model in this snapshot, so no lists are compared; train one: clew train")
    else:
        _print_moves(console, told["moves"], name)
    console.print(f"{told['seconds']} s")


def _print_moves(console: Console, moves: dict[str, Any], name: Any) -> None:
    if not moves["refitted"]:
        console.print("nothing the model reads has changed: every list stays")
        return
    console.print(
        f"lists of {moves['moved']:,} of {moves['sample']:,} users move "
        f"(of {moves['users']:,} with a history); {moves['mean_entered']:.2f} products enter a list"
    )
    for example in moves["examples"]:
        console.print(f"[bold]{example['user']}[/]  keeps {example['kept']}")
        for sign, products in (("[green]+[/]", example["entered"]), ("[red]-[/]", example["left"])):
            for product in products:
                console.print(f"    {sign} {product}  {name(product)}", soft_wrap=True)


COMMANDS: tuple[click.Command, ...] = (impact,)
"""What this room adds to ``clew ontology``."""
