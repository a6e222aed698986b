"""Commands about the model: train, evaluate, recommend, explain."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gnn.cli_explain import bought_option, explain, language_option, told_to, user_option
from kg.cli_support import (
    TerminalProgress,
    as_json_option,
    emit,
    ontology_option,
    store_option,
    table,
)

__all__ = ["COMMANDS"]

text_option = click.option(
    "--text",
    default="minilm",
    show_default=True,
    help="Text encoder: minilm, use, hashing, or sentence-transformers:<folder or hub name>.",
)


def _ks(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        ks = tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of numbers such as 10,20") from None
    if not ks or min(ks) < 1:
        raise click.BadParameter(f"{value!r} must hold numbers of at least 1")
    return ks


@click.command()
@store_option
@click.option("--gnn/--no-gnn", "with_gnn", default=True, help="Train the graph network too.")
@click.option("--tune/--no-tune", default=True, help="Choose the settings on validation data.")
@text_option
@as_json_option
def train(store: Path, with_gnn: bool, tune: bool, text: str, as_json: bool) -> None:
    """Train on the current snapshot's graph and publish the model with it."""
    from gnn.text import TextConfig
    from gnn.train import train as run
    from gnn.tune import TuneConfig
    from kg.snapshot import SnapshotStore

    with TerminalProgress() as progress:
        report = run(
            SnapshotStore(store),
            with_gnn=with_gnn,
            tuning=TuneConfig() if tune else None,
            text=TextConfig(encoder=text),
            progress=progress,
        ).to_dict()
    emit(report, as_json, lambda console: console.print_json(data=report))


@click.command()
@user_option
@bought_option
@store_option
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--paths", default=3, show_default=True, type=click.IntRange(0), help="For each.")
@click.option(
    "--diversity",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="How much likeness within the list counts; 0: the order is that of the scores.",
)
@language_option
@as_json_option
def recommend(
    user: str | None,
    bought: tuple[str, ...],
    store: Path,
    k: int,
    paths: int,
    diversity: float,
    lang: str,
    as_json: bool,
) -> None:
    """Recommend products to a user, or to whoever bought the given products."""
    from gnn.explain import ExplainConfig
    from gnn.printing import plain, print_explained
    from gnn.rerank import Diversity

    teller, history = told_to(store, user, bought)
    found = teller.recommend(
        history, k, lang, ExplainConfig(max_paths=paths), diversity=Diversity(diversity=diversity)
    )
    told = plain(teller, history, found, lang)
    emit(told, as_json, lambda console: print_explained(console, told))


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--k", "ks", default="10,20", show_default=True, callback=_ks, help="Cut-offs.")
@click.option("--cut", type=click.DateTime(["%Y-%m-%d"]), help="Test on events from this day on.")
@click.option("--gnn/--no-gnn", "with_gnn", default=False, help="Measure the graph network too.")
@ontology_option
@click.option("--tune/--no-tune", default=True, help="Choose the settings on validation data.")
@click.option("--explanations", is_flag=True, help="Measure the explanations too.")
@click.option(
    "--explain-users",
    default=1000,
    show_default=True,
    type=click.IntRange(0),
    help="Test users whose explanations are measured, drawn at random; 0: all.",
)
@click.option(
    "--diversity",
    "with_diversity",
    is_flag=True,
    help="Measure too, on validation, what the diversity knob costs and brings.",
)
@click.option("--ablations", is_flag=True, help="Measure the model without each of its parts.")
@click.option("--cold", is_flag=True, help="Measure how new products fare.")
@text_option
@click.option(
    "--cache",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(click.get_app_dir("clew")) / "text-cache.sqlite",
    help="File of encoded texts.",
)
@as_json_option
def evaluate(
    dataset: Path,
    ks: tuple[int, ...],
    cut: datetime | None,
    with_gnn: bool,
    ontology_directory: Path | None,
    tune: bool,
    explanations: bool,
    explain_users: int,
    with_diversity: bool,
    ablations: bool,
    cold: bool,
    text: str,
    cache: Path,
    as_json: bool,
) -> None:
    """Train on DATASET's train part, choose settings on validation, report the test part."""
    from gnn.cold_methods import ColdConfig
    from gnn.experiment import evaluate_dataset
    from gnn.fidelity import FidelityConfig
    from gnn.printing_reports import print_ablations, print_cold, print_curve, print_fidelity
    from gnn.text import TextConfig

    with TerminalProgress() as progress:
        report = evaluate_dataset(
            dataset,
            cache=cache,
            ks=ks,
            cut=cut,
            with_gnn=with_gnn,
            tuned=tune,
            with_diversity=with_diversity,
            text=TextConfig(encoder=text),
            ontology_directory=ontology_directory,
            explanations=FidelityConfig(users=explain_users or None) if explanations else None,
            ablations=ablations,
            cold=ColdConfig() if cold else None,
            progress=progress,
        ).to_dict()

    def human(console: Any) -> None:
        console.print(f"split: {report['split']}")
        names = [f"#{name}" for name in next(iter(report["metrics"].values()))]
        rows = table(None, "method", *names)
        for method, values in report["metrics"].items():
            rows.add_row(method, *(f"{value:.4f}" for value in values.values()))
        console.print(rows)
        if report["explanations"] is not None:
            print_fidelity(console, report["explanations"])
        if report["diversity"]:
            print_curve(console, report["diversity"])
        print_ablations(console, report["ablations"])
        print_cold(console, report["cold"])

    emit(report, as_json, human)


COMMANDS: tuple[click.Command, ...] = (train, evaluate, recommend, explain)
"""What this room adds to the ``clew`` command."""
