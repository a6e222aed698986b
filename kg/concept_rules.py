"""Rules about concepts and units: labels, priors, hierarchy, implications.

In: an `OntologyGraph` and the `Schema` read from it. Out: problems, reported on the graph. Part of
`kg.ontology_check`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kg.ontology_graph import CLEW, OntologyGraph
from kg.ontology_terms import Concept, Schema, Unit

__all__ = ["CONCEPT_RULES"]


def _labels_unique(graph: OntologyGraph, schema: Schema) -> None:
    """A label means one thing inside a scheme and language (case does not tell them apart)."""
    taken: dict[tuple[str, str, str], str] = {}
    spelt: list[tuple[Concept | Unit, str, str, str]] = [
        (concept, concept.scheme, language, label)
        for concept in schema.concepts.values()
        for language in schema.languages
        for label in concept.labels(language)
    ]
    for unit in schema.units.values():
        spelt += [
            (unit, "unit", language, x) for language, all_ in unit.labels.items() for x in all_
        ]
    for term, scheme, language, label in spelt:
        fold = label if scheme == "unit" else label.casefold()
        other = taken.setdefault((scheme, language, fold), term.id)
        if other != term.id:
            why = f"label {label!r}@{language} is also a label of {other}; keep it at one of them"
            graph.report(_iri(term, schema), why, at=f'"{label}"@{language}')


def _iri(term: Concept | Unit, schema: Schema) -> str:
    prefix, _, local = term.id.partition(":")
    return schema.prefixes[prefix] + local


def _labels_clean(graph: OntologyGraph, schema: Schema) -> None:
    for concept in schema.concepts.values():
        for language in schema.languages:
            labels = concept.labels(language)
            for label in {x for x in labels if not x.strip() or x != " ".join(x.split())}:
                why = f"label {label!r}@{language} is empty or has stray blanks"
                graph.report(concept.iri, why, at=f'"{label}"')
            for label in {*concept.ambiguous.get(language, ())} - {*labels}:
                why = f"clew:ambiguous {label!r}@{language} is none of its labels; mend or drop it"
                graph.report(concept.iri, why, at="clew:ambiguous")
            twice = sorted(
                {x for x in labels if [y.casefold() for y in labels].count(x.casefold()) > 1}
            )
            if twice:
                graph.report(concept.iri, f"label {twice[0]!r}@{language} stands twice; keep one")
        if not 0 <= concept.prior <= 1:
            why = f"clew:prior {concept.prior} is outside 0..1"
            graph.report(concept.iri, why, at="clew:prior")


def _hierarchy_sound(graph: OntologyGraph, schema: Schema) -> None:
    """``skos:broader`` stays inside a scheme, names concepts that exist, and never circles."""
    for concept in schema.concepts.values():
        for parent in concept.broader:
            if parent not in schema.concepts:
                why = f"skos:broader {parent} does not exist; declare it or mend the name"
                graph.report(concept.iri, why, at=parent)
            elif schema.concepts[parent].scheme != concept.scheme:
                why = f"skos:broader {parent} is of another scheme; stay in {concept.scheme}:"
                graph.report(concept.iri, why, at=parent)
    for cycle in _cycles({c.id: c.broader for c in schema.concepts.values()}):
        why = f"skos:broader circles: {' -> '.join(cycle)}; cut one of the links"
        graph.report(schema.concepts[cycle[0]].iri, why, at="skos:broader")


def _implications_sound(graph: OntologyGraph, schema: Schema) -> None:
    """``clew:implies`` names concepts of another scheme that some relation reads."""
    read = {source for relation in schema.relations.values() for source in relation.sources}
    for concept in schema.concepts.values():
        for value in graph.objects(concept.iri, f"{CLEW}implies"):
            other = schema.concepts.get(graph.compact(value.value))
            if other is None:
                why = "does not exist; declare it or mend the name"
            elif other.scheme == concept.scheme:
                why = "is of the same scheme; use skos:broader"
            elif f"phrase:{other.scheme}" not in read:
                why = f'is read by no relation; give one clew:source "phrase:{other.scheme}"'
            else:
                continue
            said = graph.compact(value.value)
            graph.report(concept.iri, f"clew:implies {said} {why}", at=said)


def _cycles(parents: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    """Circles met by a depth-first walk, each from one of its terms back to itself."""
    cycles: list[list[str]] = []
    done = set[str]()

    def walk(trail: list[str]) -> None:
        for parent in parents.get(trail[-1], ()):
            if parent in trail:
                cycles.append([*trail[trail.index(parent) :], parent])
            elif parent not in done:
                walk([*trail, parent])
        done.add(trail[-1])

    for start in parents:
        if start not in done:
            walk([start])
    return cycles


CONCEPT_RULES: tuple[Callable[[OntologyGraph, Schema], None], ...] = (
    _labels_unique,
    _labels_clean,
    _hierarchy_sound,
    _implications_sound,
)
"""Every rule about concepts; each reports what breaks it."""
