"""The saved Cypher queries answer the same on every backend, unchanged."""

from pathlib import Path
from typing import Any

import pytest

import ontology
from kg.store import GraphStore

QUERIES = sorted((ontology.DIRECTORY / "queries").glob("*.cypher"))


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.name)
def test_a_saved_query_answers_the_same(
    path: Path, sample_stores: tuple[GraphStore, GraphStore]
) -> None:
    local, remote = (
        store.cypher(path.read_text(encoding="utf-8"), timeout_s=60).table.to_pylist()
        for store in sample_stores
    )
    assert local
    assert [_rounded(row) for row in remote] == [_rounded(row) for row in local]


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 9) if isinstance(v, float) else v for k, v in row.items()}
