"""The labelled searches are sound, and the judge that reads them counts right."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kg.extract.query import QueryReader, language_of
from kg.extract.query_terms import INTENTS
from kg.extract.shop_words import ShopWords
from kg.schema import load_schema
from scripts.bench.queries import LABELS, faults_of
from tests.worlds import SCHEMA

KEYS = {"query", "language", "shop", "intent", "want", "not", "about"}
MORE = {"price", "cheap", "in_stock"}


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (LABELS / name).read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("name", "count", "chinese"), [("queries.jsonl", 150, 30), ("queries.dev.jsonl", 61, 10)]
)
def test_labels_are_whole(name: str, count: int, chinese: int) -> None:
    labelled = rows(name)
    assert len(labelled) == count
    assert Counter(row["language"] for row in labelled)["zh"] == chinese
    concepts = load_schema().concepts
    for row in labelled:
        assert KEYS <= row.keys() <= KEYS | MORE, row
        assert row["language"] == language_of(row["query"])
        assert set(row["intent"].split("|")) <= set(INTENTS)
        for label in (*row["want"], *row["not"], *row["about"]):
            for one in label.removeprefix("?").removeprefix(">=").split("|"):
                prefix = one.partition(":")[0]
                known = prefix in {"text", "brand", "category", "product", "measure"}
                assert known or one in concepts, (row["query"], one)


def test_no_search_is_in_both_sets() -> None:
    both = [
        {row["query"].casefold() for row in rows(name)}
        for name in ("queries.jsonl", "queries.dev.jsonl")
    ]
    assert not both[0] & both[1]


def test_each_of_the_150_is_asked_once() -> None:
    asked = [re.sub(r"\W+", " ", row["query"].casefold()) for row in rows("queries.jsonl")]
    assert len(set(asked)) == len(asked)


def test_the_judge() -> None:
    query = QueryReader(SCHEMA, ShopWords()).read("red mugs under £10, not glass")

    def judged(**changes: Any) -> list[str]:
        row = {
            "want": ["colour:red", "type:mug"],
            "not": ["material:glass"],
            "about": [],
            "price": [None, 10.0],
        }
        return faults_of({**row, **changes}, query)

    assert judged() == []
    assert judged(want=["colour:red|colour:pink", "type:mug", "?motif:rose"]) == []
    assert judged(want=["colour:red"]) == ["want has type:mug"]
    assert judged(want=["colour:red", "type:mug", "motif:rose"]) == ["want lacks motif:rose"]
    assert judged(price=[None, 12.0]) == ["price (None, Decimal('10')), labelled (None, 12.0)"]
    assert judged(cheap=True) == ["cheap is False"]
    assert Path(LABELS).is_dir()
