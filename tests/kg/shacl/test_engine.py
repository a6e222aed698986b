"""Whatever the graph and the shapes: pyshacl's results on the whole graph, no more, no less."""

import io
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyshacl
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from pyshacl.errors import ReportableRuntimeError
from rdflib import RDF, RDFS, SH, Graph, URIRef

from kg.facts import KnowledgeGraph
from kg.nquads import write_triples
from kg.records import Fact
from kg.shacl import Engine
from tests.kg.test_validate import HEAD
from tests.tables import graph
from tests.worlds import SCHEMA

CLASSES = (
    "c:Mug rdfs:subClassOf s:Product . s:Brand rdfs:subClassOf c:Maker . c:Colour rdfs:subClassOf"
    " skos:Concept . c:Maker a owl:Class ."
)
KINDS = {
    "product:a": "schema:Product",
    "product:b": "schema:Product",
    "product:c": "schema:Product",
    "brand:x": "schema:Brand",
    "brand:y": "schema:Brand",
    "colour:orange": "clew:Colour",
    "category:k": "clew:Category",
    "user:u": "clew:User",
}
LINKS = ["schema:brand", "schema:color", "clew:alsoBought", "clew:bought", "skos:broader"]
LITERALS = [
    ("schema:price", "xsd:decimal", ["1", "1.0", "1.00", "-2", "cheap", "10.5"]),
    ("clew:stock", "xsd:integer", ["0", "01", "1", "-3", "many"]),
    ("schema:description", "xsd:string", ["", "a", "long words", "Upper"]),
    ("schema:price", "xsd:string", ["1", "dear"]),
    ("schema:price", "xsd:boolean", ["true", "1"]),
    ("schema:price", "xsd:date", ["2026-01-01", "soon"]),
    ("clew:stock", "xsd:double", ["1.5", "NaN"]),
]
PREDICATES = [
    "clew:brand", "clew:color", "clew:alsoBought", "clew:bought", "clew:price", "clew:stock",
    "clew:description", "rdfs:label", "skos:prefLabel", "clew:nowhere", "rdf:type", "clew:broader",
]  # fmt: skip
TARGETS = [
    "sh:targetClass s:Product", "sh:targetClass c:Maker", "sh:targetSubjectsOf clew:brand",
    "sh:targetObjectsOf clew:price", "sh:targetObjectsOf clew:color", "sh:targetClass skos:Concept",
    "sh:targetNode <urn:clew:product:a> , <urn:clew:product:none>", 'sh:targetNode "1"',
    "sh:targetSubjectsOf rdfs:label", "sh:targetObjectsOf rdf:type", "a owl:Class",
    "sh:targetSubjectsOf rdf:type",
]  # fmt: skip


@st.composite
def graphs(draw: st.DrawFn) -> KnowledgeGraph:
    names = st.sampled_from(["a", "Name", "名"])
    labels = st.dictionaries(st.sampled_from(["en", "zh", "EN", "en-GB"]), names, max_size=3)
    known = draw(st.sets(st.sampled_from(sorted(KINDS)), min_size=1))
    entities = {i: (KINDS[i], draw(names), draw(labels)) for i in sorted(known)}
    ids = st.sampled_from(sorted(known))
    facts = {
        (fact.subject, fact.relation, fact.object): fact
        for fact in (
            Fact(subject, relation, other)
            for subject, relation, other in draw(
                st.sets(st.tuples(ids, st.sampled_from(LINKS), ids), max_size=12)
            )
        )
    }
    for subject, (relation, datatype, values) in draw(
        st.lists(st.tuples(ids, st.sampled_from(LITERALS)), max_size=6)
    ):
        value = draw(st.sampled_from(values))
        facts[subject, relation, value] = Fact(subject, relation, value, datatype=datatype)
    return graph(entities, facts.values())


class Shapes:
    """Draws shapes in Turtle; every one has a message of its own."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._count = 0

    def one(self, *choices: str) -> str:
        return self._draw(st.sampled_from(choices))

    def text(self) -> str:
        made = []
        for number in range(self._draw(st.integers(1, 3))):
            kind, path = self.one(("sh:NodeShape"), "sh:PropertyShape"), ""
            if kind == "sh:PropertyShape":
                path = f"{self.path()} ; {self.together()} ; "
            made.append(
                f"clew:S{number} a {kind} ; {self.one(*TARGETS)} ; {path}{self.body(2)} ; "
                f"sh:message '{self.fresh()}' ."
            )
        return "\n".join(made)

    def fresh(self) -> int:
        self._count += 1
        return self._count

    def path(self) -> str:
        step = self.one(*PREDICATES)
        forms = [step] * 6 + [
            f"[ sh:inversePath {step} ]",
            f"( {step} {self.one(*PREDICATES)} )",
            f"[ sh:zeroOrMorePath {step} ]",
            f"[ sh:alternativePath ( {step} {self.one(*PREDICATES)} ) ]",
        ]
        return f"sh:path {self.one(*forms)}"

    def shape(self, depth: int) -> str:
        form = self._draw(st.booleans())
        inner = f"{self.path()} ; {self.together()} ; {self.body(depth)}" if form else ""
        return f"[ {inner or self.body(depth)} ; sh:message '{self.fresh()}' ]"

    def property(self, depth: int) -> str:
        severity = self.one("", "", "sh:severity sh:Warning ; ", "sh:deactivated true ; ")
        return (
            f"[ {self.path()} ; {severity}{self.together()} ; {self.body(depth)} ; "
            f"sh:message '{self.fresh()}' ]"
        )

    def together(self) -> str:
        return self.one(
            "sh:minCount 1", "sh:maxCount 1", "sh:maxCount 0", "sh:minCount 2",
            "sh:uniqueLang true", "sh:hasValue <urn:clew:brand:x>", "sh:hasValue 1.0",
            "sh:qualifiedValueShape [ sh:languageIn ( 'en' ) ] ; sh:qualifiedMinCount 1",
            "sh:qualifiedValueShape [ sh:class s:Product ] ; sh:qualifiedMaxCount 1",
            "sh:equals clew:alsoBought", "sh:disjoint clew:brand", "sh:lessThan clew:stock",
        )  # fmt: skip

    def body(self, depth: int) -> str:
        return " ; ".join(self.constraint(depth) for _ in range(self._draw(st.integers(1, 2))))

    def constraint(self, depth: int) -> str:
        simple = [
            "sh:class s:Product", "sh:class c:Maker , s:Brand", "sh:nodeKind sh:IRI",
            "sh:nodeKind sh:Literal", "sh:nodeKind sh:BlankNodeOrIRI", "sh:pattern '^[a1u]'",
            "sh:minLength 2", "sh:maxLength 3", "sh:languageIn ( 'en' 'zh' )",
            "sh:in ( <urn:clew:brand:x> 1.0 'a' <urn:clew:nobody> )", "sh:minInclusive 1",
            "sh:maxExclusive 1.0", "sh:minExclusive 'a'", "sh:maxInclusive 1.5e0",
        ]  # fmt: skip
        types = ["xsd:decimal", "xsd:integer", "xsd:string", "rdf:langString", "xsd:date"]
        types += ["xsd:double", "xsd:boolean", "rdfs:Literal"]
        forms = [self.one(*simple)] * 3 + [f"sh:datatype {self.one(*types)}"]
        if depth:
            few = [self.shape(depth - 1) for _ in range(2)]
            forms += [
                f"sh:not {few[0]}", f"sh:or ( {' '.join(few)} )", f"sh:and ( {' '.join(few)} )",
                f"sh:xone ( {' '.join(few)} )", f"sh:node [ {self.body(depth - 1)} ]",
                *[f"sh:property {self.property(depth - 1)}"] * 2,
            ]  # fmt: skip
        return self.one(*forms)


@st.composite
def shapes(draw: st.DrawFn) -> str:
    return Shapes(draw).text()


def read(text: str) -> Graph:
    return Graph().parse(data=HEAD + text, format="turtle")


def by_pyshacl(kg: KnowledgeGraph, text: str) -> tuple[Graph, Iterable[Any]]:
    """Results of pyshacl on the whole graph, by nothing of ours but the N-Triples writer."""
    triples = io.BytesIO()
    write_triples(kg, SCHEMA, triples)
    data = Graph().parse(data=triples.getvalue(), format="nt")
    for triple in read(CLASSES).triples((None, RDFS.subClassOf, None)):
        data.add(triple)
    try:
        _, found, _ = pyshacl.validate(data, shacl_graph=read(text), inplace=True)
    except ReportableRuntimeError:
        reject()  # of what may stand once only there are two
    assert isinstance(found, Graph)
    return found, [r for report in found.subjects(RDF.type, SH.ValidationReport)
                   for r in found.objects(report, SH.result)]  # fmt: skip


def told(found: Graph, result: Any) -> tuple[Any, ...]:
    parts = [found.value(result, term) for term in (
        SH.focusNode, SH.resultPath, SH.value, SH.sourceConstraintComponent, SH.resultSeverity
    )]  # fmt: skip
    path = parts[1] if parts[1] is None or isinstance(parts[1], URIRef) else "a longer path"
    messages = tuple(sorted(map(str, found.objects(result, SH.resultMessage))))
    return (parts[0], path, *parts[2:], messages)


def by_engine(kg: KnowledgeGraph, text: str, **options: Any) -> set[tuple[Any, ...]]:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "shapes.ttl").write_text(HEAD + text, encoding="utf-8")
        (Path(name) / "clew.ttl").write_text(HEAD + CLASSES, encoding="utf-8")
        return {told(*result) for result in Engine(Path(name), SCHEMA).results(kg, **options)}


@settings(max_examples=25, deadline=None)
@given(graphs(), shapes(), st.sampled_from([1, 10, 1000]))
def test_the_results_are_those_of_pyshacl(kg: KnowledgeGraph, text: str, part: int) -> None:
    found, results = by_pyshacl(kg, text)
    assert by_engine(kg, text, part=part) == {told(found, result) for result in results}
