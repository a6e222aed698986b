"""The property graph on a server: Neo4j, or whatever speaks Bolt, through the official driver.

The store owns every label of its ontology: `load` makes them what the graph says
(`kg.store.bolt_write`) and leaves other labels alone. Unlike a file the graph is not replaced at
once; a reader during a load sees some of the old and some of the new. Assumed: the graph was loaded
under the ontology the store is opened with.

A query from outside runs in read access mode, with a time limit, in a transaction that is always
rolled back, so that even a server without access modes (ArcadeDB) keeps nothing it writes. A
server need not heed the time limit either; the caller gets its `QueryTimeout` in time even where
the server goes on.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from kg.errors import MissingExtraError, QueryError, QueryTimeout, StoreError
from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema
from kg.progress import Progress
from kg.query_guard import check_cypher
from kg.query_result import QueryResult, to_table
from kg.records import Edge
from kg.store.base import LIMIT, TIMEOUT_S, Loaded
from kg.store.layout import plan

try:
    import neo4j
    from neo4j.exceptions import DriverError, Neo4jError
except ImportError as exc:  # pragma: no cover - the extra is not installed
    raise MissingExtraError("neo4j", "neo4j") from exc

from kg.store.bolt_write import NODES, RELATIONSHIPS, Writer, relationship_row

__all__ = ["BoltStore"]

logging.getLogger("neo4j").addHandler(logging.NullHandler())  # or it would print what it retries

_GRACE_S = 0.25
_TIMED_OUT = "TransactionTimedOut"
_EDGES = (
    "RETURN a.id, type(r), b.id, r.confidence, r.source ORDER BY a.id, type(r), b.id LIMIT $limit"
)


class BoltStore:
    """A `kg.store.base.GraphStore` on a Bolt server.

    Args:
        url: ``bolt://user:password@host:port/database``; also ``neo4j://`` and the ``+s`` forms.
        schema: the ontology whose names the graph has.
        retry_s: how long a load goes on trying where the connection is lost or the server busy.

    Raises:
        StoreError: the URL has no host, or the server cannot be reached or refuses the login.
    """

    def __init__(self, url: str, schema: Schema, *, retry_s: float = 30.0) -> None:
        parts = urlsplit(url)
        if not parts.hostname:
            raise StoreError(
                f"{url!r} names no host; write bolt://user:password@host:port/database"
            )
        self._schema = schema
        self._database = parts.path.strip("/") or None
        login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._driver = neo4j.GraphDatabase.driver(
            self._address, auth=login, max_transaction_retry_time=retry_s
        )
        try:
            self._rows("RETURN 1")
        except (QueryError, StoreError, ValueError) as exc:  # ValueError: the name is not resolved
            self._driver.close()
            raise StoreError(f"{self._address} cannot be used: {exc}") from exc

    def load(self, kg: KnowledgeGraph, schema: Schema, progress: Progress | None = None) -> Loaded:
        """Write what differs; see `GraphStore.load`. One that was cut goes on where it stopped."""
        layout = plan(kg, schema)
        self._schema = schema
        try:
            with self._driver.session(database=self._database) as session:
                return Writer(session, layout, progress).write(kg)
        except (DriverError, Neo4jError) as exc:
            raise StoreError(
                f"the graph cannot be written to {self._address}: {_line(exc)}; "
                "what was written stays, load again to go on from there"
            ) from exc

    def cypher(
        self,
        query: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        limit: int = LIMIT,
    ) -> QueryResult:
        """Rows of a query; see `GraphStore.cypher`."""
        check_cypher(query, params or {})
        began = time.perf_counter()
        columns, rows = _within(
            timeout_s, lambda: self._read(query, params or {}, timeout_s, limit + 1)
        )
        table = to_table(columns, [_plain_row(row) for row in rows[:limit]])
        return QueryResult(table, len(rows) > limit, time.perf_counter() - began)

    def counts(self) -> dict[str, int]:
        """Facts by relation id; see `GraphStore.counts`."""
        found: dict[str, int] = {}
        labels = {known.id: known.node_label for known in self._schema.classes.values()}
        for relation in self._schema.relations.values():
            name = relation.relationship_type
            if relation.is_literal:
                queries = [
                    f"MATCH (n:{label}) WHERE n.{name} IS NOT NULL RETURN count(n)"
                    for label in labels.values()
                ]
            else:
                queries = [f"MATCH ()-[r:{name}]->() RETURN count(r)"]
            if count := sum(self._rows(query)[0][0] for query in queries):
                found[relation.id] = count
        return dict(sorted(found.items()))

    def get(self, entity: str) -> dict[str, Any] | None:
        """A node; see `GraphStore.get`."""
        labels = sorted(known.node_label for known in self._schema.classes.values())
        one = (f"MATCH (n:{label} {{id: $id}}) RETURN n" for label in labels)
        rows = self._rows(" UNION ALL ".join(one), {"id": entity})
        return _plain(rows[0][0]) if rows else None

    def neighbours(self, entity: str, *, limit: int = LIMIT) -> list[Edge]:
        """Facts around a node; see `GraphStore.neighbours`."""
        known = self.get(entity)
        if known is None:
            return []
        names = {r.relationship_type: r.id for r in self._schema.relations.values()}
        node, params = f"{known['label']} {{id: $id}}", {"id": entity, "limit": limit}
        rows = self._rows(f"MATCH (a:{node})-[r]->(b) {_EDGES}", params)
        rows += self._rows(f"MATCH (a)-[r]->(b:{node}) {_EDGES}", params)
        edges = {
            Edge(start, names[type_], stop, confidence, source)
            for start, type_, stop, confidence, source in rows
        }
        return sorted(edges, key=lambda e: (e.subject, e.relation, e.object))[:limit]

    def nodes(self, label: str) -> Iterator[dict[str, Any]]:
        """Nodes of a label; see `GraphStore.nodes`."""
        for _, held in self._stream(NODES.format(label=label)):
            yield held

    def relationships(self, type_: str) -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
        """Relationships of a type; see `GraphStore.relationships`."""
        labels = {known.node_label for known in self._schema.classes.values()}
        for values in self._stream(RELATIONSHIPS.format(type=type_)):
            if (row := relationship_row(values, labels)) is not None:
                yield row

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _rows(self, query: str, params: Mapping[str, Any] | None = None) -> list[list[Any]]:
        """All rows of a query of our own."""
        return self._read(query, params or {}, None, None)[1]

    def _read(
        self, query: str, params: Mapping[str, Any], timeout_s: float | None, most: int | None
    ) -> tuple[list[str], list[list[Any]]]:
        """Columns and rows, at most so many, of a transaction that is rolled back."""
        access = neo4j.READ_ACCESS
        try:
            with (
                self._driver.session(database=self._database, default_access_mode=access) as open_,
                open_.begin_transaction(timeout=timeout_s) as transaction,
            ):
                result = transaction.run(query, dict(params))
                rows = [record.values() for record in itertools.islice(result, most)]
                columns = list(result.keys())
                transaction.rollback()
                return columns, rows
        except Neo4jError as exc:
            if _TIMED_OUT in (exc.code or ""):
                raise QueryTimeout(f"the server stopped the query: {exc.message}") from exc
            raise QueryError(exc.message or str(exc)) from exc
        except DriverError as exc:
            raise StoreError(f"{self._address} does not answer: {_line(exc)}") from exc

    def _stream(self, query: str) -> Iterator[list[Any]]:
        """Rows of a query of our own, one after the other."""
        access = neo4j.READ_ACCESS
        try:
            with self._driver.session(database=self._database, default_access_mode=access) as open_:
                for record in open_.run(query):
                    yield record.values()
        except (DriverError, Neo4jError) as exc:
            raise StoreError(f"{self._address} cannot be read: {_line(exc)}") from exc


def _line(exc: Exception) -> str:
    """What the driver says, in a line."""
    return " ".join(str(exc).split())


def _within(timeout_s: float, work: Callable[[], tuple[list[str], list[list[Any]]]]) -> Any:
    """What ``work`` returns, or a timeout where it takes longer; it may then go on unheard."""
    answers: queue.Queue[Any] = queue.Queue(1)

    def run() -> None:
        try:
            answers.put(work())
        except (QueryError, StoreError) as exc:
            answers.put(exc)

    threading.Thread(target=run, daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_s + _GRACE_S)
    except queue.Empty:
        answer = QueryTimeout("")
    if isinstance(answer, QueryTimeout):
        raise QueryTimeout(
            f"the query ran longer than {timeout_s:g} s; ask for less, or raise the limit"
        )
    if isinstance(answer, Exception):
        raise answer
    return answer


def _plain_row(row: list[Any]) -> list[Any]:
    """Values of a row as JSON; a relationship names those of its ends that stand in the row too."""
    ids: dict[str, str] = {}
    _note(row, ids)
    return [_plain(value, ids) for value in row]


def _note(value: Any, ids: dict[str, str]) -> None:
    """Remember the nodes in a value: the server's name of each, and its id."""
    if isinstance(value, neo4j.graph.Node):
        ids[value.element_id] = value.get("id")
    elif isinstance(value, neo4j.graph.Path):
        _note(list(value.nodes), ids)
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            _note(item, ids)


def _plain(value: Any, ids: Mapping[str, str] | None = None) -> Any:
    """A value of the driver as JSON; see `GraphStore.cypher`."""
    if isinstance(value, neo4j.graph.Node | neo4j.graph.Relationship | neo4j.graph.Path):
        return _element(value, ids or {})
    if isinstance(value, dict):
        return {key: _plain(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, ids) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    return value.iso_format() if hasattr(value, "iso_format") else value


def _element(
    value: neo4j.graph.Node | neo4j.graph.Relationship | neo4j.graph.Path, ids: Mapping[str, str]
) -> Any:
    if isinstance(value, neo4j.graph.Node):
        return {"label": min(value.labels, default=""), **_plain(dict(value))}
    if isinstance(value, neo4j.graph.Relationship):
        sides = zip(("start", "end"), value.nodes, strict=True)
        known = {side: ids[n.element_id] for side, n in sides if n and n.element_id in ids}
        return {"label": value.type, **_plain(dict(value)), **known}
    here: dict[str, str] = {}
    _note(value, here)
    return {
        "nodes": [_element(node, here) for node in value.nodes],
        "relationships": [_element(step, here) for step in value.relationships],
    }
