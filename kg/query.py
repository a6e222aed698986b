"""Asking from Python, as an analyst does: a source, a question, an Arrow table.

In: where to ask (a store directory, or the URL of a graph store), a query or the name of a saved
one (``@bundle_candidates``). Out: an Arrow table; ``.to_pandas()`` makes a frame of it.

    from kg.query import cypher
    cypher(".clew", "@substitutes", {"least": 2})
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from kg.build import GRAPH_FILE
from kg.query_open import OpenGraphs, in_cypher, resolved
from kg.query_result import QueryResult
from kg.snapshot import SnapshotStore
from kg.store import GraphStore, open_store

__all__ = ["ask_cypher", "ask_sparql", "cypher", "open_graph", "sparql"]

TIMEOUT_S = 30.0
LIMIT = 100_000


def cypher(
    source: Path | str,
    query: str,
    params: Mapping[str, Any] | None = None,
    *,
    timeout_s: float = TIMEOUT_S,
    limit: int = LIMIT,
) -> pa.Table:
    """Rows of a Cypher query that only reads; a warning where ``limit`` cut some off.

    Args:
        source: a store directory (its current snapshot is asked), or a URL as for `open_store`.
        query: Cypher, or ``@name`` of a saved query.
        params: JSON values; what a saved query is not given has its default.
        timeout_s: seconds.
        limit: most rows.

    Raises:
        NotFoundError: there is no such saved query.
        QueryError: the query is refused, malformed or not given its parameters.
        QueryTimeout: it took longer than ``timeout_s``.
        StoreError: the source cannot be opened.
    """
    return _told(ask_cypher(source, query, params, timeout_s=timeout_s, limit=limit))


def sparql(
    source: Path | str, query: str, *, timeout_s: float = TIMEOUT_S, limit: int = LIMIT
) -> pa.Table:
    """Rows of a SPARQL query on a store directory's current snapshot; else as `cypher`."""
    return _told(ask_sparql(source, query, timeout_s=timeout_s, limit=limit))


def ask_cypher(
    source: Path | str,
    query: str,
    params: Mapping[str, Any] | None,
    *,
    timeout_s: float,
    limit: int,
) -> QueryResult:
    """As `cypher`, with the time it took, whether rows were cut off, and what is missing."""
    own = None if _is_url(source) else SnapshotStore(Path(source)).current()
    text, values = resolved(query, params or {}, "cypher", own)
    with open_graph(source) as store:
        return in_cypher(store, text, values, timeout_s=timeout_s, limit=limit)


def ask_sparql(source: Path | str, query: str, *, timeout_s: float, limit: int) -> QueryResult:
    """As `sparql`, with the time it took, whether rows were cut off, and what is missing."""
    with OpenGraphs(Path(source)) as graphs:
        return graphs.sparql(query, timeout_s=timeout_s, limit=limit)


def open_graph(source: Path | str) -> GraphStore:
    """The graph of a store directory's current snapshot, or the graph store a URL names."""
    if _is_url(source):
        return open_store(str(source))
    path = SnapshotStore(Path(source)).current().path
    return open_store(f"ladybug:{path / GRAPH_FILE}")


def _is_url(source: Path | str) -> bool:
    return isinstance(source, str) and (source.startswith("ladybug:") or "://" in source)


def _told(answer: QueryResult) -> pa.Table:
    if answer.truncated:
        rows = answer.table.num_rows
        warnings.warn(f"only the first {rows} rows; raise limit for more", stacklevel=3)
    if answer.missing:
        warnings.warn(
            f"nothing found; the graph has no {', no '.join(answer.missing)}", stacklevel=3
        )
    return answer.table
