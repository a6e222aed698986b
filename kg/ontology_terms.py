"""What an ontology says, as plain frozen records: classes, relations, concepts, units, frames.

Everything is named by its compact id (``schema:color``, ``colour:light-blue``; see `kg.ids`).
Texts come by language: a mapping from an ISO 639-1 code to the words. Tuples are sorted, so two
ontologies that say the same in another order are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["FRAME_SLOTS", "SOURCE_KINDS", "ClassDef", "Concept", "Relation", "Schema", "Unit"]

SOURCE_KINDS = ("catalog", "event", "measure", "ontology", "phrase", "trained", "triples")
"""What may stand before the colon of a `Relation.sources` entry."""

FRAME_SLOTS: Mapping[str, frozenset[str]] = {
    "direct": frozenset({"history", "phrase"}),
    "propagated": frozenset({"history", "phrase"}),
    "linked": frozenset({"history", "phrase"}),
    "linked_back": frozenset({"phrase"}),
    "co_purchase": frozenset({"count", "history"}),
    "text": frozenset({"history"}),
    "gnn": frozenset({"history"}),
    "direct_similar": frozenset({"history", "phrase"}),
    "propagated_similar": frozenset({"history", "phrase"}),
    "linked_similar": frozenset({"history", "phrase"}),
    "linked_back_similar": frozenset({"phrase"}),
    "co_purchase_similar": frozenset({"count", "history"}),
    "text_similar": frozenset({"history"}),
    "gnn_similar": frozenset({"history"}),
    "kin": frozenset({"history", "kin", "phrase"}),
    "kin_text": frozenset({"history", "kin"}),
    "kin_itself": frozenset({"history", "phrase"}),
    "kin_itself_text": frozenset({"history"}),
    "kin_similar": frozenset({"history", "kin", "phrase"}),
    "kin_text_similar": frozenset({"history", "kin"}),
    "kin_itself_similar": frozenset({"history", "phrase"}),
    "kin_itself_text_similar": frozenset({"history"}),
    "rest": frozenset(),
    "co_purchase_name": frozenset(),
    "text_name": frozenset(),
    "gnn_name": frozenset(),
    "kin_name": frozenset(),
}
"""Explanation frames an ontology must have, and the slots each of them fills.

``history`` is the title of the product the user bought (in the ``_similar`` frames: of the product
looked at), ``phrase`` a relation's template with its object filled in, ``count`` a number of other
customers (2 or more). ``linked`` tells a fact whose subject is the history product and whose
object is the recommended one; ``linked_back`` a fact the other way round. The ``kin`` frames tell
of a product nobody has met yet and of one like it, the ``kin``, or the history product itself; the
``_text`` ones where they share no fact. The ``_name`` frames name what is no relation where sums
are listed.
"""


@dataclass(frozen=True, slots=True)
class ClassDef:
    """A class of entities."""

    id: str
    iri: str
    label: Mapping[str, str]  # by language
    node_label: str  # label of its nodes in the property graph, e.g. Product
    id_prefix: str = ""  # of entities made from names in the data, e.g. actor; "": there are none


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation between entities, or from an entity to a literal."""

    id: str
    iri: str
    label: Mapping[str, str]  # by language
    domain: tuple[str, ...]  # class ids; any one of them
    range: tuple[str, ...]  # class ids, any one of them; or one datatype id, e.g. xsd:decimal
    relationship_type: str  # HAS_COLOR; of a literal relation the property name, e.g. price
    is_literal: bool
    sources: tuple[str, ...]  # catalog:brand, phrase:colour, measure:length, event:purchase, …
    fields: tuple[str, ...]  # product fields phrases and measures are read from
    explains: bool  # may carry an explanation
    templates: Mapping[str, str]  # language -> predicate phrase with {object}: 'is {object}'
    is_functional: bool = False  # owl:FunctionalProperty: a subject has one value at most


@dataclass(frozen=True, slots=True)
class Concept:
    """A value a product can be said to have: a colour, a material, a kind of product, …

    ``prior`` is how likely the labels mean this concept where no context word speaks. Below 0.5
    a mention needs a ``near`` word; between several concepts with the same label the context
    decides, and without any context the highest prior. Where ``ambiguous`` names labels, all of
    this is about them alone and the other labels are certain (``mint`` is, ``mint green`` is not).

    ``implies`` names concepts of other schemes that hold wherever this one does (a cookie cutter
    is used for baking); what the broader concepts imply is included.
    """

    id: str
    iri: str
    scheme: str  # prefix of its concept scheme, e.g. colour
    class_id: str
    pref: Mapping[str, str]  # language -> the label shown
    alt: Mapping[str, tuple[str, ...]]  # language -> other labels
    hidden: Mapping[str, tuple[str, ...]]  # language -> misspellings and shop abbreviations
    broader: tuple[str, ...]  # concept ids of the same scheme
    near: Mapping[str, tuple[str, ...]]  # language -> context words that speak for it
    not_near: Mapping[str, tuple[str, ...]]  # language -> context words that speak against it
    prior: float  # [0, 1]
    implies: tuple[str, ...] = ()  # concept ids of other schemes
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # language -> labels

    def labels(self, language: str) -> tuple[str, ...]:
        """Every spelling in a language: preferred, alternative, hidden."""
        pref = (self.pref[language],) if language in self.pref else ()
        return (*pref, *self.alt.get(language, ()), *self.hidden.get(language, ()))

    def is_ambiguous(self, label: str, language: str) -> bool:
        """Whether ``prior``, ``near`` and ``not_near`` are about this label."""
        return not self.ambiguous or label in self.ambiguous.get(language, ())


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure: ``value × factor`` is the measure in the base unit of its dimension."""

    id: str  # unit:cm
    iri: str  # QUDT's, e.g. http://qudt.org/vocab/unit/CentiM
    labels: Mapping[str, tuple[str, ...]]  # language -> spellings; the first is the one shown
    dimension: str  # length, volume, mass, count, …
    factor: float  # of the base unit (m, l, g, piece, V, W, …); > 0

    @property
    def symbol(self) -> str:
        """Name inside a measure's id: ``cm`` in ``measure:30-cm``."""
        return self.id.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Schema:
    """An ontology, read and checked. Mappings are by compact id, in sorted order."""

    classes: Mapping[str, ClassDef]
    relations: Mapping[str, Relation]
    concepts: Mapping[str, Concept]
    units: Mapping[str, Unit]
    prefixes: Mapping[str, str]  # prefix -> namespace; with kg.ids.DATA_PREFIXES
    languages: tuple[str, ...]  # the first is the fallback
    frames: Mapping[str, Mapping[str, str]]  # frame name -> language -> text with slots
    fingerprint: str  # hash of the triples read: 32 hex characters

    def schemes(self) -> tuple[str, ...]:
        """Prefixes of the concept schemes that have concepts, sorted."""
        return tuple(sorted({concept.scheme for concept in self.concepts.values()}))
