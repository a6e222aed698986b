"""Making a server's graph equal to a fact table by writing what differs, and nothing else.

Each batch is one managed transaction of the official driver, which sends it again after an error
that passes or a lost connection; each statement is idempotent, so twice is once. What a load that
was cut has written, the next one finds and leaves alone.

Constraints come first, then nodes, then relationships; nodes that are extra go last. A reader
meanwhile sees some of the old and some of the new, but never an emptied graph.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import neo4j
import pyarrow as pa
from neo4j.exceptions import IncompleteCommit

from kg.facts import KnowledgeGraph
from kg.progress import Passing, Progress
from kg.store.base import Loaded
from kg.store.compare import (
    NODE_KEY,
    RELATIONSHIP_KEY,
    Difference,
    Row,
    compare,
    connections,
    properties,
)
from kg.store.layout import Layout, NodeTable, RelationshipTable, node_rows

__all__ = ["NODES", "RELATIONSHIPS", "Writer", "node_row", "relationship_row"]

NODES = "MATCH (n:{label}) RETURN n.id, properties(n)"
RELATIONSHIPS = "MATCH (a)-[r:{type}]->(b) RETURN labels(a), a.id, labels(b), b.id, properties(r)"

_CONSTRAINT = "CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE"
_MERGE_NODE = "UNWIND $rows AS row MERGE (n:{label} {{id: row.id}}) SET n = row.held"
_DELETE_NODE = "UNWIND $rows AS row MATCH (n:{label} {{id: row.id}}) DETACH DELETE n"
_DELETE_NAMELESS = "MATCH (n:{label}) WHERE n.id IS NULL DETACH DELETE n"
_ENDS = "UNWIND $rows AS row MATCH (a:{start} {{id: row.from}}) MATCH (b:{end} {{id: row.to}}) "
_MERGE_RELATIONSHIP = _ENDS + "MERGE (a)-[r:{type}]->(b) SET r = row.held"
_DELETE_RELATIONSHIP = _ENDS + "MATCH (a)-[r:{type}]->(b) DELETE r"

_BATCH = 2_000
_COMMITS = 5
"""How often a batch is sent whose commit is not answered: it may have happened, or not."""


class Writer:
    """Writes one graph over one session. What carries labels of nobody's is left alone."""

    def __init__(self, session: neo4j.Session, layout: Layout, progress: Progress | None) -> None:
        self._session, self._layout = session, layout
        self._labels = {table.label for table in layout.nodes}
        self._watch = Passing(progress)
        self._unchanged = 0

    def write(self, kg: KnowledgeGraph) -> Loaded:
        """Make the database equal to the graph."""
        for table in self._layout.nodes:
            name = f"clew_{table.label.lower()}_id"
            self._session.run(_CONSTRAINT.format(name=name, label=table.label)).consume()
        written, connected, cut, deleted = 0, 0, 0, 0
        extra = []
        for table in self._layout.nodes:
            rows = node_rows(kg, self._layout, table)
            some, keys = self._nodes(table, rows)
            written += some
            extra.append((table, keys))
        for relation in self._layout.relationships:
            some, gone = self._relationships(relation, connections(kg, self._layout, relation))
            connected, cut = connected + some, cut + gone
        for table, keys in extra:
            deleted += self._delete_nodes(table, keys)
        return Loaded(written, connected, deleted, cut, self._unchanged)

    def _nodes(self, table: NodeTable, rows: pa.Table) -> tuple[int, pa.Table]:
        """Write the nodes of a label: how many, and the keys of those that are extra."""
        query = NODES.format(label=table.label)
        found = self._difference(query, lambda r: node_row(r.values()), rows, NODE_KEY)
        todo = _chosen(rows, found, NODE_KEY)
        batches = ({"id": key, "held": held} for key, held in properties(todo, NODE_KEY))
        self._stage(table.label, todo)
        self._send(_MERGE_NODE.format(label=table.label), batches)
        return len(todo), found.extra

    def _relationships(self, table: RelationshipTable, rows: pa.Table) -> tuple[int, int]:
        """Write the relationships of a type: how many, and how many extra ones are deleted."""
        query = RELATIONSHIPS.format(type=table.type)
        found = self._difference(
            query, lambda r: relationship_row(r.values(), self._labels), rows, RELATIONSHIP_KEY
        )
        # One that differs may stand there twice, so it goes and comes back.
        gone = pa.concat_tables([found.extra, found.differs])
        self._connected(_DELETE_RELATIONSHIP, f"delete {table.type}", table, gone)
        todo = _chosen(rows, found, RELATIONSHIP_KEY)
        self._connected(_MERGE_RELATIONSHIP, table.type, table, todo)
        return len(todo), len(found.extra)

    def _connected(
        self, statement: str, stage: str, table: RelationshipTable, rows: pa.Table
    ) -> None:
        """Send rows with ends, pair of labels by pair of labels."""
        self._stage(stage, rows)
        ordered = rows.sort_by([("start", "ascending"), ("end", "ascending")])
        found = properties(ordered, RELATIONSHIP_KEY)
        for (start, end), some in itertools.groupby(found, key=lambda row: (row[0], row[2])):
            batches = ({"from": row[1], "to": row[3], "held": row[4]} for row in some)
            text = statement.format(type=table.type, start=start, end=end)
            self._send(text, batches)

    def _delete_nodes(self, table: NodeTable, keys: pa.Table) -> int:
        self._stage(f"delete {table.label}", keys)
        ids = keys["id"].drop_null().to_pylist()
        self._send(_DELETE_NODE.format(label=table.label), ({"id": known} for known in ids))
        if len(ids) < len(keys):
            text = _DELETE_NAMELESS.format(label=table.label)
            self._managed(self._session.execute_write, lambda tx: tx.run(text).consume())
        return len(keys)

    def _difference(
        self,
        query: str,
        row_of: Callable[[neo4j.Record], Row | None],
        rows: pa.Table,
        key: Sequence[str],
    ) -> Difference:
        def work(tx: neo4j.ManagedTransaction) -> Difference:
            held = (row for record in tx.run(query) if (row := row_of(record)) is not None)
            return compare(rows, held, key)

        found: Difference = self._managed(self._session.execute_read, work)
        self._unchanged += found.same
        return found

    def _stage(self, name: str, rows: pa.Table) -> None:
        if len(rows):
            self._watch.stage(name, len(rows))

    def _send(self, statement: str, rows: Iterator[Any]) -> None:
        while batch := list(itertools.islice(rows, _BATCH)):
            params = {"rows": batch}

            def work(tx: neo4j.ManagedTransaction, params: Any = params) -> None:
                tx.run(statement, params).consume()

            self._managed(self._session.execute_write, work)
            self._watch.advance(len(batch))

    def _managed(self, execute: Callable[..., Any], work: Callable[..., Any]) -> Any:
        """Run a transaction; also again where the driver would not, since it is idempotent."""
        for _ in range(_COMMITS - 1):
            try:
                return execute(work)
            except IncompleteCommit:
                continue
        return execute(work)


def node_row(values: Sequence[Any]) -> Row:
    """Id and properties of a node, of what `NODES` returns."""
    return values[0], values[1]


def relationship_row(values: Sequence[Any], labels: set[str]) -> Row | None:
    """A relationship of what `RELATIONSHIPS` returns; None where an end has none of the labels."""
    starts, start, ends, end, held = values
    known = [min(labels.intersection(some), default=None) for some in (starts, ends)]
    return None if None in known else (known[0], start, known[1], end, held)


def _chosen(rows: pa.Table, found: Difference, key: Sequence[str]) -> pa.Table:
    """Rows that are missing or differ."""
    if found.missing.num_rows == len(rows):
        return rows
    keys = pa.concat_tables([found.missing, found.differs])
    numbered = rows.select(list(key)).append_column("row", pa.array(range(len(rows)), pa.int64()))
    return rows.take(numbered.join(keys, list(key), join_type="left semi")["row"])
