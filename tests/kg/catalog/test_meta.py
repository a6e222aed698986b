from datetime import date

import pytest
from pydantic import ValidationError

from kg.catalog.meta import DatasetMeta, read_meta
from kg.errors import DatasetError


def test_a_missing_file_is_all_defaults(tmp_path):
    meta = read_meta(tmp_path / "dataset.toml")
    assert meta == DatasetMeta()
    assert meta.max_reject_share == 0.05
    assert meta.default_event == "purchase"


def test_all_keys(write):
    path = write(
        "dataset.toml",
        """
        name = "shop"
        languages = ["en", "zh"]
        currency = "GBP"
        licence = "CC0-1.0"
        default_event = "view"
        max_reject_share = 0.1
        [columns.products]
        id = "sku"
        [columns.interactions]
        timestamp = "when"
        [columns.triples]
        predicate = "relation"
        [split]
        cut = 2011-11-01
        """,
    )
    meta = read_meta(path)
    assert meta.languages == ("en", "zh")
    assert meta.split.cut == date(2011, 11, 1)
    assert meta.columns.products.id == "sku"
    assert meta.columns.interactions.timestamp == "when"
    assert meta.columns.triples.predicate == "relation"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('langauges = ["en"]', r"dataset\.toml: unknown key 'langauges'; did you mean 'languages'"),
        ("[columns.product]\n", r"unknown key 'columns.product'; did you mean 'products'"),
        ('[columns.products]\ntitel = "x"', r"key 'columns.products.titel'; did you mean 'title'"),
        ("[split]\ncuts = 2011-11-01", r"unknown key 'split.cuts'; did you mean 'cut'"),
        ("zzz = 1", r"unknown key 'zzz'; known keys: name, languages"),
        ("max_reject_share = 5", r"key 'max_reject_share': .* less than or equal to 1, not 5"),
        ('currency = "pounds"', r"key 'currency': .*, not 'pounds'"),
        ('languages = ["English"]', r"key 'languages.0': .*, not 'English'"),
        ('default_event = "buy"', r"key 'default_event': .*, not 'buy'"),
        ("name = ", r"dataset\.toml: not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(write, text, message):
    with pytest.raises(DatasetError, match=message):
        read_meta(write("dataset.toml", text))


def test_not_text(write):
    with pytest.raises(DatasetError, match=r"dataset\.toml: cannot be read"):
        read_meta(write("dataset.toml", b"name = '\xff'"))


def test_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        DatasetMeta().name = "other"


def test_every_key_is_documented():
    documented = {name for name, field in DatasetMeta.model_fields.items() if field.description}
    assert documented == set(DatasetMeta.model_fields) - {"columns", "split"}
