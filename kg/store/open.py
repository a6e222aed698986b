"""From a URL to a graph store."""

from __future__ import annotations

from pathlib import Path

from kg.errors import StoreError
from kg.facts import KnowledgeGraph
from kg.schema import Schema, load_schema
from kg.store.base import GraphStore
from kg.store.ladybug import LadybugStore

__all__ = ["load_ladybug", "open_store"]


_BOLT = {"bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"}


def open_store(url: str, schema: Schema | None = None) -> GraphStore:
    """Open the graph store a URL names.

    Args:
        url: ``ladybug:PATH``, a file, made by `GraphStore.load` if it does not exist; or
            ``bolt://user:password@host:port/database``, a Neo4j server (also ``neo4j://``, and
            with ``+s`` encrypted).
        schema: the ontology a server's graph has its names from, by default the one that ships
            with Clew. A file knows its names.

    Raises:
        MissingExtraError: the driver of a server is not installed.
        StoreError: the URL names no store Clew knows, or the server cannot be reached.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "ladybug" and rest:
        return LadybugStore(Path(rest))
    if scheme in _BOLT:
        from kg.store.bolt import BoltStore  # noqa: PLC0415 - an extra

        return BoltStore(url, load_schema() if schema is None else schema)
    raise StoreError(
        f"{url!r} names no graph store; write ladybug:PATH or bolt://user:password@host:port/database"
    )


def load_ladybug(kg: KnowledgeGraph, schema: Schema, path: Path) -> None:
    """Write a graph to a Ladybug file."""
    with LadybugStore(path) as store:
        store.load(kg, schema)
