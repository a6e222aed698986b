"""N-Quads as rdflib reads them, SPARQL as an analyst asks it."""

import gzip
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import NotFoundError, QueryError, QueryTimeout, StoreError
from kg.facts import KnowledgeGraph
from kg.rdf import RdfGraph, index_rdf, open_rdf, write_nquads
from kg.records import Fact
from kg.validate import agreement
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
    index_rdf(path)
    return path


@pytest.fixture(scope="module")
def rdf(path: Path) -> Iterator[RdfGraph]:
    with open_rdf(path, SCHEMA) as rdf:
        yield rdf


@pytest.fixture(scope="module")
def dataset(path: Path) -> rdflib.Dataset:
    return parse(path)


# ── writing ────────────────────────────────────────────────────────────────────────────────────


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
    import io

    from kg.nquads import write_triples

    kg = graph({"brand:x": ("schema:Brand", text, {"en": text})}, [])
    file = io.BytesIO()
    assert write_triples(kg, SCHEMA, file) == 2
    import pyoxigraph

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


# ── reading ────────────────────────────────────────────────────────────────────────────────────


def rows(rdf: RdfGraph, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rdf.sparql(query, timeout_s=20).table.to_pylist()
    return found


def test_counts_are_the_fact_tables(rdf: RdfGraph) -> None:
    assert rdf.counts() == COUNTS
    assert agreement(SHOP, rdf=rdf.counts()) == []


def test_select_without_naming_graphs_or_prefixes(rdf: RdfGraph) -> None:
    query = """SELECT ?product ?name ?price {
      ?product ^clew:bought ?user ; rdfs:label ?name .
      OPTIONAL { ?product <https://w3id.org/clew/ns#price> ?price }
    } ORDER BY ?product ?name"""
    found = rows(rdf, query)
    assert {row["name"] for row in found} == {"orange mug", "橙色马克杯", 'the "big"\nbox \\ 3'}
    assert found[-1]["product"] == PRODUCT + "mug"
    assert found[-1]["price"] == 2.5


def test_one_product_by_its_graph(rdf: RdfGraph) -> None:
    query = "SELECT (COUNT(*) AS ?n) { GRAPH graph:product:mug { ?s ?p ?o } }"
    assert rows(rdf, query) == [{"n": 12}]


def test_terms_become_json(rdf: RdfGraph) -> None:
    query = """SELECT * { VALUES (?a ?b ?c ?d ?e ?f) {
      (1 1.5 2e0 true "x"@en UNDEF) (<urn:x> "2020-01-01"^^xsd:date "x"^^xsd:integer false 1 UNDEF)
    } BIND(BNODE() AS ?g) BIND(<<( <urn:a> <urn:b> <urn:c> )>> AS ?h) }"""
    one, other = rows(rdf, query)
    assert [one[name] for name in "abdef"] == ["1", "1.5", True, "x", None]
    assert [other[name] for name in "abdef"] == ["urn:x", "2020-01-01", False, "1", None]
    assert (one["c"], other["c"]) == ("2.0", "x")
    assert one["g"].startswith("_:")
    assert one["h"] == "<<( <urn:a> <urn:b> <urn:c> )>>"


def test_ask(rdf: RdfGraph) -> None:
    assert rows(rdf, "ASK { ?s a ?class }") == [{"boolean": True}]
    assert rows(rdf, "ASK { ?s clew:nothing ?o }") == [{"boolean": False}]


def test_construct_gives_n_triples_terms(rdf: RdfGraph) -> None:
    query = "CONSTRUCT { ?s rdfs:label ?n } WHERE { ?s rdfs:label ?n . FILTER(?n = 'ceramic'@en) }"
    assert rows(rdf, query) == [
        {
            "subject": "<https://w3id.org/clew/material/ceramic>",
            "predicate": "<http://www.w3.org/2000/01/rdf-schema#label>",
            "object": '"ceramic"@en',
        }
    ]


def test_the_limit_cuts_and_says_so(rdf: RdfGraph) -> None:
    cut = rdf.sparql("SELECT ?s { ?s a ?class }", limit=3, timeout_s=20)
    assert (cut.table.num_rows, cut.truncated) == (3, True)
    whole = rdf.sparql("SELECT ?s { ?s a ?class }", limit=len(ENTITIES), timeout_s=20)
    assert (whole.table.num_rows, whole.truncated) == (len(ENTITIES), False)


def test_a_cross_product_is_stopped(rdf: RdfGraph) -> None:
    began = time.perf_counter()
    query = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }"
    with pytest.raises(QueryTimeout, match=r"ran longer than 0\.3 s"):
        rdf.sparql(query.replace("AS ?n", "AS ?count"), timeout_s=0.3)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "update",
    [
        "INSERT DATA { <urn:a> <urn:b> <urn:c> }",
        "DELETE WHERE { ?s ?p ?o }",
        "LOAD <http://evil.example/>",
        "CLEAR ALL",
        "DROP ALL",
        "SELECT * { ?s ?p ?o } ; CLEAR ALL",
    ],
)
def test_updates_are_refused(rdf: RdfGraph, update: str) -> None:
    with pytest.raises(QueryError, match="error at "):
        rdf.sparql(update, timeout_s=20)
    assert rdf.counts() == COUNTS


def test_other_servers_are_not_asked(rdf: RdfGraph) -> None:
    with pytest.raises(QueryError, match="SERVICE is refused"):
        rdf.sparql("SELECT * { SERVICE <http://evil.example/> { ?s ?p ?o } }")


def test_rdflib_sees_the_same(rdf: RdfGraph, dataset: rdflib.Dataset) -> None:
    query = "SELECT ?s ?o { ?s <https://w3id.org/clew/ns#brand> ?o }"
    found = {tuple(map(str, row)) for row in rdf.as_rdflib().query(query)}
    assert found == {tuple(map(str, row)) for row in dataset.query(query)}
    assert len(found) == 2


# ── opening ────────────────────────────────────────────────────────────────────────────────────


def test_a_file_without_index_is_indexed_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    write_nquads(SHOP, SCHEMA, tmp_path / "graph.nq.gz")
    with open_rdf(tmp_path / "graph.nq.gz", SCHEMA) as rdf:
        assert rdf.counts() == COUNTS
        assert list((tmp_path / "tmp").iterdir())
    assert not list((tmp_path / "tmp").iterdir())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["graph.nq.gz", "tmp"]


def test_plain_nquads_are_read_too(tmp_path: Path, path: Path) -> None:
    (tmp_path / "graph.nq").write_bytes(gzip.decompress(path.read_bytes()))
    index_rdf(tmp_path / "graph.nq", tmp_path / "elsewhere")
    with open_rdf(tmp_path / "elsewhere", SCHEMA) as rdf:
        assert rdf.counts() == COUNTS


def test_an_index_is_written_once(path: Path) -> None:
    with pytest.raises(StoreError, match=r"index exists already; an index is written once"):
        index_rdf(path)


CUT_SHORT = gzip.compress(b"<urn:a> <urn:b> <urn:c> .\n")[:-9]


@pytest.mark.parametrize("content", [b"not gzip", gzip.compress(b"<a> <b> .\n"), CUT_SHORT])
def test_what_is_not_nquads_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.nq.gz").write_bytes(content)
    with pytest.raises(StoreError, match=r"bad\.nq\.gz cannot be indexed: "):
        open_rdf(tmp_path / "bad.nq.gz", SCHEMA)
    assert [file.name for file in tmp_path.iterdir()] == ["bad.nq.gz"]


def test_a_missing_graph_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no RDF index at .*nothing; build one: clew build"):
        open_rdf(tmp_path / "nothing", SCHEMA)


def test_a_damaged_index_is_named(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_text("MANIFEST-000001\n")
    with pytest.raises(StoreError, match="cannot be opened as an RDF index: "):
        open_rdf(tmp_path, SCHEMA)


def test_several_graphs_may_be_open_at_once(path: Path) -> None:
    with open_rdf(path, SCHEMA) as one, open_rdf(path, SCHEMA) as other:
        assert one.counts() == other.counts()
