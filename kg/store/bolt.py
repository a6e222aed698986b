"""The property graph on a server: Neo4j, or whatever speaks Bolt, through the official driver.

The store owns its database: `load` deletes the nodes of every class of the ontology, then writes in
batches. Unlike a file it is not replaced at once; a reader during a load sees part of the graph.
Assumed: the graph was loaded under the ontology the store is opened with.

A query is sent in read access mode with a time limit. A server need not heed either (ArcadeDB
heeds neither), so `kg.query_guard` refuses whatever writes, and the caller gets its `QueryTimeout`
in time even where the server goes on.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from kg.errors import MissingExtraError, QueryError, QueryTimeout, StoreError
from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema
from kg.query_guard import check_cypher
from kg.query_result import QueryResult, to_table
from kg.records import Edge
from kg.store.base import LIMIT, TIMEOUT_S
from kg.store.layout import node_rows, plan, relationship_rows

try:
    import neo4j
    from neo4j.exceptions import DriverError, Neo4jError
except ImportError as exc:  # pragma: no cover - the extra is not installed
    raise MissingExtraError("neo4j", "neo4j") from exc

__all__ = ["BoltStore"]

_BATCH = 5_000
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

    Raises:
        StoreError: the URL has no host, or the server cannot be reached or refuses the login.
    """

    def __init__(self, url: str, schema: Schema) -> None:
        parts = urlsplit(url)
        if not parts.hostname:
            raise StoreError(
                f"{url!r} names no host; write bolt://user:password@host:port/database"
            )
        self._schema = schema
        self._database = parts.path.strip("/") or None
        login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._driver = neo4j.GraphDatabase.driver(self._address, auth=login)
        try:
            self._rows("RETURN 1")
        except (QueryError, StoreError, ValueError) as exc:  # ValueError: the name is not resolved
            self._driver.close()
            raise StoreError(f"{self._address} cannot be used: {exc}") from exc

    def load(self, kg: KnowledgeGraph, schema: Schema) -> None:
        """Write the graph; see `GraphStore.load`. Whatever cannot be written is found out first."""
        layout = plan(kg, schema)
        nodes = [(table.label, node_rows(kg, layout, table)) for table in layout.nodes]
        self._schema = schema
        try:
            with self._driver.session(database=self._database) as session:
                for label, _ in nodes:
                    _clear(session, label)
                for label, rows in nodes:
                    _write(session, f"CREATE (n:{label}) SET n = row", rows)
                for table in layout.relationships:
                    for start, end, rows in relationship_rows(kg, layout, table):
                        _write(session, _connect(table.type, start, end), rows)
        except (DriverError, Neo4jError) as exc:
            raise StoreError(f"the graph cannot be written to {self._address}: {exc}") from exc

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
        limited = neo4j.Query(query, timeout=timeout_s)
        columns, rows = _within(timeout_s, lambda: self._read(limited, params or {}, limit + 1))
        table = to_table(columns, [[_plain(value) for value in row] for row in rows[:limit]])
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

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _rows(self, query: str, params: Mapping[str, Any] | None = None) -> list[list[Any]]:
        """All rows of a query of our own."""
        return self._read(neo4j.Query(query), params or {}, None)[1]

    def _read(
        self, query: neo4j.Query, params: Mapping[str, Any], most: int | None
    ) -> tuple[list[str], list[list[Any]]]:
        access = neo4j.READ_ACCESS
        try:
            with self._driver.session(database=self._database, default_access_mode=access) as open_:
                result = open_.run(query, dict(params))
                rows = [record.values() for record in itertools.islice(result, most)]
                return list(result.keys()), rows
        except Neo4jError as exc:
            if _TIMED_OUT in (exc.code or ""):
                raise QueryTimeout(f"the server stopped the query: {exc.message}") from exc
            raise QueryError(exc.message or str(exc)) from exc
        except DriverError as exc:
            raise StoreError(f"{self._address} does not answer: {exc}") from exc


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


def _clear(session: neo4j.Session, label: str) -> None:
    """Delete all nodes of a label, and index what comes in their place."""
    name = f"clew_{label.lower()}_id"
    session.run(
        f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE"
    ).consume()
    while True:
        some = f"MATCH (n:{label}) WITH n LIMIT {_BATCH} DETACH DELETE n RETURN count(*)"
        record = session.run(some).single()
        if record is None or not record[0]:
            return


def _write(session: neo4j.Session, statement: str, rows: pa.Table) -> None:
    for batch in rows.to_batches(_BATCH):
        known = [{k: v for k, v in row.items() if v is not None} for row in batch.to_pylist()]
        session.run(f"UNWIND $rows AS row {statement}", {"rows": known}).consume()


def _connect(type_: str, start: str, end: str) -> str:
    return (
        f"MATCH (a:{start} {{id: row.from}}) MATCH (b:{end} {{id: row.to}}) "
        f"CREATE (a)-[:{type_} {{confidence: row.confidence, source: row.source}}]->(b)"
    )


def _plain(value: Any) -> Any:
    """A value of the driver as JSON; see `GraphStore.cypher`."""
    if isinstance(value, neo4j.graph.Node | neo4j.graph.Relationship | neo4j.graph.Path):
        return _element(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    return value.iso_format() if hasattr(value, "iso_format") else value


def _element(value: neo4j.graph.Node | neo4j.graph.Relationship | neo4j.graph.Path) -> Any:
    if isinstance(value, neo4j.graph.Node):
        return {"label": min(value.labels, default=""), **_plain(dict(value))}
    if isinstance(value, neo4j.graph.Relationship):
        return {"label": value.type, **_plain(dict(value))}
    steps = []
    for step in value.relationships:
        start, end = (node and node.get("id") for node in step.nodes)
        steps.append({**_element(step), "start": start, "end": end})
    return {"nodes": [_element(node) for node in value.nodes], "relationships": steps}
