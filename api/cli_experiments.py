"""Commands about experiments: which there are, and how their arms did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from api.cli_service import opened
from kg.cli_support import as_json_option, emit, store_option, table

if TYPE_CHECKING:
    from api.schemas_experiments import ArmOut, Counted, DifferenceOut, ReportOut, ShareOut

__all__ = ["COMMANDS"]


@click.group()
def experiments() -> None:
    """See how the arms of experiments did."""


@experiments.command("list")
@store_option
@as_json_option
def list_(store: Path, as_json: bool) -> None:
    """List every experiment that ever began."""
    from api.eventlog import EventLog
    from api.experiment_report import summary
    from api.exposures import Exposures

    with opened(store) as (database, settings):
        began = Exposures(EventLog(database, settings.tenant)).began()
    found = [summary(name, one) for name, one in began.items()]

    def human(console: Console) -> None:
        rows = table(None, "name", "began", "places", "arms")
        for one in found:
            arms = ", ".join(f"{arm.name} {arm.share:.0%}" for arm in one.arms)
            places = ", ".join(one.surfaces) or "all"
            rows.add_row(one.name, f"{one.began:%Y-%m-%d %H:%M}", places, arms)
        console.print(rows)

    emit([one.model_dump(mode="json") for one in found], as_json, human)


@experiments.command("report")
@click.argument("name")
@click.option(
    "--counted",
    type=click.Choice(["after", "attributed"]),
    default="after",
    show_default=True,
    help="All that people did once they met it, or what came with its impression ids.",
)
@click.option(
    "--level",
    type=click.FloatRange(0.5, 0.999),
    default=0.95,
    show_default=True,
    help="Confidence of the intervals.",
)
@store_option
@as_json_option
def report_(name: str, counted: Counted, level: float, store: Path, as_json: bool) -> None:
    """Compare the arms of experiment NAME with its first, person by person."""
    from api.eventlog import EventLog
    from api.experiment_report import report
    from api.exposures import Exposures

    with opened(store) as (database, settings):
        log = EventLog(database, settings.tenant)
        found = report(log, Exposures(log), name, counted=counted, level=level)
    emit(found.model_dump(mode="json"), as_json, lambda console: _tell(console, found))


def _tell(console: Console, found: ReportOut) -> None:
    title = f"{found.experiment}, since {found.began:%Y-%m-%d}; intervals of {found.level:.1%}"
    rows = table(title, "arm", "#people", "#switched", "#view", "#cart", "#purchase", "#revenue")
    for arm in found.arms:
        rates = (_rate(one) for one in (arm.view, arm.cart, arm.purchase))
        rows.add_row(arm.name, f"{arm.people:,}", f"{arm.switched:,}", *rates, _money(arm))
    console.print(rows)
    rows = table("\nagainst the first", "arm", "#view", "#cart", "#purchase", "#revenue")
    for arm in found.arms:
        if (beside := arm.against_first) is not None:
            shares = (_points(one) for one in (beside.view, beside.cart, beside.purchase))
            rows.add_row(arm.name, *shares, _less(beside.revenue, 1, ""))
    console.print(rows)
    if found.mismatch_p_value is not None:
        console.print(f"Shares of people: p = {found.mismatch_p_value:.3g}", style="dim")
    for note in found.notes:
        console.print(note, style="bold")


def _rate(found: ShareOut | None) -> str:
    if found is None:
        return "–"
    return f"{found.count:,} = {found.rate:.2%} ({found.low:.2%}–{found.high:.2%})"


def _money(arm: ArmOut) -> str:
    found = arm.revenue
    if found is None:
        return "–"
    ends = "" if found.low is None else f" ({found.low:,.2f}–{found.high:,.2f})"
    return f"{found.total:,.2f} = {found.mean:,.2f} each{ends}"


def _points(found: DifferenceOut) -> str:
    return _less(found, 100, " pp")


def _less(found: DifferenceOut, scale: float, unit: str) -> str:
    low, high = found.low, found.high
    ends = "" if low is None or high is None else f" ({scale * low:+.2f} to {scale * high:+.2f})"
    return f"{scale * found.value:+.2f}{unit}{ends}, p = {found.p_value:.3g}"


COMMANDS = (experiments,)
