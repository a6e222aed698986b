"""The command that tells a score's paths in a language model's words, where they hold."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from gnn.cli_explain import bought_option, language_option, told_to, user_option
from kg.cli_support import as_json_option, emit, store_option

if TYPE_CHECKING:
    from commerce.describe.reworded import Reworded

__all__ = ["reword"]


@click.command()
@user_option
@bought_option
@click.option("--product", required=True, help="The product whose paths are told.")
@store_option
@click.option("--paths", default=3, show_default=True, type=click.IntRange(1), help="Most told.")
@click.option("--url", envvar="CLEW_LLM_URL", show_envvar=True, required=True, help="Base URL.")
@click.option("--model", envvar="CLEW_LLM_MODEL", show_envvar=True, required=True, help="Model.")
@click.option("--api-key", envvar="CLEW_LLM_API_KEY", show_envvar=True, help="Its key, if any.")
@click.option("--timeout", default=30.0, show_default=True, help="Seconds to wait.")
@language_option
@as_json_option
def reword(
    user: str | None,
    bought: tuple[str, ...],
    product: str,
    store: Path,
    paths: int,
    url: str,
    model: str,
    api_key: str | None,
    timeout: float,
    lang: str,
    as_json: bool,
) -> None:
    """Have an OpenAI-compatible endpoint rephrase why a product is recommended.

    Its words are shown only where all they say is on the path; else the path's own are.
    """
    from commerce.describe import Describer
    from commerce.describe.endpoint import EndpointConfig, EndpointWriter
    from commerce.describe.reworded import reword as reworded
    from gnn.explain import ExplainConfig

    teller, history = told_to(store, user, bought)
    told = teller.explain(
        history, teller.product(product), lang, ExplainConfig(max_paths=paths, min_share=0.0)
    )
    config = EndpointConfig(url=url, model=model, api_key=api_key, timeout_s=timeout)
    writer = EndpointWriter(config, teller.schema)
    verifier = Describer(teller.kg, teller.schema).verifier(lang)
    found = [reworded(path, writer.ask, verifier, teller.names) for path in told.paths]
    own = [path.words for path in told.paths]

    def human(console: Any) -> None:
        for item, words in zip(found, own, strict=True):
            _print(console, item, words)

    emit([{"own_words": w, **asdict(item)} for item, w in zip(found, own, strict=True)],
         as_json, human)  # fmt: skip


def _print(console: Any, item: Reworded, own: str) -> None:
    console.print(escape(item.words), soft_wrap=True)
    if item.by_model:
        console.print(f"  [dim]for: {escape(own)}[/]", soft_wrap=True)
    else:
        why = f"{item.reason}: {item.detail}"
        console.print(f"  [dim]refused: {escape(str(item.refused))} ({escape(why)})[/]",
                      soft_wrap=True)  # fmt: skip
