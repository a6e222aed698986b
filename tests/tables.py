"""A knowledge graph made by hand, table by table, small enough to count on one's fingers.

Its schema is that of tests/worlds.py. ``SHOP`` holds what a projection can stumble over: quotes,
line ends and Chinese in names, an escaped id, a product outside the catalogue, a literal of each
type, facts of every source.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from kg.facts import PRODUCT_SCHEMA, KnowledgeGraph
from kg.records import ENTITY_SCHEMA, FACT_SCHEMA, INTERACTION_SCHEMA, Fact

ENTITIES: dict[str, tuple[str, str, dict[str, str]]] = {
    "product:mug": ("schema:Product", "orange mug", {"en": "orange mug", "zh": "橙色马克杯"}),
    "product:a%20b": ("schema:Product", 'the "big"\nbox \\ 3', {"en": 'the "big"\nbox \\ 3'}),
    "product:bare": ("schema:Product", "bare", {}),
    "product:gone": ("clew:ProductReference", "gone", {}),
    "brand:acme": ("schema:Brand", "Acme's", {"en": "Acme's"}),
    "category:kitchen": ("clew:Category", "Kitchen", {"en": "Kitchen"}),
    "colour:orange": ("clew:Colour", "orange", {"en": "orange", "zh": "橙色"}),
    "material:ceramic": ("clew:Material", "ceramic", {"en": "ceramic", "zh": "陶瓷"}),
    "material:porcelain": ("clew:Material", "porcelain", {"en": "porcelain", "zh": "瓷器"}),
    "measure:6-pieces": ("clew:Measure", "6 pieces", {"en": "6 pieces"}),
    "user:u1": ("clew:User", "u1", {}),
    "user:u2": ("clew:User", "u2", {}),
}

PHRASE = {"confidence": 0.8, "source": "phrase", "field": "title", "start": 0, "end": 6}

FACTS = [
    Fact("product:mug", "schema:brand", "brand:acme"),
    Fact("product:mug", "clew:inCategory", "category:kitchen"),
    Fact("product:mug", "schema:color", "colour:orange", text="orange", **PHRASE),
    Fact("product:mug", "schema:material", "material:porcelain", text="china", **PHRASE),
    Fact("product:mug", "schema:price", "2.50", datatype="xsd:decimal"),
    Fact("product:mug", "clew:stock", "12", datatype="xsd:integer"),
    Fact("product:mug", "schema:description", 'A "mug".\nWith a \\.', datatype="xsd:string"),
    Fact("product:mug", "clew:alsoBought", "product:gone", source="triples"),
    Fact("product:mug", "clew:alsoBought", "product:a%20b", source="triples"),
    Fact("product:a%20b", "schema:brand", "brand:acme"),
    Fact("product:a%20b", "schema:color", "colour:orange", confidence=0.5, source="phrase"),
    Fact("product:a%20b", "clew:packSize", "measure:6-pieces", source="measure"),
    Fact("material:porcelain", "skos:broader", "material:ceramic", source="ontology"),
    Fact("user:u1", "clew:bought", "product:mug", source="events"),
    Fact("user:u1", "clew:bought", "product:a%20b", source="events"),
    Fact("user:u2", "clew:bought", "product:mug", source="events"),
]

COUNTS = {
    "clew:alsoBought": 2,
    "clew:bought": 3,
    "clew:inCategory": 1,
    "clew:packSize": 1,
    "clew:stock": 1,
    "schema:brand": 2,
    "schema:color": 2,
    "schema:description": 1,
    "schema:material": 1,
    "schema:price": 1,
    "skos:broader": 1,
}
"""Facts by relation of ``SHOP``."""


def graph(
    entities: Mapping[str, tuple[str, str, Mapping[str, str]]], facts: Iterable[Fact]
) -> KnowledgeGraph:
    """A knowledge graph of entities (id -> class, name, labels) and facts."""
    rows: list[dict[str, Any]] = [
        {"id": i, "class": kind, "name": name, "labels": list(labels.items())}
        for i, (kind, name, labels) in sorted(entities.items())
    ]
    ordered = sorted(facts, key=lambda fact: (fact.subject, fact.relation, fact.object))
    columns = [[getattr(fact, name) for fact in ordered] for name in FACT_SCHEMA.names]
    arrays = [pa.array(c, kind) for c, kind in zip(columns, FACT_SCHEMA.types, strict=True)]
    return KnowledgeGraph(
        products=PRODUCT_SCHEMA.empty_table(),
        entities=pa.Table.from_pylist(rows, schema=ENTITY_SCHEMA),
        facts=pa.Table.from_arrays(arrays, schema=FACT_SCHEMA),
        interactions=INTERACTION_SCHEMA.empty_table(),
    )


SHOP = graph(ENTITIES, FACTS)
