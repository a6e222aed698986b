"""Commands about the snapshots of a store: list, verify, roll back, prune."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from kg.cli_support import as_json_option, emit, store_option, table

__all__ = ["snapshots"]


@click.group()
def snapshots() -> None:
    """Look after the snapshots of a store."""


@snapshots.command("list")
@store_option
@as_json_option
def list_(store: Path, as_json: bool) -> None:
    """List the snapshots, oldest first; * is the one that is served."""
    from kg.snapshot import SnapshotStore

    known = SnapshotStore(store)
    current = known.current().id
    found: list[dict[str, Any]] = [
        {
            "id": snapshot.id,
            "current": snapshot.id == current,
            "created": snapshot.manifest.created.isoformat(timespec="seconds"),
            "dataset": snapshot.manifest.dataset.get("name", ""),
            "facts": snapshot.manifest.counts.get("facts", 0),
            "model": snapshot.has_model,
            "size_bytes": sum(file.size_bytes for file in snapshot.manifest.files.values()),
            "parent": snapshot.manifest.parent,
        }
        for snapshot in known.snapshots()
    ]

    def human(console: Console) -> None:
        rows = table(None, "", "snapshot", "created", "dataset", "#facts", "model", "#MB")
        for one in found:
            rows.add_row(
                "*" if one["current"] else "",
                str(one["id"]),
                str(one["created"]),
                str(one["dataset"]),
                f"{one['facts']:,}",
                "yes" if one["model"] else "no",
                f"{one['size_bytes'] / 1e6:,.1f}",
            )
        console.print(rows)

    emit(found, as_json, human)


@snapshots.command()
@click.argument("ids", nargs=-1)
@store_option
@as_json_option
def verify(ids: tuple[str, ...], store: Path, as_json: bool) -> None:
    """Compare every file of the snapshots IDS (by default the current one) with its checksum."""
    from kg.snapshot import SnapshotStore

    known = SnapshotStore(store)
    chosen = [known.find(name) for name in ids] or [known.current()]
    for snapshot in chosen:
        snapshot.verify()
    found = [{"id": s.id, "files": len(s.manifest.files), "whole": True} for s in chosen]

    def human(console: Console) -> None:
        for one in found:
            console.print(f"{one['id']}: {one['files']} files, all as they were written")

    emit(found, as_json, human)


@snapshots.command()
@click.argument("snapshot_id", required=False)
@store_option
@as_json_option
def rollback(snapshot_id: str | None, store: Path, as_json: bool) -> None:
    """Serve SNAPSHOT_ID again, by default the one before the current one. Checked first."""
    from kg.snapshot import SnapshotStore

    known = SnapshotStore(store)
    before = known.current().id
    target = known.find(snapshot_id) if snapshot_id else known.previous()
    target.verify()
    result = {"from": before, "to": known.switch(target.id).id}
    emit(result, as_json, lambda console: console.print(f"{before} → {result['to']}"))


@snapshots.command()
@click.option("--keep", default=3, show_default=True, type=click.IntRange(min=1), help="Newest.")
@store_option
@as_json_option
def prune(keep: int, store: Path, as_json: bool) -> None:
    """Remove all but the newest snapshots; the current one is never removed."""
    from kg.snapshot import SnapshotStore

    gone = SnapshotStore(store).prune(keep)
    emit(gone, as_json, lambda console: console.print("\n".join(gone) or "nothing to remove"))
