"""The ``clew`` command: joins the groups of all rooms and adds ``serve`` and ``demo``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli_experiments import COMMANDS as EXPERIMENT_COMMANDS
from api.cli_service import COMMANDS as SERVICE_COMMANDS
from commerce.cli import COMMANDS as SHOP_COMMANDS
from commerce.cli_search import COMMANDS as SEARCH_COMMANDS
from gnn.cli import COMMANDS as GNN_COMMANDS
from gnn.cli_ontology import COMMANDS as ONTOLOGY_COMMANDS
from kg import __version__
from kg.cli import COMMANDS as KG_COMMANDS
from kg.cli_facts import COMMANDS as FACT_COMMANDS
from kg.cli_ontology import ontology
from kg.cli_support import ClewGroup, as_json_option, store_option

if TYPE_CHECKING:
    from api.settings import Settings

__all__ = ["main"]


@click.group(cls=ClewGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="clew")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def main(debug: bool) -> None:
    """Clew recommends products, and hands over the thread that led to each one."""


for _command in (
    *KG_COMMANDS,
    *FACT_COMMANDS,
    *GNN_COMMANDS,
    *SEARCH_COMMANDS,
    *SHOP_COMMANDS,
    *SERVICE_COMMANDS,
    *EXPERIMENT_COMMANDS,
    ontology,
):
    main.add_command(_command)
for _command in ONTOLOGY_COMMANDS:
    ontology.add_command(_command)

host_option = click.option(
    "--host", default="127.0.0.1", show_default=True, envvar="CLEW_HOST", help="Address to bind."
)
port_option = click.option(
    "--port", default=8000, show_default=True, envvar="CLEW_PORT", help="Port; 0: any free one."
)


@main.command()
@store_option
@host_option
@port_option
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    envvar="CLEW_WORKERS",
    help="Processes that answer.",
)
def serve(store: Path, host: str, port: int, workers: int) -> None:
    """Serve the HTTP API and its page from a store's current snapshot.

    Everything else is set by CLEW_ variables of the environment (docs/serving.md).
    """
    _serve(_warmed(store=store, host=host, port=port, workers=workers))


@main.command()
@click.argument("dataset", required=False, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="Where the demo keeps its stores.",
)
@click.option("--serve/--no-serve", "serving", default=True, help="Serve afterwards.")
@host_option
@port_option
@as_json_option
def demo(
    dataset: Path | None, home: Path, serving: bool, host: str, port: int, as_json: bool
) -> None:
    """Build, train, print an explained recommendation and serve: the sample shop, or DATASET."""
    from api.demo import prepare, tell
    from kg.cli_support import TerminalProgress

    with TerminalProgress() as progress:
        ready = prepare(dataset, home, progress, say=lambda text: click.echo(text, err=True))
    tell(ready, as_json=as_json)
    if serving:
        settings = _warmed(store=ready.store, host=host, port=port, log_format="text")
        _serve(settings, user=ready.user)


def _warmed(**given: Any) -> Settings:
    """Settings that make the index of search at start, unless the environment says not to."""
    from api.settings import Settings

    settings = Settings(**given)
    asked = "warm_search" in settings.model_fields_set
    return settings if asked else Settings(**given, warm_search=True)


def _serve(settings: Settings, user: str | None = None) -> None:
    from api.serving import serve as run

    def listening(address: str) -> None:
        click.echo(f"\nClew answers on {address}   (API: {address}/docs; stop with Ctrl-C)")
        if user is not None:
            click.echo(f"This shopper: {address}/?user={user}")

    run(settings, listening)


if __name__ == "__main__":
    main()
