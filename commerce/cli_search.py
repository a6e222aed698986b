"""``clew search``: search a snapshot from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kg.cli_support import as_json_option, emit, store_option

__all__ = ["COMMANDS"]

_MARKS = {
    "want": "bold green",
    "not": "bold red",
    "about": "bold cyan",
    "price": "bold yellow",
    "cheap": "bold yellow",
    "in_stock": "bold yellow",
    "cue": "magenta",
    "word": "bold",
    "passed_over": "dim",
}


@click.command()
@click.argument("text")
@store_option
@click.option("--user", help="A user of the dataset, whose taste counts.")
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="How many.")
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    help="Of the search and of names; by default as its script tells.",
)
@click.option("--all", "out_of_stock", is_flag=True, help="Products out of stock too.")
@as_json_option
def search(
    text: str,
    store: Path,
    user: str | None,
    k: int,
    lang: str | None,
    out_of_stock: bool,
    as_json: bool,
) -> None:
    """Find products for a search as shoppers type it, and tell why each is found.

    Kinds, colours, brands, sizes, prices ("under £10"), refusals ("not christmas") and what the
    search is for (a gift, an alternative, a comparison) are understood, in English and Chinese.
    """
    from commerce.catalogue import Catalogue
    from commerce.search import Searcher
    from commerce.search_plain import plain_answer
    from gnn.teller import Teller
    from gnn.words import Names
    from kg.build import graph_of, schema_of
    from kg.snapshot import SnapshotStore

    snapshots = SnapshotStore(store)
    snapshot = snapshots.current()
    teller = Teller.current(snapshots) if snapshot.has_model or user is not None else None
    if teller is None:
        kg, schema = graph_of(snapshot), schema_of(snapshot)
    else:
        kg, schema = teller.kg, teller.schema
    names = Names(kg.entities) if teller is None else teller.names
    history = None if teller is None or user is None else teller.user_history(user)
    searcher = Searcher(kg, schema, None if teller is None else teller.recommender)
    answer = searcher.search(text, k, history=history, language=lang, in_stock=not out_of_stock)
    language = lang or answer.query.language
    told = plain_answer(answer, names, schema, Catalogue(kg.products), language)
    told = {"snapshot": snapshot.id, **told}
    emit(told, as_json, lambda console: _print(console, told))


def _print(console: Any, told: dict[str, Any]) -> None:
    from rich.markup import escape
    from rich.text import Text

    query = told["query"]
    line = Text(f"{query['intent']}: ", style="bold")
    before = len(line)
    line.append(query["text"])
    for span in query["spans"]:
        line.stylize(_MARKS[span["meaning"]], before + span["start"], before + span["end"])
    console.print(line)
    for part in query["parts"]:
        console.print(f"   {part['role']} {escape(part['text'])}: {escape(_meaning(part))}")
    if query["price"] is not None:
        console.print(f"   price {escape(query['price']['text'])}: {_bound(query['price'])}")
    for repair in query["repairs"]:
        console.print(f"   {escape(repair['text'])} was read as {escape(repair['read_as'])}")
    for item in (*told["relaxed"], *told["notes"]):
        console.print(f"   [yellow]{escape(item.get('words') or item['text'])}[/]")
    for item in told["results"]:
        _print_result(console, item)


def _print_result(console: Any, item: dict[str, Any]) -> None:
    from rich.markup import escape

    card = item["product"]
    price = "" if card["price"] is None else f"  {card['price']:.2f} {card['currency'] or ''}"
    side = f"  [{item['side_name']}]" if item["side_name"] else ""
    head = f"{card['title']}{side}"
    console.print(
        f"\n[bold]{item['rank']}. {escape(head)}[/]  ({escape(card['id'])}){price}  "
        f"score {item['score']:.3f}",
        soft_wrap=True,
    )
    for met in item["met"]:
        console.print(
            f"   [green]✓[/] {escape(met['text'])}: {escape(_shown(met))}", soft_wrap=True
        )
    for unmet in item["unmet"]:
        console.print(f"   [red]✗[/] {escape(unmet['text'])}", soft_wrap=True)
    terms = " + ".join(f"{name} {value:.3f}" for name, value in item["terms"].items())
    console.print(f"   {terms}", style="dim", soft_wrap=True)


def _meaning(part: dict[str, Any]) -> str:
    sign = "" if part["compare"] == "=" else f"{part['compare']} "
    also = f" (or {', '.join(part['also'])})" if part["also"] else ""
    return f"{sign}{part['name']} [{part['id']}]{also}" if part["kind"] != "text" else "these words"


def _bound(price: dict[str, Any]) -> str:
    low, high = price["least"], price["most"]
    ends = [f"at least {low:g}" if low is not None else "", f"at most {high:g}" if high else ""]
    return ", ".join(end for end in ends if end)


def _shown(met: dict[str, Any]) -> str:
    fact = met["fact"]
    if fact is not None:
        words = f" “{fact['text']}” in {fact['field']}" if fact["field"] else ""
        source = f"{fact['source']}{words}, confidence {fact['confidence']:.2f}"
        return f"{fact['label']} {fact['name']}  ← {source}"
    if met["evidence"] == "words":
        return f"its words “{' '.join(met['words'])}”"
    if met["evidence"] == "price":
        return f"the price is {met['price']:.2f}"
    return {
        "stock": "in stock",
        "absence": "no fact and no word of its title says so",
        "product": "this is it",
    }[met["evidence"]]


COMMANDS: tuple[click.Command, ...] = (search,)
"""What search adds to the ``clew`` command."""
