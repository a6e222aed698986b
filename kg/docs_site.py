"""What the pages of an ontology are made of: a graph, its ontology, and both turned round.

In: a snapshot's tables and the ontology it was built under. Out: a `Site`, whose look-ups are made
when first asked for.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kg.facts import KnowledgeGraph
from kg.ontology_graph import OWL, RDFS, OntologyGraph
from kg.ontology_terms import Schema

__all__ = ["Site"]

Item = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """What the pages are made of.

    Args:
        kg: the graph.
        schema: the ontology.
        directory: of the ontology, for what only its files say: comments and mappings.
        dataset: name of the dataset.
        snapshot: its id.
    """

    kg: KnowledgeGraph
    schema: Schema
    directory: Path
    dataset: str
    snapshot: str

    @cached_property
    def graph(self) -> OntologyGraph:
        """The files' triples."""
        return OntologyGraph(self.directory)

    @cached_property
    def names(self) -> dict[str, str]:
        """Entity -> name."""
        columns = (self.kg.entities[name].to_pylist() for name in ("id", "name"))
        return dict(zip(*columns, strict=True))

    @cached_property
    def facts(self) -> dict[str, list[Item]]:
        """Relation -> its facts, customers' left out but for counts."""
        found: dict[str, list[Item]] = defaultdict(list)
        names = ("subject", "relation", "object", "source", "field", "text", "confidence")
        for row in zip(*(self.kg.facts[name].to_pylist() for name in names), strict=True):
            found[row[1]].append(dict(zip(names, row, strict=True)))
        return found

    @cached_property
    def by_object(self) -> dict[str, list[Item]]:
        """Concept -> facts of products that have it."""
        found: dict[str, list[Item]] = defaultdict(list)
        for rows in self.facts.values():
            for row in rows:
                if row["object"] in self.schema.concepts and row["subject"].startswith("product:"):
                    found[row["object"]].append(row)
        return found

    @cached_property
    def narrower(self) -> dict[str, list[str]]:
        """Concept -> concepts right below it."""
        found: dict[str, list[str]] = defaultdict(list)
        for concept in self.schema.concepts.values():
            for above in concept.broader:
                found[above].append(concept.id)
        return found

    @cached_property
    def implied_by(self) -> dict[str, list[str]]:
        """Concept -> concepts that imply it."""
        found: dict[str, list[str]] = defaultdict(list)
        for concept in self.schema.concepts.values():
            for other in concept.implies:
                found[other].append(concept.id)
        return found

    @cached_property
    def of_class(self) -> dict[str, list[str]]:
        """Class -> its entities."""
        found: dict[str, list[str]] = defaultdict(list)
        columns = (self.kg.entities[name].to_pylist() for name in ("id", "class"))
        for entity, class_id in zip(*columns, strict=True):
            found[class_id].append(entity)
        return found

    @cached_property
    def title(self) -> str:
        """Name of the ontology."""
        headers = self.graph.subjects(f"{OWL}Ontology")
        labels = self.graph.objects(headers[0], f"{RDFS}label") if headers else []
        return f"{next((label.value for label in labels), 'Clew')} ontology"
