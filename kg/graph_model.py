"""The graph model of an ontology: labels, relationship types, properties, as data and as a page.

In: a `Schema`. Out: what `kg.store.layout` makes of it, which every store is filled from; so the
page cannot say anything else than what is loaded. ``docs/graph-model.md`` is `markdown` of the
ontology that ships with Clew, and a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from kg.facts import PRODUCT_SCHEMA, KnowledgeGraph
from kg.ontology_terms import Relation, Schema
from kg.records import ENTITY_SCHEMA, FACT_SCHEMA, INTERACTION_SCHEMA
from kg.store.events import EVENT_PROPERTIES
from kg.store.layout import plan

__all__ = ["GraphModel", "Label", "Property", "Type", "graph_model", "markdown"]

_TYPES = {
    pa.string(): "string",
    pa.float64(): "float",
    pa.int64(): "integer",
    pa.bool_(): "boolean",
    pa.list_(pa.string()): "list of strings",
}
_COMMON = {
    "id": "compact id, unique: `colour:orange`",
    "name": "what to call it where no language is asked for",
    "confidence": "how sure the fact is, 0 to 1",
    "source": "where it was read: catalog, phrase, measure, triples, events or ontology",
}
_HEAD = """\
# The graph model

Written by `clew graph model`, from the ontology; change the ontology, not this page. The same
labels, types and properties are in every store: the embedded one, Neo4j, and whatever else speaks
Bolt. How to ask is in [graph.md](graph.md), questions worth asking in [cookbook.md](cookbook.md).

A class of the ontology is a label, a relation between entities a relationship type (in the
direction of the fact), a relation to a value a property of its subject. A label or type can be
queried even where no fact fills it yet. A property nobody has is null.
"""


@dataclass(frozen=True)
class Property:
    """A property of nodes or relationships."""

    name: str
    type: str  # string, float, integer, boolean, list of strings
    relation: str | None  # id of the literal relation it holds, if it is one's
    meaning: str


@dataclass(frozen=True)
class Label:
    """The nodes of a class."""

    name: str  # Product
    class_id: str  # schema:Product
    meaning: str
    properties: tuple[Property, ...]  # but for id and names


@dataclass(frozen=True)
class Type:
    """The relationships of a relation."""

    name: str  # HAS_COLOR
    relation: str  # schema:color
    meaning: str
    pairs: tuple[tuple[str, str], ...]  # labels it may go from and to
    read_from: tuple[str, ...]  # catalog:brand, phrase:colour, event:purchase, …
    properties: tuple[Property, ...]  # but for confidence and source


@dataclass(frozen=True)
class GraphModel:
    """All labels and types of an ontology."""

    labels: tuple[Label, ...]
    types: tuple[Type, ...]
    languages: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def graph_model(schema: Schema) -> GraphModel:
    """What the graph of any dataset looks like under an ontology."""
    tables = (PRODUCT_SCHEMA, ENTITY_SCHEMA, FACT_SCHEMA, INTERACTION_SCHEMA)
    layout = plan(KnowledgeGraph(*(known.empty_table() for known in tables)), schema)
    labels = []
    for table in layout.nodes:
        known = schema.classes[table.class_id]
        held = tuple(
            _property(name, table.types[name], schema.relations[relation])
            for name, relation in table.properties.items()
        )
        labels.append(Label(table.label, known.id, _english(known.label), held))
    types = []
    for edge in layout.relationships:
        relation = schema.relations[edge.relation]
        told = tuple(
            Property(name, _TYPES[kind], None, EVENT_PROPERTIES[name][1])
            for name, kind in edge.types.items()
            if name in EVENT_PROPERTIES
        )
        pairs = _pairs(relation, edge.pairs)
        meaning = _english(relation.label)
        types.append(Type(edge.type, relation.id, meaning, pairs, relation.sources, told))
    return GraphModel(tuple(labels), tuple(types), layout.languages)


def markdown(model: GraphModel) -> str:
    """The model as a page."""
    names = [f"`name_{code}`" for code in model.languages]
    common = [("id", "node"), ("name", "node"), ("confidence", "relationship")]
    everywhere = [
        *((f"`{name}`", f"every {where}", _COMMON[name]) for name, where in common),
        ("`source`", "every relationship", _COMMON["source"]),
        (", ".join(names), "every node", "its label in that language, where one is known"),
    ]
    nodes = [(f"`{x.class_id}`", f"`:{x.name}`", x.meaning) for x in model.labels]
    edges = [(f"`{x.relation}`", f"`{x.name}`", _arrows(x.pairs), x.meaning) for x in model.types]
    values = [
        (f"`{p.relation}`", f"`{p.name}`", f"`:{x.name}`", p.type, p.meaning)
        for x in model.labels
        for p in x.properties
    ]
    kinds = {name: known[0] for name, known in EVENT_PROPERTIES.items()}
    events = [
        (f"`{name}`", ", ".join(_with(model.types, name)), _TYPES[kind], EVENT_PROPERTIES[name][1])
        for name, kind in kinds.items()
    ]
    sections = [
        ("## Everywhere", _table(("property", "of", "what"), everywhere)),
        ("## Nodes", _table(("class", "label", "what"), nodes)),
        (
            "## Relationships",
            _table(("relation", "type", "from → to", "what"), edges),
        ),
        (
            "## Properties of nodes\n\nA node has at most one value of each.",
            _table(("relation", "property", "of", "type", "what"), values),
        ),
        (
            "## Properties of relationships that stand for events\n\n"
            "The fact says that it happened, these say how often, when and how much.",
            _table(("property", "of", "type", "what"), events),
        ),
        ("## Picture", _picture(model)),
    ]
    return _HEAD + "".join(f"\n{title}\n\n{body}\n" for title, body in sections)


def _property(name: str, kind: Any, relation: Relation) -> Property:
    return Property(name, _TYPES[kind], relation.id, _english(relation.label))


def _english(label: Any) -> str:
    return str(label.get("en") or next(iter(label.values()), ""))


def _pairs(relation: Relation, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Pairs the relation can have; a broader concept is always one of the same class."""
    if any(source.startswith("ontology:") for source in relation.sources):
        return tuple((start, end) for start, end in pairs if start == end)
    return tuple(pairs)


def _with(types: Iterable[Type], name: str) -> list[str]:
    return [f"`{x.name}`" for x in types if any(p.name == name for p in x.properties)]


def _arrows(pairs: Sequence[tuple[str, str]]) -> str:
    starts, ends = (sorted({pair[side] for pair in pairs}) for side in (0, 1))
    if len(starts) > 1 and all(start == end for start, end in pairs):
        return "a concept → a broader one of the same label"
    return f"{', '.join(starts)} → {', '.join(ends)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _picture(model: GraphModel) -> str:
    """The types between labels as a Mermaid flow chart, without those from a label to itself."""
    drawn: dict[tuple[str, str], list[str]] = {}
    for known in model.types:
        for start, end in known.pairs:
            if start != end:
                drawn.setdefault((start, end), []).append(known.name)
    lines = [
        f"  {start} -->|{'<br/>'.join(sorted(names))}| {end}"
        for (start, end), names in sorted(drawn.items())
    ]
    return "\n".join(["```mermaid", "flowchart LR", *lines, "```"])
