"""Whether the records of an ontology fit each other and the files say nothing unheard of.

In: an `OntologyGraph` and the `Schema` read from it. Out: problems, reported on the graph. Each
rule is one function, listed in `RULES`; those about concepts are in `kg.concept_rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from string import Formatter

from kg.concept_rules import CONCEPT_RULES
from kg.curated import check_curated
from kg.ontology_files import ontology_files, read_file
from kg.ontology_graph import CLEW, SKOS, OntologyGraph, Problem
from kg.ontology_lint import LINT_RULES
from kg.ontology_read import read_schema
from kg.ontology_terms import FRAME_SLOTS, SOURCE_KINDS, Relation, Schema
from kg.records import EVENTS
from kg.shape_rules import check_shapes

__all__ = ["RULES", "check_ontology", "read_checked"]

_SETTINGS = {
    f"{CLEW}{name}"
    for name in (
        "ambiguous",
        "conceptClass",
        "dimension",
        "explains",
        "factor",
        "field",
        "frameName",
        "idPrefix",
        "implies",
        "languages",
        "near",
        "nodeLabel",
        "notNear",
        "prior",
        "relationshipType",
        "source",
        "template",
    )
}
_SKOS_TERMS = {
    f"{SKOS}{name}"
    for name in (
        "altLabel",
        "broadMatch",
        "broader",
        "changeNote",
        "closeMatch",
        "definition",
        "editorialNote",
        "exactMatch",
        "example",
        "hiddenLabel",
        "historyNote",
        "inScheme",
        "narrowMatch",
        "notation",
        "note",
        "prefLabel",
        "related",
        "relatedMatch",
        "scopeNote",
    )
}


def check_ontology(directory: Path) -> list[Problem]:
    """Everything to be said about the ontology in a directory, by file and line.

    Errors keep it from being used; of the level ``warning`` is what is allowed and seldom meant.
    Files that cannot be read, or are not of their format, are told first and alone.

    Raises:
        OntologyError: there is no such directory, or no ontology in it.
    """
    read = [read_file(path, directory) for path in ontology_files(directory)]
    unread = [item for item in read if isinstance(item, Problem)]
    if unread:
        return unread
    graph = OntologyGraph(directory)
    schema = read_schema(graph)
    for rule in (*RULES, *LINT_RULES):
        rule(graph, schema)
    shapes, curated = check_shapes(directory, graph, schema), check_curated(directory, schema)
    return _sorted([*graph.problems, *shapes, *curated])


def read_checked(directory: Path) -> tuple[Schema, list[Problem]]:
    """The schema of a directory, and what keeps it from being used, by file and line.

    Raises:
        OntologyError: the files cannot be read at all (see `OntologyGraph`).
    """
    graph = OntologyGraph(directory)
    schema = read_schema(graph)
    for rule in RULES:
        rule(graph, schema)
    return schema, _sorted(graph.problems)


def _sorted(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda p: (p.file, p.line or 0, p.term, p.message))


def _terms_known(graph: OntologyGraph, schema: Schema) -> None:
    """A setting nobody reads is a typing mistake."""
    relations = {relation.iri for relation in schema.relations.values()}
    for namespace, known in ((CLEW, _SETTINGS | relations), (SKOS, _SKOS_TERMS)):
        for subject, predicate in graph.predicates():
            if predicate.startswith(namespace) and predicate not in known:
                said = graph.compact(predicate)
                names = [graph.compact(term) for term in known]
                near = get_close_matches(said, names, n=1, cutoff=0.8)
                hint = f"did you mean {near[0]}?" if near else "remove it"
                graph.report(subject, f"{said} is not a term Clew knows; {hint}", at=said)


def _names_sound(graph: OntologyGraph, schema: Schema) -> None:
    """Node labels, relationship types and property names are safe in Cypher and unique."""
    named = [
        (c.iri, "clew:nodeLabel", c.node_label, r"[A-Z][A-Za-z0-9]*")
        for c in schema.classes.values()
    ]
    for relation in schema.relations.values():
        shape = r"[a-z][a-z0-9_]*" if relation.is_literal else r"[A-Z][A-Z0-9_]*"
        named.append((relation.iri, "clew:relationshipType", relation.relationship_type, shape))
    taken: dict[tuple[str, str], str] = {}
    for iri, setting, name, shape in named:
        if name and not re.fullmatch(shape, name):
            graph.report(iri, f"{setting} {name!r} does not match {shape}", at=setting)
        other = taken.setdefault((setting, name), iri)
        if name and other != iri:
            why = f"{setting} {name!r} is taken by {graph.compact(other)}; choose another"
            graph.report(iri, why, at=setting)


def _id_prefixes_sound(graph: OntologyGraph, schema: Schema) -> None:
    """A ``clew:idPrefix`` is one word that nothing else goes by."""
    taken = dict.fromkeys(graph.prefixes, "a namespace")
    for class_def in schema.classes.values():
        said = [value.value for value in graph.objects(class_def.iri, f"{CLEW}idPrefix")]
        if len(said) > 1:
            graph.report(class_def.iri, f"has {len(said)} clew:idPrefix; keep one")
        for prefix in said[:1]:
            if not re.fullmatch(r"[a-z][a-z0-9-]*", prefix):
                why = f"clew:idPrefix {prefix!r} does not match [a-z][a-z0-9-]*"
                graph.report(class_def.iri, why, at="clew:idPrefix")
            elif prefix in taken:
                why = f"clew:idPrefix {prefix!r} is taken by {taken[prefix]}; choose another"
                graph.report(class_def.iri, why, at="clew:idPrefix")
            taken[prefix] = class_def.id


def _classes_known(graph: OntologyGraph, schema: Schema) -> None:
    for relation in schema.relations.values():
        ends = (("domain", relation.domain), ("range", relation.range))
        for end, ids in ends:
            if not ids:
                graph.report(relation.iri, f"has no schema:{end}Includes; name a class")
            for class_id in ids:
                if class_id not in schema.classes and not class_id.startswith("xsd:"):
                    why = f"unknown {end} {class_id}; declare it as an owl:Class or mend the name"
                    graph.report(relation.iri, why, at=class_id)
    for iri in graph.subjects(f"{SKOS}ConceptScheme"):
        for value in graph.objects(iri, f"{CLEW}conceptClass"):
            class_id = graph.compact(value.value)
            if class_id not in schema.classes:
                why = f"clew:conceptClass {class_id} is unknown; declare it as an owl:Class"
                graph.report(iri, why, at=class_id)


def _sources_sound(graph: OntologyGraph, schema: Schema) -> None:
    for relation in schema.relations.values():
        for source in relation.sources:
            why = _source_problem(source, relation, schema)
            if why:
                graph.report(relation.iri, f"clew:source {source!r}: {why}", at=f'"{source}"')
        if relation.fields and not relation.sources:
            graph.report(relation.iri, "has clew:field but no clew:source to read from it")


def _source_problem(source: str, relation: Relation, schema: Schema) -> str | None:
    kind, _, name = source.partition(":")
    dimensions = {unit.dimension for unit in schema.units.values()}
    classes = {c.scheme: c.class_id for c in schema.concepts.values()}
    known: Iterable[str] | None = {"phrase": classes, "measure": dimensions, "event": EVENTS}.get(
        kind
    )
    if kind not in SOURCE_KINDS or not name:
        return f"must be one of {', '.join(SOURCE_KINDS)}, a colon and a name"
    if known is not None and name not in known:
        return f"{name!r} is not among {', '.join(sorted(known)) or 'any declared'}"
    if kind == "phrase" and classes[name] not in relation.range:
        return f"its concepts are {classes[name]}, which is not in the relation's range"
    if kind in {"phrase", "measure"} and not relation.fields:
        return "needs clew:field to say where to read"
    return None


def _templates_sound(graph: OntologyGraph, schema: Schema) -> None:
    for relation in schema.relations.values():
        if relation.explains and not relation.templates:
            graph.report(relation.iri, "explains but has no clew:template; add one per language")
        if relation.explains and relation.is_literal:
            graph.report(
                relation.iri, "is a literal relation and cannot explain; drop clew:explains"
            )
        for text in relation.templates.values():
            _check_slots(graph, relation.iri, text, frozenset({"object"}))
    frames = {name: iri for iri, name in _frame_names(graph)}
    for name in sorted(FRAME_SLOTS.keys() - schema.frames.keys()):
        graph.report(f"{CLEW}Frame", f"no clew:Frame has clew:frameName {name!r}; add one")
    for name, texts in schema.frames.items():
        if name not in FRAME_SLOTS:
            why = f"unknown clew:frameName {name!r}; it is one of {', '.join(FRAME_SLOTS)}"
            graph.report(frames[name], why)
            continue
        for text in texts.values():
            _check_slots(graph, frames[name], text, FRAME_SLOTS[name])


def _frame_names(graph: OntologyGraph) -> Iterable[tuple[str, str]]:
    for iri in graph.subjects(f"{CLEW}Frame"):
        for value in graph.objects(iri, f"{CLEW}frameName"):
            yield iri, value.value


def _check_slots(graph: OntologyGraph, iri: str, text: str, wanted: frozenset[str]) -> None:
    try:
        found = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError:
        found = ["?"]
    if sorted(found) != sorted(wanted):
        slots = ", ".join(f"{{{name}}}" for name in sorted(wanted)) or "no slot"
        graph.report(iri, f"clew:template {text!r} must hold {slots}, once each", at=f'"{text}"')


RULES: tuple[Callable[[OntologyGraph, Schema], None], ...] = (
    _terms_known,
    _names_sound,
    _id_prefixes_sound,
    _classes_known,
    _sources_sound,
    _templates_sound,
    *CONCEPT_RULES,
)
"""Every rule; each reports what breaks it."""
