"""What changed between two graphs, as the projections need to know it.

In: the tables of two builds. Out: a `Difference`: facts gone and new, entities that are described
otherwise, who did otherwise with what. A fact of which only the confidence or the source changed
is gone and new.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema

__all__ = ["Difference", "difference", "part_of", "structure"]

_UNIT = "\x1f"
_NULL = "\x00"


@dataclass(frozen=True)
class Difference:
    """Old graph, new graph, and what is only in one of them."""

    old: KnowledgeGraph
    new: KnowledgeGraph
    gone: pa.Table  # FACT_SCHEMA: rows of old.facts that new.facts lacks
    added: pa.Table  # FACT_SCHEMA
    described: pa.StringArray  # ids of entities with a new row, an old one, or another
    events: pa.Table  # user_id, product_id: pairs whose interactions are others

    @property
    def share(self) -> float:
        """Changed facts, entities and pairs of events, as a share of facts and entities now."""
        changed: int = self.gone.num_rows + self.added.num_rows + len(self.described)
        changed += self.events.num_rows
        total: int = self.new.facts.num_rows + self.new.entities.num_rows
        return changed / max(1, total)

    @property
    def subjects(self) -> pa.StringArray:
        """Ids of everything of which something else is said now, itself or its description."""
        parts = [self.gone["subject"], self.added["subject"], self.described]
        flat = [p.combine_chunks() if isinstance(p, pa.ChunkedArray) else p for p in parts]
        return pc.unique(pa.concat_arrays(flat))


def difference(old: KnowledgeGraph, new: KnowledgeGraph) -> Difference:
    """Compare two graphs row by row."""
    gone, added = _only(old.facts, new.facts)
    before, after = _only(old.entities, new.entities)
    ids = pa.concat_arrays([before["id"].combine_chunks(), after["id"].combine_chunks()])
    return Difference(old, new, gone, added, pc.unique(ids), _events(old, new))


def structure(schema: Schema) -> tuple[Any, ...]:
    """What projections take from the ontology: where it is the same, they can be updated."""
    classes = [(c.id, c.iri, c.node_label, c.id_prefix) for c in schema.classes.values()]
    relations = [
        (r.id, r.iri, r.relationship_type, r.is_literal, r.domain, r.range)
        for r in schema.relations.values()
    ]
    prefixes = sorted(schema.prefixes.items())
    return classes, relations, prefixes, schema.languages, sorted(schema.concepts)


def part_of(kg: KnowledgeGraph, subjects: pa.StringArray) -> tuple[KnowledgeGraph, Any]:
    """The facts of some subjects with every entity they name, and which of those are subjects.

    Returns:
        A graph, and a mask over its entity table.
    """
    facts = kg.facts.filter(pc.is_in(kg.facts["subject"], subjects))
    linked = facts.filter(facts["datatype"].is_null())["object"].combine_chunks()
    named = pc.is_in(kg.entities["id"], pa.concat_arrays([subjects, linked]))
    entities = kg.entities.filter(named).combine_chunks()
    mask = pc.is_in(entities["id"], subjects).combine_chunks().to_numpy(zero_copy_only=False)
    return replace(kg, facts=facts, entities=entities), np.asarray(mask)


def _events(old: KnowledgeGraph, new: KnowledgeGraph) -> pa.Table:
    """Pairs of user and product whose rows differ, or how often one of them stands there."""
    pair, size = ["user_id", "product_id"], old.interactions.num_rows
    if old.interactions.equals(new.interactions):
        return new.interactions.select(pair).slice(0, 0)
    keys = [_keys(kg.interactions) for kg in (old, new)]
    codes = pa.concat_arrays(keys).dictionary_encode().indices.to_numpy()
    times = [np.bincount(part, minlength=len(codes)) for part in (codes[:size], codes[size:])]
    differ = pa.array((times[0] != times[1])[codes])
    both = pa.concat_tables([kg.interactions.select(pair) for kg in (old, new)])
    return both.filter(differ).group_by(pair).aggregate([])


def _only(old: pa.Table, new: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Rows only the one table has, rows only the other has."""
    before, after = _keys(old), _keys(new)
    return (
        old.filter(pc.invert(pc.is_in(before, after))),
        new.filter(pc.invert(pc.is_in(after, before))),
    )


def _keys(table: pa.Table) -> Any:
    """Each row as one string; no two different rows of a table of ours make the same."""
    columns = [_text(table[name].combine_chunks()) for name in table.schema.names]
    return pc.binary_join_element_wise(*columns, pa.scalar(_UNIT, pa.large_string()))


def _text(column: Any) -> Any:
    if pa.types.is_map(column.type):
        pairs = pa.struct([("key", column.type.key_type), ("value", column.type.item_type)])
        lists = column.cast(pa.list_(pairs))
        flat = pc.list_flatten(lists)
        said = pc.binary_join_element_wise(flat.field(0), flat.field(1), "\x1e").cast(pa.string())
        column = pc.binary_join(pa.ListArray.from_arrays(lists.offsets, said), "\x1d")
    return column.cast(pa.large_string()).fill_null(_NULL)
