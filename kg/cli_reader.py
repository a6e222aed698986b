"""The command that trains a reader: brands, kinds and models that no label lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from kg.cli_support import TerminalProgress, as_json_option, emit, ontology_option, store_option
from kg.cli_support import table as printed

__all__ = ["train_reader"]


@click.command("train-reader")
@click.argument("dataset", type=click.Path(path_type=Path))
@store_option
@ontology_option
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Texts labelled by hand (JSON lines: text, spans, language), in place of the catalogue's.",
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="spaCy config of the tagger; by default the one that ships for each language.",
)
@click.option("--most", default=8_000, show_default=True, help="Most texts a language learns from.")
@click.option("--seed", default=0, show_default=True, help="Of the draw of texts.")
@as_json_option
def train_reader(
    dataset: Path,
    store: Path,
    ontology_directory: Path | None,
    labels: Path | None,
    config: Path | None,
    most: int,
    seed: int,
    as_json: bool,
) -> None:
    """Train a reader of brands, kinds and models on DATASET and put it into the store.

    It learns from what the catalogue states: brands and attributes that stand in titles. A fifth
    of the texts is held out; the figures printed are measured there. The next build reads with it.
    """
    from kg.extract.train_reader import train_reader as run
    from kg.schema import load_schema
    from kg.snapshot import SnapshotStore

    with TerminalProgress() as progress:
        report = run(
            dataset,
            SnapshotStore(store),
            load_schema(ontology_directory),
            labels=labels,
            config=config,
            most=most,
            seed=seed,
            progress=progress,
        )
    emit(report, as_json, lambda console: _print(console, report))


def _print(console: Any, report: Sequence[dict[str, Any]]) -> None:
    rows = printed(None, "language", "label", "#texts", "#precision", "#recall", "#F1", "#off by")
    for row in report:
        figures = (
            f"{row[name]:.3f}" for name in ("precision", "recall", "f1", "calibration_error")
        )
        rows.add_row(row["language"], row["label"], f"{row['texts']:,}", *figures)
    console.print(rows)
