"""Commands about the ontology that ask the model: impact, suggest."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from kg.cli_support import TerminalProgress, as_json_option, emit, store_option, table

__all__ = ["COMMANDS"]

text_option = click.option(
    "--text", default="minilm", show_default=True, help="Text encoder, as of clew train."
)

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
    from kg.mentions import MENTIONS_FILE, FormerMentions
    from kg.ontology_impact import measure_impact
    from kg.schema import load_schema
    from kg.snapshot import SnapshotStore

    began = time.perf_counter()
    with TerminalProgress() as progress:
        progress.stage("load")
        snapshots = SnapshotStore(store)
        snapshot = snapshots.current()
        new, old, kg = load_schema(directory), schema_of(snapshot), graph_of(snapshot)
        progress.stage("facts")
        curated = curated_under(snapshot.path, directory, old, new)
        former = FormerMentions(snapshot.path / MENTIONS_FILE, old)
        found = measure_impact(kg, former, snapshots.reader, new, curated)
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
            sure = f"  {item.before:.2f} → {item.after:.2f}" if item.kind == "changed" else ""
            line = f"    {sign[item.kind]} {item.relation} {escape(item.object)}{words}{sure}"
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


@click.command()
@store_option
@click.option("--facts/--no-facts", default=True, help="Ask the graph network for missing facts.")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(0), help="Most of each kind."
)
@click.option(
    "--min-products",
    default=5,
    show_default=True,
    type=click.IntRange(2),
    help="Products whose titles hold a phrase, at least.",
)
@text_option
@click.option(
    "--accept",
    "accepted",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Ontology directory to write what is picked into.",
)
@click.option("--pick", "picks", multiple=True, help="Number to accept: t1, f3 (repeatable).")
@as_json_option
def suggest(
    store: Path,
    facts: bool,
    limit: int,
    min_products: int,
    text: str,
    accepted: Path | None,
    picks: tuple[str, ...],
    as_json: bool,
) -> None:
    """Suggest what the ontology lacks: concepts and synonyms (t…), facts (f…).

    Each comes with examples and with what accepts it: Turtle to paste into a file of the ontology,
    a line for curated.csv. With --accept and --pick they are written there.
    """
    from gnn.suggest_terms import accept, suggest_terms, to_dicts
    from gnn.text import TextConfig
    from gnn.train import TEXT_CACHE, cached_encoder
    from kg.build import graph_of, schema_of
    from kg.ontology_phrases import PhraseConfig, unlinked_phrases
    from kg.snapshot import SnapshotStore

    if bool(picks) is not bool(accepted):
        raise click.UsageError("--accept and --pick go together")
    with TerminalProgress() as progress:
        progress.stage("phrases")
        snapshot = SnapshotStore(store).current()
        kg, schema = graph_of(snapshot), schema_of(snapshot)
        phrases = unlinked_phrases(kg, schema, PhraseConfig(min_products=min_products))
        progress.stage("labels")
        encoder = cached_encoder(TextConfig(encoder=text), store / TEXT_CACHE)
        terms = suggest_terms(phrases, kg, schema, encoder)
        missing = _missing(snapshot, kg, schema, encoder, progress) if facts else []
    found = {
        **{f"t{number}": item for number, item in enumerate(terms[:limit], 1)},
        **{f"f{number}": item for number, item in enumerate(missing[:limit], 1)},
    }
    if accepted is not None:
        unknown = [pick for pick in picks if pick not in found]
        if unknown:
            raise click.UsageError(f"there is no suggestion {', '.join(unknown)}; see --limit")
        for path in accept([found[pick] for pick in picks], accepted, schema):
            click.echo(f"written: {path}; check it: clew ontology check {accepted}")
        return
    told = dict(zip(found, to_dicts(list(found.values())), strict=True))
    emit(told, as_json, lambda console: _print_suggestions(console, told))


def _missing(snapshot: Any, kg: Any, schema: Any, encoder: Any, progress: Any) -> list[Any]:
    from gnn.graph import node_vocabularies
    from gnn.network_of import network_of
    from gnn.suggest_terms import suggest_facts

    progress.stage("network")
    network = network_of(kg, schema, encoder, snapshot.path / "model" / "gnn", progress)
    progress.stage("facts")
    return list(suggest_facts(network, node_vocabularies(kg, schema), kg, schema))


def _print_suggestions(console: Console, told: dict[str, dict[str, Any]]) -> None:
    for number, item in told.items():
        if "turtle" in item:
            console.print(
                f"[bold]{number} {escape(item['text'])}[/]  {item['kind']}, in {item['products']} "
                f"titles; nearest {item['nearest']} “{escape(item['nearest_label'])}” "
                f"({item['cosine']:.2f})",
                soft_wrap=True,
            )
            examples, accepts = item["examples"], item["turtle"]
        else:
            console.print(
                f"[bold]{number} {item['subject']}[/] {escape(item['title'])}\n    "
                f"{item['relation']} {item['object']} {escape(item['object_name'])}? "
                f"score {item['score']:.2f}",
                soft_wrap=True,
            )
            examples, accepts = [f"like {title}" for title in item["like"]], item["line"]
        for example in examples:
            console.print(f"    {escape(example)}", soft_wrap=True)
        for line in accepts.splitlines():
            console.print(f"    [cyan]{escape(line)}[/]", soft_wrap=True)


COMMANDS: tuple[click.Command, ...] = (impact, suggest)
"""What this room adds to ``clew ontology``."""
