"""Facts that come in columns: triples known already, events, and what makes a fact unique.

In: Arrow tables with the dataset's own ids. Out: fact tables with compact ids. Everything is done
on dictionary codes, so a million rows take seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg.fact_rows import named_classes
from kg.ids import entity_id, pseudonym
from kg.names import Names
from kg.ontology_terms import Relation, Schema
from kg.records import FACT_SCHEMA

__all__ = ["PRODUCT_CLASSES", "compact_interactions", "event_facts", "triple_facts", "unique_facts"]

PRODUCT_CLASSES: Final = frozenset({"schema:Product", "clew:ProductReference"})

_SOURCES: Final = (
    "curated",
    "catalog",
    "triples",
    "events",
    "ontology",
    "phrase",
    "measure",
    "trained",
)
_FIELDS: Final = ("title", "attributes", "categories", "description")


def triple_facts(
    triples: pa.Table, schema: Schema, names: Mapping[str, Names]
) -> tuple[pa.Table, dict[str, int]]:
    """Facts of a dataset's triples.

    Objects become products, brands, categories, entities of a class with a ``clew:idPrefix`` or
    concepts, as the relation's range says; a concept may be given by its id or one of its labels.

    Returns:
        The facts, and for each predicate no relation reads (or whose object is no concept of the
        relation's range) the number of triples left out.
    """
    readers = _by_source(schema, "triples")
    unmapped: Counter[str] = Counter()
    tables = [FACT_SCHEMA.empty_table()]
    for predicate in pc.unique(triples["predicate"]).to_pylist():
        rows = triples.filter(pc.equal(triples["predicate"], predicate))
        if predicate not in readers:
            unmapped[predicate] += rows.num_rows
        for relation in readers.get(predicate, ()):
            subjects = _mapped(rows["subject"], lambda name: entity_id("product", name))
            objects = _mapped(rows["object"], _object_reader(relation, schema, names))
            table = _facts(subjects, relation, objects, "triples")
            known = table.filter(pc.is_valid(table["object"]))
            if known.num_rows < table.num_rows:
                unmapped[predicate] += table.num_rows - known.num_rows
            tables.append(known)
    return pa.concat_tables(tables), dict(sorted(unmapped.items()))


def compact_interactions(interactions: pa.Table, pseudonym_key: bytes) -> pa.Table:
    """Interactions with compact ids: users as keyed hashes, products as ``product:…``."""
    columns: dict[str, Any] = {name: interactions[name] for name in interactions.schema.names}
    columns["user_id"] = _mapped(
        interactions["user_id"], lambda name: pseudonym(name, pseudonym_key)
    )
    columns["product_id"] = _mapped(
        interactions["product_id"], lambda name: entity_id("product", name)
    )
    return pa.table(columns, schema=interactions.schema)


def event_facts(interactions: pa.Table, schema: Schema) -> tuple[pa.Table, dict[str, int]]:
    """One fact per user, event type and product that interactions (with compact ids) name.

    Returns:
        The facts, and for each event type no relation reads (as ``event:view``) how many rows
        were left out.
    """
    readers = _by_source(schema, "event")
    unmapped: Counter[str] = Counter()
    tables = [FACT_SCHEMA.empty_table()]
    for event in pc.unique(interactions["event"]).to_pylist():
        rows = interactions.filter(pc.equal(interactions["event"], event))
        if event not in readers:
            unmapped[f"event:{event}"] += rows.num_rows
            continue
        pairs = rows.group_by(["user_id", "product_id"]).aggregate([])
        tables += [
            _facts(pairs["user_id"], relation, pairs["product_id"], "events")
            for relation in readers[event]
        ]
    return pa.concat_tables(tables), dict(sorted(unmapped.items()))


def unique_facts(facts: pa.Table) -> pa.Table:
    """One row per (subject, relation, object), sorted by the three; the best mention is kept.

    Best is the highest confidence, then the source and the field that come first in `_SOURCES` and
    `_FIELDS`, then the earliest span.
    """
    if facts.num_rows == 0:
        return facts
    key = np.zeros(facts.num_rows, dtype=np.int64)
    for name in ("subject", "relation", "object"):
        codes, size = _sorted_codes(facts[name])
        key = key * size + codes
    confidence = facts["confidence"].to_numpy()
    field = facts["field"].fill_null("")
    order = np.lexsort(
        (
            facts["start"].fill_null(-1).to_numpy(),
            _sorted_codes(field)[0],
            _ranks(field, _FIELDS),
            _ranks(facts["source"], _SOURCES),
            -confidence,
            key,
        )
    )
    ordered = key[order]
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    return facts.take(pa.array(order[first])).combine_chunks()


def _by_source(schema: Schema, kind: str) -> dict[str, list[Relation]]:
    readers: dict[str, list[Relation]] = {}
    for relation in schema.relations.values():
        for source in relation.sources:
            source_kind, _, name = source.partition(":")
            if source_kind == kind:
                readers.setdefault(name, []).append(relation)
    return readers


def _object_reader(
    relation: Relation, schema: Schema, names: Mapping[str, Names]
) -> Callable[[str], str | None]:
    if relation.is_literal:
        return lambda value: value
    if not PRODUCT_CLASSES.isdisjoint(relation.range):
        return lambda name: entity_id("product", name)
    named = named_classes(schema)
    for class_id in relation.range:
        if class_id in named:
            return names[named[class_id]].entity
    concepts: dict[str, str] = {}
    for concept in schema.concepts.values():
        if concept.class_id in relation.range:
            for language in schema.languages:
                for label in concept.labels(language):
                    concepts.setdefault(label.casefold(), concept.id)
            concepts[concept.id.casefold()] = concept.id
    return lambda name: concepts.get(name.casefold())


def _facts(subjects: Any, relation: Relation, objects: Any, source: str) -> pa.Table:
    size = len(subjects)

    def constant(value: Any, name: str) -> Any:
        return pa.repeat(pa.scalar(value, FACT_SCHEMA.field(name).type), size)

    columns = {name: constant(None, name) for name in FACT_SCHEMA.names}
    columns |= {
        "subject": subjects,
        "relation": constant(relation.id, "relation"),
        "object": objects,
        "datatype": constant(relation.range[0] if relation.is_literal else None, "datatype"),
        "confidence": constant(1.0, "confidence"),
        "source": constant(source, "source"),
    }
    return pa.table(columns, schema=FACT_SCHEMA)


def _mapped(column: Any, name_of: Callable[[str], str | None]) -> Any:
    """A string column with every distinct value renamed once."""
    encoded = pc.dictionary_encode(column.combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    renamed = pa.array([name_of(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return renamed.take(encoded.indices)


def _sorted_codes(column: Any) -> tuple[NDArray[np.int64], int]:
    """Rank of each value among the column's distinct values, and how many those are."""
    encoded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    codes: NDArray[np.int64] = rank[encoded.indices.to_numpy()]
    return codes, len(order)


def _ranks(column: Any, known: tuple[str, ...]) -> NDArray[np.int64]:
    """Place of each value's first part (before ``.`` or ``@``) in ``known``; last if it is not."""
    encoded = column.combine_chunks().dictionary_encode()
    parts = [value.partition("@")[0].partition(".")[0] for value in encoded.dictionary.to_pylist()]
    places = np.array([known.index(p) if p in known else len(known) for p in parts], dtype=np.int64)
    translated = np.array(["@" in value for value in encoded.dictionary.to_pylist()], dtype=bool)
    ranks: NDArray[np.int64] = (places * 2 + translated)[encoded.indices.to_numpy()]
    return ranks
