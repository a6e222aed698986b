"""An ontology in any of its formats is the same ontology."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib

import ontology
from kg.errors import OntologyError
from kg.facts import build_graph
from kg.ontology_diff import diff_ontologies
from kg.ontology_files import FORMATS, Problem, convert, line_of, read_file
from kg.records import Mention, Product
from kg.schema import check_ontology, load_schema
from kg.validate import validate
from tests.tiny_ontology import write_ontology
from tests.worlds import dataset, product

OWLAPI_DECLARES = """
skos:Concept a owl:Class .
skos:prefLabel a owl:AnnotationProperty .
schema:domainIncludes a owl:AnnotationProperty .
skos:exactMatch a owl:ObjectProperty .
clew:Frame a owl:Class .
"""
"""What editors built on the OWL API add to whatever they save."""


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for suffix in (".ttl", ".rdf", ".jsonld"):
        made[suffix] = tmp_path_factory.mktemp("ontology") / suffix[1:]
        convert(ontology.DIRECTORY, made[suffix], suffix)
    return made


@pytest.mark.parametrize("suffix", [".ttl", ".rdf", ".jsonld"])
def test_the_shipped_ontology_is_equal_in_every_format(
    shipped: dict[str, Path], suffix: str
) -> None:
    assert not list(shipped[suffix].rglob("*.ttl")) or suffix == ".ttl"
    assert load_schema(shipped[suffix]) == load_schema()
    assert diff_ontologies(ontology.DIRECTORY, shipped[suffix]).changes == ()


def test_formats_may_be_mixed(tmp_path: Path) -> None:
    tiny = write_ontology(tmp_path / "tiny")
    before = load_schema(tiny)
    convert(tiny, tmp_path / "xml", ".rdf")
    (tiny / "vocab" / "colour.ttl").unlink()
    (tmp_path / "xml" / "vocab" / "colour.rdf").rename(tiny / "vocab" / "colour.owl")
    assert load_schema(tiny) == before


def test_json_ld_without_a_context_gets_the_usual_prefixes(tmp_path: Path) -> None:
    tiny = write_ontology(tmp_path / "tiny")
    convert(tiny, tmp_path / "json", ".jsonld")
    for path in (tmp_path / "json").rglob("*.jsonld"):
        expanded = json.loads(path.read_text(encoding="utf-8"))["@graph"]
        path.write_text(json.dumps(expanded), encoding="utf-8")
    assert load_schema(tmp_path / "json") == load_schema(tiny)


def test_what_an_editor_declares_for_others_terms_is_not_ours(tmp_path: Path) -> None:
    tiny = load_schema(write_ontology(tmp_path / "tiny"))
    core = tmp_path / "tiny" / "clew.ttl"
    core.write_text(core.read_text(encoding="utf-8") + OWLAPI_DECLARES, encoding="utf-8")
    convert(tmp_path / "tiny", tmp_path / "saved", ".rdf")
    saved = load_schema(tmp_path / "saved")
    assert replace(saved, fingerprint="") == replace(tiny, fingerprint="")


@pytest.mark.parametrize("suffix", [".rdf", ".jsonld"])
def test_problems_have_their_line_in_every_format(tmp_path: Path, suffix: str) -> None:
    tiny = write_ontology(tmp_path / "tiny", ("skos:broader colour:orange", "skos:broader use:x"))
    convert(tiny, tmp_path / "other", suffix)
    found = [p for p in check_ontology(tmp_path / "other") if p.level == "error"]
    assert [p.term for p in found] == ["colour:burnt-orange"]
    assert found[0].line is not None
    text = (tmp_path / "other" / found[0].file).read_text(encoding="utf-8").splitlines()
    assert "burnt-orange" in "".join(text[found[0].line - 2 : found[0].line])


class Silent:
    """Reads nothing out of texts."""

    def mentions(self, products: Iterable[Product]) -> Iterator[list[Mention]]:
        return ([] for _ in products)


@pytest.mark.parametrize("suffix", [".rdf", ".jsonld"])
def test_shapes_are_read_in_every_format(tmp_path: Path, suffix: str) -> None:
    tiny = write_ontology(tmp_path / "tiny")
    shapes = tiny / "shapes.ttl"
    text = shapes.read_text(encoding="utf-8").replace("sh:minCount 0", "sh:minCount 1")
    shapes.write_text(text, encoding="utf-8")
    schema = load_schema(tiny)
    kg = build_graph(dataset([product("1", "Mug")]), schema, Silent(), pseudonym_key=b"k")
    convert(tiny, tmp_path / "other", suffix)
    report = validate(kg, schema, tmp_path / "other")
    assert [v.path for v in report.violations] == ["schema:price"]
    assert report == validate(kg, schema, tiny)


BROKEN = [
    (".ttl", "a:b c:d", r"not Turtle: .*prefix a:"),
    (".rdf", "<rdf:RDF>\n</rdf>", r"not RDF/XML: "),
    (".jsonld", '{"a": ', r"not JSON-LD: "),
]


@pytest.mark.parametrize(("suffix", "text", "message"), BROKEN)
def test_a_broken_file_is_told_with_its_line(
    tmp_path: Path, suffix: str, text: str, message: str
) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_text(text, encoding="utf-8")
    found = read_file(path, tmp_path)
    assert isinstance(found, Problem)
    assert re.search(rf"^x\{suffix}:\d+: {message}", str(found)), found
    with pytest.raises(OntologyError, match=message):
        convert(tmp_path, tmp_path / "out", ".ttl")


def test_convert_overwrites_nothing(tmp_path: Path) -> None:
    tiny = write_ontology(tmp_path / "tiny")
    with pytest.raises(OntologyError, match="exists and is not an empty directory; choose another"):
        convert(tiny, tiny, ".rdf")


def test_convert_tells_what_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OntologyError, match="cannot be written: Not a directory"):
        convert(write_ontology(tmp_path / "tiny"), tmp_path / "file" / "x", ".rdf")


def test_other_tools_read_what_is_written(shipped: dict[str, Path]) -> None:
    counts = set()
    for suffix, name in ((".ttl", "turtle"), (".rdf", "xml")):
        counts.add(len(rdflib.Graph().parse(shipped[suffix] / f"clew{suffix}", format=name)))
    assert len(counts) == 1
    assert {ox.RdfFormat.TURTLE, ox.RdfFormat.RDF_XML} <= {form for _, form in FORMATS.values()}


def test_a_line_is_where_the_term_is_described() -> None:
    text = "a:x a:list\n  a:y ,\n  a:z .\n\na:y\n  a:p 1 .\n"
    assert line_of(text, "a:y", "") == 5
    assert line_of(text, "a:y", "a:p") == 6
    assert line_of(text, "a:none", "") is None
