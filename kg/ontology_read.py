"""Triples of an ontology -> the records of `kg.ontology_terms`.

What is missing or ill-typed is reported on the graph and replaced by something harmless, so that
one run names every problem. Whether the records fit each other is `kg.ontology_check`'s question.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

import pyoxigraph as ox

from kg.ids import data_namespace
from kg.ontology_graph import CLEW, OWL, RDF_TYPE, RDFS, SCHEMA, SKOS, XSD, OntologyGraph
from kg.ontology_terms import ClassDef, Concept, Relation, Schema, Unit

__all__ = ["OntologyReader", "read_schema"]

Texts = Mapping[str, tuple[str, ...]]
Record = TypeVar("Record", ClassDef, Relation, Concept, Unit)
UNIT_CLASS = f"{CLEW}Unit"
_FOREIGN = (OWL, RDFS, SCHEMA, SKOS, XSD, f"{CLEW}Frame")


def read_schema(graph: OntologyGraph) -> Schema:
    """Every record of the ontology; problems are reported on ``graph``."""
    reader = OntologyReader(graph)
    concepts, units = reader.concepts_and_units()
    classes = reader.classes()
    data = {c.id_prefix: data_namespace(c.id_prefix) for c in classes if c.id_prefix}
    return Schema(
        classes=_by_id(classes),
        relations=_by_id(reader.relations()),
        concepts=_by_id(concepts),
        units=_by_id(units),
        prefixes=MappingProxyType(dict(sorted({**data, **graph.prefixes}.items()))),
        languages=reader.languages,
        frames=reader.frames(),
        fingerprint=graph.fingerprint,
    )


class OntologyReader:
    """Reads records out of an `OntologyGraph`, reporting what is missing or ill-typed."""

    def __init__(self, graph: OntologyGraph) -> None:
        self.graph = graph
        self.languages = self._languages()

    def classes(self) -> list[ClassDef]:
        """Every ``owl:Class`` that has nodes."""
        return [
            ClassDef(
                id=self.graph.compact(iri),
                iri=iri,
                label=self._one_text(iri, f"{RDFS}label"),
                node_label=self._string(iri, f"{CLEW}nodeLabel", "the label of its nodes"),
                id_prefix=next(iter(self._strings(iri, f"{CLEW}idPrefix")), ""),
            )
            for iri in self._described(f"{OWL}Class")
        ]

    def relations(self) -> list[Relation]:
        """Every ``owl:ObjectProperty`` and ``owl:DatatypeProperty``."""
        literal = self._described(f"{OWL}DatatypeProperty")
        return [
            self._relation(iri, iri in literal)
            for iri in sorted({*self._described(f"{OWL}ObjectProperty"), *literal})
        ]

    def _described(self, type_iri: str) -> list[str]:
        """Terms of a type, without the bare declarations of others' terms that editors write."""
        return [
            iri
            for iri in self.graph.subjects(type_iri)
            if not (iri.startswith(_FOREIGN) and self.graph.about(iri).keys() <= {RDF_TYPE})
        ]

    def _relation(self, iri: str, is_literal: bool) -> Relation:
        ranges = self._named(iri, f"{SCHEMA}rangeIncludes")
        for value in ranges:
            if value.startswith(XSD) is not is_literal:
                kind = "a literal relation needs a datatype" if is_literal else "not a class"
                self.graph.report(iri, f"range {self.graph.compact(value)}: {kind}")
        return Relation(
            id=self.graph.compact(iri),
            iri=iri,
            label=self._one_text(iri, f"{RDFS}label"),
            domain=self._ids(self._named(iri, f"{SCHEMA}domainIncludes")),
            range=self._ids(ranges),
            relationship_type=self._string(iri, f"{CLEW}relationshipType", "its name in Cypher"),
            is_literal=is_literal,
            sources=self._strings(iri, f"{CLEW}source"),
            fields=self._strings(iri, f"{CLEW}field"),
            explains=self._boolean(iri, f"{CLEW}explains"),
            templates=self._one_text(iri, f"{CLEW}template", required=False),
            is_functional=any(
                kind.value == f"{OWL}FunctionalProperty"
                for kind in self.graph.objects(iri, RDF_TYPE)
            ),
        )

    def concepts_and_units(self) -> tuple[list[Concept], list[Unit]]:
        """Every ``skos:Concept``: of a scheme of units a `Unit`, of any other a `Concept`."""
        schemes = self._schemes()
        concepts, units = [], []
        for iri in self.graph.subjects(f"{SKOS}Concept"):
            namespace = next((name for name in schemes if iri.startswith(name)), None)
            if namespace is None:
                why = "is in no skos:ConceptScheme; its IRI must begin with the IRI of one"
                self.graph.report(iri, why)
            elif schemes[namespace] == self.graph.compact(UNIT_CLASS):
                units.append(self._unit(iri))
            else:
                concepts.append(self._concept(iri, schemes[namespace]))
        return concepts, units

    def _schemes(self) -> dict[str, str]:
        """IRI of each concept scheme -> class id of its concepts; the longest IRI first."""
        schemes = {}
        for iri in sorted(self.graph.subjects(f"{SKOS}ConceptScheme"), key=len, reverse=True):
            self._one_text(iri, f"{SKOS}prefLabel")
            classes = self._named(iri, f"{CLEW}conceptClass")
            if len(classes) != 1:
                why = f"has {len(classes)} clew:conceptClass; a scheme needs exactly one"
                self.graph.report(iri, why)
            if iri not in self.graph.prefixes.values():
                self.graph.report(iri, "has no prefix; declare one for the scheme's IRI")
            schemes[iri] = self.graph.compact(classes[0]) if classes else ""
        return schemes

    def _concept(self, iri: str, class_id: str) -> Concept:
        compact_id = self.graph.compact(iri)
        return Concept(
            id=compact_id,
            iri=iri,
            scheme=compact_id.partition(":")[0],
            class_id=class_id,
            pref=self._one_text(iri, f"{SKOS}prefLabel"),
            alt=self._texts(iri, f"{SKOS}altLabel"),
            hidden=self._texts(iri, f"{SKOS}hiddenLabel"),
            broader=self._ids(self._named(iri, f"{SKOS}broader")),
            near=self._texts(iri, f"{CLEW}near"),
            not_near=self._texts(iri, f"{CLEW}notNear"),
            prior=self._number(iri, f"{CLEW}prior", default=1.0),
            implies=self._ids(self._inherited(iri, f"{CLEW}implies")),
            ambiguous=self._texts(iri, f"{CLEW}ambiguous"),
        )

    def _inherited(self, iri: str, predicate: str) -> list[str]:
        """Named objects of a concept and of all its broader concepts."""
        found, line = list[str](), [iri]
        for term in line:  # grows while it is walked
            found += [name for name in self._named(term, predicate) if name not in found]
            line += [name for name in self._named(term, f"{SKOS}broader") if name not in line]
        return found

    def _unit(self, iri: str) -> Unit:
        pref = self._one_text(iri, f"{SKOS}prefLabel")
        others = [self._texts(iri, f"{SKOS}{kind}") for kind in ("altLabel", "hiddenLabel")]
        qudt = [q for match in ("exactMatch", "broadMatch") for q in self._named(iri, SKOS + match)]
        if len(qudt) != 1:
            why = f"names {len(qudt)} QUDT units; give one skos:exactMatch (or broadMatch)"
            self.graph.report(iri, why)
        factor = self._number(iri, f"{CLEW}factor", default=None)
        if factor <= 0:
            self.graph.report(iri, f"clew:factor {factor} is not above 0", at="clew:factor")
        return Unit(
            id=self.graph.compact(iri),
            iri=qudt[0] if qudt else iri,
            labels=MappingProxyType(
                {
                    language: (
                        text,
                        *(word for other in others for word in other.get(language, ())),
                    )
                    for language, text in pref.items()
                }
            ),
            dimension=self._string(iri, f"{CLEW}dimension", "what it measures, e.g. length"),
            factor=factor,
        )

    def frames(self) -> Mapping[str, Mapping[str, str]]:
        """Text of each ``clew:Frame`` by language."""
        frames: dict[str, Mapping[str, str]] = {}
        for iri in self.graph.subjects(f"{CLEW}Frame"):
            name = self._string(iri, f"{CLEW}frameName", "the name the explainer asks for")
            if name in frames:
                self.graph.report(iri, f"frame {name!r} stands twice; keep one of them")
            frames[name] = self._one_text(iri, f"{CLEW}template")
        return MappingProxyType(frames)

    def _languages(self) -> tuple[str, ...]:
        headers = self.graph.subjects(f"{OWL}Ontology")
        said = [o for iri in headers for o in self.graph.objects(iri, f"{CLEW}languages")]
        languages = tuple(said[0].value.split()) if len(said) == 1 else ()
        if not languages:
            iri = headers[0] if headers else CLEW.rstrip("#")
            why = 'the owl:Ontology needs clew:languages once, e.g. "en zh" (the first is fallback)'
            self.graph.report(iri, why)
        return languages

    def _texts(self, iri: str, predicate: str) -> Texts:
        said = self.graph.compact(predicate)
        texts: dict[str, list[str]] = {}
        for value in self.graph.objects(iri, predicate):
            language = value.language if isinstance(value, ox.Literal) else None
            if language not in self.languages:
                tag = (
                    f"language {language!r} is not in clew:languages" if language else "no language"
                )
                why = f"{said} {value.value!r}: {tag}; use one of {', '.join(self.languages)}"
                self.graph.report(iri, why, at=f'"{value.value}"')
            else:
                texts.setdefault(language, []).append(value.value)
        return MappingProxyType(
            {name: tuple(sorted(words)) for name, words in sorted(texts.items())}
        )

    def _one_text(self, iri: str, predicate: str, *, required: bool = True) -> Mapping[str, str]:
        """One text per language; all languages, unless none is ``required`` and none is there."""
        said = self.graph.compact(predicate)
        texts = self._texts(iri, predicate)
        for language, words in texts.items():
            if len(words) > 1:
                listed = ", ".join(map(repr, words))
                why = f"{said}@{language} stands {len(words)} times ({listed}); keep one"
                self.graph.report(iri, why, at=f'"{words[1]}"')
        for language in self.languages:
            if language not in texts and (required or texts):
                self.graph.report(iri, f"has no {said}@{language}; add one")
        return MappingProxyType({language: words[0] for language, words in texts.items()})

    def _strings(self, iri: str, predicate: str) -> tuple[str, ...]:
        return tuple(sorted(value.value for value in self.graph.objects(iri, predicate)))

    def _string(self, iri: str, predicate: str, meaning: str) -> str:
        said = self.graph.compact(predicate)
        values = self._strings(iri, predicate)
        if len(values) != 1:
            why = f"has {len(values)} {said}; it needs exactly one ({meaning})"
            self.graph.report(iri, why)
        return values[0] if values else ""

    def _named(self, iri: str, predicate: str) -> list[str]:
        named = []
        for value in self.graph.objects(iri, predicate):
            if isinstance(value, ox.NamedNode):
                named.append(value.value)
            else:
                why = f"{self.graph.compact(predicate)} {value.value!r} is a literal; name a term"
                self.graph.report(iri, why, at=f'"{value.value}"')
        return named

    def _ids(self, iris: list[str]) -> tuple[str, ...]:
        return tuple(sorted(self.graph.compact(iri) for iri in iris))

    def _boolean(self, iri: str, predicate: str) -> bool:
        values = self._strings(iri, predicate) or ("false",)
        if values not in {("true",), ("false",)}:
            said = self.graph.compact(predicate)
            self.graph.report(
                iri, f"{said} {' '.join(values)!r} is neither true nor false", at=said
            )
        return values == ("true",)

    def _number(self, iri: str, predicate: str, *, default: float | None) -> float:
        values = self._strings(iri, predicate)
        if not values and default is not None:
            return default
        said = self.graph.compact(predicate)
        try:
            (value,) = values
            return float(value)
        except ValueError:
            listed = ", ".join(values) or "nothing"
            self.graph.report(iri, f"{said} is {listed}; it needs exactly one number", at=said)
            return 1.0


def _by_id(records: list[Record]) -> Mapping[str, Record]:
    return MappingProxyType({record.id: record for record in sorted(records, key=lambda r: r.id)})
