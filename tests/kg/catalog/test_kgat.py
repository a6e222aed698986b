"""KGAT's files."""

import pytest

from kg.catalog import read_dataset
from kg.errors import DatasetError


def base(write):
    write("train.txt", "0 1 2\n1 0\n2\n")
    write("test.txt", "0 0\n")


def triples(dataset):
    return [tuple(row.values()) for row in dataset.triples.to_pylist()]


def test_numbers_only(write, tmp_path):
    base(write)
    write("kg_final.txt", "0 0 3\n3 1 2\n")
    dataset = read_dataset(tmp_path)
    assert dataset.format == "kgat"
    assert {product.id for product in dataset.products} == {"0", "1", "2"}
    assert all(product.title == product.id for product in dataset.products)
    rows = dataset.interactions.select(["user_id", "product_id", "position", "split"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("0", "1", 0, "train"),
        ("0", "2", 1, "train"),
        ("1", "0", 0, "train"),
        ("0", "0", 0, "test"),
    ]
    assert triples(dataset) == [("0", "0", "3"), ("3", "1", "2")]


def test_lists_give_the_original_ids(write, tmp_path):
    base(write)
    write("valid.txt", "1 1\n")
    write("kg_final.txt", "0\t0\t3\n3\t1\t2\n")
    write("user_list.txt", "org_id remap_id\nA1 0\nA2 1\n")
    write("item_list.txt", "org_id remap_id freebase_id\nB0 0 m.0\nB1 1 m.1\nB2 2 m.2\nB3 9 m.9\n")
    write("entity_list.txt", "org_id remap_id\nm.0 0\nm.1 1\nm.2 2\nm.x 3\n")
    write("relation_list.txt", "org_id remap_id\nhttp://x/author 0\n\n")
    dataset = read_dataset(tmp_path)
    assert [product.id for product in dataset.products] == ["B0", "B1", "B2", "B3"]
    assert dataset.interactions["user_id"].to_pylist() == ["A1", "A1", "A2", "A2", "A1"]
    assert dataset.interactions["split"].to_pylist() == ["train"] * 3 + ["valid", "test"]
    assert triples(dataset) == [("B0", "http://x/author", "m.x"), ("m.x", "1", "B2")]


def test_lists_whose_columns_run_together(write, tmp_path):
    """So in the Yelp data: the entity is the id again, without a space before it."""
    base(write)
    write("item_list.txt", "org_id remap_id freebase_id\nya 0ya\n7b 17b\n3c 23c\nodd x\n")
    dataset = read_dataset(tmp_path)
    assert [product.id for product in dataset.products] == ["ya", "7b", "3c"]
    assert dataset.interactions["product_id"].to_pylist() == ["7b", "3c", "ya", "ya"]


def test_rejects(write, tmp_path):
    write("train.txt", "0 1 2\n1 x 0\nu 1 2\n\n2 0 -1\n")
    write("test.txt", "0 1\n")
    write("kg_final.txt", "0 0 3\n0 0\n0 0 1\n")
    dataset = read_dataset(tmp_path, max_reject_share=1)
    assert [(item.file, item.line, item.reason, item.value) for item in dataset.rejects] == [
        ("train.txt", 2, "not a number", "x"),
        ("train.txt", 3, "not a number", "u"),
        ("train.txt", 5, "not a number", "-1"),
        ("kg_final.txt", 2, "wrong number of columns", "0 0"),
    ]
    assert dataset.rows == {"train.txt": 7, "test.txt": 1, "kg_final.txt": 3}
    assert dataset.interactions.num_rows == 5


def test_items_that_are_not_listed(write, tmp_path):
    base(write)
    write("item_list.txt", "org_id remap_id freebase_id\nB0 0 m.0\nB1 1 m.1\n")
    with pytest.raises(DatasetError, match=r"1 of 3 rows of train\.txt are bad .*unknown product"):
        read_dataset(tmp_path)


def test_default_event(write, tmp_path):
    base(write)
    write("dataset.toml", 'default_event = "view"')
    assert set(read_dataset(tmp_path).interactions["event"].to_pylist()) == {"view"}
