"""The cookbook on the sample shop: the same answers from every store, and the right ones.

Right means computed a second time, from the tables, in plain Python: `cookbook_sales` and
`cookbook_range`.
"""

from typing import Any

import pytest

from kg.facts import KnowledgeGraph
from kg.graph_diff import diff
from kg.query_saved import saved_queries
from kg.schema import Schema
from kg.store import GraphStore
from tests.contract import cookbook_range, cookbook_sales  # noqa: F401  # they fill CHECKS
from tests.contract.cookbook_shop import CHECKS, Shop

QUERIES = {name: q for name, q in saved_queries().items() if q.language == "cypher"}


@pytest.fixture(scope="session")
def shop(sample: tuple[KnowledgeGraph, Schema]) -> Shop:
    return Shop(sample[0])


@pytest.mark.parametrize("name", QUERIES)
def test_a_saved_query_answers_the_same_and_the_right_thing(
    name: str, sample_stores: tuple[GraphStore, GraphStore], shop: Shop
) -> None:
    query = QUERIES[name]
    local, remote = (
        store.cypher(query.text, query.values({}), timeout_s=60).table.to_pylist()
        for store in sample_stores
    )
    assert local
    assert [_rounded(row) for row in remote] == [_rounded(row) for row in local]
    assert CHECKS[name](shop, local)


def test_both_stores_hold_the_sample(
    sample: tuple[KnowledgeGraph, Schema], sample_stores: tuple[GraphStore, GraphStore]
) -> None:
    for store in sample_stores:
        found = diff(*sample, store)
        assert found.equal
        assert sum(table.same for table in found.tables) > 20_000
    local, remote = sample_stores
    assert local.counts() == remote.counts()


def test_there_are_enough() -> None:
    assert len(QUERIES) >= 25
    assert CHECKS.keys() == QUERIES.keys()


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, 9) if isinstance(value, float) else value
