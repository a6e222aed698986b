"""Reading an ontology: what a tiny one says, and what loading a bad one says."""

import re
from pathlib import Path

import pytest

from kg.errors import OntologyError
from kg.schema import Problem, Unit, load_schema
from tests.tiny_ontology import write_ontology


def test_classes_and_relations(tmp_path: Path) -> None:
    schema = load_schema(write_ontology(tmp_path))
    assert schema.languages == ("en", "zh")
    assert schema.classes["clew:Colour"].node_label == "Colour"
    assert schema.classes["clew:Colour"].label == {"en": "colour", "zh": "颜色"}
    color = schema.relations["schema:color"]
    assert color.iri == "https://schema.org/color"
    assert (color.domain, color.range) == (("schema:Product",), ("clew:Colour",))
    assert (color.relationship_type, color.is_literal, color.explains) == ("HAS_COLOR", False, True)
    assert (color.sources, color.fields) == (("phrase:colour",), ("attributes.color", "title"))
    assert color.templates == {"en": "is {object}", "zh": "是{object}的"}
    price = schema.relations["schema:price"]
    assert (price.is_literal, price.range, price.explains) == (True, ("xsd:decimal",), False)
    assert price.templates == {}


def test_concepts(tmp_path: Path) -> None:
    schema = load_schema(write_ontology(tmp_path))
    assert schema.schemes() == ("colour", "use")
    orange = schema.concepts["colour:orange"]
    assert (orange.scheme, orange.class_id) == ("colour", "clew:Colour")
    assert orange.labels("en") == ("orange", "tangerine", "ornage")
    assert orange.labels("zh") == ("橙色",)
    assert orange.labels("fr") == ()
    assert orange.prior == 0.75
    assert orange.near == {"en": ("ink",)}
    assert orange.not_near == {"en": ("juice", "marmalade")}
    assert orange.is_ambiguous("orange", "en")
    assert not orange.is_ambiguous("tangerine", "en")
    assert schema.concepts["colour:red"].prior == 1.0
    assert schema.concepts["colour:burnt-orange"].broader == ("colour:orange",)


def test_without_ambiguous_labels_doubts_are_about_all(tmp_path: Path) -> None:
    schema = load_schema(write_ontology(tmp_path, ('  clew:ambiguous "orange"@en ;\n', "")))
    assert schema.concepts["colour:orange"].is_ambiguous("tangerine", "en")


def test_implications_are_inherited(tmp_path: Path) -> None:
    narrower = """
colour:amber a skos:Concept ;
  skos:prefLabel "amber"@en , "琥珀色"@zh ;
  skos:broader colour:burnt-orange .
"""
    schema = load_schema(write_ontology(tmp_path, added=narrower))
    assert schema.concepts["colour:amber"].implies == ("use:mood",)
    assert schema.concepts["colour:orange"].implies == ()


def test_units_are_no_concepts(tmp_path: Path) -> None:
    schema = load_schema(write_ontology(tmp_path))
    assert "unit:cm" not in schema.concepts
    labels = {"en": ("cm", "centimetre"), "zh": ("厘米",)}
    iri = "http://qudt.org/vocab/unit/CentiM"
    assert schema.units == {"unit:cm": Unit("unit:cm", iri, labels, "length", 0.01)}
    assert schema.units["unit:cm"].symbol == "cm"


def test_prefixes_hold_those_of_data(tmp_path: Path) -> None:
    prefixes = load_schema(write_ontology(tmp_path)).prefixes
    assert prefixes["colour"] == "https://w3id.org/clew/colour/"
    assert prefixes["product"] == "urn:clew:product:"


def test_fingerprint_is_of_the_triples(tmp_path: Path) -> None:
    before = load_schema(write_ontology(tmp_path)).fingerprint
    reformatted = (
        'skos:prefLabel "red"@en , "红色"@zh .',
        '# said otherwise\n  skos:prefLabel "红色"@zh ;\n\n  skos:prefLabel "red"@en .',
    )
    assert load_schema(write_ontology(tmp_path, reformatted)).fingerprint == before
    assert re.fullmatch("[0-9a-f]{32}", before)


def test_fingerprint_changes_with_what_is_said(tmp_path: Path) -> None:
    before = load_schema(write_ontology(tmp_path)).fingerprint
    assert load_schema(write_ontology(tmp_path, ("0.75", "0.7"))).fingerprint != before


def test_load_raises_the_one_problem(tmp_path: Path) -> None:
    message = r"^vocab/colour\.ttl:10: colour:red: has no skos:prefLabel@zh; add one$"
    with pytest.raises(OntologyError, match=message):
        load_schema(write_ontology(tmp_path, ('"red"@en , "红色"@zh', '"red"@en')))


def test_load_raises_all_problems_at_once(tmp_path: Path) -> None:
    directory = write_ontology(
        tmp_path, ('"red"@en , "红色"@zh', '"red"@en'), ("clew:prior 0.75", "clew:prior 2")
    )
    with pytest.raises(OntologyError) as caught:
        load_schema(directory)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"2 problems in the ontology {str(directory)!r}:"
    assert [line.split(": ")[1] for line in lines[1:]] == ["colour:red", "colour:orange"]


def test_load_tells_at_most_twenty(tmp_path: Path) -> None:
    bad = "".join(f"colour:c{n} a skos:Concept .\n" for n in range(15))
    with pytest.raises(OntologyError, match=r"^30 problems(.|\n)*\n  … and 10 more$"):
        load_schema(write_ontology(tmp_path, added=bad))


def test_syntax_errors_name_file_and_line(tmp_path: Path) -> None:
    directory = write_ontology(
        tmp_path, ("colour:red a skos:Concept ;", "colour:red a skos:Concept ,;")
    )
    with pytest.raises(OntologyError, match=r"^vocab/colour\.ttl:10: not Turtle: \S"):
        load_schema(directory)


def test_an_undeclared_prefix_is_named(tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match=r"^vocab/colour\.ttl:\d+: not Turtle: .*color:"):
        load_schema(write_ontology(tmp_path, ("colour:red a", "color:red a")))


def test_files_are_utf_8(tmp_path: Path) -> None:
    directory = write_ontology(tmp_path)
    (directory / "vocab" / "colour.ttl").write_bytes('"röd"'.encode("latin-1"))
    with pytest.raises(OntologyError, match=r"^vocab/colour\.ttl: not UTF-8 at byte 2; save it"):
        load_schema(directory)


def test_unreadable_file(tmp_path: Path) -> None:
    directory = write_ontology(tmp_path)
    (directory / "vocab" / "folder.ttl").mkdir()
    with pytest.raises(OntologyError, match=r"^vocab/folder\.ttl: cannot be read: Is a directory"):
        load_schema(directory)


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match=r"^no ontology directory '.*nowhere'"):
        load_schema(tmp_path / "nowhere")


def test_no_files(tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match=r"^no Turtle file in '.*'; an ontology starts at clew"):
        load_schema(tmp_path)


def test_problems_read_as_file_line_term_message() -> None:
    assert str(Problem("a.ttl", 3, "colour:red", "is odd")) == "a.ttl:3: colour:red: is odd"
    assert str(Problem("a.ttl", None, "", "is odd")) == "a.ttl: is odd"
