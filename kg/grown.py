"""A knowledge graph with products that came or changed since it was built.

In: a built graph, products in other words, small graphs of new products alone. Out: a
`KnowledgeGraph` to serve from until the next build: new products come after the others, in every
table; a changed product has its new text, price and stock, and its facts as they were read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg.catalog.base import Dataset
from kg.catalog.meta import DatasetMeta
from kg.entities import entity_table
from kg.facts import KnowledgeGraph, build_graph, product_table
from kg.mentions import Reads
from kg.ontology_terms import Schema
from kg.records import FACT_SCHEMA, INTERACTION_SCHEMA, TRIPLE_SCHEMA, Product

__all__ = ["graph_of_products", "grown", "revised"]


def graph_of_products(
    products: Sequence[Product], schema: Schema, extractor: Reads
) -> KnowledgeGraph:
    """The graph of some products alone: what is stated and read of them, and broader concepts."""
    alone = Dataset(
        meta=DatasetMeta(),
        path=Path(),
        products=list(products),
        interactions=INTERACTION_SCHEMA.empty_table(),
        triples=TRIPLE_SCHEMA.empty_table(),
        rejects=(),
        fingerprint="",
    )
    return build_graph(alone, schema, extractor, pseudonym_key=b"")


def grown(base: KnowledgeGraph, new: Sequence[KnowledgeGraph]) -> KnowledgeGraph:
    """A graph with new products, given their graphs; none of them is in ``base``."""
    return replace(
        base,
        products=pa.concat_tables([base.products, *(graph.products for graph in new)]),
        entities=_first([base.entities, *(graph.entities for graph in new)], "id"),
        facts=_first([base.facts, *(graph.facts for graph in new)], "subject"),
    )


def revised(base: KnowledgeGraph, schema: Schema, changed: Mapping[int, Product]) -> KnowledgeGraph:
    """A graph with some products in other words.

    Args:
        base: as it was.
        schema: the ontology.
        changed: row of a product -> the product as it is now.
    """
    if not changed:
        return base
    every = list(changed.values())
    rows = np.arange(base.products.num_rows)
    rows[list(changed)] = base.products.num_rows + np.arange(len(changed))
    titles = entity_table(FACT_SCHEMA.empty_table(), every, {}, schema)
    return replace(
        base,
        products=pa.concat_tables([base.products, product_table(every)]).take(pa.array(rows)),
        entities=_first([titles, base.entities], "id"),
    )


def _first(tables: Iterable[pa.Table], key: str) -> pa.Table:
    """Tables one below the other, without what an earlier one says of already."""
    base, *more = tables
    kept, known = [base], set(pc.unique(base[key]).to_pylist()) if more else set()
    for table in more:
        names = table[key].to_pylist()
        kept.append(table.filter(pa.array([name not in known for name in names], pa.bool_())))
        known.update(names)
    return pa.concat_tables(kept)
