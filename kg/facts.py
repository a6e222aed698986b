"""The fact table, the one source of truth, and the tables that stand beside it.

In: a dataset and the ontology. Out: a `KnowledgeGraph`, four Arrow tables that RDF, the property
graph and the tensors are all projected from. Assumed: every table fits in memory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from kg.errors import StoreError
from kg.records import ENTITY_SCHEMA, FACT_SCHEMA, INTERACTION_SCHEMA

__all__ = ["PRODUCT_SCHEMA", "KnowledgeGraph"]

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

    def write(self, directory: Path) -> None:
        """Write products, entities, facts and interactions as ``<name>.parquet``."""
        directory.mkdir(parents=True, exist_ok=True)
        for name in _TABLES:
            table: pa.Table = getattr(self, name)
            if name == "facts":
                note = json.dumps(dict(self.unmapped), sort_keys=True, ensure_ascii=False)
                table = table.replace_schema_metadata({_UNMAPPED: note.encode()})
            pq.write_table(table, directory / f"{name}.parquet", compression="zstd")

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
