"""Explanations as plain values (for JSON) and as lines on a console."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape

from gnn.counterfactual import Counterfactual
from gnn.explain import Explanation
from gnn.history import History
from gnn.teller import Teller
from gnn.words import USER_CLASS
from kg.fact_index import FactIndex
from kg.ids import local_part
from kg.records import Edge, Path

__all__ = ["plain", "print_explained", "print_without"]


def plain(
    teller: Teller,
    history: History,
    found: Sequence[Explanation],
    language: str,
    *,
    facts: FactIndex | None = None,
) -> dict[str, Any]:
    """Explained recommendations as plain values.

    With ``facts``, each edge says in names what it states, and which words it was read from:
    ``field``, ``start``, ``end`` and ``text`` as in the fact table.
    """

    def named(product: str) -> dict[str, str]:
        return {"product": local_part(product), "title": teller.names.name(product, language)}

    def path_of(path: Path) -> dict[str, Any]:
        told = asdict(path)
        if facts is not None:
            told["edges"] = [_with_source(teller, edge, facts, language) for edge in path.edges]
        return told

    products = teller.recommender.products
    return {
        "snapshot": teller.snapshot.id,
        "history": [named(products[int(row)]) for row in history.rows],
        "recommendations": [
            {
                "rank": rank,
                **named(item.product),
                "score": item.score,
                "paths": [path_of(path) for path in item.paths],
                "rank_by_score": item.place and item.place.rank_by_score,
                "rest": dict(item.rest),
                "rest_words": {name: teller.narrator.channel(name, language) for name in item.rest},
                "error": item.error,
            }
            for rank, item in enumerate(found, start=1)
        ],
    }


def _with_source(teller: Teller, edge: Edge, facts: FactIndex, language: str) -> dict[str, Any]:
    fact = facts.find(edge.subject, edge.relation, edge.object)
    user = teller.names.class_of(edge.subject) == USER_CLASS
    return {
        **asdict(edge),
        "subject_name": None if user else teller.names.name(edge.subject, language),
        "relation_name": teller.narrator.channel(edge.relation, language),
        "object_name": teller.names.name(edge.object, language),
        **{
            name: None if fact is None else getattr(fact, name)
            for name in ("field", "start", "end", "text")
        },
    }


def print_explained(console: Console, found: dict[str, Any]) -> None:
    """Print what `plain` made: words, shares, and the sum."""
    titles = [escape(entry["title"]) for entry in found["history"]]
    more = " …" if len(titles) > 6 else ""
    console.print(
        f"[bold]History[/] ({len(titles)} products): {'; '.join(titles[:6])}{more}",
        soft_wrap=True,
    )
    for item in found["recommendations"]:
        title = escape(item["title"])
        console.print(
            f"\n[bold]{item['rank']}. {title}[/]  ({item['product']})  score {item['score']:.4f}"
            f"{_moved(item)}",
            soft_wrap=True,
        )
        for path in item["paths"]:
            share = f"{100 * path['share']:5.1f} %"
            console.print(f"   {share}  {escape(path['words'])}", soft_wrap=True)
            for edge in path["edges"]:
                if edge.get("subject_name") is not None:
                    console.print(f"            {_source(edge)}", soft_wrap=True, style="dim")
        rest = {name: value for name, value in item["rest"].items() if abs(value) > 1e-9}
        if rest:
            share = f"{100 * sum(rest.values()) / item['score']:5.1f} %" if item["score"] else ""
            strongest = sorted(rest.items(), key=lambda item: -abs(item[1]))
            names = item["rest_words"]
            parts = ", ".join(f"{names[name]} {value:+.4f}" for name, value in strongest)
            console.print(f"   {share}  the rest: {parts}", soft_wrap=True, style="dim")


def _source(edge: dict[str, Any]) -> str:
    """A fact and the words it was read from, on one line."""
    names = (edge["subject_name"], edge["relation_name"], edge["object_name"])
    words = f" “{edge['text']}”" if edge["text"] else ""
    where = f" in {edge['field']}" if edge["field"] else ""
    came = f"{edge['source']}{words}{where}, confidence {edge['confidence']:.2f}"
    return escape(f"{' · '.join(names)}  ← {came}")


def print_without(console: Console, found: Sequence[Counterfactual]) -> None:
    """Print what the score would be without each thing taken away."""
    for item in found:
        turn = "falls" if item.fall >= 0 else "rises"
        console.print(
            f"\n[bold]without {escape(item.without)}[/]: the score {turn} by {abs(item.fall):.4f} "
            f"to {item.score_without:.4f} (its terms foretold {item.foretold:.4f}), the rank goes "
            f"from {item.rank} to {item.rank_without}",
            soft_wrap=True,
        )


def _moved(item: dict[str, Any]) -> str:
    """Where a product stands by its score, where that is somewhere else."""
    place = item["rank_by_score"]
    return "" if place in {None, item["rank"]} else f"  (by score alone: {place})"
