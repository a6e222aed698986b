"""Tiny worlds with known answers, shared by the tests of every room.

``SCHEMA`` is an ontology made by hand, small enough to know by heart; `product` and `dataset` make
catalogues for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from kg.catalog import Dataset, DatasetMeta
from kg.ids import DATA_PREFIXES
from kg.ontology_terms import ClassDef, Concept, Relation, Schema, Unit
from kg.records import INTERACTION_SCHEMA, TRIPLE_SCHEMA, Product, Text

NAMESPACE = "https://w3id.org/clew/"

CLASSES = {
    "schema:Product": "Product",
    "clew:ProductReference": "ProductReference",
    "schema:Brand": "Brand",
    "clew:Category": "Category",
    "clew:Measure": "Measure",
    "clew:User": "User",
    "clew:Colour": "Colour",
    "clew:Material": "Material",
    "clew:ProductType": "ProductType",
    "clew:Motif": "Motif",
    "clew:Audience": "Audience",
}

_SCHEMES = {
    "colour": "clew:Colour",
    "material": "clew:Material",
    "type": "clew:ProductType",
    "motif": "clew:Motif",
    "audience": "clew:Audience",
}


def concept(
    compact_id: str,
    labels: str | Sequence[str],
    *,
    zh: Sequence[str] = (),
    hidden: Sequence[str] = (),
    near: Sequence[str] = (),
    not_near: Sequence[str] = (),
    prior: float = 1.0,
    broader: str | None = None,
    implies: Sequence[str] = (),
    ambiguous: Sequence[str] = (),
) -> Concept:
    """A concept with English labels (the first is preferred) and Chinese ones."""
    names = (labels,) if isinstance(labels, str) else tuple(labels)
    scheme, _, local = compact_id.partition(":")
    return Concept(
        id=compact_id,
        iri=f"{NAMESPACE}{scheme}/{local}",
        scheme=scheme,
        class_id=_SCHEMES[scheme],
        pref={"en": names[0]} | ({"zh": zh[0]} if zh else {}),
        alt={"en": names[1:]} | ({"zh": tuple(zh[1:])} if zh else {}),
        hidden={"en": tuple(hidden)},
        broader=(broader,) if broader else (),
        near={"en": tuple(near)},
        not_near={"en": tuple(not_near)},
        prior=prior,
        implies=tuple(implies),
        ambiguous={"en": tuple(ambiguous)} if ambiguous else {},
    )


def relation(
    compact_id: str,
    kind: str,
    range_: str,
    sources: Sequence[str],
    *,
    fields: Sequence[str] = (),
    domain: str = "schema:Product",
    template: str | None = None,
) -> Relation:
    """A relation; literal where its range is a datatype."""
    ranges = tuple(range_.split())
    return Relation(
        id=compact_id,
        iri=f"{NAMESPACE}ns#{compact_id.partition(':')[2]}",
        label={"en": kind.lower().replace("_", " ")},
        domain=(domain,),
        range=ranges,
        relationship_type=kind,
        is_literal=ranges[0].startswith("xsd:"),
        sources=tuple(sources),
        fields=tuple(fields),
        explains=template is not None,
        templates={"en": template} if template else {},
    )


def unit(symbol: str, dimension: str, factor: float, *labels: str, zh: Sequence[str] = ()) -> Unit:
    """A unit with its spellings."""
    return Unit(
        f"unit:{symbol}",
        f"http://qudt.org/vocab/unit/{symbol}",
        {"en": tuple(labels), "zh": tuple(zh)},
        dimension,
        factor,
    )


RELATIONS = (
    relation("schema:brand", "HAS_BRAND", "schema:Brand", ["catalog:brand"],
             template="is by {object}"),
    relation("clew:inCategory", "IN_CATEGORY", "clew:Category", ["catalog:categories"],
             template="is in the category {object}"),
    relation("schema:price", "price", "xsd:decimal", ["catalog:price"]),
    relation("clew:stock", "stock", "xsd:integer", ["catalog:stock"]),
    relation("schema:description", "description", "xsd:string", ["catalog:description"]),
    relation("schema:color", "HAS_COLOR", "clew:Colour", ["phrase:colour"],
             fields=["title", "description", "attributes.color"], template="is {object}"),
    relation("schema:material", "MADE_OF", "clew:Material", ["phrase:material"],
             fields=["title", "description"], template="is made of {object}"),
    relation("clew:productType", "IS_A", "clew:ProductType", ["phrase:type"],
             fields=["title", "categories"], template="is a kind of {object}"),
    relation("clew:motif", "HAS_MOTIF", "clew:Motif", ["phrase:motif"], fields=["title"],
             template="has the {object} motif"),
    relation("clew:suitableFor", "SUITABLE_FOR", "clew:Audience", ["phrase:audience"],
             fields=["title", "description"], template="is for {object}"),
    relation("clew:packSize", "PACK_OF", "clew:Measure", ["measure:count"],
             fields=["title", "attributes.Pack Size"], template="comes as {object}"),
    relation("clew:size", "HAS_SIZE", "clew:Measure",
             ["measure:length", "measure:volume", "measure:mass", "measure:voltage"],
             fields=["title", "description"], template="is {object}"),
    relation("clew:alsoBought", "ALSO_BOUGHT", "schema:Product clew:ProductReference",
             ["triples:also_bought"], template="is often bought by buyers of {object}"),
    relation("clew:theme", "HAS_THEME", "clew:Motif", ["triples:theme"]),
    relation("clew:bought", "BOUGHT", "schema:Product", ["event:purchase"], domain="clew:User"),
    relation("clew:viewed", "VIEWED", "schema:Product", ["event:view"], domain="clew:User"),
    relation("skos:broader", "BROADER", "clew:Colour clew:Material clew:ProductType",
             ["ontology:broader"], domain="clew:Material"),
)  # fmt: skip

CONCEPTS = (
    concept("colour:red", "red", zh=["红色", "红"]),
    concept("colour:pink", "pink"),
    concept("colour:gold", "gold", prior=0.8),
    concept("colour:rose-gold", "rose gold"),
    concept("colour:orange", "orange", zh=["橙色"], prior=0.8,
            not_near=["juice", "slice", "scented"]),
    concept("motif:orange", ["orange", "orange slice"], prior=0.4, near=["slice", "fruit"]),
    concept("motif:rose", "rose", prior=0.9),
    concept("motif:polka-dot", ["polka dot", "spotty"], hidden=["polkadott"], zh=["波点"]),
    concept("material:ceramic", "ceramic", zh=["陶瓷"]),
    concept("material:porcelain", ["porcelain", "china"], zh=["瓷器"], broader="material:ceramic",
            not_near=["made in", "tea", "from"]),
    concept("material:bone-china", "bone china", broader="material:porcelain"),
    concept("material:glass", "glass", prior=0.9),
    concept("material:wood", ["wood", "wooden"]),
    concept("type:mug", "mug", zh=["马克杯"]),
    concept("type:drinking-glass", ["drinking glass", "glasses"]),
    concept("type:marmalade", ["marmalade", "orange marmalade"]),
    concept("type:bag", "bag"),
    concept("type:lunch-bag", "lunch bag", broader="type:bag"),
    concept("type:cutlery", "cutlery"),
    concept("type:candle", "candle"),
    concept("type:candle-holder", ["candle holder", "t-light holder"], zh=["烛台"]),
    concept("type:hot-water-bottle", "hot water bottle"),
    concept("type:knife", "knife"),
    concept("type:box", "box"),
    concept("type:saucer", "saucer"),
    concept("audience:children", ["children", "kids"], zh=["儿童"]),
)  # fmt: skip

UNITS = (
    unit("mm", "length", 0.001, "mm", zh=["毫米"]),
    unit("cm", "length", 0.01, "cm", "centimetre", zh=["厘米"]),
    unit("m", "length", 1, "m", "metres", zh=["米"]),
    unit("in", "length", 0.0254, "inch", "inches", "in", '"'),
    unit("ml", "volume", 0.001, "ml", zh=["毫升"]),
    unit("l", "volume", 1, "l", "litre", zh=["升"]),
    unit("g", "mass", 1, "g", zh=["克"]),
    unit("kg", "mass", 1000, "kg", zh=["公斤"]),
    unit("lb", "mass", 453.59237, "lb", "lbs"),
    unit("v", "voltage", 1, "V", "volt"),
    unit("pieces", "count", 1, "pieces", "piece", "pcs", "pc", "pack",
         zh=["件", "件套", "支装", "个"]),
    unit("pair", "count", 2, "pair", "pairs", zh=["对"]),
)  # fmt: skip


def schema(
    relations: Iterable[Relation] = RELATIONS,
    concepts: Iterable[Concept] = CONCEPTS,
    units: Iterable[Unit] = UNITS,
) -> Schema:
    """An ontology of these parts."""
    return Schema(
        classes={i: ClassDef(i, i, {"en": label}, label) for i, label in CLASSES.items()},
        relations={r.id: r for r in relations},
        concepts={c.id: c for c in concepts},
        units={u.id: u for u in units},
        prefixes={
            **DATA_PREFIXES,
            **{scheme: f"{NAMESPACE}{scheme}/" for scheme in _SCHEMES},
            "clew": f"{NAMESPACE}ns#",
            "schema": "https://schema.org/",
            "skos": "http://www.w3.org/2004/02/skos/core#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        languages=("en", "zh"),
        frames={},
        fingerprint="0" * 32,
    )


SCHEMA = schema()


def product(id_: str, title: str, **fields: Any) -> Product:
    """A product; ``price`` may be a string, ``zh`` a Chinese title."""
    if isinstance(fields.get("price"), str):
        fields["price"] = Decimal(fields["price"])
    if "zh" in fields:
        fields["translations"] = {"zh": Text(fields.pop("zh"))}
    return Product(id_, title, **fields)


def dataset(
    products: Sequence[Product],
    events: Iterable[tuple[str, str] | tuple[str, str, str]] = (),
    triples: Iterable[tuple[str, str, str]] = (),
    meta: Mapping[str, Any] | None = None,
) -> Dataset:
    """A dataset of products, (user, product[, event]) and (subject, predicate, object)."""
    interactions = [
        {"user_id": e[0], "product_id": e[1], "event": e[2] if len(e) > 2 else "purchase"}
        for e in events
    ]
    facts = [dict(zip(TRIPLE_SCHEMA.names, triple, strict=True)) for triple in triples]
    return Dataset(
        meta=DatasetMeta(**(meta or {"name": "world", "languages": ("en", "zh")})),
        path=Path("world"),
        products=list(products),
        interactions=pa.Table.from_pylist(interactions, schema=INTERACTION_SCHEMA),
        triples=pa.Table.from_pylist(facts, schema=TRIPLE_SCHEMA),
        rejects=[],
        fingerprint="0" * 32,
    )
