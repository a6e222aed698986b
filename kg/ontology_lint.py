"""Further rules of ``clew ontology check``: undefined terms, and what is worth a second look.

In: an `OntologyGraph` and the `Schema` read from it. Out: problems, reported on the graph. Nothing
here keeps an ontology from being used (that is `kg.ontology_check`), so a build does not wait for
it. Warnings are about what is allowed and seldom meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from difflib import get_close_matches
from typing import Final

import pyoxigraph as ox

from kg.ontology_graph import CLEW, OWL, RDF_TYPE, RDFS, SCHEMA, SKOS, OntologyGraph
from kg.ontology_terms import Concept, Schema

__all__ = ["LINT_RULES"]

_PREDICATES: Final = {
    RDFS: ("comment", "isDefinedBy", "label", "seeAlso", "subClassOf", "subPropertyOf"),
    OWL: (
        *("backwardCompatibleWith", "deprecated", "equivalentClass", "equivalentProperty"),
        *("imports", "inverseOf", "priorVersion", "sameAs", "versionIRI", "versionInfo"),
    ),
}
_CHECKED_ELSEWHERE: Final = frozenset(
    {f"{SKOS}broader", f"{CLEW}implies", f"{CLEW}conceptClass"}
    | {f"{SCHEMA}{end}Includes" for end in ("domain", "range")}
)


def _vocabulary_known(graph: OntologyGraph, schema: Schema) -> None:
    """Predicates of RDFS and OWL are those there are."""
    del schema
    for namespace, names in _PREDICATES.items():
        for subject, predicate in graph.predicates():
            name = predicate.removeprefix(namespace)
            if predicate.startswith(namespace) and name not in names:
                said = graph.compact(predicate)
                near = get_close_matches(name, names, n=1, cutoff=0.7)
                hint = f"did you mean {near[0]}?" if near else "Clew does not read it"
                graph.report(subject, f"{said} is not a term Clew knows; {hint}", at=said)


def _objects_defined(graph: OntologyGraph, schema: Schema) -> None:
    """What statements are about, or name, in the ontology's own namespaces is described."""
    del schema
    own = (CLEW, *graph.subjects(f"{SKOS}ConceptScheme"))
    described = {*graph.named(), f"{CLEW}Frame", CLEW.rstrip("#")}
    for iri in graph.named():
        if iri.startswith(own) and not graph.has(iri, RDF_TYPE):
            graph.report(iri, "is nowhere said to be anything (a …); mend the name or describe it")
    for subject, predicate in graph.predicates():
        if predicate in _CHECKED_ELSEWHERE:
            continue
        for value in graph.objects(subject, predicate):
            if not isinstance(value, ox.NamedNode) or not value.value.startswith(own):
                continue
            if value.value not in described:
                said, term = graph.compact(predicate), graph.compact(value.value)
                near = get_close_matches(term, [graph.compact(d) for d in described], n=1)
                hint = f"did you mean {near[0]}?" if near else "describe it or mend the name"
                by = "is" if predicate == RDF_TYPE else said
                graph.report(subject, f"{by} {term}, which is defined nowhere; {hint}", at=term)


def _schemes_read(graph: OntologyGraph, schema: Schema) -> None:
    read = {source for relation in schema.relations.values() for source in relation.sources}
    for scheme in schema.schemes():
        if f"phrase:{scheme}" not in read and scheme in schema.prefixes:
            why = f'no relation reads it; give one clew:source "phrase:{scheme}"'
            graph.report(schema.prefixes[scheme], why, level="warning")


def _relations_told(graph: OntologyGraph, schema: Schema) -> None:
    for relation in schema.relations.values():
        if not (relation.is_literal or relation.templates or relation.explains):
            why = "has no clew:template, so it can never be told; add one per language"
            graph.report(relation.iri, why, level="warning")


def _labels_apart(graph: OntologyGraph, schema: Schema) -> None:
    """Labels that extraction cannot tell from one another.

    Inside a scheme: two labels that differ in number or accents only. Between schemes read from the
    same field: one label of two concepts, where neither says by which words it is recognized.
    """
    # The extractor's package imports spaCy, which whoever only loads a schema does without.
    from kg.extract.words import NORMS, plain_norm  # noqa: PLC0415

    by_phrase: dict[tuple[str, str], list[tuple[Concept, str]]] = defaultdict(list)
    for concept in schema.concepts.values():
        for language in schema.languages:
            norm = NORMS.get(language, plain_norm)
            for label in concept.labels(language):
                words = " ".join(map(norm, label.replace("-", " ").split()))
                by_phrase[language, words].append((concept, label))
    for (language, _), senses in by_phrase.items():
        first, *others = senses
        for concept, label in others:
            if concept.id == first[0].id:
                continue
            same = concept.scheme == first[0].scheme
            if same and label.casefold() != first[1].casefold():
                why = f"reads like {first[1]!r} of {first[0].id}; keep it at one of them"
            elif not same and all(_is_certain(c, text, language) for c, text in (first, senses[1])):
                why = f"is as certain of {first[0].id}; add clew:near or clew:ambiguous to one"
            else:
                continue
            said = f"label {label!r}@{language} {why}"
            graph.report(concept.iri, said, at=f'"{label}"@{language}', level="warning")


def _is_certain(concept: Concept, label: str, language: str) -> bool:
    doubts = concept.prior < 1 or concept.near or concept.not_near
    return not (doubts and concept.is_ambiguous(label, language))


LINT_RULES: tuple[Callable[[OntologyGraph, Schema], None], ...] = (
    _vocabulary_known,
    _objects_defined,
    _schemes_read,
    _relations_told,
    _labels_apart,
)
"""Every further rule; each reports what breaks it."""
