"""The command that explains one product's score: in words, numbers, pictures and what-ifs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from kg.cli_support import as_json_option, emit, store_option

if TYPE_CHECKING:
    from gnn.counterfactual import Counterfactual
    from gnn.explain import Explanation
    from gnn.history import History
    from gnn.teller import Teller

__all__ = ["bought_option", "explain", "language_option", "told_to", "user_option"]

user_option = click.option("--user", help="A user of the dataset, by the dataset's own id.")
bought_option = click.option(
    "--bought", multiple=True, metavar="PRODUCT", help="Or a history (repeatable)."
)
language_option = click.option("--lang", default="en", show_default=True, help="Of the words.")


@click.command()
@user_option
@bought_option
@click.option("--product", required=True, help="The product to explain.")
@store_option
@click.option("--paths", default=10, show_default=True, type=click.IntRange(0), help="Most shown.")
@click.option(
    "--without",
    multiple=True,
    metavar="WHAT",
    help="Score and rank without a history product (PRODUCT), or with the model refitted without "
    'a fact ("SUBJECT RELATION OBJECT", as why-fact names them). Repeatable; each alone.',
)
@click.option(
    "--format",
    "form",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json", "dot", "png", "svg"]),
    help="dot, png and svg draw the paths (extra: draw).",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write dot, png or svg to this file, not to the terminal.",
)
@click.option(
    "--graphml",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the paths as a graph to this file.",
)
@language_option
@as_json_option
def explain(
    user: str | None,
    bought: tuple[str, ...],
    product: str,
    store: Path,
    paths: int,
    without: tuple[str, ...],
    form: str,
    output: Path | None,
    graphml: Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Take a product's score apart: which purchases, through which facts, bring how much."""
    from gnn.explain import ExplainConfig
    from gnn.printing import plain, print_explained, print_without
    from kg.draw import paths_graph, write_graphml
    from kg.fact_index import FactIndex

    teller, history = told_to(store, user, bought)
    config = ExplainConfig(max_paths=paths, min_share=0.0)
    found = teller.explain(history, teller.product(product), lang, config)
    if graphml is not None:
        write_graphml(paths_graph(found.paths), graphml)
    facts = FactIndex(teller.kg.facts)
    if form in ("dot", "png", "svg"):
        _draw(teller, found, facts, lang, form, output)
        return
    told = plain(teller, history, [found], lang, facts=facts)
    taken = _without(teller, history, found.row, without)
    if taken:
        told["without"] = [item.to_dict() for item in taken]

    def human(console: Any) -> None:
        print_explained(console, told)
        print_without(console, taken)

    emit(told, as_json or form == "json", human)


def told_to(store: Path, user: str | None, bought: Sequence[str]) -> tuple[Teller, History]:
    """The current snapshot and the history asked for."""
    from gnn.history import Event
    from gnn.teller import Teller
    from kg.snapshot import SnapshotStore

    if (user is None) == (not bought):
        raise click.UsageError("give either --user or --bought")
    teller = Teller.current(SnapshotStore(store))
    if user is not None:
        return teller, teller.user_history(user)
    events = [Event(teller.product(name), position=at) for at, name in enumerate(bought)]
    return teller, teller.history(events)


def _without(
    teller: Teller, history: History, row: int, wanted: Sequence[str]
) -> list[Counterfactual]:
    """Counterfactuals for what `--without` names."""
    from gnn.counterfactual import without_fact, without_product
    from gnn.without_fact import FactRemover

    if not wanted:
        return []
    recommender = teller.recommender
    remover = FactRemover(recommender.model, teller.kg, teller.schema)
    found = []
    for text in wanted:
        words = text.split()
        if len(words) == 3 and ":" in words[1]:
            subject, relation, object_ = words
            named = subject if ":" in subject else f"product:{subject}"
            fact = remover.fact(named, relation, object_)
            found.append(without_fact(recommender, remover, history, row, fact))
        else:
            gone = recommender.products.row(teller.product(text))
            found.append(without_product(recommender, history, row, gone))
    return found


def _draw(
    teller: Teller, found: Explanation, facts: Any, lang: str, form: str, output: Path | None
) -> None:
    from gnn.drawing import dot_source, picture

    if form == "dot":
        drawn = dot_source(found, teller.narrator, facts, lang).encode()
    else:
        kind = cast(Literal["png", "svg"], form)
        drawn = picture(found, teller.narrator, facts, lang, kind)
    if output is not None:
        output.write_bytes(drawn)
    elif form == "png" and sys.stdout.isatty():
        raise click.UsageError("a picture is no text: give --output FILE, or redirect")
    else:
        click.echo(drawn, nl=False)
