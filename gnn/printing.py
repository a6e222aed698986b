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
from gnn.tradeoff import advised
from kg.cli_support import table
from kg.ids import local_part

__all__ = ["plain", "print_curve", "print_explained"]

_CURVE = ("ndcg", "recall", "ild", "coverage", "gini", "novelty", "calibration")
"""Measures shown of a curve, by name without cut-off; ``--json`` gives them all."""


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
                "rank_by_score": item.place and item.place.rank_by_score,
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
            f"\n[bold]{item['rank']}. {title}[/]  ({item['product']})  score {item['score']:.4f}"
            f"{_moved(item)}",
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


def _moved(item: dict[str, Any]) -> str:
    """Where a product stands by its score, where that is somewhere else."""
    place = item["rank_by_score"]
    return "" if place in {None, item["rank"]} else f"  (by score alone: {place})"


def print_curve(console: Console, points: Sequence[dict[str, float]]) -> None:
    """Print what `gnn.tradeoff.curve` measured, and the setting it speaks for."""
    names = [name for name in points[0] if name.partition("@")[0] in _CURVE]
    k = int(names[0].partition("@")[2])
    heads = [name.replace(f"@{k}", "").replace(":", " of ", 1) for name in names]
    rows = table(f"diversity, lists of {k}, on validation", *(f"#{n}" for n in ("knob", *heads)))
    for point in points:
        rows.add_row(f"{point['diversity']:g}", *(f"{point[name]:.4f}" for name in names))
    console.print(rows)
    console.print(f"largest setting that costs at most 1 % of NDCG@{k}: {advised(points, k=k):g}")
