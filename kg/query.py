"""Asking from Python, as an analyst does: a source, a question, an Arrow table.

In: where to ask (a store directory, or the URL of a graph store), a query or the name of a saved
one (``@bundle_candidates``). Out: an Arrow table; ``.to_pandas()`` makes a frame of it.

    from kg.query import cypher
    cypher(".clew", "@substitutes", {"least": 2})
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import pyarrow as pa

from kg.build import GRAPH_FILE, RDF_FILE, schema_of
from kg.query_result import QueryResult
from kg.query_saved import find_saved
from kg.rdf import RdfGraph, open_rdf
from kg.snapshot import Snapshot, SnapshotStore
from kg.store import GraphStore, open_store

__all__ = ["OpenGraphs", "ask_cypher", "ask_sparql", "cypher", "open_graph", "sparql"]

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
    """As `cypher`, with the time it took and whether rows were cut off."""
    text, values = _resolved(source, query, params or {}, "cypher")
    with open_graph(source) as store:
        return store.cypher(text, values, timeout_s=timeout_s, limit=limit)


def ask_sparql(source: Path | str, query: str, *, timeout_s: float, limit: int) -> QueryResult:
    """As `sparql`, with the time it took and whether rows were cut off."""
    with OpenGraphs(Path(source)) as graphs:
        return graphs.sparql(query, timeout_s=timeout_s, limit=limit)


class OpenGraphs:
    """The graphs of a store's current snapshot, kept open between the questions of a service.

    A graph is opened when first asked, and another when there is another snapshot. Safe to share
    between threads.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._graphs: _Graphs | None = None

    def cypher(
        self, query: str, params: Mapping[str, Any] | None, *, timeout_s: float, limit: int
    ) -> QueryResult:
        """As `ask_cypher`."""
        text, values = _resolved(self._store, query, params or {}, "cypher")
        with self._asked() as graphs:
            return graphs.graph.cypher(text, values, timeout_s=timeout_s, limit=limit)

    def sparql(self, query: str, *, timeout_s: float, limit: int) -> QueryResult:
        """As `ask_sparql`."""
        text, _ = _resolved(self._store, query, {}, "sparql")
        with self._asked() as graphs:
            return graphs.rdf.sparql(text, timeout_s=timeout_s, limit=limit)

    def close(self) -> None:
        """Close what is open, once it has answered; the next question opens it again."""
        with self._lock:
            graphs, self._graphs = self._graphs, None
        if graphs is not None:
            graphs.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @contextmanager
    def _asked(self) -> Iterator[_Graphs]:
        snapshot = SnapshotStore(self._store).current()
        before = None
        with self._lock:
            if self._graphs is None or self._graphs.snapshot.id != snapshot.id:
                before, self._graphs = self._graphs, _Graphs(snapshot)
            graphs = self._graphs
            graphs.enter()
        if before is not None:
            before.leave()
        try:
            yield graphs
        finally:
            graphs.leave()


class _Graphs:
    """The graphs of one snapshot, each opened when first asked, closed when the last one leaves."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._lock = threading.RLock()
        self._open = ExitStack()
        self._inside = 1  # who made it

    def enter(self) -> None:
        with self._lock:
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._open.close()

    @property
    def graph(self) -> GraphStore:
        with self._lock:
            return self._graph

    @property
    def rdf(self) -> RdfGraph:
        with self._lock:
            return self._rdf

    @cached_property
    def _graph(self) -> GraphStore:
        path = self.snapshot.path / GRAPH_FILE
        return self._open.enter_context(open_store(f"ladybug:{path}"))

    @cached_property
    def _rdf(self) -> RdfGraph:
        schema = schema_of(self.snapshot)
        return self._open.enter_context(open_rdf(self.snapshot.path / RDF_FILE, schema))


def open_graph(source: Path | str) -> GraphStore:
    """The graph of a store directory's current snapshot, or the graph store a URL names."""
    if _is_url(source):
        return open_store(str(source))
    path = SnapshotStore(Path(source)).current().path
    return open_store(f"ladybug:{path / GRAPH_FILE}")


def _is_url(source: Path | str) -> bool:
    return isinstance(source, str) and (source.startswith("ladybug:") or "://" in source)


def _resolved(
    source: Path | str,
    query: str,
    params: Mapping[str, Any],
    language: Literal["cypher", "sparql"],
) -> tuple[str, dict[str, Any]]:
    """Text and parameters of a query; a snapshot's own saved queries come before Clew's."""
    if not query.startswith("@"):
        return query, dict(params)
    own = [] if _is_url(source) else [SnapshotStore(Path(source)).current().path / "ontology"]
    saved = find_saved(query.removeprefix("@"), language, *own)
    return saved.text, saved.values(params)


def _told(answer: QueryResult) -> pa.Table:
    if answer.truncated:
        rows = answer.table.num_rows
        warnings.warn(f"only the first {rows} rows; raise limit for more", stacklevel=3)
    return answer.table
