"""Explanations as plain values (for JSON) and as lines on a console."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape

from gnn.explain import Explanation
from gnn.history import History
from gnn.teller import Teller
from kg.cli_support import table
from kg.ids import local_part

__all__ = ["plain", "print_ablations", "print_cold", "print_explained"]


def plain(
    teller: Teller, history: History, found: Sequence[Explanation], language: str
) -> dict[str, Any]:
    """Explained recommendations as plain values."""

    def named(product: str) -> dict[str, str]:
        return {"product": local_part(product), "title": teller.names.name(product, language)}

    products = teller.recommender.products
    return {
        "snapshot": teller.snapshot.id,
        "history": [named(products[int(row)]) for row in history.rows],
        "recommendations": [
            {
                "rank": rank,
                **named(item.product),
                "score": item.score,
                "paths": [asdict(path) for path in item.paths],
                "rest": dict(item.rest),
                "rest_words": {name: teller.narrator.channel(name, language) for name in item.rest},
                "error": item.error,
            }
            for rank, item in enumerate(found, start=1)
        ],
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
            f"\n[bold]{item['rank']}. {title}[/]  ({item['product']})  score {item['score']:.4f}",
            soft_wrap=True,
        )
        for path in item["paths"]:
            share = f"{100 * path['share']:5.1f} %"
            console.print(f"   {share}  {escape(path['words'])}", soft_wrap=True)
        rest = {name: value for name, value in item["rest"].items() if abs(value) > 1e-9}
        if rest:
            share = f"{100 * sum(rest.values()) / item['score']:5.1f} %" if item["score"] else ""
            strongest = sorted(rest.items(), key=lambda item: -abs(item[1]))
            names = item["rest_words"]
            parts = ", ".join(f"{names[name]} {value:+.4f}" for name, value in strongest)
            console.print(f"   {share}  the rest: {parts}", soft_wrap=True, style="dim")


def print_ablations(console: Console, found: Sequence[dict[str, Any]]) -> None:
    """Print what each part of the model is worth; nothing where nothing was measured."""
    if not found:
        return
    names = list(found[0]["metrics"])
    columns = [column for name in names for column in (f"#{name} (95 %)", "#to full (95 %)")]
    rows = table("Without each part", "model", *columns)
    for item in found:
        cells = [
            cell
            for name in names
            for cell in (_interval(item["metrics"][name]), _interval(item["difference"].get(name)))
        ]
        rows.add_row(item["name"], *cells)
    console.print(rows)


def print_cold(console: Console, found: dict[str, Any] | None) -> None:
    """Print how new products fare; nothing where it was not measured."""
    if found is None:
        return
    names = list(found["methods"][0]["among_cold"])
    heads = [f"#{name}, {where}" for where in ("new alone", "among all") for name in names]
    title = f"{found['products']} products made new, taken by {found['users']} users"
    rows = table(title, "method", *heads, "#overall ndcg")
    for item in found["methods"]:
        cells = [
            _interval(item[where][name]) for where in ("among_cold", "among_all") for name in names
        ]
        rows.add_row(item["name"], *cells, f"{item['overall_ndcg']['mean']:.4f}")
    console.print(rows)


def _interval(found: dict[str, float] | None) -> str:
    """``.1234 (.1200 to .1268)``; nothing for None."""
    if found is None:
        return ""
    return f"{found['mean']:.4f} ({found['low']:.4f} to {found['high']:.4f})"
