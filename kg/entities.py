"""The entity table: a class, a name and labels for everything a fact speaks of.

In: unique facts, the catalogue, the schema. Out: `ENTITY_SCHEMA`, sorted by id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from kg.fact_rows import named_classes
from kg.ids import entity_id, local_part
from kg.ontology_terms import Concept, Schema
from kg.quantities import measure_labels
from kg.records import ENTITY_SCHEMA, Fact, Product

__all__ = ["broader_facts", "entity_table"]

_PREFIX_CLASSES = {
    "measure": "clew:Measure",
    "product": "clew:ProductReference",
    "user": "clew:User",
}


def broader_facts(used: Iterable[str], schema: Schema) -> list[Fact]:
    """The ``skos:broader`` edges from used concepts up to the top of their schemes."""
    relations = [r.id for r in schema.relations.values() if "ontology:broader" in r.sources]
    waiting = [schema.concepts[i] for i in sorted(set(used)) if i in schema.concepts]
    seen = {concept.id for concept in waiting}
    facts = []
    while waiting:
        concept = waiting.pop()
        for broader in concept.broader:
            facts += [Fact(concept.id, r, broader, source="ontology") for r in relations]
            if broader not in seen:
                seen.add(broader)
                waiting.append(schema.concepts[broader])
    return facts


def entity_table(
    facts: pa.Table, products: Sequence[Product], names: Mapping[str, str], schema: Schema
) -> pa.Table:
    """Every product, and every subject and entity object of ``facts``.

    Args:
        facts: `FACT_SCHEMA`.
        products: the catalogue.
        names: compact id -> name of brands, categories and whatever else is made from names.
        schema: names the concepts and units.
    """
    linked = facts.filter(pc.is_null(facts["datatype"]))
    ids = set(pc.unique(facts["subject"]).to_pylist()) | set(
        pc.unique(linked["object"]).to_pylist()
    )
    catalogue = {entity_id("product", product.id): product for product in products}
    classes = {prefix: class_id for class_id, prefix in named_classes(schema).items()}
    classes |= _PREFIX_CLASSES
    rows = [_entity(i, catalogue, names, classes, schema) for i in sorted(ids | catalogue.keys())]
    columns = zip(*rows, strict=True) if rows else [()] * len(ENTITY_SCHEMA.names)
    return pa.table(
        [
            pa.array(column, field.type)
            for column, field in zip(columns, ENTITY_SCHEMA, strict=True)
        ],
        schema=ENTITY_SCHEMA,
    )


def _entity(
    compact_id: str,
    catalogue: Mapping[str, Product],
    names: Mapping[str, str],
    classes: Mapping[str, str],
    schema: Schema,
) -> tuple[str, str, str, list[tuple[str, str]]]:
    if compact_id in catalogue:
        product = catalogue[compact_id]
        titles = {language: text.title for language, text in product.texts().items() if text.title}
        return compact_id, "schema:Product", product.title, sorted(titles.items())
    if compact_id in schema.concepts:
        concept = schema.concepts[compact_id]
        labels = sorted(concept.pref.items())
        return compact_id, concept.class_id, _shown(concept, schema), labels
    prefix = compact_id.partition(":")[0]
    class_id = classes[prefix]
    if prefix == "measure":
        measures = measure_labels(compact_id, schema)
        name = measures.get(schema.languages[0]) or next(iter(measures.values()))
        return compact_id, class_id, name, sorted(measures.items())
    return compact_id, class_id, names.get(compact_id) or local_part(compact_id), []


def _shown(concept: Concept, schema: Schema) -> str:
    labels = (concept.pref.get(language) for language in schema.languages)
    return next((label for label in labels if label), local_part(concept.id))
