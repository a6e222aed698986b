"""What an evaluation found, as tables and lines on a console.

In: plain values, as the reports' ``to_dict`` give them. Out: lines on a console.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from gnn.tradeoff import advised
from kg.cli_support import table

__all__ = ["print_ablations", "print_cold", "print_curve", "print_fidelity"]

_CURVE = ("ndcg", "recall", "ild", "coverage", "gini", "novelty", "calibration")
"""Measures shown of a curve, by name without cut-off; ``--json`` gives them all."""


def print_fidelity(console: Console, report: dict[str, Any]) -> None:
    """Print what `gnn.fidelity.FidelityReport.to_dict` says, share by share."""
    console.print(
        f"\n[bold]explanations[/] of {report['recommendations']:,} recommendations to "
        f"{report['users']:,} users, {report['seconds']:.0f} s"
    )
    checked, missing = report["edges_checked"], report["edges_missing"]
    console.print(f"edges: {checked:,} looked up in the fact table, {missing:,} missing")
    console.print(f"largest |score − Σ terms| / max(1, |score|): {report['sum_error']:.1e}")
    parts = {
        "share of score": report["share_of_score"],
        "share of evidence": report["share_of_evidence"],
        "recommendations with": report["told"],
        **{
            f"best {report['config']['k']} by {size} paths": values
            for size, values in report["sufficiency"].items()
        },
        "path quality": report["path_quality"],
        "path types": report["path_types"],
    }
    for name, values in parts.items():
        told = "  ".join(f"{kind} {value:.3f}" for kind, value in values.items())
        console.print(f"{name}: {told}", soft_wrap=True)
    console.print("without the top path's fact, beside a random one like it:")
    for name, values in report["necessity"].items():
        told = values if not isinstance(values, dict) else _figures(values)
        console.print(f"   {name}: {told}", soft_wrap=True)


def _figures(values: dict[str, Any]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in values.items())


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
