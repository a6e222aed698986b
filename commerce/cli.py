"""The commands of the shop's room: descriptions, and training the model that writes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape

from commerce.cli_reword import reword
from kg.cli_support import as_json_option, emit, store_option

if TYPE_CHECKING:
    from commerce.describe import Description, Writer
    from kg.ontology_terms import Schema

__all__ = ["COMMANDS"]

WRITERS = ("auto", "template", "vae", "endpoint", "local")


@click.command()
@click.argument("product")
@store_option
@click.option("--lang", default="en", show_default=True, help="Language: en or zh.")
@click.option(
    "--style",
    type=click.Choice(["plain", "warm", "list"]),
    default="plain",
    show_default=True,
    help="Whole sentences, friendlier ones, or a list.",
)
@click.option(
    "--length",
    type=click.Choice(["short", "medium", "long"]),
    default="medium",
    show_default=True,
    help="How many of the facts are told.",
)
@click.option(
    "--writer",
    type=click.Choice(WRITERS),
    default="auto",
    show_default=True,
    help="Who writes; auto: the endpoint where one is set, else the template.",
)
@click.option("--url", envvar="CLEW_LLM_URL", show_envvar=True, help="Endpoint: its base URL.")
@click.option("--model", envvar="CLEW_LLM_MODEL", show_envvar=True, help="Endpoint: the model.")
@click.option(
    "--api-key", envvar="CLEW_LLM_API_KEY", show_envvar=True, help="Endpoint: its key, if any."
)
@click.option("--timeout", default=30.0, show_default=True, help="Endpoint: seconds to wait.")
@as_json_option
def describe(
    product: str,
    store: Path,
    lang: str,
    style: Any,
    length: Any,
    writer: str,
    url: str | None,
    model: str | None,
    api_key: str | None,
    timeout: float,
    as_json: bool,
) -> None:
    """Describe PRODUCT: every claim of the text is a fact of the graph, and named with it."""
    from commerce.describe import DescribeConfig, Describer
    from kg.build import graph_of, schema_of
    from kg.snapshot import SnapshotStore

    snapshot = SnapshotStore(store).current()
    schema = schema_of(snapshot)
    config = DescribeConfig(language=lang, style=style, length=length)
    chosen = _writer(writer, store, schema, url, model, api_key, timeout)
    found = Describer(graph_of(snapshot), schema).describe(product, config, chosen)
    emit(found.to_dict(), as_json, lambda console: _print(console, found))


def _writer(
    name: str,
    store: Path,
    schema: Schema,
    url: str | None,
    model: str | None,
    api_key: str | None,
    timeout_s: float,
) -> Writer | None:
    """The writer asked for; None: the template."""
    if name == "template" or (name == "auto" and not url):
        return None
    if name in ("auto", "endpoint"):
        from commerce.describe.endpoint import EndpointConfig, EndpointWriter

        if not url or not model:
            raise click.UsageError("an endpoint takes --url and --model (or CLEW_LLM_URL, …_MODEL)")
        config = EndpointConfig(url=url, model=model, api_key=api_key, timeout_s=timeout_s)
        return EndpointWriter(config, schema)
    if name == "vae":
        from commerce.describe.generated import VaeWriter

        return VaeWriter.load(store)
    from commerce.describe.local import LocalWriter

    return LocalWriter(schema)


def _print(console: Console, found: Description) -> None:
    console.print(escape(found.text), soft_wrap=True)
    told = f"{found.facts_covered:.0%} of {found.facts_total} facts, written by {found.writer}"
    console.print(f"\n[bold]Claims[/] ({told})")
    for claim in found.claims:
        words = f" ← “{escape(claim.source_words)}”" if claim.source_words else ""
        console.print(
            f"  “{escape(claim.words)}”  {claim.relation} {escape(claim.object)} "
            f"({claim.support}, {claim.source}, {claim.confidence:.2f}){words}",
            soft_wrap=True,
        )
    if found.removed:
        console.print("[bold]Taken out[/]")
    for item in found.removed:
        console.print(
            f"  “{escape(item.sentence)}”  {item.reason}: “{escape(item.words)}”, "
            f"{escape(item.detail)}",
            soft_wrap=True,
        )


@click.command("describe-train")
@store_option
@click.option(
    "--lang",
    "languages",
    multiple=True,
    default=("en", "zh"),
    show_default=True,
    help="Languages to learn (repeatable).",
)
@click.option("--epochs", default=8, show_default=True, help="Of pre-training, on the ELBO.")
@click.option("--task-epochs", default=3, show_default=True, help="Of fine-tuning.")
@click.option("--task-weight", default=2.0, show_default=True, help="λ of L_pretrain + λ·L_task.")
@click.option("--products", default=0, help="Only so many products; 0: all.")
@click.option("--seed", default=7, show_default=True, help="The same seed, the same model.")
@as_json_option
def describe_train(
    store: Path,
    languages: tuple[str, ...],
    epochs: int,
    task_epochs: int,
    task_weight: float,
    products: int,
    seed: int,
    as_json: bool,
) -> None:
    """Train the text model that `describe --writer vae` writes with, on the shop's own texts."""
    from commerce.describe import Describer
    from commerce.describe.generated import train_writer
    from gnn.train_text_vae import TrainTextVAEConfig
    from kg.build import graph_of, schema_of
    from kg.cli_support import TerminalProgress
    from kg.snapshot import SnapshotStore

    snapshot = SnapshotStore(store).current()
    schema, kg = schema_of(snapshot), graph_of(snapshot)
    config = TrainTextVAEConfig(
        pretrain_epochs=epochs, finetune_epochs=task_epochs, task_weight=task_weight
    )
    ids = [name.partition(":")[2] for name in kg.products["id"].to_pylist()][: products or None]
    with TerminalProgress() as progress:
        trained, fingerprint = train_writer(
            Describer(kg, schema), schema, store, ids, languages, config, seed, progress
        )
        progress.stop()
    told = {
        "fingerprint": fingerprint,
        **trained.about,
        "words": len(trained.words),
        "facts": trained.facts,
        "history": trained.history,
        "seconds": progress.seconds,
    }
    emit(told, as_json, lambda console: _print_training(console, told))


def _print_training(console: Console, told: dict[str, Any]) -> None:
    for at, epoch in enumerate(told["history"], start=1):
        values = "  ".join(f"{name} {value:.3f}" for name, value in epoch.items())
        console.print(f"epoch {at}: {values}")
    console.print(f"{told['texts']:,} texts, {told['words']:,} words: {told['fingerprint']}")


COMMANDS: tuple[click.Command, ...] = (describe, describe_train, reword)
"""What this room adds to the ``clew`` command."""
