"""A Ladybug file brought up to date: a copy of the old one, minus and plus some rows.

In: the file of a former build and a `Difference`. Out: a file of the new graph. A relationship is
deleted by the ids of both its ends, which the engine looks up by key; new rows come by ``COPY`` as
in a first load. Where the tables themselves are others, the caller loads the graph anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ladybug
import pyarrow as pa
import pyarrow.compute as pc

from kg.difference import Difference
from kg.errors import StoreError
from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema
from kg.store.layout import Layout, node_rows, plan, relationship_rows

__all__ = ["MOST_CHANGES", "update_ladybug"]

MOST_CHANGES = 0.05
"""Share of changed rows above which a graph is loaded anew: deleting costs 20 times writing."""

_BUFFER_BYTES = 512 << 20
_BATCH = 2_000


def update_ladybug(old: Path, new: Path, change: Difference, schema: Schema) -> bool:
    """Make the file of the new graph from that of the old one.

    Args:
        old: file of the old graph; read only.
        new: file to write.
        change: from the old graph to the new one.
        schema: of the new graph.

    Returns:
        False where the graphs have other tables; then there is no new file.

    Raises:
        NotFoundError: a fact names an entity, class or relation that is nowhere defined.
        StoreError: the old file is damaged or the new one cannot be written.
    """
    before, after = plan(change.old, schema), plan(change.new, schema)
    if (before.nodes, before.relationships) != (after.nodes, after.relationships):
        return False
    try:
        if not change.share:  # a published file is never written to
            os.link(old, new)
            return True
        shutil.copyfile(old, new)
        with ladybug.Database(str(new), buffer_pool_size=_BUFFER_BYTES) as database:
            connection = ladybug.Connection(database)
            connection.execute("BEGIN TRANSACTION")
            _apply(connection, _Change.of(change, before, after), schema)
            connection.execute("COMMIT")
            connection.close()
    except (RuntimeError, OSError) as exc:
        raise StoreError(f"the graph {old} cannot be brought up to date: {exc}") from exc
    return True


@dataclass(frozen=True)
class _Change:
    """What to delete and to write, as graphs of the same layout."""

    old: KnowledgeGraph
    new: KnowledgeGraph
    before: Layout
    after: Layout
    gone: pa.Table  # facts whose relationship goes
    added: pa.Table  # facts whose relationship comes
    deleted: pa.StringArray  # nodes that go, or come back under another label
    created: pa.StringArray
    changed: pa.StringArray  # nodes with other properties

    @classmethod
    def of(cls, change: Difference, before: Layout, after: Layout) -> _Change:
        old, new = change.old, change.new
        labels = [
            dict(zip(kg.entities["id"].to_pylist(), layout.labels.to_pylist(), strict=True))
            if len(change.described)
            else {}
            for kg, layout in ((old, before), (new, after))
        ]
        described = change.described.to_pylist()
        moved = [i for i in described if labels[0].get(i) != labels[1].get(i)]
        deleted = pa.array([i for i in moved if i in labels[0]], pa.string())
        created = pa.array([i for i in moved if i in labels[1]], pa.string())
        literal = [
            t.filter(t["datatype"].is_valid())["subject"] for t in (change.gone, change.added)
        ]
        touched = set(described).union(*(part.to_pylist() for part in literal))
        changed = pa.array(sorted(touched - set(moved)), pa.string())
        # A node that moves takes its relationships along, also those that did not change.
        # A relationship tells of its events, whether or not its fact is the same.
        happened = [_happened(kg.facts, change.events, after) for kg in (old, new)]
        gone = pa.concat_tables([change.gone, _touching(old.facts, deleted), happened[0]])
        added = pa.concat_tables([change.added, _touching(new.facts, created), happened[1]])
        return cls(
            old, new, before, after, _linked(gone), _linked(added), deleted, created, changed
        )


def _apply(connection: Any, change: _Change, schema: Schema) -> None:
    for table, start, end, rows in _relationships(change.old, change.gone, schema):
        delete = f"MATCH (a:{start} {{id: $from}})-[r:{table}]->(b:{end} {{id: $to}}) DELETE r"
        for row in rows.select(["from", "to"]).to_pylist():
            connection.execute(delete, row)
    for label, rows in _nodes(change.old, change.before, change.deleted, schema):
        delete = f"MATCH (n:{label} {{id: $id}}) DETACH DELETE n"
        for row in rows.select(["id"]).to_pylist():
            connection.execute(delete, row)
    for label, rows in _nodes(change.new, change.after, change.created, schema):
        connection.execute(f"COPY {label} FROM $rows", {"rows": rows})
    for label, rows in _nodes(change.new, change.after, change.changed, schema):
        names = [name for name in rows.column_names if name != "id"]
        assign = ", ".join(f"n.{name} = ${name}" for name in names)
        for row in rows.to_pylist():
            connection.execute(f"MATCH (n:{label} {{id: $id}}) SET {assign}", row)
    for table, start, end, rows in _relationships(change.new, change.added, schema):
        pair = f"(from='{start}', to='{end}')"
        connection.execute(f"COPY {table} FROM $rows {pair}", {"rows": rows})


def _relationships(
    kg: KnowledgeGraph, facts: pa.Table, schema: Schema
) -> Iterator[tuple[str, str, str, pa.Table]]:
    """Type, labels of both ends and rows of the relationships of some facts."""
    if not facts.num_rows:
        return
    ids = pa.concat_arrays([facts["subject"].combine_chunks(), facts["object"].combine_chunks()])
    events = kg.interactions.filter(pc.is_in(kg.interactions["user_id"], ids))
    events = events.filter(pc.is_in(events["product_id"], ids))
    part = replace(kg, facts=facts, entities=_among(kg.entities, ids), interactions=events)
    layout = plan(part, schema)
    for table in layout.relationships:
        for start, end, rows in relationship_rows(part, layout, table):
            yield table.type, start, end, rows


def _nodes(
    kg: KnowledgeGraph, whole: Layout, ids: pa.StringArray, schema: Schema
) -> Iterator[tuple[str, pa.Table]]:
    """Label and rows of some nodes, with all columns of the whole graph's table."""
    if not len(ids):
        return
    facts = kg.facts.filter(pc.is_in(kg.facts["subject"], ids))
    facts = facts.filter(facts["datatype"].is_valid())
    part = replace(kg, facts=facts, entities=_among(kg.entities, ids))
    own = plan(part, schema)
    layout = replace(whole, labels=own.labels, starts=own.starts, ends=own.ends)
    for table in layout.nodes:
        rows = node_rows(part, layout, table)
        if rows.num_rows:
            yield table.label, rows


def _among(entities: pa.Table, ids: Any) -> pa.Table:
    return entities.filter(pc.is_in(entities["id"], ids)).combine_chunks()


def _happened(facts: pa.Table, pairs: pa.Table, layout: Layout) -> pa.Table:
    """Facts that stand for the events of some pairs of user and product."""
    made = [table.relation for table in layout.relationships if table.events]
    facts = facts.filter(pc.is_in(facts["relation"], pa.array(made, pa.string())))
    ends = pc.binary_join_element_wise(facts["subject"], facts["object"], " ")
    wanted = pc.binary_join_element_wise(pairs["user_id"], pairs["product_id"], " ")
    return facts.filter(pc.is_in(ends, wanted))


def _touching(facts: pa.Table, ids: pa.StringArray) -> pa.Table:
    either = pc.or_(pc.is_in(facts["subject"], ids), pc.is_in(facts["object"], ids))
    return facts.filter(either)


def _linked(facts: pa.Table) -> pa.Table:
    """Facts between entities, each once."""
    facts = facts.filter(facts["datatype"].is_null())
    keys = pa.table({name: facts[name] for name in ("subject", "relation", "object")})
    keys = keys.append_column("row", pa.array(range(facts.num_rows), pa.int64()))
    first = keys.group_by(["subject", "relation", "object"]).aggregate([("row", "min")])
    return facts.take(first["row_min"])
