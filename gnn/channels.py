"""What the graph says about products, as one sparse matrix per relation.

In: the fact table. Out: a `Channel` per relation that may explain, products × entities.
A product carries its own values and, damped, what these fall under (``skos:broader``). In relations
from product to product every product also carries itself, so a link between two products is
something they share. Assumed: (subject, relation, object) is unique, broader has no cycle that
matters (each ancestor counts once, by its shortest chain).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary
from kg.records import Edge
from kg.schema import Relation, Schema

__all__ = [
    "ITSELF",
    "Channel",
    "ancestors",
    "broader_edges",
    "explaining_relations",
    "read_channel",
    "read_channels",
]

ITSELF = -1
"""`Channel.depth` of a product as a feature of itself."""

PRODUCT_CLASS = "schema:Product"


@dataclass(frozen=True, slots=True)
class Channel:
    """Which product carries which entity by one relation, as coordinates sorted by both.

    ``value`` is ``confidence * damping ** depth``: 1 for a plain catalogue fact.
    """

    relation: str  # compact id
    entities: tuple[str, ...]  # compact ids, sorted
    product: NDArray[np.int64]  # (n,) product row
    entity: NDArray[np.int64]  # (n,) index in entities
    value: NDArray[np.float32]  # (n,) (0, 1]
    depth: NDArray[np.int8]  # (n,) 0: a fact; d: through d broader edges; ITSELF
    confidence: NDArray[np.float32]  # (n,) of the fact; 1 where it is none
    source: tuple[str, ...]  # names that source_code indexes
    source_code: NDArray[np.int8]  # (n,) source of the fact; 0 where it is none
    via: NDArray[np.int64]  # (n,) index in entities of the product's own value; -1: ITSELF


def explaining_relations(schema: Schema) -> list[Relation]:
    """Relations from products to entities that may carry an explanation, by id."""
    return [
        relation
        for _, relation in sorted(schema.relations.items())
        if relation.explains and not relation.is_literal and PRODUCT_CLASS in relation.domain
    ]


def read_channels(
    kg: KnowledgeGraph, schema: Schema, products: Vocabulary, *, damping: float
) -> list[Channel]:
    """Channels of the relations that have facts, sorted by relation id.

    Args:
        kg: the graph.
        schema: says which relations explain.
        products: rows of the products.
        damping: factor per broader edge between a product's own value and an ancestor, [0, 1];
            0 leaves ancestors out.
    """
    parents = broader_edges(kg, schema) if damping > 0 else {}
    found = []
    for relation in explaining_relations(schema):
        facts = kg.facts.filter(pc.field("relation") == relation.id)
        facts = facts.filter(pc.is_null(facts["datatype"]))
        if facts.num_rows:
            channel = read_channel(relation, facts, products, parents, damping)
            if len(channel.product):
                found.append(channel)
    return found


def broader_edges(kg: KnowledgeGraph, schema: Schema) -> dict[str, tuple[Edge, ...]]:
    """Edges from each concept to those it falls under, sorted, as far as they are facts."""
    ids = [r.id for r in schema.relations.values() if "ontology:broader" in r.sources]
    facts = kg.facts.filter(pc.is_in(kg.facts["relation"], pa.array(ids, pa.string())))
    edges: dict[str, list[Edge]] = {}
    columns = ("subject", "relation", "object", "confidence", "source")
    for fact in zip(*(facts[name].to_pylist() for name in columns), strict=True):
        edges.setdefault(fact[0], []).append(Edge(*fact))
    return {
        child: tuple(sorted(found, key=lambda edge: (edge.object, edge.relation)))
        for child, found in sorted(edges.items())
    }


@dataclass(frozen=True, slots=True)
class _Part:
    """Coordinates before they are sorted and made unique."""

    product: NDArray[np.int64]
    entity: NDArray[np.int64]  # index in a growing list of names
    depth: NDArray[np.int64]
    confidence: NDArray[np.float32]
    source: NDArray[np.int64]
    via: NDArray[np.int64]


def read_channel(
    relation: Relation,
    facts: pa.Table,
    products: Vocabulary,
    parents: Mapping[str, Sequence[Edge]],
    damping: float,
) -> Channel:
    """Channel of some facts of one relation.

    Args:
        relation: the relation.
        facts: its facts about some or all products (``kg.records.FACT_SCHEMA``), without literals.
        products: rows of the products.
        parents: edges to broader concepts, see `broader_edges`; empty: no ancestors.
        damping: as in `read_channels`.
    """
    subject = products.rows(facts["subject"].to_pylist())
    objects = facts["object"].combine_chunks().dictionary_encode()
    sources = facts["source"].combine_chunks().dictionary_encode()
    known = subject >= 0
    value = objects.indices.to_numpy()[known].astype(np.int64)
    own = _Part(
        product=subject[known],
        entity=value,
        depth=np.zeros(int(known.sum()), dtype=np.int64),
        confidence=facts["confidence"].to_numpy()[known],
        source=sources.indices.to_numpy()[known].astype(np.int64),
        via=value,
    )
    names: dict[str, int] = {name: at for at, name in enumerate(objects.dictionary.to_pylist())}
    parts = [own, _ancestors(own, names, parents)]
    if PRODUCT_CLASS in relation.range:
        parts.append(_itself(products, names))
    return _sorted(relation.id, parts, names, tuple(sources.dictionary.to_pylist()), damping)


def _ancestors(own: _Part, names: dict[str, int], parents: Mapping[str, Sequence[Edge]]) -> _Part:
    """What the own values fall under; new names are added to ``names``."""
    of_value: list[list[tuple[int, int]]] = []
    for name in list(names):
        above = ancestors(name, parents)
        of_value.append([(names.setdefault(a, len(names)), depth) for a, depth in above.items()])
    counts = np.array([len(above) for above in of_value], dtype=np.int64)
    starts = np.cumsum(counts) - counts
    flat = np.array([pair for above in of_value for pair in above], dtype=np.int64).reshape(-1, 2)
    repeats = counts[own.entity]
    total = int(repeats.sum())
    offset = np.arange(total) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    at = np.repeat(starts[own.entity], repeats) + offset
    return _Part(
        product=np.repeat(own.product, repeats),
        entity=flat[at, 0],
        depth=flat[at, 1],
        confidence=np.repeat(own.confidence, repeats),
        source=np.repeat(own.source, repeats),
        via=np.repeat(own.entity, repeats),
    )


def ancestors(name: str, parents: Mapping[str, Sequence[Edge]]) -> dict[str, int]:
    """Ancestors of an entity and how many broader edges lie between, by the shortest chain."""
    depth = {name: 0}
    level = [name]
    while level:
        above = sorted({edge.object for child in level for edge in parents.get(child, ())})
        level = [parent for parent in above if parent not in depth]
        depth |= dict.fromkeys(level, max(depth.values()) + 1)
    del depth[name]
    return depth


def _itself(products: Vocabulary, names: dict[str, int]) -> _Part:
    """Each product as a feature of itself, where the relation links to it at all."""
    linked = [(row, names[name]) for row, name in enumerate(products) if name in names]
    pairs = np.array(linked, dtype=np.int64).reshape(-1, 2)
    return _Part(
        product=pairs[:, 0],
        entity=pairs[:, 1],
        depth=np.full(len(pairs), ITSELF, dtype=np.int64),
        confidence=np.ones(len(pairs), dtype=np.float32),
        source=np.zeros(len(pairs), dtype=np.int64),
        via=np.full(len(pairs), -1, dtype=np.int64),
    )


def _sorted(
    relation: str,
    parts: Sequence[_Part],
    names: Mapping[str, int],
    sources: tuple[str, ...],
    damping: float,
) -> Channel:
    """One channel with entities sorted by name and the best of several ways to an entity kept."""
    entities = sorted(names)
    rank = np.empty(len(names), dtype=np.int64)
    rank[[names[name] for name in entities]] = np.arange(len(names))
    product = np.concatenate([part.product for part in parts])
    entity = rank[np.concatenate([part.entity for part in parts])]
    depth = np.concatenate([part.depth for part in parts])
    confidence = np.concatenate([part.confidence for part in parts])
    source = np.concatenate([part.source for part in parts])
    via = np.concatenate([part.via for part in parts])
    via = np.where(via >= 0, rank[via], -1)
    value = confidence * np.float32(damping) ** np.maximum(depth, 0)
    order = np.lexsort((via, -confidence, depth, entity, product))
    new = np.diff(product[order]) != 0
    new |= np.diff(entity[order]) != 0
    best = order[np.r_[True, new]] if len(order) else order
    return Channel(
        relation=relation,
        entities=tuple(entities),
        product=product[best],
        entity=entity[best],
        value=value[best].astype(np.float32),
        depth=depth[best].astype(np.int8),
        confidence=confidence[best].astype(np.float32),
        source=sources,
        source_code=source[best].astype(np.int8),
        via=via[best],
    )
