"""Extraction on a real catalogue: most products say something, and reading them is quick."""

import time
from pathlib import Path

import pytest

from kg.catalog import Dataset, read_dataset
from kg.extract import Extractor
from kg.schema import load_schema

TITLES_PER_SECOND = 5_000


@pytest.fixture(scope="module")
def retail(real_data: Path) -> Dataset:
    path = real_data / "online-retail"
    if not path.exists():
        pytest.skip(f"{path} is missing; see the data's README for its source")
    return read_dataset(path)


def test_most_products_have_facts(retail: Dataset) -> None:
    mentions = list(Extractor(load_schema(), ["en"]).mentions(retail.products))
    facts = [{(m.relation, m.object) for m in each} for each in mentions]
    assert sum(map(bool, facts)) / len(facts) > 0.9
    assert sum(map(len, facts)) / len(facts) > 2


def test_titles_are_read_quickly(retail: Dataset) -> None:
    extractor = Extractor(load_schema(), ["en"])
    best_s = float("inf")
    for _ in range(3):
        began = time.process_time()
        for _ in extractor.mentions(retail.products):
            pass
        best_s = min(best_s, time.process_time() - began)
    assert len(retail.products) / best_s > TITLES_PER_SECOND
