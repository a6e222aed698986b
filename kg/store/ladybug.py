"""The property graph in Ladybug: one file, embedded, Cypher.

The file is written once, from Arrow tables by ``COPY``, beside its final place and then renamed;
after that it is only ever opened read-only, by any number of processes. Table comments carry the
ontology's ids, so that a file can be read without the ontology it was made with.
"""

from __future__ import annotations

import functools
import json
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import ladybug
import pyarrow as pa

from kg.errors import QueryError, QueryTimeout, StoreError
from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema
from kg.progress import Passing, Progress
from kg.query_guard import check_cypher, limited
from kg.query_result import QueryResult, to_table
from kg.query_worker import plain
from kg.records import Edge
from kg.sandbox import Sandbox
from kg.store.base import LIMIT, TIMEOUT_S, Loaded
from kg.store.hints import with_hint
from kg.store.layout import Layout, NodeTable, RelationshipTable, node_rows, plan, relationship_rows

__all__ = ["LadybugStore"]

_TYPES = {
    pa.string(): "STRING",
    pa.float64(): "DOUBLE",
    pa.int64(): "INT64",
    pa.bool_(): "BOOL",
    pa.list_(pa.string()): "STRING[]",
}
_EDGES = (
    "RETURN a.id, label(r), b.id, r.confidence, r.source ORDER BY a.id, label(r), b.id LIMIT $limit"
)
_LOAD_BUFFER_BYTES = 512 << 20
_READ_BUFFER_BYTES = 256 << 20


class LadybugStore:
    """A `kg.store.base.GraphStore` in one file.

    Args:
        path: the file; it need not exist before `load`.
        workers: how many outside queries may run at once.
        memory_bytes: what one outside query may hold in memory.
    """

    def __init__(self, path: Path, *, workers: int = 4, memory_bytes: int = 1 << 30) -> None:
        self.path = path.absolute()
        self._workers, self._memory_bytes = workers, memory_bytes
        self._lock = threading.Lock()
        self._reader: _Reader | None = None

    def load(self, kg: KnowledgeGraph, schema: Schema, progress: Progress | None = None) -> Loaded:
        """Write the whole graph; see `GraphStore.load`. Readers never see half of it."""
        layout = plan(kg, schema)
        draft = self.path.with_name(self.path.name + ".loading")
        try:
            _remove(draft)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with ladybug.Database(str(draft), buffer_pool_size=_LOAD_BUFFER_BYTES) as database:
                connection = ladybug.Connection(database)
                done = _fill(connection, kg, layout, Passing(progress))
                connection.close()
            draft.replace(self.path)
        except (RuntimeError, OSError) as exc:
            raise StoreError(f"the graph cannot be written to {self.path}: {exc}") from exc
        finally:
            _remove(draft)
        self.close()
        return done

    def cypher(
        self,
        query: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        limit: int = LIMIT,
    ) -> QueryResult:
        """Rows of a query; see `GraphStore.cypher`. It runs in a process of its own."""
        check_cypher(query, params)
        began = time.perf_counter()
        reader = self._open()
        try:
            answer = reader.sandbox.run(
                limited(query, limit + 1), params or {}, timeout_s=timeout_s, limit=limit
            )
        except QueryTimeout:
            raise
        except QueryError as exc:
            raise QueryError(with_hint(str(exc), reader.names)) from exc
        table = to_table(answer["columns"], answer["rows"], answer["types"])
        return QueryResult(table, answer["truncated"], time.perf_counter() - began)

    def counts(self) -> dict[str, int]:
        """Facts by relation id; see `GraphStore.counts`."""
        reader = self._open()
        found: dict[str, int] = {}
        for type_, relation in reader.relations.items():
            [[found[relation]]] = reader.rows(f"MATCH ()-[r:{type_}]->() RETURN count(*)")
        for label, properties in reader.properties.items():
            for name, relation in properties.items():
                [[count]] = reader.rows(f"MATCH (n:{label}) RETURN count(n.{name})")
                found[relation] = found.get(relation, 0) + count
        return {relation: count for relation, count in sorted(found.items()) if count}

    def get(self, entity: str) -> dict[str, Any] | None:
        """A node; see `GraphStore.get`."""
        found = self._open().find(entity)
        return found and plain(found)

    def neighbours(self, entity: str, *, limit: int = LIMIT) -> list[Edge]:
        """Facts around a node; see `GraphStore.neighbours`."""
        reader = self._open()
        found = reader.find(entity)
        if found is None:
            return []
        node, params = f"{found['_LABEL']} {{id: $id}}", {"id": entity, "limit": limit}
        rows = reader.rows(f"MATCH (a:{node})-[r]->(b) {_EDGES}", params)
        rows += reader.rows(f"MATCH (a)-[r]->(b:{node}) {_EDGES}", params)
        edges = {
            Edge(start, reader.relations[type_], stop, confidence, source)
            for start, type_, stop, confidence, source in rows
        }
        return sorted(edges, key=lambda e: (e.subject, e.relation, e.object))[:limit]

    def nodes(self, label: str) -> Iterator[dict[str, Any]]:
        """Nodes of a label; see `GraphStore.nodes`."""
        for [node] in self._open().stream(f"MATCH (n:{label}) RETURN n"):
            yield _held(node)

    def relationships(self, type_: str) -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
        """Relationships of a type; see `GraphStore.relationships`."""
        query = f"MATCH (a)-[r:{type_}]->(b) RETURN label(a), a.id, label(b), b.id, r"
        for start, one, end, other, edge in self._open().stream(query):
            yield start, one, end, other, _held(edge)

    def close(self) -> None:
        """Close the file and end the query processes."""
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _open(self) -> _Reader:
        with self._lock:
            if self._reader is None:
                sandbox = Sandbox(
                    "cypher", self.path, workers=self._workers, memory_bytes=self._memory_bytes
                )
                self._reader = _Reader(self.path, sandbox)
            return self._reader


class _Reader:
    """The file open for reading: for our own queries in this process, for others' in a sandbox."""

    def __init__(self, path: Path, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        if not path.is_file():
            raise StoreError(f"no graph at {path}; build one: clew build")
        try:
            self._database = ladybug.Database(
                str(path), read_only=True, buffer_pool_size=_READ_BUFFER_BYTES
            )
        except RuntimeError as exc:
            raise StoreError(f"{path} cannot be opened as a Ladybug graph: {exc}") from exc
        self.relations: dict[str, str] = {}  # relationship type -> relation id
        self.properties: dict[str, dict[str, str]] = {}  # label -> property -> relation id
        for name, kind, comment in self.rows("CALL show_tables() RETURN name, type, comment"):
            try:
                if kind == "REL":
                    self.relations[name] = json.loads(comment)["relation"]
                else:
                    self.properties[name] = json.loads(comment)["properties"]
            except (ValueError, KeyError) as exc:
                self.close()
                raise StoreError(
                    f"{path} was not written by Clew: table {name!r} has the comment {comment!r}"
                ) from exc

    @property
    def names(self) -> set[str]:
        """Labels, relationship types and properties of nodes."""
        properties = (name for table in self.properties.values() for name in table)
        return {*self.relations, *self.properties, *properties}

    def rows(self, query: str, params: Mapping[str, Any] | None = None) -> list[list[Any]]:
        with ladybug.Connection(self._database) as connection:
            try:
                result: Any = connection.execute(query, dict(params or {}))
                rows: list[list[Any]] = result.get_all()
            except RuntimeError as exc:
                raise QueryError(str(exc)) from exc
            return rows

    def stream(self, query: str) -> Iterator[list[Any]]:
        """Rows of a query of our own, one after the other."""
        with ladybug.Connection(self._database) as connection:
            try:
                result: Any = connection.execute(query)
                yield from result
            except RuntimeError as exc:
                raise StoreError(f"the graph cannot be read: {exc}") from exc

    def find(self, entity: str) -> dict[str, Any] | None:
        """A node as the engine returns it, looked up by key in the tables its prefix occurs in."""
        for label in self.labels.get(entity.partition(":")[0], ()):
            if rows := self.rows(f"MATCH (n:{label} {{id: $id}}) RETURN n", {"id": entity}):
                node: dict[str, Any] = rows[0][0]
                return node
        return None

    @functools.cached_property
    def labels(self) -> dict[str, list[str]]:
        """Prefix of an id -> labels of the nodes that have it."""
        found: dict[str, list[str]] = {}
        for label in sorted(self.properties):
            query = f"MATCH (n:{label}) RETURN DISTINCT split_part(n.id, ':', 1)"
            for [prefix] in self.rows(query):
                found.setdefault(prefix, []).append(label)
        return found

    def close(self) -> None:
        self.sandbox.close()
        self._database.close()


def _held(element: dict[str, Any]) -> dict[str, Any]:
    """Properties of a node or relationship as the engine returns it."""
    held: dict[str, Any] = plain(element)
    del held["label"]
    return held


def _fill(connection: Any, kg: KnowledgeGraph, layout: Layout, progress: Progress) -> Loaded:
    connection.execute("BEGIN TRANSACTION")
    written = 0
    for table in layout.nodes:
        connection.execute(_create_nodes(table))
        note = {"class": table.class_id, "properties": dict(table.properties)}
        _comment(connection, table.label, note)
        rows = node_rows(kg, layout, table)
        progress.stage(table.label)
        if rows.num_rows:
            connection.execute(f"COPY {table.label} FROM $rows", {"rows": rows})
    for relation in layout.relationships:
        progress.stage(relation.type)
        connection.execute(_create_relationships(relation))
        _comment(connection, relation.type, {"relation": relation.relation})
        for start, end, rows in relationship_rows(kg, layout, relation):
            pair = f"(from='{start}', to='{end}')"
            connection.execute(f"COPY {relation.type} FROM $rows {pair}", {"rows": rows})
            written += rows.num_rows
    connection.execute("CREATE MACRO type(r) AS label(r)")  # what Cypher calls it elsewhere
    connection.execute("COMMIT")
    return Loaded(kg.entities.num_rows, written)


def _create_nodes(table: NodeTable) -> str:
    columns = "".join(f", {name} {_TYPES[kind]}" for name, kind in table.types.items())
    return f"CREATE NODE TABLE {table.label}(id STRING PRIMARY KEY{columns})"


def _create_relationships(table: RelationshipTable) -> str:
    pairs = ", ".join(f"FROM {start} TO {end}" for start, end in table.pairs)
    columns = "".join(f", {name} {_TYPES[kind]}" for name, kind in table.types.items())
    return f"CREATE REL TABLE {table.type}({pairs}{columns})"


def _comment(connection: Any, table: str, note: Mapping[str, Any]) -> None:
    connection.execute(f"COMMENT ON TABLE {table} IS '{json.dumps(note)}'")


def _remove(draft: Path) -> None:
    """Remove a draft and the log files the engine keeps beside it."""
    for path in draft.parent.glob(draft.name + "*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
