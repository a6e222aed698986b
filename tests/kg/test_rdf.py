"""SPARQL as an analyst asks it."""

import gzip
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kg.errors import QueryError, QueryTimeout, StoreError
from kg.rdf import RdfGraph, index_rdf, open_rdf, write_nquads
from kg.validate import agreement
from tests.tables import COUNTS, ENTITIES, SHOP
from tests.worlds import SCHEMA

PRODUCT = "urn:clew:product:"


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


def test_rdflib_sees_the_same(rdf: RdfGraph) -> None:
    query = "SELECT ?s ?o { ?s <https://w3id.org/clew/ns#brand> ?o }"
    found = {(str(s), str(o)) for s, o in rdf.as_rdflib().query(query)}
    assert found == {(row["s"], row["o"]) for row in rows(rdf, query)}
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


@pytest.mark.parametrize(
    "content",
    [b"not gzip", gzip.compress(b"<a> <b> .\n"), CUT_SHORT],
    ids=["no gzip", "no N-Quads", "cut short"],
)
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
