"""Rules about ``shapes.ttl``: shapes that can never match, and terms it misspells.

In: an `OntologyGraph`, the `Schema` read from it, the shapes file. Out: problems. A shape that no
node can break looks like a guarantee and is none: its class has no nodes, its path is no relation
or one of another class, its values can never be of the class or datatype it asks for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import pyoxigraph as ox
from rdflib import SH

from kg.ids import compact
from kg.ontology_files import OntologyFile, Problem, line_of, read_file, shapes_file
from kg.ontology_graph import OWL, RDF_TYPE, RDFS, SKOS, OntologyGraph
from kg.ontology_terms import Relation, Schema

__all__ = ["ShapesFile", "check_shapes"]

_SH: Final = str(SH)
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TARGETS: Final = tuple(
    f"{_SH}{name}" for name in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf")
)
_SAID_OF_ALL: Final = frozenset({RDF_TYPE, f"{RDFS}label", f"{SKOS}prefLabel"})
"""Predicates every graph has beside its relations."""

_KEYWORDS = {"and", "class", "in", "not", "or"}  # rdflib lists all terms but Python's words
_OF_THE_SAME = ("and", "or", "xone", "not", "node")

Node = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


class ShapesFile:
    """The triples of a shapes file, with lists read out and every node under its name."""

    def __init__(self, file: OntologyFile) -> None:
        self.file = file
        self.said: dict[Node, dict[str, list[Node]]] = defaultdict(lambda: defaultdict(list))
        self.users: dict[Node, list[Node]] = defaultdict(list)  # object -> subjects
        for triple in file.triples:
            self.said[triple.subject][triple.predicate.value].append(triple.object)
            self.users[triple.object].append(triple.subject)

    def shapes(self) -> list[Node]:
        """Node and property shapes that have a name, sorted."""
        named = [node for node in self.said if isinstance(node, ox.NamedNode)]
        return sorted((node for node in named if self.is_shape(node)), key=str)

    def is_shape(self, node: Node) -> bool:
        """Whether the file describes a shape by this node."""
        said = self.said.get(node, {})
        return any(predicate.startswith(_SH) for predicate in said)

    def values(self, node: Node, term: str) -> list[Node]:
        """Objects of a SHACL term, lists read out."""
        found = self.said[node].get(_SH + term, []) if node in self.said else []
        return [item for value in found for item in self._items(value)]

    def _items(self, value: Node) -> Iterator[Node]:
        said = self.said.get(value, {})
        if f"{_RDF}first" not in said:
            if not (isinstance(value, ox.NamedNode) and value.value == f"{_RDF}nil"):
                yield value
            return
        yield from said[f"{_RDF}first"]
        for rest in said.get(f"{_RDF}rest", []):
            yield from self._items(rest)

    def owner(self, node: Node) -> ox.NamedNode | None:
        """The named shape a blank node is part of."""
        seen = {node}
        waiting = [node]
        for item in waiting:
            if isinstance(item, ox.NamedNode):
                return item
            new = [user for user in self.users[item] if user not in seen]
            seen.update(new)
            waiting += new
        return None


def check_shapes(directory: Path, graph: OntologyGraph, schema: Schema) -> list[Problem]:
    """Problems of the shapes file of an ontology."""
    path = shapes_file(directory)
    read = read_file(path, directory)
    if isinstance(read, Problem):
        return [read]
    return _Checker(ShapesFile(read), graph, schema).problems()


class _Checker:
    """Applies every rule to one shapes file."""

    def __init__(self, shapes: ShapesFile, graph: OntologyGraph, schema: Schema) -> None:
        self._shapes = shapes
        self._graph = graph
        self._prefixes = {**dict(shapes.file.prefixes), **schema.prefixes}
        self._relations = {relation.iri: relation for relation in schema.relations.values()}
        self._above = {c.iri: self._superclasses(c.iri) for c in schema.classes.values()}
        self._classes = {c.id: c.iri for c in schema.classes.values()}
        self._found: list[Problem] = []

    def problems(self) -> list[Problem]:
        self._terms()
        for shape in self._shapes.shapes():
            self._use(shape)
        self._targeted()
        return sorted(set(self._found), key=lambda p: (p.line or 0, p.term, p.message))

    def _superclasses(self, iri: str) -> set[str]:
        above = [iri]
        for name in above:
            parents = self._graph.objects(name, f"{RDFS}subClassOf")
            above += [p.value for p in parents if p.value not in above]
        return set(above)

    def _terms(self) -> None:
        known = {str(term).removeprefix(_SH) for term in dir(SH)} | _KEYWORDS
        for node, said in list(self._shapes.said.items()):
            for predicate in said:
                name = predicate[len(_SH) :]
                if predicate.startswith(_SH) and name not in known:
                    near = get_close_matches(name, known, n=1, cutoff=0.75)
                    hint = f"did you mean sh:{near[0]}?" if near else "remove it"
                    self._report(node, f"sh:{name} is not a term of SHACL; {hint}", f"sh:{name}")

    def _use(self, shape: Node) -> None:
        """A shape is applied to something, and what it refers to is described."""
        for term in ("property", "node"):
            for other in self._shapes.values(shape, term):
                if not self._shapes.is_shape(other):
                    said = self._name(other)
                    why = f"sh:{term} {said} is described nowhere; add it or mend the name"
                    self._report(shape, why, said)
        about = self._shapes.said[shape]
        is_class = f"{OWL}Class" in {getattr(t, "value", "") for t in about.get(RDF_TYPE, [])}
        if not (is_class or self._shapes.users[shape] or any(t in about for t in _TARGETS)):
            self._report(shape, "is applied to nothing; give it a sh:targetClass or remove it", "")

    def _targeted(self) -> None:
        for shape in self._shapes.shapes():
            for target in self._shapes.values(shape, "targetClass"):
                iri = getattr(target, "value", "")
                nodes = {c for c, above in self._above.items() if iri in above}
                if not nodes:
                    said = self._name(target)
                    why = f"can never match: no class of the ontology is or falls under {said}"
                    self._report(shape, why, said)
                else:
                    self._walk(shape, nodes, {shape})

    def _walk(self, shape: Node, nodes: set[str], seen: set[Node]) -> None:
        """Check what a shape says of nodes of some classes."""
        for path in self._shapes.values(shape, "path"):
            if isinstance(path, ox.NamedNode):
                self._path(shape, path, nodes)
            return  # what a property shape says further is said of its values
        for term in ("property", *_OF_THE_SAME):
            for other in self._shapes.values(shape, term):
                if other not in seen and self._shapes.is_shape(other):
                    self._walk(other, nodes, seen | {other})

    def _path(self, shape: Node, path: ox.NamedNode, nodes: set[str]) -> None:
        said = self._name(path)
        least, most = self._number(shape, "minCount"), self._number(shape, "maxCount")
        if least is not None and most is not None and least > most:
            why = f"can never hold: sh:minCount {least} is above sh:maxCount {most}"
            self._report(shape, why, "sh:minCount")
        relation = self._relations.get(path.value)
        if path.value in _SAID_OF_ALL or (relation is None and most == 0):
            return  # what must not be there needs no relation
        if relation is None:
            why = f"can never match: {said} is no relation of the ontology; mend it or remove it"
            self._report(shape, why, said)
            return
        domain = {self._classes.get(name, "") for name in relation.domain}
        if not any(domain & self._above[node] for node in nodes):
            names = ", ".join(sorted(self._compact(node) for node in nodes))
            why = f"can never match: {said} is said of {', '.join(relation.domain)}, not of {names}"
            self._report(shape, why, said)
        self._values(shape, relation)

    def _values(self, shape: Node, relation: Relation) -> None:
        wanted = [getattr(v, "value", "") for v in self._shapes.values(shape, "class")]
        either = [
            getattr(value, "value", "")
            for other in self._shapes.values(shape, "or")
            for value in self._shapes.values(other, "class")
        ]
        in_range = [self._classes[name] for name in relation.range if name in self._classes]
        for iri in (*wanted, *either):
            if not any(iri in above for above in self._above.values()):
                said = self._compact(iri)
                self._report(shape, f"sh:class {said} is no class of the ontology; mend it", said)
        for group in (*([iri] for iri in wanted), *([either] if either else [])):
            if not any(iri in self._above[name] for iri in group for name in in_range):
                names = " or ".join(self._compact(iri) for iri in group)
                why = (
                    f"can never hold: values of {relation.id} are {', '.join(relation.range)}, "
                    f"never {names}"
                )
                self._report(shape, why, "sh:class")
        for value in self._shapes.values(shape, "datatype"):
            if self._name(value) not in relation.range:
                said = self._name(value)
                why = f"can never hold: values of {relation.id} are {', '.join(relation.range)}"
                self._report(shape, f"{why}, never {said}", said)

    def _number(self, shape: Node, term: str) -> int | None:
        values = [getattr(v, "value", "") for v in self._shapes.values(shape, term)]
        return int(values[0]) if values and values[0].isdigit() else None

    def _name(self, node: Node) -> str:
        return self._compact(getattr(node, "value", str(node)))

    def _compact(self, iri: str) -> str:
        short = compact(iri, self._prefixes)
        return f"<{iri}>" if short == iri and ":" in iri else short

    def _report(self, node: Node, message: str, at: str) -> None:
        owner = self._shapes.owner(node)
        iri = owner.value if owner else ""
        term = self._compact(iri) if iri else ""
        line = line_of(self._shapes.file.text, term, at, iri)
        self._found.append(Problem(self._shapes.file.name, line, term, message))
