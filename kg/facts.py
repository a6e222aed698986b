"""The fact table, the one source of truth, and the tables that stand beside it.

In: a dataset and the ontology. Out: a `KnowledgeGraph`, four Arrow tables that RDF, the property
graph and the tensors are all projected from. Assumed: every table fits in memory.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kg.brands import resolve_brands
from kg.conflicts import Conflict, apply_curated, find_conflicts
from kg.entities import broader_facts, entity_table
from kg.errors import NotFoundError, StoreError
from kg.fact_columns import compact_interactions, event_facts, triple_facts, unique_facts
from kg.fact_rows import RowWriter, fact_table
from kg.ids import entity_id
from kg.records import ENTITY_SCHEMA, FACT_SCHEMA, INTERACTION_SCHEMA, Fact, Product

if TYPE_CHECKING:  # readers of a graph need neither spaCy nor the catalogue's formats
    from kg.additions import Additions
    from kg.catalog.base import Dataset
    from kg.curated import CuratedFact
    from kg.mentions import Reads
    from kg.ontology_terms import Schema
    from kg.progress import Progress

__all__ = [
    "PRODUCT_SCHEMA",
    "KnowledgeGraph",
    "build_graph",
    "product_table",
    "why",
]

PRODUCT_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),  # compact id, e.g. product:85123A
        pa.field("title", pa.string(), nullable=False),  # in the product's own language
        pa.field("description", pa.string(), nullable=False),  # "" where there is none
        pa.field("language", pa.string(), nullable=False),  # of title and description
        pa.field("titles", pa.map_(pa.string(), pa.string())),  # language -> title, own included
        pa.field("descriptions", pa.map_(pa.string(), pa.string())),  # only those not empty
        pa.field("brand", pa.string()),  # as the catalogue spells it
        pa.field("categories", pa.list_(pa.string())),  # names as the catalogue gives them
        pa.field("price", pa.decimal128(18, 4)),  # in major units of currency
        pa.field("currency", pa.string()),
        pa.field("stock", pa.int64()),
        pa.field("image", pa.string()),
        pa.field("attributes", pa.map_(pa.string(), pa.list_(pa.string()))),
    ]
)
"""Columns of the product table: the catalogue as it stands, in the catalogue's order."""

_TABLES = {
    "products": PRODUCT_SCHEMA,
    "entities": ENTITY_SCHEMA,
    "facts": FACT_SCHEMA,
    "interactions": INTERACTION_SCHEMA,
}
_UNMAPPED = b"clew.unmapped"
_ROWS = 50_000  # made at once: as Python values they take ten times the memory
_PRICE_STEP = Decimal("0.0001")


@dataclass(frozen=True)
class KnowledgeGraph:
    """A shop's knowledge graph as tables.

    Every subject and every entity object of `facts` is in `entities`; every product of `products`
    is there too. (subject, relation, object) is unique in `facts`.
    """

    products: pa.Table  # PRODUCT_SCHEMA
    entities: pa.Table  # ENTITY_SCHEMA, sorted by id
    facts: pa.Table  # FACT_SCHEMA, sorted by subject, relation, object
    interactions: pa.Table  # INTERACTION_SCHEMA with compact ids, in the dataset's order
    unmapped: Mapping[str, int] = field(default_factory=dict)
    """Predicates of the dataset's triples that no relation reads, and how many triples had them."""
    conflicts: Sequence[Conflict] = field(default=(), compare=False)
    """What contradicts what; of a graph just built, not of one read back (`kg.conflicts`)."""
    spellings: Mapping[str, Mapping[str, int]] = field(default_factory=dict, compare=False)
    """Brands the catalogue spells in several ways: id -> spelling -> times; likewise."""

    def write(self, directory: Path, known: tuple[KnowledgeGraph, Path] | None = None) -> None:
        """Write products, entities, facts and interactions as ``<name>.parquet``.

        Args:
            directory: where.
            known: a graph and where it is written, on the same file system; a table that is the
                same there is linked.
        """
        directory.mkdir(parents=True, exist_ok=True)
        for name in _TABLES:
            table: pa.Table = getattr(self, name)
            if known is not None and self._is_same(known[0], name):
                os.link(known[1] / f"{name}.parquet", directory / f"{name}.parquet")
                continue
            if name == "facts":
                note = json.dumps(dict(self.unmapped), sort_keys=True, ensure_ascii=False)
                table = table.replace_schema_metadata({_UNMAPPED: note.encode()})
            pq.write_table(table, directory / f"{name}.parquet", compression="zstd")

    def _is_same(self, other: KnowledgeGraph, name: str) -> bool:
        noted = name != "facts" or dict(self.unmapped) == dict(other.unmapped)
        return noted and bool(getattr(self, name).equals(getattr(other, name)))

    @classmethod
    def read(cls, directory: Path) -> KnowledgeGraph:
        """Read what `write` wrote.

        Raises:
            StoreError: a file is missing, unreadable or has other columns than it should.
        """
        tables: dict[str, Any] = {
            name: _read_table(directory / f"{name}.parquet", schema)
            for name, schema in _TABLES.items()
        }
        metadata = tables["facts"].schema.metadata or {}
        tables["facts"] = tables["facts"].replace_schema_metadata(None)
        return cls(**tables, unmapped=json.loads(metadata.get(_UNMAPPED, b"{}")))


def _read_table(path: Path, schema: pa.Schema) -> pa.Table:
    try:
        table = pq.read_table(path)
    except FileNotFoundError as exc:
        raise StoreError(f"{path} is missing; build the graph again") from exc
    except (OSError, pa.ArrowInvalid) as exc:
        raise StoreError(f"{path} cannot be read as Parquet: {exc}") from exc
    if table.schema.names != schema.names:
        raise StoreError(
            f"{path} has the columns {table.schema.names}, not {schema.names}; "
            "it was written by another version, build the graph again"
        )
    metadata = table.schema.metadata
    return table.cast(schema).replace_schema_metadata(metadata)


def build_graph(
    dataset: Dataset,
    schema: Schema,
    extractor: Reads,
    *,
    pseudonym_key: bytes,
    curated: Sequence[CuratedFact] = (),
    additions: Additions | None = None,
    progress: Progress | None = None,
) -> KnowledgeGraph:
    """The knowledge graph of a dataset.

    Args:
        dataset: catalogue, interactions and triples.
        schema: the ontology.
        extractor: reads the products' texts.
        pseudonym_key: up to 64 bytes; the same key gives the same users the same ids.
        curated: facts asserted and rejected by hand, which win.
        additions: events heard since, and users erased.
        progress: advanced once per product; then told of the stage ``facts``.

    Raises:
        OntologyError: a relation reads a catalogue field that does not exist.
    """
    rows = RowWriter(schema, resolve_brands(Counter(p.brand for p in dataset.products if p.brand)))
    mentions = extractor.mentions(dataset.products)
    for product, found in zip(dataset.products, mentions, strict=True):
        rows.write(product, found)
        if progress is not None:
            progress.advance()
    if progress is not None:
        progress.stage("facts")
    triples, unread = triple_facts(dataset.triples, schema, rows.names)
    ids = [entity_id("product", product.id) for product in dataset.products]
    interactions = compact_interactions(dataset.interactions, pseudonym_key)
    if additions is not None:
        interactions = additions.apply(interactions, set(ids))
    events, unread_events = event_facts(interactions, schema)
    stated = pa.concat_tables([rows.table(), triples])
    stated, overruled = apply_curated(stated, curated, ids, schema)
    rows.spell((fact.object, fact.name) for fact in curated if fact.name)
    conflicts = sorted([*overruled, *find_conflicts(stated, schema)], key=lambda c: c.key)
    stated = pa.concat_tables([stated, events])
    concepts = broader_facts(pc.unique(stated["object"]).to_pylist(), schema)
    facts = unique_facts(pa.concat_tables([stated, fact_table(concepts)]))
    names = {i: name for made in rows.names.values() for i, name in made.chosen().items()}
    return KnowledgeGraph(
        products=product_table(dataset.products),
        entities=entity_table(facts, dataset.products, names, schema),
        facts=facts,
        interactions=interactions,
        unmapped={**unread, **unread_events},
        conflicts=conflicts,
        spellings=rows.names["brand"].alternatives() if "brand" in rows.names else {},
    )


def product_table(products: Sequence[Product]) -> pa.Table:
    """Products as an Arrow table with `PRODUCT_SCHEMA`, in their order."""
    tables = [PRODUCT_SCHEMA.empty_table()]
    for first in range(0, len(products), _ROWS):
        rows = [_product_row(product) for product in products[first : first + _ROWS]]
        tables.append(pa.Table.from_pylist(rows, schema=PRODUCT_SCHEMA))
    return pa.concat_tables(tables).combine_chunks()


def _product_row(product: Product) -> dict[str, Any]:
    texts = product.texts()
    return {
        "id": entity_id("product", product.id),
        "title": product.title,
        "description": product.description,
        "language": product.language,
        "titles": sorted((code, text.title) for code, text in texts.items() if text.title),
        "descriptions": sorted(
            (code, text.description) for code, text in texts.items() if text.description
        ),
        "brand": product.brand,
        "categories": list(product.categories),
        "price": None if product.price is None else product.price.quantize(_PRICE_STEP),
        "currency": product.currency,
        "stock": product.stock,
        "image": product.image,
        "attributes": sorted((name, list(v)) for name, v in product.attributes.items()),
    }


def why(kg: KnowledgeGraph, subject: str) -> list[Fact]:
    """The facts of one subject with the words they came from, by relation, surest first.

    Raises:
        NotFoundError: the graph has no such entity.
    """
    rows = kg.facts.filter(pc.equal(kg.facts["subject"], subject)).to_pylist()
    if not rows and not pc.any(pc.equal(kg.entities["id"], subject)).as_py():
        raise NotFoundError(f"{subject!r} is not in the graph; ids look like product:85123A")
    facts = [Fact(**row) for row in rows]
    return sorted(facts, key=lambda fact: (fact.relation, -fact.confidence, fact.object))
