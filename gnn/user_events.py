"""Which events of which users are facts of the graph: the first edge of every path.

In: the fact table. Out: `UserEvents`, arrays that can be memory-mapped. A session's fresh events
are not in the snapshot yet, so they carry weight but no edge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gnn.arrays import StringTable, string_arrays
from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary
from kg.records import EVENTS, Edge
from kg.schema import Schema

__all__ = ["UserEvents", "event_relations", "read_user_events"]


@dataclass(frozen=True, slots=True)
class UserEvents:
    """Facts from users to products, by user, then product, then relation."""

    users: StringTable  # compact ids, sorted
    indptr: NDArray[np.int64]  # (users + 1,)
    products: Vocabulary
    rows: NDArray[np.int32]  # (facts,) product row
    relations: NDArray[np.int8]  # (facts,) index in relation_ids
    confidence: NDArray[np.float32]  # (facts,)
    sources: NDArray[np.int8]  # (facts,) index in source_names
    relation_ids: tuple[str, ...]
    source_names: tuple[str, ...]
    relation_of: Mapping[str, str]  # event -> relation id

    def of(self, user: str | None) -> dict[int, dict[str, Edge]]:
        """A user's facts by product row and relation; empty for a stranger."""
        at = None if user is None else self.users.find(user)
        found: dict[int, dict[str, Edge]] = {}
        if at is None or user is None:
            return found
        for position in range(int(self.indptr[at]), int(self.indptr[at + 1])):
            relation = self.relation_ids[self.relations[position]]
            edge = Edge(
                subject=user,
                relation=relation,
                object=self.products[self.rows[position]],
                confidence=float(self.confidence[position]),
                source=self.source_names[self.sources[position]],
            )
            found.setdefault(int(self.rows[position]), {})[relation] = edge
        return found


def event_relations(schema: Schema) -> dict[str, str]:
    """Relation that stands for each event type, as far as the ontology has one."""
    found = {}
    for event in EVENTS:
        ids = [r.id for r in schema.relations.values() if f"event:{event}" in r.sources]
        if ids:
            found[event] = min(ids)
    return found


def read_user_events(kg: KnowledgeGraph, schema: Schema, products: Vocabulary) -> UserEvents:
    """Facts of the graph whose relation stands for an event."""
    relation_of = event_relations(schema)
    ids = tuple(sorted(set(relation_of.values())))
    facts = kg.facts.filter(pc.is_in(kg.facts["relation"], pa.array(ids, pa.string())))
    row = products.rows(facts["object"].to_pylist())
    facts, row = facts.filter(pa.array(row >= 0)), row[row >= 0]
    names = sorted(set(facts["subject"].to_pylist()))
    user = Vocabulary(names).rows(facts["subject"].to_pylist())
    relation = Vocabulary(ids).rows(facts["relation"].to_pylist())
    source_names = tuple(sorted(set(facts["source"].to_pylist())))
    source = Vocabulary(source_names).rows(facts["source"].to_pylist())
    order = np.lexsort((relation, row, user))
    texts = string_arrays("users", names)
    return UserEvents(
        users=StringTable(texts["users.text"], texts["users.offsets"]),
        indptr=np.searchsorted(user[order], np.arange(len(names) + 1)).astype(np.int64),
        products=products,
        rows=row[order].astype(np.int32),
        relations=relation[order].astype(np.int8),
        confidence=facts["confidence"].to_numpy()[order],
        sources=source[order].astype(np.int8),
        relation_ids=ids,
        source_names=source_names,
        relation_of=relation_of,
    )
