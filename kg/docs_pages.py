"""What the pages of an ontology say: values for the templates of ``kg/pages``.

In: a `Site`. Out: for each kind of page the mapping its template is rendered with, links included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import pyoxigraph as ox

from kg.docs_site import Site
from kg.ids import local_part
from kg.ontology_graph import RDFS, SKOS
from kg.ontology_terms import ClassDef, Concept, Relation

__all__ = ["Pages", "page_file"]

_EXAMPLES: Final = 8
_TOP: Final = 25
_MAPPINGS: Final = {
    f"{SKOS}exactMatch": "exactly",
    f"{SKOS}closeMatch": "closely",
    f"{SKOS}broadMatch": "broader",
    f"{SKOS}narrowMatch": "narrower",
    f"{SKOS}relatedMatch": "related",
    f"{RDFS}seeAlso": "see also",
}

Item = dict[str, Any]


class Pages:
    """Values of the pages in one folder; links lead from there."""

    def __init__(self, site: Site, root: str) -> None:
        """Take the site and the way from the folder to its top, ``""`` or ``"../"``."""
        self._site, self._schema, self._root = site, site.schema, root
        self._language = site.schema.languages[0]

    def frame(self) -> Item:
        """What every page needs."""
        site, schema = self._site, self._schema
        return {
            "root": self._root,
            "language": self._language,
            "site": {
                "title": site.title,
                "dataset": site.dataset,
                "snapshot": site.snapshot,
                "fingerprint": schema.fingerprint[:12],
                "classes": len(schema.classes),
                "relations": len(schema.relations),
                "concepts": len(schema.concepts),
                "facts": site.kg.facts.num_rows,
                "products": site.kg.products.num_rows,
            },
        }

    def index(self) -> Item:
        """Everything there is, with counts."""
        schema, facts = self._schema, self._site.facts
        return {
            "heading": self._site.title,
            "classes": [
                {**self.link(c.id), "node": c.node_label, "count": len(self._site.of_class[c.id])}
                for c in schema.classes.values()
            ],
            "relations": [
                {
                    **self.link(r.id),
                    "domain": [self.link(i, bare=True) for i in r.domain],
                    "range": [self.link(i, bare=True) for i in r.range],
                    "type": r.relationship_type,
                    "count": len(facts.get(r.id, ())),
                }
                for r in schema.relations.values()
            ],
            "schemes": [self._scheme_row(scheme) for scheme in schema.schemes()],
        }

    def _scheme_row(self, scheme: str) -> Item:
        concepts = [c for c in self._schema.concepts.values() if c.scheme == scheme]
        counts = [len(self._site.by_object.get(c.id, ())) for c in concepts]
        return {
            "name": scheme,
            "id": f"{scheme}:",
            "href": f"{self._root}schemes/{page_file(scheme)}",
            "of": self.link(concepts[0].class_id),
            "concepts": len(concepts),
            "used": sum(1 for count in counts if count),
            "count": sum(counts),
        }

    def class_page(self, class_def: ClassDef) -> Item:
        """A class."""
        relations = self._schema.relations.values()
        inside = self._site.of_class[class_def.id]
        examples = [] if class_def.id == "clew:User" else inside[:_EXAMPLES]
        schemes = {c.scheme for c in self._schema.concepts.values() if c.class_id == class_def.id}
        return {
            **self._common(class_def.iri, class_def.id, class_def.label),
            "comment": self._comment(class_def.iri),
            "node": class_def.node_label,
            "schemes": [self.scheme_link(s) for s in sorted(schemes)],
            "outgoing": [self.link(r.id) for r in relations if class_def.id in r.domain],
            "incoming": [self.link(r.id) for r in relations if class_def.id in r.range],
            "count": len(inside),
            "examples": [self.link(i) for i in examples],
        }

    def relation(self, relation: Relation) -> Item:
        """A relation."""
        rows = self._site.facts.get(relation.id, [])
        origins = Counter(row["source"] for row in rows)
        objects = Counter(row["object"] for row in rows) if not relation.is_literal else {}
        private = any(i == "clew:User" for i in relation.domain)
        return {
            **self._common(relation.iri, relation.id, relation.label),
            "functional": relation.is_functional,
            "domain": [self.link(i) for i in relation.domain],
            "range": [self.link(i) for i in relation.range],
            "type": relation.relationship_type,
            "sources": relation.sources,
            "fields": relation.fields,
            "templates": relation.templates,
            "explains": relation.explains,
            "count": len(rows),
            "origins": [
                {"name": n, "id": "", "href": "", "count": k} for n, k in origins.most_common()
            ],
            "top": [{**self.link(i), "count": k} for i, k in Counter(objects).most_common(_TOP)],
            "examples": [] if private else [self._example(row) for row in rows[:_EXAMPLES]],
        }

    def scheme(self, scheme: str) -> Item:
        """A concept scheme."""
        concepts = [c for c in self._schema.concepts.values() if c.scheme == scheme]
        roots = [c for c in concepts if not c.broader]
        readers = [r for r in self._schema.relations.values() if f"phrase:{scheme}" in r.sources]
        row = self._scheme_row(scheme)
        return {
            **row,
            "heading": scheme,
            "readers": [self.link(r.id) for r in readers],
            "nodes": [self._node(c) for c in sorted(roots, key=self._shown)],
        }

    def _node(self, concept: Concept) -> Item:
        below = [self._schema.concepts[i] for i in self._site.narrower[concept.id]]
        children = [self._node(child) for child in sorted(below, key=self._shown)]
        count = len(self._site.by_object.get(concept.id, ()))
        return {**self.link(concept.id), "count": count, "children": children}

    def concept(self, concept: Concept) -> Item:
        """A concept."""
        rows = self._site.by_object.get(concept.id, [])
        return {
            **self._common(concept.iri, concept.id, concept.pref),
            "scheme": self.scheme_link(concept.scheme),
            "alt": concept.alt,
            "hidden": concept.hidden,
            "broader": [self.link(i) for i in concept.broader],
            "narrower": [self.link(i) for i in sorted(self._site.narrower[concept.id])],
            "implies": [self.link(i) for i in concept.implies],
            "implied_by": [self.link(i) for i in sorted(self._site.implied_by[concept.id])],
            "doubts": concept.prior < 1 or concept.near or concept.not_near,
            "prior": concept.prior,
            "ambiguous": concept.ambiguous,
            "near": concept.near,
            "not_near": concept.not_near,
            "count": len(rows),
            "examples": [
                {**self._example(row), "relation": self.link(row["relation"])}
                for row in rows[:_EXAMPLES]
            ],
        }

    def _common(self, iri: str, compact_id: str, label: Mapping[str, str]) -> Item:
        graph = self._site.graph
        parents = [
            value.value
            for predicate in ("subClassOf", "subPropertyOf")
            for value in graph.objects(iri, f"{RDFS}{predicate}")
        ]
        return {
            "heading": label.get(self._language, compact_id),
            "id": compact_id,
            "iri": iri,
            "label": label,
            "parents": [self.link(graph.compact(parent), iri=parent) for parent in parents],
            "mappings": [
                {"how": how, "iri": value.value}
                for predicate, how in _MAPPINGS.items()
                for value in graph.objects(iri, predicate)
            ],
        }

    def _comment(self, iri: str) -> str:
        comments = self._site.graph.objects(iri, f"{RDFS}comment")
        return next((c.value for c in comments if isinstance(c, ox.Literal)), "")

    def _example(self, row: Item) -> Item:
        return {
            **{name: row[name] for name in ("source", "field", "text", "confidence")},
            "id": row["subject"],
            "subject": self._site.names.get(row["subject"], row["subject"]),
            "object": self.link(row["object"]),
        }

    def _shown(self, concept: Concept) -> str:
        return concept.pref.get(self._language, concept.id).casefold()

    def scheme_link(self, scheme: str) -> Item:
        """A scheme as templates link it."""
        return {"name": scheme, "id": "", "href": f"{self._root}schemes/{page_file(scheme)}"}

    def link(self, compact_id: str, *, bare: bool = False, iri: str = "") -> Item:
        """A term or entity as templates link it; ``bare``: by its name alone."""
        schema, said = self._schema, "" if bare else compact_id
        for part, records in (("classes", schema.classes), ("relations", schema.relations)):
            if compact_id in records:
                name = records[compact_id].label.get(self._language, compact_id)
                href = f"{self._root}{part}/{page_file(compact_id)}"
                return {"name": name, "id": said, "href": href}
        if compact_id in schema.concepts:
            name = schema.concepts[compact_id].pref.get(self._language, compact_id)
            return {
                "name": name,
                "id": said,
                "href": f"{self._root}concepts/{page_file(compact_id)}",
            }
        name = self._site.names.get(compact_id, local_part(compact_id) or compact_id)
        return {"name": name, "id": said, "href": iri}


def page_file(compact_id: str) -> str:
    """Name of the file of a term's page: its id without a colon."""
    return quote(compact_id.replace(":", "-"), safe="") + ".html"
