"""Why a fact is in the graph, or is not: its words, where they stand, and what made it.

In: a snapshot and a fact's three parts. Out: a `WhyFact`: the fact with the text it was read from,
the label of the ontology that matched, how its confidence comes about, and what was decided or
contradicts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import pyarrow.compute as pc

from kg.build import CURATED_FILE, graph_of, schema_of
from kg.conflicts import CONFLICTS_FILE, read_conflicts
from kg.curated import CuratedFact, read_curated
from kg.errors import NotFoundError
from kg.extract.fields import field_text
from kg.extract.link import FIELD_CONFIDENCE
from kg.extract.words import NORMS, plain_norm
from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema
from kg.product_rows import products_of
from kg.records import Fact, Product
from kg.snapshot import Snapshot

__all__ = ["WhyFact", "why_fact"]

_SAID: Final[Mapping[str, str]] = {
    "catalog": "stated by the catalogue",
    "triples": "among the triples of the dataset",
    "events": "something the customer did",
    "phrase": "read from words by the ontology's labels",
    "measure": "read from an amount in the text",
    "ontology": "follows from another concept by the ontology",
    "trained": "read from words by the trained reader",
    "curated": "asserted by a knowledge engineer",
}


@dataclass(frozen=True, slots=True)
class WhyFact:
    """A fact and all that is known of where it comes from."""

    fact: Fact
    name: str  # of the subject
    object_name: str
    because: str  # what its source means, in words
    context: str | None  # the whole text the words stand in
    label: str | None  # of the ontology that matched
    language: str | None  # of that label
    concept: str | None  # that has the label: the object, or the concept that implies it
    field_confidence: float | None  # what the field is worth
    sense_confidence: float | None  # what the words are worth; the product is the confidence
    curated: CuratedFact | None
    conflicts: Sequence[Mapping[str, Any]]  # that name this fact
    also_from: str  # the ontology version, dataset and snapshot

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def why_fact(snapshot: Snapshot, subject: str, relation: str, object_: str) -> WhyFact:
    """Where one fact comes from.

    Args:
        snapshot: whose graph is asked.
        subject: compact id, or a product's own id.
        relation: compact id, e.g. ``schema:color``, or its local name where that is clear.
        object_: compact id, or a literal's lexical form.

    Raises:
        NotFoundError: the graph has no such fact; the message tells what it has instead, and
            whether somebody rejected it.
    """
    kg, schema = graph_of(snapshot), schema_of(snapshot)
    subject = subject if ":" in subject else f"product:{subject}"
    relation = _relation(relation, schema)
    curated = _curated(snapshot, schema, (subject, relation, object_))
    fact = _find(kg, (subject, relation, object_), curated)
    [row] = kg.entities.filter(pc.equal(kg.entities["id"], subject)).to_pylist()
    objects = kg.entities.filter(pc.equal(kg.entities["id"], object_)).to_pylist()
    text, product = _text(kg, fact)
    concept, label, language = _label(fact, product, schema)
    field = FIELD_CONFIDENCE.get((fact.field or "").partition(".")[0].partition("@")[0])
    return WhyFact(
        fact=fact,
        name=row["name"],
        object_name=objects[0]["name"] if objects else object_,
        because=_SAID.get(fact.source, fact.source),
        context=text,
        label=label,
        language=language,
        concept=concept,
        field_confidence=field,
        sense_confidence=None if field is None else round(fact.confidence / field, 3),
        curated=curated,
        conflicts=[
            item
            for item in read_conflicts(snapshot.path / CONFLICTS_FILE)
            if (item["subject"], item["relation"]) == (subject, relation)
        ],
        also_from=(
            f"snapshot {snapshot.id}, dataset {snapshot.manifest.dataset.get('name', '?')}, "
            f"ontology {snapshot.manifest.ontology[:12]}"
        ),
    )


def _relation(said: str, schema: Schema) -> str:
    if said in schema.relations:
        return said
    fits = [i for i in schema.relations if i.partition(":")[2] == said]
    if len(fits) != 1:
        known = ", ".join(schema.relations)
        raise NotFoundError(f"no relation {said!r} in the ontology; there are {known}")
    return fits[0]


def _curated(snapshot: Snapshot, schema: Schema, key: tuple[str, str, str]) -> CuratedFact | None:
    found = read_curated([snapshot.path], schema) if (snapshot.path / CURATED_FILE).exists() else []
    fits = [f for f in found if f.key in (key, (*key[:2], "*"))]
    return fits[0] if fits else None


def _find(kg: KnowledgeGraph, key: tuple[str, str, str], curated: CuratedFact | None) -> Fact:
    subject, relation, object_ = key
    about = kg.facts.filter(pc.equal(kg.facts["subject"], subject))
    if not about.num_rows and not pc.any(pc.equal(kg.entities["id"], subject)).as_py():
        raise NotFoundError(f"{subject!r} is not in the graph; ids look like product:85123A")
    same = about.filter(pc.equal(about["relation"], relation))
    rows = [row for row in same.to_pylist() if row["object"] == object_]
    if rows:
        return Fact(**rows[0])
    if curated is not None and curated.action == "reject":
        by = f" by {curated.author}" if curated.author else ""
        why = f": {curated.reason}" if curated.reason else ""
        raise NotFoundError(
            f"{subject} {relation} {object_} is no fact; it was rejected{by} at "
            f"{curated.file}:{curated.line}{why}"
        )
    known = ", ".join(same["object"].to_pylist()) or "no value at all"
    raise NotFoundError(f"{subject} {relation} {object_} is no fact; {relation} has {known}")


def _text(kg: KnowledgeGraph, fact: Fact) -> tuple[str | None, Product | None]:
    """The whole text a fact's words stand in."""
    if fact.field is None or fact.start is None:
        return None, None
    [product] = products_of(kg.products.filter(pc.equal(kg.products["id"], fact.subject)))
    return field_text(product, fact.field), product


def _label(
    fact: Fact, product: Product | None, schema: Schema
) -> tuple[str | None, str | None, str | None]:
    """The concept, label and language that the fact's words matched."""
    if product is None or fact.text is None or fact.source not in ("phrase", "ontology"):
        return None, None, None
    language = (fact.field or "").partition("@")[2] or product.language
    candidates = [fact.object]
    if fact.source == "ontology":
        candidates = [c.id for c in schema.concepts.values() if fact.object in c.implies]
    norm = NORMS.get(language, plain_norm)
    words = _folded(fact.text, norm)
    for concept in candidates:
        for label in (
            schema.concepts[concept].labels(language) if concept in schema.concepts else ()
        ):
            if _folded(label, norm) == words:
                return concept, label, language
    return None, None, language


def _folded(text: str, norm: Any) -> str:
    """Words as the phrase matcher compares them, written together."""
    return "".join(norm(word) for word in text.replace("-", " ").split())
