"""What sets a store's graph apart from a snapshot's: missing, extra, different, with examples.

In: a snapshot's tables and a graph store, embedded or on a server. Out: a `GraphDiff`, label by
label and type by type. Both sides are read once as streams and compared by key and hash
(`kg.store.compare`); only a few examples are looked up again to say what differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema
from kg.query_text import value_text
from kg.store.base import GraphStore
from kg.store.compare import NODE_KEY, RELATIONSHIP_KEY, Difference, compare, connections
from kg.store.layout import node_rows, plan

__all__ = ["GraphDiff", "TableDiff", "diff", "example_text"]

_TIMEOUT_S = 600.0
_LABELS = "MATCH (n) RETURN labels(n) AS name, count(*) AS count"
_TYPES = "MATCH ()-[r]->() RETURN type(r) AS name, count(*) AS count"
_NODE = "MATCH (n:{name} {{id: $id}}) RETURN n AS there"
_RELATIONSHIP = "MATCH (:{start} {{id: $from}})-[r:{name}]->(:{end} {{id: $to}}) RETURN r AS there"


@dataclass(frozen=True)
class TableDiff:
    """One label or one relationship type."""

    kind: Literal["node", "relationship"]
    name: str  # Product, HAS_COLOR
    same: int
    missing: int  # in the snapshot, not in the store
    extra: int  # in the store, not in the snapshot
    differs: int  # in both, with other properties, or in the store more than once
    examples: Mapping[str, list[dict[str, Any]]]
    """missing, extra, differs -> a few keys; those that differ with the values of both sides."""

    @property
    def equal(self) -> bool:
        """Whether both hold the same."""
        return not (self.missing or self.extra or self.differs)


@dataclass(frozen=True)
class GraphDiff:
    """A snapshot's graph against a store's."""

    tables: tuple[TableDiff, ...]  # labels, then types, each sorted by name
    unknown: Mapping[str, int]
    """Labels and types the ontology does not have -> how often the store has them. No load
    touches them, so they are no difference."""

    @property
    def equal(self) -> bool:
        """Whether the store holds the snapshot's graph."""
        return all(table.equal for table in self.tables)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: counts of every table, examples where something is wrong."""
        counts = ("same", "missing", "extra", "differs")
        return {
            "equal": self.equal,
            **{name: sum(getattr(table, name) for table in self.tables) for name in counts},
            "unknown": dict(self.unknown),
            "tables": [
                {
                    "kind": table.kind,
                    "name": table.name,
                    **{name: getattr(table, name) for name in counts},
                    **({} if table.equal else {"examples": dict(table.examples)}),
                }
                for table in self.tables
            ],
        }


def diff(kg: KnowledgeGraph, schema: Schema, store: GraphStore, *, examples: int = 3) -> GraphDiff:
    """Compare a store with what `GraphStore.load` would make it hold.

    Args:
        kg: the snapshot's tables.
        schema: the ontology they were built under.
        store: any store.
        examples: how many keys to name of each kind of difference.

    Raises:
        StoreError: the store cannot be read.
    """
    layout = plan(kg, schema)
    tables = []
    for table in layout.nodes:
        rows = node_rows(kg, layout, table)
        held = ((node.get("id"), node) for node in store.nodes(table.label))
        found = compare(rows, held, NODE_KEY)
        named = _examples(store, table.label, rows, found, NODE_KEY, examples)
        tables.append(_table("node", table.label, found, named))
    for relation in layout.relationships:
        rows = connections(kg, layout, relation)
        found = compare(rows, store.relationships(relation.type), RELATIONSHIP_KEY)
        named = _examples(store, relation.type, rows, found, RELATIONSHIP_KEY, examples)
        tables.append(_table("relationship", relation.type, found, named))
    return GraphDiff(tuple(tables), _unknown(store, {table.name for table in tables}))


def example_text(example: Mapping[str, Any]) -> str:
    """An example as a line: its key and, where both sides hold it, what each of them says."""
    ends = " → ".join(str(example[name]) for name in ("id", "from", "to") if example.get(name))
    told = [ends or "(no id)"]
    if "times" in example:
        told.append(f"stands there {example['times']} times")
    for name, here in example.get("snapshot", {}).items():
        pair = (value_text(value) or "nothing" for value in (here, example["store"][name]))
        told.append("{}: {} in the snapshot, {} in the store".format(name, *pair))
    return "  ".join(told)


def _table(
    kind: Literal["node", "relationship"],
    name: str,
    found: Difference,
    examples: Mapping[str, list[dict[str, Any]]],
) -> TableDiff:
    sizes = (len(found.missing), len(found.extra), len(found.differs))
    return TableDiff(kind, name, found.same, *sizes, examples)


def _examples(
    store: GraphStore,
    name: str,
    rows: pa.Table,
    found: Difference,
    key: tuple[str, ...],
    most: int,
) -> dict[str, list[dict[str, Any]]]:
    """The first keys of each kind; of those that differ, only the properties that do."""
    told = {
        kind: getattr(found, kind).slice(0, most).to_pylist()
        for kind in ("missing", "extra", "differs")
    }
    query = (_NODE if key == NODE_KEY else _RELATIONSHIP).format
    for example in told["differs"]:
        here = _row(rows, example)
        answer = store.cypher(query(name=name, **example), example, timeout_s=_TIMEOUT_S)
        there = answer.table["there"].to_pylist()
        if len(there) > 1:
            example["times"] = len(there)
        names = sorted({*here, *there[0]} - {"label", *key}) if there else []
        both = {n: (here.get(n), there[0].get(n)) for n in names}
        uneven = {n: pair for n, pair in both.items() if pair[0] != pair[1]}
        example["snapshot"] = {n: pair[0] for n, pair in uneven.items()}
        example["store"] = {n: pair[1] for n, pair in uneven.items()}
    return told


def _row(rows: pa.Table, key: Mapping[str, Any]) -> dict[str, Any]:
    mask = None
    for name, value in key.items():
        here = pc.equal(rows[name], value)
        mask = here if mask is None else pc.and_(mask, here)
    row: dict[str, Any] = rows.filter(mask).to_pylist()[0]
    return row


def _unknown(store: GraphStore, known: set[str]) -> dict[str, int]:
    """Labels and types that are none of the known ones, and their counts."""
    found: dict[str, int] = {}
    for query in (_LABELS, _TYPES):
        for row in store.cypher(query, timeout_s=_TIMEOUT_S, limit=100_000).table.to_pylist():
            names = row["name"] if isinstance(row["name"], list) else [row["name"]]
            for name in set(names) - known:
                found[name] = found.get(name, 0) + row["count"]
    return dict(sorted(found.items()))
