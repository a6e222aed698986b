"""The saved Cypher queries answer the same on every backend, unchanged."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ontology
from kg.catalog import read_dataset, sample_path
from kg.extract import Extractor
from kg.facts import build_graph
from kg.schema import load_schema
from kg.store import GraphStore, load_ladybug, open_store

QUERIES = sorted((ontology.DIRECTORY / "queries").glob("*.cypher"))


@pytest.fixture(scope="module")
def stores(
    bolt_server: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GraphStore, GraphStore]]:
    schema, dataset = load_schema(), read_dataset(sample_path())
    kg = build_graph(dataset, schema, Extractor(schema, ["en"]), pseudonym_key=b"key")
    path = tmp_path_factory.mktemp("sample") / "graph.lbdb"
    load_ladybug(kg, schema, path)
    with open_store(f"ladybug:{path}") as local, open_store(bolt_server(), schema) as remote:
        remote.load(kg, schema)
        assert remote.counts() == local.counts()
        yield local, remote


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.name)
def test_a_saved_query_answers_the_same(path: Path, stores: tuple[GraphStore, GraphStore]) -> None:
    local, remote = (
        store.cypher(path.read_text(encoding="utf-8"), timeout_s=60).table.to_pylist()
        for store in stores
    )
    assert local
    assert [_rounded(row) for row in remote] == [_rounded(row) for row in local]


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 9) if isinstance(v, float) else v for k, v in row.items()}
