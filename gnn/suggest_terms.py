"""What an ontology may be missing: words without a concept, synonyms, facts without words.

In: a graph, its ontology, an encoder of texts and, for missing facts, a trained network. Out:
`TermSuggestion` and `FactSuggestion` records, each with examples, the measure it was found by and a
piece of Turtle or a line of ``curated.csv`` that accepts it as it is. They are guesses: nothing is
changed until somebody takes them over.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from gnn.channels import explaining_relations
from gnn.model import LinearHeteroGNN
from gnn.propagation import PRODUCT
from gnn.suggest import FactGuesser
from gnn.text import TextEncoder
from kg.curated import COLUMNS
from kg.errors import ModelError, OntologyError
from kg.extract.words import NORMS, plain_norm
from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary, slug
from kg.ontology_phrases import Phrase
from kg.ontology_terms import Concept, Schema

__all__ = [
    "FactSuggestion",
    "SuggestTermsConfig",
    "TermSuggestion",
    "accept",
    "suggest_facts",
    "suggest_terms",
    "to_dicts",
]


class SuggestTermsConfig(BaseModel):
    """What is suggested."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    synonym: float = Field(default=0.75, ge=-1, le=1)
    """Least cosine of a phrase and a label for the phrase to be told as a synonym."""
    kin: float = Field(default=0.58, ge=-1, le=1)
    """Least cosine for the nearest concept to say in which scheme a new one belongs."""
    least_score: float = Field(default=0.7, ge=0, le=1)
    """Least score of a missing fact, as of `gnn.suggest`."""
    per_relation: int = Field(default=20, ge=0)
    """Missing facts told of each relation, at most."""


@dataclass(frozen=True, slots=True)
class TermSuggestion:
    """Words that may be a label of a concept there is, or of one there is not."""

    kind: Literal["synonym", "concept", "phrase"]  # phrase: no scheme is near
    text: str
    products: int  # whose titles hold it without any fact read from it
    likelihood: float | None  # G² of its words; None for a single word
    nearest: str  # compact id of the concept whose label is nearest
    nearest_label: str
    cosine: float
    examples: tuple[str, ...]  # titles
    turtle: str  # accepts it


@dataclass(frozen=True, slots=True)
class FactSuggestion:
    """A fact the network finds likely."""

    subject: str
    relation: str
    object: str
    score: float
    title: str
    object_name: str
    like: tuple[str, ...]  # titles of products that have it
    line: str  # of curated.csv; accepts it


def suggest_terms(
    phrases: Sequence[Phrase],
    kg: KnowledgeGraph,
    schema: Schema,
    encoder: TextEncoder,
    config: SuggestTermsConfig | None = None,
) -> list[TermSuggestion]:
    """Where phrases may belong, by the cosine of their vectors with those of preferred labels.

    A label that holds the phrase and more is not near: a *hanging heart* is no synonym of
    *hanging*. Words the ontology calls its own parts by (*colour*) are no concepts. Phrases near
    nothing come last.

    Args:
        phrases: see `kg.ontology_phrases.unlinked_phrases`.
        kg: whose products are the examples.
        schema: the ontology.
        encoder: of phrases and labels.
        config: what is near.
    """
    config = config or SuggestTermsConfig()
    language = schema.languages[0]
    labels = [(c, c.pref[language]) for c in schema.concepts.values() if language in c.pref]
    if not phrases or not labels:
        return []
    titles = dict(zip(kg.products["id"].to_pylist(), kg.products["title"].to_pylist(), strict=True))
    own = {frozenset(_words(text, language)) for text in _own_names(schema, language)}
    said = [frozenset(_words(phrase.text, language)) for phrase in phrases]
    phrases = [phrase for phrase, words in zip(phrases, said, strict=True) if words not in own]
    said = [words for words in said if words not in own]
    known = encoder.encode([label for _, label in labels])
    cosines = encoder.encode([phrase.text for phrase in phrases]) @ known.T
    parts = [frozenset(_words(label, language)) for _, label in labels]
    cosines[np.array([[words < part for part in parts] for words in said], dtype=bool)] = -1.0
    best = cosines.argmax(axis=1)
    found = []
    for row, phrase in enumerate(phrases):
        concept, label = labels[best[row]]
        cosine = float(cosines[row, best[row]])
        kind: Literal["synonym", "concept", "phrase"] = "phrase"
        if cosine >= config.synonym:
            kind = "synonym"
        elif cosine >= config.kin:
            kind = "concept"
        found.append(
            TermSuggestion(
                kind=kind,
                text=phrase.text,
                products=phrase.alone,
                likelihood=None if np.isinf(phrase.likelihood) else round(phrase.likelihood, 2),
                nearest=concept.id,
                nearest_label=label,
                cosine=round(cosine, 3),
                examples=tuple(titles[product] for product in phrase.examples),
                turtle=_turtle(kind, phrase.text, concept, schema),
            )
        )
    return sorted(found, key=lambda suggestion: suggestion.kind == "phrase")


def _own_names(schema: Schema, language: str) -> list[str]:
    """What the ontology calls its classes, relations and schemes."""
    labels = [
        *(one.label for one in schema.classes.values()),
        *(one.label for one in schema.relations.values()),
    ]
    schemes = {concept.scheme for concept in schema.concepts.values()}
    return [*schemes, *(label[language] for label in labels if language in label)]


def _words(text: str, language: str) -> list[str]:
    norm = NORMS.get(language, plain_norm)
    return [norm(word) for word in text.replace("-", " ").split()]


def _turtle(kind: str, text: str, near: Concept, schema: Schema) -> str:
    """Turtle that accepts a phrase; a new concept has its name in every language, to translate."""
    first, *others = schema.languages
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if kind == "synonym":
        return f"{near.id} skos:altLabel {quoted}@{first} ."
    labels = " , ".join(f"{quoted}@{language}" for language in schema.languages)
    note = f"  # translate: {', '.join(others)}" if others else ""
    broader = _head(text, near.scheme, schema)
    lines = [f"{near.scheme}:{slug(text)} a skos:Concept ;{note}", f"  skos:prefLabel {labels}"]
    if broader:
        lines[-1] += " ;"
        lines.append(f"  skos:broader {broader}")
    return "\n".join(lines) + " ."


def _head(text: str, scheme: str, schema: Schema) -> str | None:
    """The concept of a scheme that the last words of a phrase name: lunch *box*."""
    language = schema.languages[0]
    words = _words(text, language)
    ends = {" ".join(words[at:]) for at in range(1, len(words))}
    for concept in schema.concepts.values():
        if concept.scheme == scheme:
            for label in concept.labels(language):
                if " ".join(_words(label, language)) in ends:
                    return concept.id
    return None


def suggest_facts(
    network: LinearHeteroGNN,
    nodes: dict[str, Vocabulary],
    kg: KnowledgeGraph,
    schema: Schema,
    config: SuggestTermsConfig | None = None,
) -> list[FactSuggestion]:
    """Facts products without any of a relation are likely to have, surest first.

    Args:
        network: trained on the graph.
        nodes: node label -> ids by row, as of `gnn.graph.node_vocabularies`.
        kg: the graph.
        schema: which relations there are.
        config: how many, how sure.
    """
    config = config or SuggestTermsConfig()
    entities = (kg.entities[name].to_pylist() for name in ("id", "name"))
    names = dict(zip(*entities, strict=True))
    found = []
    for relation in explaining_relations(schema):
        for class_id in relation.range:
            label = schema.classes[class_id].node_label
            if label == PRODUCT or label not in nodes:
                continue
            try:
                guesser = FactGuesser(network, relation.relationship_type, label)
            except ModelError:  # no product has such a fact to learn from
                continue
            best = guesser.suggest(k=1, least=config.least_score)[: config.per_relation]
            for item in best:
                subject, value = nodes[PRODUCT][item.product], nodes[label][item.object]
                like = _like(guesser, item.object)
                found.append(
                    FactSuggestion(
                        subject=subject,
                        relation=relation.id,
                        object=value,
                        score=round(item.score, 3),
                        title=names[subject],
                        object_name=names[value],
                        like=tuple(names[nodes[PRODUCT][row]] for row in like),
                        line=_line(subject, relation.id, value, round(item.score, 3)),
                    )
                )
    return sorted(found, key=lambda s: (-s.score, s.subject, s.relation, s.object))


def _like(guesser: FactGuesser, object_: int) -> NDArray[np.int64]:
    """Rows of the first products that have an object."""
    column = guesser.known.tocsc()[:, object_]
    return np.asarray(np.sort(column.indices)[:2], dtype=np.int64)


def _line(subject: str, relation: str, value: str, score: float) -> str:
    out = io.StringIO()
    reason = f"suggested, score {score:.2f}"
    csv.writer(out, lineterminator="").writerow(["assert", subject, relation, value, reason, ""])
    return out.getvalue()


def accept(
    chosen: Sequence[TermSuggestion | FactSuggestion], directory: Path, schema: Schema
) -> list[Path]:
    """Append suggestions to ``accepted.ttl`` and ``curated.csv`` of an ontology directory.

    Raises:
        OntologyError: a file cannot be written.
    """
    terms = [item.turtle for item in chosen if isinstance(item, TermSuggestion)]
    facts = [item.line for item in chosen if isinstance(item, FactSuggestion)]
    prefixes = {name: schema.prefixes[name] for name in ("skos", *schema.schemes())}
    head = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in sorted(prefixes.items()))
    written = []
    for name, first, blocks in (
        ("accepted.ttl", head, ["\n" + block for block in terms]),
        ("curated.csv", ",".join(COLUMNS) + "\n", facts),
    ):
        path = directory / name
        if not blocks:
            continue
        try:
            begun = path.exists()
            with path.open("a", encoding="utf-8") as file:
                file.write("".join(["" if begun else first, *(block + "\n" for block in blocks)]))
        except OSError as exc:
            raise OntologyError(f"{path} cannot be written: {exc.strerror}") from exc
        written.append(path)
    return written


def to_dicts(found: Sequence[TermSuggestion | FactSuggestion]) -> list[dict[str, Any]]:
    """Plain values for JSON."""
    return [asdict(item) for item in found]
