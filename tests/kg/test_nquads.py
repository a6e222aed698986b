"""N-Quads as rdflib reads them."""

import gzip
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyoxigraph
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import NotFoundError, StoreError
from kg.facts import KnowledgeGraph
from kg.nquads import write_nquads, write_triples
from kg.records import Fact
from tests.tables import COUNTS, ENTITIES, FACTS, SHOP, graph
from tests.worlds import SCHEMA

# rdflib 7.6 uses inside what it deprecates.
pytestmark = pytest.mark.filterwarnings(r"ignore:Dataset\.:DeprecationWarning")

PRODUCT = "urn:clew:product:"
RDFS = rdflib.RDFS
SKOS = rdflib.SKOS


def parse(path: Path) -> rdflib.Dataset:
    dataset = rdflib.Dataset(default_union=True)
    dataset.parse(data=gzip.decompress(path.read_bytes()), format="nquads")
    return dataset


def written(kg: KnowledgeGraph, directory: Path, **options: Any) -> rdflib.Dataset:
    write_nquads(kg, SCHEMA, directory / "graph.nq.gz", **options)
    return parse(directory / "graph.nq.gz")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rdf") / "graph.nq.gz"
    write_nquads(SHOP, SCHEMA, path)
    return path


@pytest.fixture(scope="module")
def dataset(path: Path) -> rdflib.Dataset:
    return parse(path)


def test_one_triple_per_fact(dataset: rdflib.Dataset) -> None:
    for name, relation in SCHEMA.relations.items():
        triples = list(dataset.triples((None, rdflib.URIRef(relation.iri), None)))
        assert len(triples) == COUNTS.get(name, 0), name


def test_labels_by_language(dataset: rdflib.Dataset) -> None:
    mug = rdflib.URIRef(PRODUCT + "mug")
    assert set(dataset.objects(mug, RDFS.label)) == {
        rdflib.Literal("orange mug", "en"),
        rdflib.Literal("橙色马克杯", "zh"),
    }
    assert not list(dataset.objects(mug, SKOS.prefLabel))


def test_an_entity_without_labels_is_called_by_its_name(dataset: rdflib.Dataset) -> None:
    bare = rdflib.URIRef(PRODUCT + "bare")
    assert list(dataset.objects(bare, RDFS.label)) == [rdflib.Literal("bare")]


def test_quotes_backslashes_and_line_ends_survive(dataset: rdflib.Dataset) -> None:
    box = rdflib.URIRef(PRODUCT + "a%20b")
    assert list(dataset.objects(box, RDFS.label)) == [rdflib.Literal('the "big"\nbox \\ 3', "en")]


def test_concepts_have_preferred_labels(dataset: rdflib.Dataset) -> None:
    orange = rdflib.URIRef(SCHEMA.concepts["colour:orange"].iri)
    expected = {rdflib.Literal("orange", "en"), rdflib.Literal("橙色", "zh")}
    assert set(dataset.objects(orange, SKOS.prefLabel)) == expected
    assert set(dataset.objects(orange, RDFS.label)) == expected


def test_every_entity_has_its_class(dataset: rdflib.Dataset) -> None:
    assert len(list(dataset.triples((None, rdflib.RDF.type, None)))) == len(ENTITIES)
    brand = rdflib.URIRef("urn:clew:brand:acme")
    [kind] = dataset.objects(brand, rdflib.RDF.type)
    assert str(kind) == SCHEMA.classes["schema:Brand"].iri


def test_literals_have_their_datatypes(dataset: rdflib.Dataset) -> None:
    mug = rdflib.URIRef(PRODUCT + "mug")
    values = {
        name: next(dataset.objects(mug, rdflib.URIRef(SCHEMA.relations[name].iri)))
        for name in ("schema:price", "clew:stock", "schema:description")
    }
    assert values["schema:price"] == rdflib.Literal("2.50", datatype=rdflib.XSD.decimal)
    assert values["clew:stock"] == rdflib.Literal("12", datatype=rdflib.XSD.integer)
    assert values["schema:description"] == rdflib.Literal('A "mug".\nWith a \\.')


def test_a_product_and_a_user_have_graphs_of_their_own(dataset: rdflib.Dataset) -> None:
    graphs = {str(g.identifier).removeprefix("urn:clew:graph:"): len(g) for g in dataset.graphs()}
    graphs = {name: size for name, size in graphs.items() if not name.startswith("urn:x-rdflib")}
    assert graphs == {
        "product:mug": 2 + 1 + 9,  # labels, class, facts
        "product:a%20b": 1 + 1 + 3,
        "product:bare": 2,
        "product:gone": 2,
        "user:u1": 2 + 2,
        "user:u2": 2 + 1,
        # six entities, labels (colour and materials twice, and again as prefLabel), one broader
        "vocabulary": 6 + 3 + 3 * 4 + 1,
    }


def test_provenance_is_written_on_request(tmp_path: Path) -> None:
    dataset = written(SHOP, tmp_path, provenance=True)
    query = """
        PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
        PREFIX clew: <https://w3id.org/clew/ns#>
        SELECT ?confidence ?source ?field ?start ?end ?text {
          ?f a rdf:Statement ; rdf:subject <urn:clew:product:mug> ; rdf:object ?o ;
             clew:confidence ?confidence ; clew:source ?source ; clew:field ?field ;
             clew:start ?start ; clew:end ?end ; clew:text ?text .
          FILTER(CONTAINS(STR(?o), "orange"))
        }"""
    [row] = dataset.query(query)
    assert [term.toPython() for term in row] == [0.8, "phrase", "title", 0, 6, "orange"]
    statements = list(dataset.subjects(rdflib.RDF.type, rdflib.RDF.Statement))
    assert len(statements) == len(FACTS)
    for name, relation in SCHEMA.relations.items():
        triples = list(dataset.triples((None, rdflib.URIRef(relation.iri), None)))
        assert len(triples) == COUNTS.get(name, 0), name


def test_same_tables_same_bytes(path: Path, tmp_path: Path) -> None:
    quads = write_nquads(SHOP, SCHEMA, tmp_path / "other.nq.gz")
    assert (tmp_path / "other.nq.gz").read_bytes() == path.read_bytes()
    assert quads == gzip.decompress(path.read_bytes()).count(b" .\n")


def test_chunks_and_slices_do_not_matter(path: Path, tmp_path: Path) -> None:
    def cut(table: pa.Table) -> pa.Table:
        rows = pa.concat_tables([table.slice(0, 1), table])
        return pa.concat_tables([rows.slice(1, 3), rows.slice(4)])

    kg = replace(SHOP, facts=cut(SHOP.facts), entities=cut(SHOP.entities))
    write_nquads(kg, SCHEMA, tmp_path / "other.nq.gz")
    lines = gzip.decompress((tmp_path / "other.nq.gz").read_bytes()).splitlines()
    assert sorted(lines) == sorted(gzip.decompress(path.read_bytes()).splitlines())


def test_an_empty_graph_is_an_empty_file(tmp_path: Path) -> None:
    assert write_nquads(graph({}, []), SCHEMA, tmp_path / "empty.nq.gz", provenance=True) == 0
    assert len(parse(tmp_path / "empty.nq.gz")) == 0


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_any_text_survives(text: str) -> None:
    kg = graph({"brand:x": ("schema:Brand", text, {"en": text})}, [])
    file = io.BytesIO()
    assert write_triples(kg, SCHEMA, file) == 2
    store = pyoxigraph.Store()
    store.bulk_load(file.getvalue(), format=pyoxigraph.RdfFormat.N_TRIPLES)
    labels = [quad.object.value for quad in store if quad.predicate.value == str(RDFS.label)]
    assert labels == [text]


@pytest.mark.parametrize(
    ("entities", "facts", "error", "message"),
    [
        (ENTITIES, [Fact("product:no", "schema:brand", "brand:acme")], NotFoundError,
         "'product:no' stands in a fact but not in the entity table"),
        (ENTITIES, [Fact("product:mug", "schema:brand", "brand:no")], NotFoundError,
         "'brand:no' stands in a fact but not in the entity table"),
        (ENTITIES, [Fact("product:mug", "clew:no", "brand:acme")], NotFoundError,
         "relation 'clew:no' is not in the ontology"),
        ({"brand:x": ("clew:No", "x", {})}, [], NotFoundError,
         "class 'clew:No' is not in the ontology"),
        ({"none:x": ("schema:Brand", "x", {})}, [], NotFoundError,
         "unknown prefix 'none' in 'none:x'"),
        ({"brand:a b": ("schema:Brand", "x", {})}, [], StoreError,
         "'brand:a b' does not make an IRI: it has ' '; ids made with kg.ids.entity_id"),
        ({"brand:x": ("schema:Brand", "x", {"e n": "x"})}, [], StoreError,
         "'e n' is not a language tag; labels are keyed by codes such as 'en'"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_named(
    tmp_path: Path, entities: Any, facts: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        write_nquads(graph(entities, facts), SCHEMA, tmp_path / "graph.nq.gz")
