"""The graphs of a store, open for questions; saved queries by name; why an answer is empty.

In: a store directory and queries. Out: `QueryResult` records. `kg.query` asks once, the service
again and again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from kg.build import GRAPH_FILE, RDF_FILE, schema_of
from kg.query_empty import missing_in_cypher, missing_in_sparql
from kg.query_result import QueryResult
from kg.query_saved import find_saved
from kg.rdf import RdfGraph, open_rdf
from kg.snapshot import Snapshot, SnapshotStore
from kg.store import GraphStore, open_store

__all__ = ["OpenGraphs", "in_cypher", "in_sparql", "resolved"]


def resolved(
    query: str,
    params: Mapping[str, Any],
    language: Literal["cypher", "sparql"],
    snapshot: Snapshot | None,
) -> tuple[str, dict[str, Any]]:
    """Text and parameters of a query; a snapshot's own saved queries come before Clew's.

    Raises:
        NotFoundError: there is no saved query of this name.
        QueryError: it has no such parameter.
    """
    if not query.startswith("@"):
        return query, dict(params)
    own = [] if snapshot is None else [snapshot.path / "ontology"]
    saved = find_saved(query.removeprefix("@"), language, *own)
    return saved.text, saved.values(params)


def in_cypher(
    store: GraphStore, text: str, values: Mapping[str, Any], *, timeout_s: float, limit: int
) -> QueryResult:
    """The answer of a graph, and what is missing where it is empty."""
    answer = store.cypher(text, values, timeout_s=timeout_s, limit=limit)
    if answer.table.num_rows:
        return answer
    return replace(answer, missing=tuple(missing_in_cypher(store, text, values)))


def in_sparql(rdf: RdfGraph, text: str, *, timeout_s: float, limit: int) -> QueryResult:
    """The answer of an RDF graph, and what is missing where it is empty."""
    answer = rdf.sparql(text, timeout_s=timeout_s, limit=limit)
    if answer.table.num_rows:
        return answer
    return replace(answer, missing=tuple(missing_in_sparql(rdf, text)))


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
        """As `kg.query.ask_cypher`."""
        with self._asked() as graphs:
            text, values = resolved(query, params or {}, "cypher", graphs.snapshot)
            return in_cypher(graphs.graph, text, values, timeout_s=timeout_s, limit=limit)

    def sparql(self, query: str, *, timeout_s: float, limit: int) -> QueryResult:
        """As `kg.query.ask_sparql`."""
        with self._asked() as graphs:
            text, _ = resolved(query, {}, "sparql", graphs.snapshot)
            return in_sparql(graphs.rdf, text, timeout_s=timeout_s, limit=limit)

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
