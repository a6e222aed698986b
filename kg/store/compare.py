"""Whether two graphs hold the same, node by node, relationship by relationship.

In: what a graph should hold (`kg.store.layout`) and what a store does hold, as streams of
properties. Out: keys of what is missing, extra or different. A node's key is its id, a
relationship's its ends; all the rest is folded into a 64 bit hash, so a table needs the memory of
its keys, never of its properties.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from kg.facts import KnowledgeGraph
from kg.store.layout import Layout, RelationshipTable, relationship_rows

__all__ = [
    "NODE_KEY",
    "RELATIONSHIP_KEY",
    "Difference",
    "Row",
    "compare",
    "connections",
    "properties",
]

Row = tuple[Any, ...]
"""The parts of a key, then the properties as a mapping, what is null left out."""

NODE_KEY: Final = ("id",)
RELATIONSHIP_KEY: Final = ("start", "from", "end", "to")
"""Label and id of the subject, label and id of the object."""

_BATCH = 20_000


@dataclass(frozen=True)
class Difference:
    """What sets a store's table apart from what it should be; tables of keys, sorted."""

    missing: pa.Table  # should be there and is not
    extra: pa.Table  # is there and should not be
    differs: pa.Table  # is there with other properties, or more than once
    same: int

    @property
    def wrong(self) -> int:
        """How many keys are not as they should be."""
        return sum(len(keys) for keys in (self.missing, self.extra, self.differs))


def compare(rows: pa.Table, held: Iterable[Row], key: Sequence[str]) -> Difference:
    """Compare a layout's table, whose keys are unique, with what a store holds.

    A key that the store holds more than once differs, whatever its properties.
    """
    names = list(key)
    should, does = _prints(properties(rows, key), key), _prints(held, key)
    found = does.group_by(names).aggregate([("print", "min"), ("print", "count")])
    found = found.rename_columns([*names, "there", "times"])
    joined = should.join(found, names, join_type="full outer")
    here, there = pc.is_valid(joined["print"]), pc.is_valid(joined["there"])
    equal = pc.and_(pc.equal(joined["print"], joined["there"]), pc.equal(joined["times"], 1))
    both = pc.and_(here, there)

    def keys(mask: Any) -> pa.Table:
        order = [(name, "ascending") for name in names]
        return joined.filter(mask).select(names).sort_by(order)

    return Difference(
        missing=keys(pc.and_(here, pc.invert(there))),
        extra=keys(pc.and_(there, pc.invert(here))),
        differs=keys(pc.and_(both, pc.invert(equal))),
        same=pc.sum(pc.and_(both, equal)).as_py() or 0,
    )


def connections(kg: KnowledgeGraph, layout: Layout, table: RelationshipTable) -> pa.Table:
    """All rows of a relationship table: the four columns of `RELATIONSHIP_KEY`, its properties."""
    kinds = {**dict.fromkeys(RELATIONSHIP_KEY, pa.string()), **table.types}
    schema = pa.schema(list(kinds.items()))
    parts = [schema.empty_table()]
    for start, end, rows in relationship_rows(kg, layout, table):
        labels = {"start": pa.repeat(start, len(rows)), "end": pa.repeat(end, len(rows))}
        columns = {**{name: rows[name] for name in rows.column_names}, **labels}
        parts.append(pa.table({name: columns[name] for name in kinds}, schema=schema))
    return pa.concat_tables(parts)


def properties(rows: pa.Table, key: Sequence[str]) -> Iterator[Row]:
    """Rows of a layout's table. A node's id is a property too; a relationship's ends are not."""
    for batch in rows.to_batches(_BATCH):
        for row in batch.to_pylist():
            held = {name: value for name, value in row.items() if value is not None}
            if key == NODE_KEY:
                yield row["id"], held
            else:
                yield (*(held.pop(name, None) for name in key), held)


def _prints(rows: Iterable[Row], key: Sequence[str]) -> pa.Table:
    """Keys and the hash of everything else, columns ``key`` and ``print`` (int64)."""
    kinds = [*[pa.string()] * len(key), pa.int64()]
    schema = pa.schema(list(zip((*key, "print"), kinds, strict=True)))
    batches = []
    stream = iter(rows)
    while some := list(itertools.islice(stream, _BATCH)):
        *keys, held = zip(*some, strict=True)
        columns = [*keys, [_hash(mapping) for mapping in held]]
        arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
        batches.append(pa.record_batch(arrays, schema=schema))
    return pa.Table.from_batches(batches, schema)


def _hash(held: Mapping[str, Any]) -> int:
    text = orjson.dumps(held, option=orjson.OPT_SORT_KEYS, default=str)
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
