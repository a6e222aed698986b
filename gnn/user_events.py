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

__all__ = ["UserEvents", "UserFacts", "event_relations", "read_user_events"]


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

    def of(self, user: str | None) -> UserFacts:
        """A user's facts; none of a stranger."""
        at = None if user is None else self.users.find(user)
        start, stop = (0, 0) if at is None else self.indptr[at : at + 2].tolist()
        place: dict[int, list[int]] = {}
        for position, row in enumerate(self.rows[start:stop].tolist(), start):
            place.setdefault(row, []).append(position)
        return UserFacts(self, user or "", place)


class UserFacts:
    """One user's facts by product row; an edge is made when it is asked for."""

    def __init__(self, events: UserEvents, user: str, place: Mapping[int, list[int]]) -> None:
        self._events, self._user, self._place = events, user, place

    def __contains__(self, row: object) -> bool:
        return row in self._place

    def edge(self, row: int, relation: str) -> Edge | None:
        """The fact that joins the user to a product by a relation; None: there is none."""
        events = self._events
        for position in self._place.get(row, ()):
            if events.relation_ids[events.relations[position]] == relation:
                return Edge(
                    subject=self._user,
                    relation=relation,
                    object=events.products[row],
                    confidence=float(events.confidence[position]),
                    source=events.source_names[events.sources[position]],
                )
        return None


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
