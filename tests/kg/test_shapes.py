"""The shapes that ship, held against the examples that ship with them."""

import re
from pathlib import Path

import pyshacl
import pytest
from rdflib import OWL, RDF, RDFS, SH, Graph, Literal, URIRef

import ontology
from kg.schema import load_schema

EXAMPLES = ontology.DIRECTORY / "examples"
VALID = sorted((EXAMPLES / "valid").glob("*.ttl"))
INVALID = sorted((EXAMPLES / "invalid").glob("*.ttl"))
CLEW = "https://w3id.org/clew/ns#"


@pytest.fixture(scope="module")
def shapes() -> Graph:
    return Graph().parse(ontology.DIRECTORY / "shapes.ttl")


@pytest.fixture(scope="module")
def classes() -> Graph:
    return Graph().parse(ontology.DIRECTORY / "clew.ttl")


def broken(example: Path, shapes: Graph, classes: Graph) -> set[str]:
    """Names of the shapes an example breaks."""
    data = Graph().parse(example)
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes, ont_graph=classes)
    assert isinstance(report, Graph)
    return {str(shape).removeprefix(CLEW) for shape in report.objects(None, SH.sourceShape)}


def named(example: Path) -> str:
    """The shape an invalid example says it breaks, in its first line."""
    line = example.read_text(encoding="utf-8").partition("\n")[0]
    found = re.fullmatch(r"# breaks: clew:([\w-]+)", line)
    assert found, f"{example.name}: the first line is to be '# breaks: clew:…'"
    return found[1]


def test_there_are_examples() -> None:
    assert VALID
    assert len(INVALID) > 30


@pytest.mark.parametrize("example", VALID, ids=lambda path: path.stem)
def test_valid(example: Path, shapes: Graph, classes: Graph) -> None:
    assert broken(example, shapes, classes) == set()


@pytest.mark.parametrize("example", INVALID, ids=lambda path: path.stem)
def test_invalid(example: Path, shapes: Graph, classes: Graph) -> None:
    assert broken(example, shapes, classes) == {named(example)}


def test_every_shape_has_an_example_that_breaks_it(shapes: Graph) -> None:
    constrained = {
        str(shape).removeprefix(CLEW)
        for shape in shapes.subjects(SH.path)
        if isinstance(shape, URIRef)
    }
    assert constrained
    assert constrained - {named(example) for example in INVALID} == set()


def test_every_shape_says_what_it_wants_in_every_language(shapes: Graph) -> None:
    for shape in shapes.subjects(SH.path):
        messages = [text for text in shapes.objects(shape, SH.message) if isinstance(text, Literal)]
        if isinstance(shape, URIRef):
            assert {text.language for text in messages} == {"en", "zh"}, shape


def test_every_relation_has_a_shape(shapes: Graph) -> None:
    schema = load_schema()
    paths = {str(path) for path in shapes.objects(None, SH.path)}
    unread = {"http://www.w3.org/2004/02/skos/core#broader", "https://schema.org/description"}
    assert {r.iri for r in schema.relations.values()} - paths <= unread


def test_every_class_has_a_shape(shapes: Graph, classes: Graph) -> None:
    targets = set(shapes.objects(None, SH.targetClass))
    free = {URIRef(f"{CLEW}Unit")}  # units become part of measures and are no entities
    missing = {
        name
        for name in set(classes.subjects(RDF.type, OWL.Class)) - free
        if not targets & {name, *classes.objects(name, RDFS.subClassOf)}
    }
    assert missing == set()
