"""Commands about single facts: why one is there, what contradicts what, where all come from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from kg.cli_support import as_json_option, emit, store_option

__all__ = ["COMMANDS"]


@click.command("why-fact")
@click.argument("subject")
@click.argument("relation")
@click.argument("object_", metavar="OBJECT")
@store_option
@as_json_option
def why_fact(subject: str, relation: str, object_: str, store: Path, as_json: bool) -> None:
    """Tell why SUBJECT RELATION OBJECT is in the graph: the words, the label, who decided."""
    from kg.snapshot import SnapshotStore
    from kg.why_fact import why_fact as ask

    found = ask(SnapshotStore(store).current(), subject, relation, object_)
    emit(found.to_dict(), as_json, lambda console: _print_why(console, found))


def _print_why(console: Console, why: Any) -> None:
    fact = why.fact
    console.print(
        f"[bold]{fact.subject}[/] {escape(why.name)}\n  {fact.relation} "
        f"[bold]{escape(fact.object)}[/] {escape(why.object_name)}",
        soft_wrap=True,
    )
    lines = {"because": why.because}
    if why.context is not None:
        begin, middle, end = (
            why.context[: fact.start],
            why.context[fact.start : fact.end],
            why.context[fact.end :],
        )
        lines["words"] = f"{escape(begin)}[reverse]{escape(middle)}[/]{escape(end)}"
        lines["field"] = f"{fact.field}, characters {fact.start} to {fact.end}"
    elif fact.text:
        lines["said"] = escape(fact.text)
    if why.label is not None:
        lines["label"] = f"“{escape(why.label)}”@{why.language} of {why.concept}"
    lines["component"] = fact.source
    lines["confidence"] = f"{fact.confidence:.3f}"
    if why.field_confidence is not None:
        parts = f"{why.field_confidence} (field) × {why.sense_confidence} (sense)"
        lines["confidence"] += f" = {parts}"
    if why.curated is not None:
        place = f"{why.curated.file}:{why.curated.line}"
        lines["decided"] = escape(f"{why.curated.author or 'somebody'}, {place}")
    lines["from"] = why.also_from
    for name, value in lines.items():
        console.print(f"  {name:<10}  {value}", soft_wrap=True)
    for conflict in why.conflicts:
        console.print(f"  [yellow]conflict[/]    {_told(conflict)}", soft_wrap=True)


@click.command()
@store_option
@click.option(
    "--kind", help="Only of this kind: values, attribute, translation, overruled, unused."
)
@click.option("--limit", default=50, show_default=True, help="Most conflicts to print.")
@as_json_option
def conflicts(store: Path, kind: str | None, limit: int, as_json: bool) -> None:
    """List where sources of the current snapshot contradict each other."""
    from kg.conflicts import CONFLICTS_FILE, read_conflicts
    from kg.snapshot import SnapshotStore

    every = read_conflicts(SnapshotStore(store).current().path / CONFLICTS_FILE)
    found = [item for item in every if kind is None or item["kind"] == kind]

    def human(console: Console) -> None:
        for item in found[:limit]:
            line = f"[bold]{item['subject']}[/] {item['relation']}  {_told(item)}"
            console.print(line, soft_wrap=True)
        counts = Counter(item["kind"] for item in found)
        told = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
        console.print(told or "no conflicts")

    emit(found, as_json, human)


def _told(conflict: dict[str, Any]) -> str:
    values = "; ".join(
        f"{value['object']} ({value['field'] or value['source']}"
        + (f" “{value['text']}”)" if value["text"] else ")")
        for value in conflict["values"]
    )
    note = f"  {conflict['note']}" if conflict["note"] else ""
    return escape(f"{conflict['kind']}: {values}{note}")


@click.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@store_option
@click.option("--product", help="Only of this product.")
@as_json_option
def provenance(target: Path, store: Path, product: str | None, as_json: bool) -> None:
    """Write where the facts of products come from to TARGET, in PROV-O (N-Quads; .gz compresses).

    Each product has a named graph of its own.
    """
    import gzip

    from kg.errors import StoreError
    from kg.ids import entity_id
    from kg.provenance import write_provenance
    from kg.snapshot import SnapshotStore

    snapshot = SnapshotStore(store).current()
    subject = entity_id("product", product) if product else None
    try:
        with gzip.open(target, "wb") if target.suffix == ".gz" else target.open("wb") as file:
            count = write_provenance(snapshot, file, subject)  # type: ignore[arg-type]
    except OSError as exc:
        raise StoreError(f"{target} cannot be written: {exc.strerror}") from exc
    told = {"quads": count, "file": str(target)}
    emit(told, as_json, lambda console: console.print(f"{count:,} quads: {target}"))


COMMANDS: tuple[click.Command, ...] = (why_fact, conflicts, provenance)
"""What this room adds to the ``clew`` command."""
