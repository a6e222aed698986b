"""The examples of docs/datasets.md are read as they stand there."""

import re
from pathlib import Path

import orjson
import pytest

from kg.catalog import READERS, read_dataset, write_rejects
from kg.catalog.meta import DatasetMeta, InteractionColumns, ProductColumns, read_meta
from kg.records import TRIPLE_SCHEMA

PAGE = Path(__file__).parents[3] / "docs" / "datasets.md"
SOURCE = Path(__file__).parents[3] / "kg" / "catalog"
TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"```(\w+) (\S+)\n(.*?)```", TEXT, re.DOTALL)


def block(name):
    [found] = [body for _, info, body in BLOCKS if info == f"file={name}"]
    return found


@pytest.fixture
def example(write, tmp_path):
    def _example(*names):
        for name in names:
            write(name, block(name))
        return read_dataset(tmp_path)

    return _example


@pytest.mark.parametrize("products", ["products.jsonl", "products.csv"])
def test_clew(example, products):
    dataset = example(products, "interactions.csv", "triples.csv", "dataset.toml")
    assert not dataset.rejects
    assert not dataset.ignored
    assert len(dataset.products) == 2
    mug = dataset.products[0]
    assert mug.translations["zh"].title == "跳兔粗陶马克杯"
    assert mug.attributes["colour"] == ("oatmeal",)
    assert mug.categories[-1] == "Mugs"
    assert dataset.interactions["timestamp"].null_count == 0
    assert dataset.interactions.num_rows == 3
    assert dataset.triples.num_rows == 2
    assert dataset.meta.name == "Hare & Co."


def test_languages_by_script(example):
    languages = {item.id: item.language for item in example("products.jsonl").products}
    assert languages == {"KD-0101": "en", "KD-0102": "zh"}


def test_other_names(write):
    meta = read_meta(write("dataset.toml", block("other/dataset.toml")))
    assert meta.columns.products.title == "name"
    assert meta.columns.interactions.timestamp == "when"


def test_reject(write, tmp_path):
    write("products.csv", block("products.csv"))
    rows = block("interactions.csv").rstrip() + "\nu3,KD-0999,view,2026-03-03,,\n"
    write("interactions.csv", rows)
    dataset = read_dataset(tmp_path, max_reject_share=0.5)
    write_rejects(dataset.rejects, tmp_path / "rejects.jsonl")
    [shown] = [body for _, info, body in BLOCKS if info == "rejects"]
    assert (tmp_path / "rejects.jsonl").read_text("utf-8") == shown


def test_online_retail(example):
    dataset = example("retail.csv")
    assert dataset.interactions.num_rows == 1
    assert [item.reason for item in dataset.rejects] == ["cancelled order", "stray code"]


def test_amazon(example):
    dataset = example("reviews_Mugs.json", "meta_Mugs.json")
    assert dataset.products[0].title == "Heavenly Mug"
    assert dataset.interactions.num_rows == dataset.triples.num_rows == 1


def test_recbole(example):
    assert example("ml.inter").interactions["event"].to_pylist() == ["rating"]


def test_kgat(write, tmp_path):
    write("train.txt", block("train.txt"))
    write("test.txt", "0 3\n")
    assert read_dataset(tmp_path).interactions.num_rows == 4


def test_python():
    [code] = [body for _, info, body in BLOCKS if info == "run"]
    exec(compile(code, str(PAGE), "exec"), {})


def test_every_format_key_and_column_is_told():
    names = [reader.name for reader in READERS]
    names += [*ProductColumns.model_fields, *InteractionColumns.model_fields]
    assert [name for name in names if f"`{name}`" not in TEXT] == []
    keys = set(DatasetMeta.model_fields) - {"columns", "split"}
    assert [key for key in keys if f"\n{key} = " not in f"\n{block('dataset.toml')}"] == []
    assert "[split]\ncut = " in block("dataset.toml")
    assert all(f"| `{name}`" in TEXT or f",{name}" in TEXT for name in TRIPLE_SCHEMA.names[1:])


def test_every_reason_is_told():
    """Reasons stand in the source as strings of a few words that begin so."""
    source = "\n".join(path.read_text("utf-8") for path in SOURCE.glob("*.py"))
    words = "missing|bad|unknown|not|too|timestamp|broken|wrong|duplicate|page|cancelled|stray"
    found = set(re.findall(rf'"((?:{words}|stock|zero|anonymous)( [a-zA-Z]+){{1,3}})"', source))
    reasons = {reason for reason, _ in found}
    reasons |= {f"bad {name}" for name in ("timestamp", "position", "quantity", "value")}
    assert len(reasons) > 30
    assert {reason for reason in reasons if f"`{reason}`" not in TEXT} == set()


def test_blocks_are_what_they_say():
    for kind, info, body in BLOCKS:
        if kind in ("json", "jsonl"):
            assert all(orjson.loads(line) for line in body.splitlines()), info
