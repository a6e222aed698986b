"""From a URL to a graph store."""

from __future__ import annotations

from pathlib import Path

from kg.errors import StoreError
from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema
from kg.store.base import GraphStore
from kg.store.ladybug import LadybugStore

__all__ = ["load_ladybug", "open_store"]


def open_store(url: str) -> GraphStore:
    """Open the graph store a URL names.

    ``ladybug:PATH`` is a file, made by `GraphStore.load` if it does not exist.

    Raises:
        StoreError: the URL names no store Clew knows.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "ladybug" and rest:
        return LadybugStore(Path(rest))
    raise StoreError(f"{url!r} names no graph store; write ladybug:PATH")


def load_ladybug(kg: KnowledgeGraph, schema: Schema, path: Path) -> None:
    """Write a graph to a Ladybug file."""
    with LadybugStore(path) as store:
        store.load(kg, schema)
