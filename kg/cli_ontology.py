"""Commands of those who govern the ontology: check, diff, convert, docs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from kg.cli_support import ClewGroup, as_json_option, emit, store_option

__all__ = ["ontology"]

existing_directory = click.Path(exists=True, file_okay=False, path_type=Path)
FORMATS = {"turtle": ".ttl", "rdfxml": ".rdf", "jsonld": ".jsonld"}
SIGNS = {"added": "[green]+[/]", "removed": "[red]-[/]", "changed": "[yellow]~[/]"}


@click.group(cls=ClewGroup)
def ontology() -> None:
    """Govern the ontology: check it, compare versions, see what an edit would do."""


def shipped(directory: Path | None) -> Path:
    """The directory given, or the ontology that ships with Clew."""
    import ontology as package

    return directory or package.DIRECTORY


@ontology.command()
@click.argument("directory", required=False, type=existing_directory)
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@as_json_option
@click.pass_context
def check(ctx: click.Context, directory: Path | None, strict: bool, as_json: bool) -> None:
    """Check the ontology in DIRECTORY, by default the one that ships: every fault with its line.

    Exits with 4 where there are errors.
    """
    from kg.errors import OntologyError
    from kg.schema import check_ontology

    found = check_ontology(shipped(directory))
    counts = Counter(problem.level for problem in found)

    def human(console: Console) -> None:
        for problem in found:
            colour = "red" if problem.level == "error" else "yellow"
            line = f"[{colour}]{problem.level}[/] {escape(str(problem))}"
            console.print(line, soft_wrap=True)
        console.print(f"{counts['error']} errors, {counts['warning']} warnings")

    emit([asdict(problem) for problem in found], as_json, human)
    if counts["error"] or (strict and found):
        ctx.exit(OntologyError.exit_code)


@ontology.command()
@click.argument("before", type=existing_directory)
@click.argument("after", type=existing_directory)
@as_json_option
def diff(before: Path, after: Path, as_json: bool) -> None:
    """Compare the ontologies in BEFORE and AFTER: terms, labels, broader edges, shapes."""
    from kg.ontology_diff import diff_ontologies

    found = diff_ontologies(before, after)
    emit(found.to_dict(), as_json, lambda console: _print_diff(console, found))


def _print_diff(console: Console, found: Any) -> None:
    for item in found.changes:
        name = f"{SIGNS[item.change]} {item.kind} [bold]{escape(item.term)}[/]"
        console.print(name, soft_wrap=True)
        for said in item.statements:
            sign = SIGNS["added" if said.gained else "removed"]
            text = escape(f"{said.predicate} {said.object}")
            console.print(f"    {sign} {text}", soft_wrap=True)
    for kind, counts in found.counts().items():
        told = ", ".join(f"{number} {change}" for change, number in counts.items() if number)
        console.print(f"{kind}: {told}")
    if not found.changes:
        console.print("no difference")


@ontology.command()
@click.argument("directory", type=existing_directory)
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "format_name",
    type=click.Choice(list(FORMATS)),
    default="turtle",
    show_default=True,
    help="Format to write.",
)
@as_json_option
def convert(directory: Path, target: Path, format_name: str, as_json: bool) -> None:
    """Write the ontology in DIRECTORY to the new directory TARGET in another format."""
    from kg.ontology_files import convert as run

    written = [str(path) for path in run(directory, target, FORMATS[format_name])]
    emit(written, as_json, lambda console: console.print("\n".join(written), soft_wrap=True))


@ontology.command()
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@store_option
@as_json_option
def docs(target: Path, store: Path, as_json: bool) -> None:
    """Write pages to browse the ontology of the current snapshot, with counts, to TARGET."""
    from kg.build import graph_of, schema_of
    from kg.ontology_docs import Site, write_docs
    from kg.snapshot import SnapshotStore

    snapshot = SnapshotStore(store).current()
    name = snapshot.manifest.dataset.get("name", "")
    directory = snapshot.path / "ontology"
    site = Site(graph_of(snapshot), schema_of(snapshot), directory, name, snapshot.id)
    told = {"pages": write_docs(site, target), "index": str(target / "index.html")}
    emit(told, as_json, lambda console: console.print(f"{told['pages']:,} pages: {told['index']}"))
