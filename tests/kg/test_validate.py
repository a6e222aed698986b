"""SHACL reports with known answers, in one part and in many."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kg.errors import OntologyError
from kg.facts import KnowledgeGraph
from kg.records import Fact
from kg.validate import Disagreement, Violation, agreement, validate
from tests.tables import ENTITIES, FACTS, SHOP, graph
from tests.worlds import NAMESPACE, SCHEMA

HEAD = f"""
@prefix clew: <{NAMESPACE}ns#> .
@prefix c: <clew:> .
@prefix s: <schema:> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""  # the world's class IRIs are its ids: s:Product is <schema:Product>

PRODUCT = """
clew:ProductShape a sh:NodeShape ; sh:targetClass s:Product ;
  sh:property [ sh:path rdfs:label ; sh:minCount 1 ; sh:pattern "^[^n]" ;
      sh:message "a product has a title"@en , "商品有标题"@zh ] ;
  sh:property [ sh:path clew:brand ; sh:maxCount 1 ; sh:class s:Brand ] ;
  sh:property [ sh:path clew:price ; sh:minInclusive 0 ; sh:datatype xsd:decimal ] ;
  sh:property [ sh:path clew:color ; sh:class c:Colour ; sh:severity sh:Warning ] ;
  sh:property [ sh:path clew:alsoBought ;
      sh:or ( [ sh:class s:Product ] [ sh:class c:ProductReference ] ) ] .
"""
BRAND = """
clew:BrandShape a sh:NodeShape ; sh:targetClass s:Brand ;
  sh:property [ sh:path rdfs:label ; sh:minCount 1 ; sh:pattern "^[A-Z]" ] .
"""


@pytest.fixture
def shapes(tmp_path: Path) -> Callable[..., Path]:
    """Writes an ontology directory with these shapes."""

    def write(*parts: str, classes: str = "") -> Path:
        (tmp_path / "shapes.ttl").write_text(HEAD + "".join(parts), encoding="utf-8")
        (tmp_path / "clew.ttl").write_text(HEAD + classes, encoding="utf-8")
        return tmp_path

    return write


def with_facts(*facts: Fact, entities: dict[str, Any] | None = None) -> KnowledgeGraph:
    return graph({**ENTITIES, **(entities or {})}, [*FACTS, *facts])


NAMELESS = {"product:bare": ("schema:Product", "bare", {"fr": "nu"})}
FAULTY = with_facts(
    Fact("product:mug", "schema:brand", "colour:orange"),  # two brands, one no brand
    Fact("product:a%20b", "schema:price", "-1", datatype="xsd:decimal"),
    Fact("product:bare", "schema:price", "cheap", datatype="xsd:string"),
    Fact("product:bare", "schema:color", "material:ceramic"),
    Fact("product:bare", "clew:alsoBought", "brand:lower"),
    entities={**NAMELESS, "brand:lower": ("schema:Brand", "lower", {"en": "lower"})},
)
EXPECTED = {
    ("violation", "brand:lower", "rdfs:label", "lower"),
    ("violation", "product:a%20b", "schema:price", "-1"),
    ("violation", "product:bare", "clew:alsoBought", "brand:lower"),
    ("violation", "product:bare", "rdfs:label", "nu"),
    ("violation", "product:bare", "schema:price", "cheap"),
    ("violation", "product:mug", "schema:brand", ""),
    ("violation", "product:mug", "schema:brand", "colour:orange"),
    ("warning", "product:bare", "schema:color", "material:ceramic"),
}


def found(violations: tuple[Violation, ...]) -> set[tuple[str, str, str, str]]:
    return {(v.severity, v.focus, v.path, v.value) for v in violations}


def test_a_good_graph_conforms(shapes: Callable[..., Path]) -> None:
    report = validate(SHOP, SCHEMA, shapes(PRODUCT, BRAND))
    assert report.violations == ()
    assert report.conforms


def test_every_fault_is_found(shapes: Callable[..., Path]) -> None:
    report = validate(FAULTY, SCHEMA, shapes(PRODUCT, BRAND))
    assert found(report.violations) == EXPECTED
    assert not report.conforms


@pytest.mark.parametrize("part", [1, 5, 20])
def test_parts_find_what_the_whole_finds(shapes: Callable[..., Path], part: int) -> None:
    directory = shapes(PRODUCT, BRAND)
    assert validate(FAULTY, SCHEMA, directory, part=part) == validate(FAULTY, SCHEMA, directory)


def test_gravest_first_then_by_focus(shapes: Callable[..., Path]) -> None:
    report = validate(FAULTY, SCHEMA, shapes(PRODUCT, BRAND))
    keys = [(v.severity == "warning", v.focus, v.path, v.value) for v in report.violations]
    assert keys == sorted(keys)


def test_messages_are_in_the_first_language(shapes: Callable[..., Path]) -> None:
    report = validate(FAULTY, SCHEMA, shapes(PRODUCT))
    [message] = {v.message for v in report.violations if v.path == "rdfs:label"}
    assert message == "a product has a title"


def test_a_shape_without_words_still_says_something(shapes: Callable[..., Path]) -> None:
    report = validate(FAULTY, SCHEMA, shapes(BRAND))
    [violation] = report.violations
    assert violation.message == "Value does not match pattern '^[A-Z]'"


def test_warnings_alone_conform(shapes: Callable[..., Path]) -> None:
    kg = with_facts(Fact("product:bare", "schema:color", "material:ceramic"))
    report = validate(kg, SCHEMA, shapes(PRODUCT))
    assert report.conforms
    assert found(report.violations) == {
        ("warning", "product:bare", "schema:color", "material:ceramic")
    }


def test_an_info_is_told_as_such(shapes: Callable[..., Path]) -> None:
    shape = BRAND.replace("sh:minCount 1", "sh:minCount 2 ; sh:severity sh:Info")
    report = validate(SHOP, SCHEMA, shapes(shape))
    assert found(report.violations) == {("info", "brand:acme", "rdfs:label", "")}
    assert report.conforms


def test_subclasses_count(shapes: Callable[..., Path]) -> None:
    """The target's class and a value's class may be superclasses of what is stated."""
    shape = """
    clew:ValueShape a sh:NodeShape ; sh:targetClass c:Thing ;
      sh:property [ sh:path rdfs:label ; sh:minCount 2 ] ;
      sh:property [ sh:path clew:brand ; sh:class c:Maker ] .
    """
    classes = "s:Brand rdfs:subClassOf c:Maker . s:Product rdfs:subClassOf c:Thing ."
    for part in (1, 1000):
        report = validate(SHOP, SCHEMA, shapes(shape, classes=classes), part=part)
        assert found(report.violations) == {
            ("violation", "product:a%20b", "rdfs:label", ""),
            ("violation", "product:bare", "rdfs:label", ""),
        }


def test_a_class_may_be_its_own_shape(shapes: Callable[..., Path]) -> None:
    shape = """
    s:Brand a sh:NodeShape , owl:Class ; sh:property [ sh:path rdfs:label ; sh:minCount 2 ] .
    """
    for part in (1, 1000):
        report = validate(SHOP, SCHEMA, shapes(shape), part=part)
        assert found(report.violations) == {("violation", "brand:acme", "rdfs:label", "")}


def test_targets_by_subject_and_by_name(shapes: Callable[..., Path]) -> None:
    shape = """
    clew:A a sh:NodeShape ; sh:targetSubjectsOf clew:bought ; sh:class s:Product .
    clew:B a sh:NodeShape ; sh:targetNode <urn:clew:product:bare> , <urn:clew:product:none> ;
      sh:property [ sh:path clew:brand ; sh:minCount 1 ] .
    """
    for part in (1, 1000):
        report = validate(SHOP, SCHEMA, shapes(shape), part=part)
        assert found(report.violations) == {
            ("violation", "user:u1", "", "user:u1"),
            ("violation", "user:u2", "", "user:u2"),
            ("violation", "product:bare", "schema:brand", ""),
            ("violation", "product:none", "schema:brand", ""),  # named, though nowhere described
        }


@pytest.mark.parametrize(
    "path", ["( clew:material skos:broader )", "[ sh:inversePath clew:bought ]"]
)
def test_shapes_that_look_further_see_the_whole_graph(
    shapes: Callable[..., Path], path: str
) -> None:
    path = path.replace("skos:broader", f"<{SCHEMA.relations['skos:broader'].iri}>")
    shape = f"""
    clew:FarShape a sh:NodeShape ; sh:targetNode <urn:clew:product:mug> ;
      sh:property [ sh:path {path} ; sh:minCount 1 ] .
    """
    assert validate(SHOP, SCHEMA, shapes(shape), part=1).conforms


def test_a_closed_shape_sees_every_fact(shapes: Callable[..., Path]) -> None:
    shape = """
    clew:ClosedShape a sh:NodeShape ; sh:targetClass c:User ; sh:closed true ;
      sh:ignoredProperties ( rdf:type rdfs:label ) .
    """
    report = validate(SHOP, SCHEMA, shapes(shape))
    assert {v.path for v in report.violations} == {"clew:bought"}
    assert len(report.violations) == 3


def test_facts_no_shape_speaks_of_are_not_read(shapes: Callable[..., Path]) -> None:
    """Otherwise half a million purchases would be parsed for nothing."""
    broken = with_facts(Fact("user:u1", "clew:viewed", "brand:of nobody"))
    assert validate(broken, SCHEMA, shapes(BRAND)).conforms


def test_the_report_is_plain(shapes: Callable[..., Path]) -> None:
    report = validate(FAULTY, SCHEMA, shapes(BRAND)).to_dict()
    [violation] = report["violations"]
    assert report["conforms"] is False
    assert set(violation) == {"focus", "path", "value", "message", "severity"}


def test_an_empty_graph_conforms(shapes: Callable[..., Path]) -> None:
    assert validate(graph({}, []), SCHEMA, shapes(PRODUCT)).conforms


def test_missing_shapes_are_named(tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match=r"shapes\.ttl cannot be read: No such file"):
        validate(SHOP, SCHEMA, tmp_path)


def test_shapes_that_are_not_turtle_are_named(shapes: Callable[..., Path]) -> None:
    with pytest.raises(OntologyError, match=r"shapes\.ttl is not Turtle: .*line"):
        validate(SHOP, SCHEMA, shapes("clew:A a sh:NodeShape ; ; oops"))


def test_shapes_that_are_not_shacl_are_named(shapes: Callable[..., Path]) -> None:
    shape = "clew:A a sh:NodeShape ; sh:targetClass s:Brand ; sh:property [ sh:minCount 1 ] ."
    with pytest.raises(OntologyError, match=r"shapes\.ttl: .* not a well-formed SHACL"):
        validate(SHOP, SCHEMA, shapes(shape))


def test_agreement_names_what_differs() -> None:
    from tests.tables import COUNTS

    assert agreement(SHOP, rdf=COUNTS, store=dict(COUNTS)) == []
    wrong = {**COUNTS, "schema:brand": 1, "schema:image": 4}
    del wrong["schema:price"]
    assert agreement(SHOP, rdf=wrong, store=COUNTS) == [
        Disagreement("schema:brand", "rdf", 2, 1),
        Disagreement("schema:image", "rdf", 0, 4),
        Disagreement("schema:price", "rdf", 1, 0),
    ]
