"""Projections and queries on the sample shop. Its saved Cypher queries are in tests/contract."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.catalog import read_dataset, sample_path
from kg.extract import Extractor
from kg.facts import KnowledgeGraph, build_graph
from kg.query_saved import saved_queries
from kg.rdf import RdfGraph, index_rdf, open_rdf, write_nquads
from kg.schema import Schema, load_schema
from kg.store import GraphStore, load_ladybug, open_store
from kg.validate import agreement

SPARQL = {name: query for name, query in saved_queries().items() if query.language == "sparql"}
EMPTY_ON_THE_SAMPLE = {"missing_labels"}


@pytest.fixture(scope="module")
def schema() -> Schema:
    return load_schema()


@pytest.fixture(scope="module")
def kg(schema: Schema) -> KnowledgeGraph:
    dataset = read_dataset(sample_path())
    languages = sorted({language for product in dataset.products for language in product.texts()})
    return build_graph(dataset, schema, Extractor(schema, languages), pseudonym_key=b"key")


@pytest.fixture(scope="module")
def directory(kg: KnowledgeGraph, schema: Schema, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample")
    load_ladybug(kg, schema, directory / "graph.lbdb")
    write_nquads(kg, schema, directory / "graph.nq.gz")
    index_rdf(directory / "graph.nq.gz")
    return directory


@pytest.fixture(scope="module")
def store(directory: Path) -> Iterator[GraphStore]:
    with open_store(f"ladybug:{directory / 'graph.lbdb'}") as store:
        yield store


@pytest.fixture(scope="module")
def rdf(directory: Path, schema: Schema) -> Iterator[RdfGraph]:
    with open_rdf(directory / "graph.nq.gz", schema) as rdf:
        yield rdf


def test_the_projections_agree_with_the_fact_table(
    kg: KnowledgeGraph, store: GraphStore, rdf: RdfGraph
) -> None:
    assert agreement(kg, rdf=rdf.counts(), store=store.counts()) == []
    assert sum(rdf.counts().values()) == kg.facts.num_rows > 1000


@pytest.mark.parametrize("name", SPARQL)
def test_a_saved_sparql_query_runs(name: str, rdf: RdfGraph) -> None:
    result = rdf.sparql(SPARQL[name].text, timeout_s=20)
    assert result.table.num_columns > 1
    assert (result.table.num_rows == 0) == (name in EMPTY_ON_THE_SAMPLE)


DOCUMENT = Path(__file__).parents[2] / "docs" / "graph.md"


@pytest.mark.parametrize(
    ("language", "query"),
    re.findall(r"```(cypher|sparql)\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL),
)
def test_the_queries_of_the_documentation_run(
    language: str, query: str, store: GraphStore, rdf: RdfGraph
) -> None:
    result = store.cypher(query) if language == "cypher" else rdf.sparql(query)
    assert result.table.num_rows > 0
