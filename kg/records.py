"""The records that flow through Clew: frozen, plain, shared by every room.

``Product`` comes out of a catalogue reader, ``Mention`` out of extraction, ``Fact`` is a row of
the fact table, ``Path`` is the evidence handed out with a recommendation. Interactions are many
and therefore columns, not objects: an Arrow table with ``INTERACTION_SCHEMA``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NamedTuple

import pyarrow as pa

__all__ = [
    "ENTITY_SCHEMA",
    "EVENTS",
    "FACT_SCHEMA",
    "INTERACTION_SCHEMA",
    "TRIPLE_SCHEMA",
    "Edge",
    "Fact",
    "Mention",
    "Path",
    "Product",
    "Reject",
    "Text",
]

EVENTS = ("view", "cart", "purchase", "rating")
"""Event types an interaction may have."""

INTERACTION_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("event", pa.string(), nullable=False),  # one of EVENTS
        pa.field("timestamp", pa.timestamp("us")),  # UTC
        pa.field("position", pa.int64()),  # order within the user's history, where no time is known
        pa.field("quantity", pa.float64()),
        pa.field("value", pa.float64()),  # rating stars, or price paid per unit
        pa.field("split", pa.string()),  # train | valid | test, where the dataset brings its own
    ]
)
"""Columns of an interaction table. Ids are those of the dataset (no prefix)."""

TRIPLE_SCHEMA = pa.schema(
    [
        pa.field("subject", pa.string(), nullable=False),
        pa.field("predicate", pa.string(), nullable=False),
        pa.field("object", pa.string(), nullable=False),
    ]
)
"""Columns of facts known already, as the dataset spells them."""

FACT_SCHEMA = pa.schema(
    [
        pa.field("subject", pa.string(), nullable=False),  # compact id, e.g. product:85123A
        pa.field("relation", pa.string(), nullable=False),  # compact id, e.g. schema:color
        pa.field("object", pa.string(), nullable=False),  # compact id, or a literal's lexical form
        pa.field("datatype", pa.string()),  # null: object is an entity; else e.g. xsd:decimal
        pa.field("confidence", pa.float32(), nullable=False),  # (0, 1]
        pa.field("source", pa.string(), nullable=False),  # catalog, phrase, measure, triples, …
        pa.field("field", pa.string()),  # product field it was read from, e.g. title, title@zh
        pa.field("start", pa.int32()),  # character span in that field, half open
        pa.field("end", pa.int32()),
        pa.field("text", pa.string()),  # the words of the span
    ]
)
"""Columns of the fact table, the one source of truth. (subject, relation, object) is unique."""

ENTITY_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),  # compact id; unique
        pa.field("class", pa.string(), nullable=False),  # compact id of an ontology class
        pa.field("name", pa.string(), nullable=False),  # label shown where no language is asked for
        pa.field("labels", pa.map_(pa.string(), pa.string())),  # language -> label
    ]
)
"""Columns of the entity table: every subject and every entity object of the fact table."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a product says in one language."""

    title: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """One product of a catalogue. ``id`` is the shop's own (no prefix)."""

    id: str
    title: str
    description: str = ""
    language: str = "en"  # of title and description, ISO 639-1
    brand: str | None = None
    categories: tuple[str, ...] = ()  # names, from general to special where the source says so
    price: Decimal | None = None  # in major units of ``currency``
    currency: str | None = None  # ISO 4217
    stock: int | None = None  # units on hand; None: not known
    image: str | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    translations: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))

    def texts(self) -> dict[str, Text]:
        """Title and description by language, the product's own language first."""
        return {self.language: Text(self.title, self.description), **self.translations}


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not loaded, and why.

    ``expected`` marks rows a format is known to carry that are no products or purchases (a
    cancelled order, a postage line): counted and kept, but not held against the dataset.
    """

    file: str
    line: int  # 1-based row of the data (without a header)
    field: str
    reason: str  # short and stable, without values: rows are counted by it
    value: str = ""
    expected: bool = False


class Mention(NamedTuple):  # millions are made
    """Words in a product's text that state a fact."""

    product_id: str
    field: str  # title, description, title@zh, attributes.colour, …
    start: int  # character span, half open
    end: int
    text: str
    relation: str  # compact id
    object: str  # compact id of an entity
    confidence: float  # (0, 1]
    component: str  # phrase | measure | …


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the fact table; the columns are described at ``FACT_SCHEMA``."""

    subject: str
    relation: str
    object: str
    datatype: str | None = None
    confidence: float = 1.0
    source: str = "catalog"
    field: str | None = None
    start: int | None = None
    end: int | None = None
    text: str | None = None


Evidence = Literal["direct", "propagated", "co_purchase", "text", "gnn", "kin"]


@dataclass(frozen=True, slots=True)
class Edge:
    """A fact as a step of a path: always in the direction of the fact, subject to object."""

    subject: str
    relation: str
    object: str
    confidence: float = 1.0
    source: str = "catalog"


@dataclass(frozen=True, slots=True)
class Path:
    """One term of a score, with the edges in the graph that stand behind it.

    ``edges`` are facts of the snapshot, in the order they are walked: the user's purchase of the
    history product, that product's fact (only where the evidence is direct), the recommended
    product's fact. Text, GNN and co-purchase terms carry only the purchase; those of kin the
    purchase, the kin's fact and the recommended product's, of what both share.
    """

    evidence: Evidence
    channel: str  # relation's compact id, or co_purchase, text, gnn, kin
    history_product: str  # compact id
    product: str  # compact id of the recommended product
    entity: str | None  # compact id of what is shared; None for text, gnn and co_purchase
    value: float  # the term's part of the score, in score units; may be negative
    share: float  # value / score
    edges: tuple[Edge, ...]
    buyers: int | None = None  # co_purchase: how many others bought both
    words: str = ""  # the path told in the language asked for
    kin: str | None = None  # compact id of the product that one without events takes after
