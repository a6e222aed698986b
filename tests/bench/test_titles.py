"""The labelled titles are sound, and facts are judged by them as docs/labelling.md says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg.catalog import read_dataset, sample_path
from kg.records import Mention
from kg.schema import load_schema
from scripts.bench.language_titles import LABELS, Label, judge, labelled_titles

ROWS = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]


def test_there_are_300_and_none_of_online_retail_has_its_words() -> None:
    assert len({(row["shop"], row["product"]) for row in ROWS}) == len(ROWS) == 300
    assert all(("title" in row) == (row["shop"] == "sample") for row in ROWS)


def test_every_concept_is_one_of_the_ontology_and_every_span_lies_in_its_title() -> None:
    concepts = load_schema().concepts
    titles = {product.id: product.title for product in read_dataset(sample_path()).products}
    for row in ROWS:
        for start, end, names in row["spans"]:
            assert 0 <= start < end <= len(row.get("title", " " * 100))
            for name in names.removeprefix("?").split("|"):
                assert name in concepts or name.startswith("measure:"), (row["product"], name)
        if row["shop"] == "sample":
            assert row["title"] == titles[row["product"]]


def test_without_the_data_titles_of_online_retail_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(labelled_titles(tmp_path)) == 100
    assert "200 titles of Online Retail are left out" in capsys.readouterr().out


def test_a_fact_is_right_where_a_label_over_its_words_allows_it() -> None:
    labels = [
        Label(0, 3, frozenset({"colour:red"}), needed=True),
        Label(4, 7, frozenset({"type:mug", "type:cup"}), needed=True),
        Label(8, 12, frozenset({"motif:cat"}), needed=False),
        Label(13, 16, frozenset({"material:tin"}), needed=True),
    ]
    read = [
        _mention(0, 3, "colour:red"),
        _mention(4, 7, "type:cup"),  # either is right
        _mention(4, 7, "material:tin"),  # elsewhere than labelled
    ]
    judged = judge("Red mug cats tin", labels, read)
    assert [m.object for m in judged.right] == ["colour:red", "type:cup"]
    assert [m.object for m in judged.wrong] == ["material:tin"]
    assert judged.missed == [labels[3]]
    assert judged.found == 2


def _mention(start: int, end: int, concept: str) -> Mention:
    return Mention("1", "title", start, end, "", "clew:any", concept, 0.9, "phrase")
