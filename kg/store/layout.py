"""The fact table as a property graph: which tables there are and what stands in them.

In: a `KnowledgeGraph` and its `Schema`. Out: one `NodeTable` per class, one `RelationshipTable` per
relation, and their rows as Arrow tables; every store is filled from these.

Names: a class is the label the ontology gives it (``Product``), a relation its relationship type
(``HAS_COLOR``), a literal relation a property of its subject (``price``). Every node has ``id``,
``name`` and ``name_<language>``, every relationship ``confidence`` and ``source``, and where it
stands for events what `kg.store.events` says. A class or relation the ontology declares has its
table even where no fact fills it, so that a saved query finds nothing rather than fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kg.errors import NotFoundError, StoreError
from kg.facts import KnowledgeGraph
from kg.ontology_terms import ClassDef, Relation, Schema
from kg.store.events import event_rows, event_types

__all__ = ["Layout", "NodeTable", "RelationshipTable", "node_rows", "plan", "relationship_rows"]

_PROPERTY_TYPES: Mapping[str, Any] = {
    "xsd:boolean": pa.bool_(),
    "xsd:decimal": pa.float64(),
    "xsd:double": pa.float64(),
    "xsd:float": pa.float64(),
    "xsd:integer": pa.int64(),
    "xsd:int": pa.int64(),
    "xsd:long": pa.int64(),
    "xsd:nonNegativeInteger": pa.int64(),
}
"""Arrow type of a property by datatype; what is not listed stays a string."""


@dataclass(frozen=True, slots=True)
class NodeTable:
    """The nodes of one class."""

    label: str  # Product
    class_id: str  # schema:Product
    properties: Mapping[str, str]  # property name -> id of the literal relation it holds
    types: Mapping[str, Any]  # every column but id, in order -> Arrow type


@dataclass(frozen=True, slots=True)
class RelationshipTable:
    """The facts of one relation."""

    type: str  # HAS_COLOR
    relation: str  # schema:color
    pairs: tuple[tuple[str, str], ...]  # (label of the subject, label of the object), sorted
    types: Mapping[str, Any]  # every property, in order -> Arrow type
    events: Relation | None = None  # the relation, where events make its facts


@dataclass(frozen=True)
class Layout:
    """Every table of a graph, and where each row of the entity and fact tables belongs."""

    nodes: tuple[NodeTable, ...]  # sorted by label
    relationships: tuple[RelationshipTable, ...]  # sorted by type
    languages: tuple[str, ...]  # each has a column name_<language>
    labels: Any  # per row of the entity table: its node label
    starts: Any  # per row of the fact table: label of its subject
    ends: Any  # per row of the fact table: label of its object, null for a literal


def plan(kg: KnowledgeGraph, schema: Schema) -> Layout:
    """Lay out a graph.

    Raises:
        NotFoundError: a class or relation is not in the ontology, or a fact names an entity that
            is not in the entity table.
    """
    labels = _entity_labels(kg, schema)
    ids = kg.entities["id"].combine_chunks()
    starts = _labels_of(kg.facts["subject"].combine_chunks(), ids, labels)
    literal = kg.facts["datatype"].combine_chunks().is_valid()
    objects = pc.if_else(literal, None, kg.facts["object"].combine_chunks())
    ends = _labels_of(objects, ids, labels)
    found = _occurring(kg.facts["relation"].combine_chunks(), starts, ends)
    for relation in found:
        if relation not in schema.relations:
            raise NotFoundError(f"relation {relation!r} is not in the ontology")
    named = pc.unique(_flat(kg.entities["labels"]).field("key")).to_pylist()
    languages = tuple(sorted({*schema.languages, *named}))
    nodes = [_node_table(c, schema, found, languages) for c in schema.classes.values()]
    relationships = [
        _relationship_table(relation, _pairs(relation, schema, found.get(relation.id)))
        for relation in schema.relations.values()
        if not relation.is_literal
    ]
    return Layout(
        tuple(sorted(nodes, key=lambda table: table.label)),
        tuple(sorted(relationships, key=lambda table: table.type)),
        languages,
        labels,
        starts,
        ends,
    )


def node_rows(kg: KnowledgeGraph, layout: Layout, table: NodeTable) -> pa.Table:
    """Rows of a node table: id, name, name_<language>…, properties. Null where nothing is known.

    Raises:
        StoreError: a property has two values for one node, or a value that its type cannot hold.
    """
    mine = kg.entities.filter(pc.equal(layout.labels, table.label)).combine_chunks()
    columns: dict[str, Any] = {"id": mine["id"], "name": mine["name"]}
    for language in layout.languages:
        columns[_name_column(language)] = pc.map_lookup(mine["labels"], language, "first")
    for name, relation in table.properties.items():
        here = pc.and_(
            pc.equal(kg.facts["relation"], relation), pc.equal(layout.starts, table.label)
        )
        facts = kg.facts.filter(here).combine_chunks()
        columns[name] = _property(mine["id"], facts, relation, name, table.types[name])
    return pa.table(columns)


def relationship_rows(
    kg: KnowledgeGraph, layout: Layout, table: RelationshipTable
) -> Iterator[tuple[str, str, pa.Table]]:
    """Rows of a relationship table by pair of labels: from, to, then its properties."""
    mine = pc.equal(kg.facts["relation"], table.relation)
    facts = kg.facts.filter(mine)
    starts, ends = pc.filter(layout.starts, mine), pc.filter(layout.ends, mine)
    events = event_rows(kg.interactions, table.events) if table.events else None
    for start, end in table.pairs:
        rows = facts.filter(pc.and_(pc.equal(starts, start), pc.equal(ends, end)))
        if rows.num_rows:
            confidence = pc.round(rows["confidence"].cast(pa.float64()), 6)
            columns = [rows["subject"], rows["object"], confidence, rows["source"]]
            named = pa.table(columns, ["from", "to", "confidence", "source"])
            yield start, end, named if events is None else _with_events(named, events)


def _with_events(rows: pa.Table, events: pa.Table) -> pa.Table:
    """Relationships with the properties of their events; null where no event is known."""
    known = pc.binary_join_element_wise(events["user_id"], events["product_id"], " ")
    wanted = pc.binary_join_element_wise(rows["from"], rows["to"], " ")
    places = pc.index_in(wanted, known)
    for name in events.column_names[2:]:
        rows = rows.append_column(name, events[name].take(places))
    return rows


def _relationship_table(
    relation: Relation, pairs: tuple[tuple[str, str], ...]
) -> RelationshipTable:
    events = event_types(relation)
    types = {"confidence": pa.float64(), "source": pa.string(), **events}
    made_by = relation if events else None
    return RelationshipTable(relation.relationship_type, relation.id, pairs, types, made_by)


def _entity_labels(kg: KnowledgeGraph, schema: Schema) -> Any:
    classes = kg.entities["class"].combine_chunks().dictionary_encode()
    names: list[str] = classes.dictionary.to_pylist()
    for name in names:
        if name not in schema.classes:
            raise NotFoundError(f"class {name!r} is not in the ontology")
    labels = pa.array([schema.classes[name].node_label for name in names], pa.string())
    return labels.take(classes.indices)


def _labels_of(ids: Any, known: Any, labels: Any) -> Any:
    """Node label of each id; null where the id is null."""
    rows = pc.index_in(ids, known)
    unknown = pc.and_(pc.is_null(rows), ids.is_valid())
    if pc.any(unknown).as_py():
        name = ids.filter(unknown)[0].as_py()
        raise NotFoundError(f"{name!r} stands in a fact but not in the entity table")
    return labels.take(rows)


def _occurring(relations: Any, starts: Any, ends: Any) -> dict[str, set[tuple[str, str | None]]]:
    """Relation id -> pairs of labels its facts connect; of a literal the second is None."""
    table = pa.table([relations, starts, ends], ["relation", "start", "end"])
    found: dict[str, set[tuple[str, str | None]]] = {}
    for row in table.group_by(table.column_names).aggregate([]).to_pylist():
        found.setdefault(row["relation"], set()).add((row["start"], row["end"]))
    return found


def _node_table(
    known: ClassDef,
    schema: Schema,
    found: Mapping[str, set[tuple[str, str | None]]],
    languages: tuple[str, ...],
) -> NodeTable:
    label = known.node_label
    literal = [
        relation
        for _, relation in sorted(schema.relations.items())
        if relation.is_literal
        and (known.id in relation.domain or (label, None) in found.get(relation.id, ()))
    ]
    types = dict.fromkeys(("name", *map(_name_column, languages)), pa.string())
    for relation in literal:
        types[relation.relationship_type] = _PROPERTY_TYPES.get(relation.range[0], pa.string())
    properties = {relation.relationship_type: relation.id for relation in literal}
    return NodeTable(label, known.id, properties, types)


def _name_column(language: str) -> str:
    return "name_" + language.lower().replace("-", "_")


def _pairs(
    relation: Relation, schema: Schema, found: set[tuple[str, str | None]] | None
) -> tuple[tuple[str, str], ...]:
    """Pairs of labels that occur, or where none does, every pair the relation allows."""
    if found:
        return tuple(sorted((start, end) for start, end in found if end is not None))
    labels = {name: known.node_label for name, known in schema.classes.items()}
    allowed = {(start, end) for start in relation.domain for end in relation.range}
    return tuple(sorted((labels[a], labels[b]) for a, b in allowed if {a, b} <= labels.keys()))


def _flat(labels: Any) -> Any:
    """Every (key, value) of a map column."""
    kind = labels.type
    pairs = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
    return labels.combine_chunks().cast(pa.list_(pairs)).flatten()


def _property(ids: Any, facts: pa.Table, relation: str, name: str, kind: Any) -> Any:
    """Values of a literal relation, one per id; null where an id has none."""
    subjects = facts["subject"].combine_chunks()
    counts = pc.value_counts(subjects)
    twice = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    if len(twice):
        raise StoreError(
            f"{twice[0].as_py()!r} has two values of {relation}, but a node holds one {name!r}: "
            "keep one of them in the dataset"
        )
    try:
        values = facts["object"].combine_chunks().cast(kind)
    except pa.ArrowInvalid as exc:
        raise StoreError(f"a value of {relation} does not fit its type {kind}: {exc}") from exc
    return values.take(pc.index_in(ids, subjects))
