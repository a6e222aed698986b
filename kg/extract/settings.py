"""What the relations of an ontology read, turned round: by field.

In: a schema. Out: `Settings`, made once, asked for every text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kg.extract.fields import field_setting
from kg.names import named_classes
from kg.ontology_terms import Schema

__all__ = ["HEAD_RELATION", "Readers", "Settings", "read_settings"]

HEAD_RELATION: Final = "clew:productType"
"""The relation of which a title names one value, its head, whatever else it mentions."""

Readers = Mapping[str, tuple[str, ...]]
"""Name of a scheme or dimension -> ids of the relations that read it."""


@dataclass(frozen=True)
class Settings:
    """What is read, and where."""

    phrases: Mapping[str, Readers]  # field -> scheme -> relations
    measures: Mapping[str, Readers]  # field -> dimension -> relations
    schemes: Mapping[str, frozenset[str]]  # scheme -> relations that read it from any field
    implied: Mapping[str, tuple[tuple[str, str], ...]]  # concept -> (relation, concept) that follow
    trained: Mapping[str, tuple[str, str]]  # label of a span -> relation, prefix of its entities

    @property
    def fields(self) -> frozenset[str]:
        """Every field that something is read from."""
        return frozenset({*self.phrases, *self.measures, *(["title"] if self.trained else [])})

    @property
    def heads(self) -> frozenset[str]:
        """Schemes of the things sold."""
        return frozenset(s for s, relations in self.schemes.items() if HEAD_RELATION in relations)


def read_settings(schema: Schema) -> Settings:
    """The settings of an ontology."""
    phrases: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    measures: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    schemes: dict[str, frozenset[str]] = {}
    for relation in schema.relations.values():
        for source in relation.sources:
            kind, _, name = source.partition(":")
            if kind not in ("phrase", "measure"):
                continue
            if kind == "phrase":
                schemes[name] = schemes.get(name, frozenset()) | {relation.id}
            table = phrases if kind == "phrase" else measures
            for field in dict.fromkeys(map(field_setting, relation.fields)):
                table[field][name] = (*table[field].get(name, ()), relation.id)
    implied = {
        concept.id: tuple(
            (relation, other)
            for other in concept.implies
            for relation in sorted(schemes.get(other.partition(":")[0], ()))
        )
        for concept in schema.concepts.values()
        if concept.implies
    }
    return Settings(dict(phrases), dict(measures), schemes, implied, _trained(schema))


def _trained(schema: Schema) -> dict[str, tuple[str, str]]:
    """What spans of open classes state: entities of the first class of names in the range."""
    named = named_classes(schema)
    return {
        source.partition(":")[2]: (relation.id, named[class_id])
        for relation in schema.relations.values()
        for source in relation.sources
        if source.startswith("trained:")
        for class_id in relation.range[::-1]
        if class_id in named
    }
