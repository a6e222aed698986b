import json

import pytest

from kg.catalog import write_rejects
from kg.catalog.base import MAX_VALUE_CHARS, reject
from kg.catalog.quarantine import check_share, reasons
from kg.errors import DatasetError
from kg.records import Reject


def test_values_are_cut_and_can_be_written(tmp_path):
    long = reject("f", 1, "title", "too long", "é" * 1000)
    half = reject("f", 2, "title", "bad encoding", "\ud800")
    none = reject("f", 3, "id", "missing id", None, expected=True)
    assert len(long.value) == MAX_VALUE_CHARS
    path = tmp_path / "rejects.jsonl"
    assert write_rejects([long, half, none], path) == 3
    read = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [Reject(**row) for row in read] == [long, half, none]
    assert read[2] == {
        "file": "f",
        "line": 3,
        "field": "id",
        "reason": "missing id",
        "value": "",
        "expected": True,
    }


def test_no_rejects_is_an_empty_file(tmp_path):
    assert write_rejects([], tmp_path / "rejects.jsonl") == 0
    assert (tmp_path / "rejects.jsonl").read_bytes() == b""


def test_rejects_cannot_be_written(tmp_path):
    with pytest.raises(DatasetError, match="rejects cannot be written"):
        write_rejects([], tmp_path / "none" / "rejects.jsonl")


def test_reasons_are_counted_the_most_frequent_first():
    rows = [reject("f", 1, "", reason) for reason in ("b", "a", "c", "c")]
    assert list(reasons(rows).items()) == [("c", 2), ("a", 1), ("b", 1)]


def test_share_is_per_file_of_unexpected_rows(tmp_path):
    bad = [reject("a", line, "price", "bad price", "abc") for line in (3, 4)]
    known = [reject("b", line, "", "cancelled order", expected=True) for line in range(1, 10)]
    check_share(tmp_path, {"a": 40, "b": 9}, bad + known, 0.05)
    with pytest.raises(DatasetError) as caught:
        check_share(tmp_path, {"a": 39, "b": 9}, bad + known, 0.05)
    assert str(caught.value) == (
        f"{tmp_path}: 2 of 39 rows of a are bad (5.1%; at most 5.0% may be): bad price 2. "
        f"The first is row 3, price: bad price 'abc'. Correct the file, or raise max_reject_share"
    )


def test_share_of_broken_rows_names_the_whole_row(tmp_path):
    with pytest.raises(DatasetError, match="The first is row 1, whole row: broken JSON line"):
        check_share(tmp_path, {"a": 1}, [reject("a", 1, "", "broken JSON line")], 0.5)


def test_dataset_toml_sets_the_share_and_the_argument_overrides_it(write, tmp_path):
    from kg.catalog import read_dataset

    write("products.csv", "id,title\n1,Mug\n2,\n")
    with pytest.raises(DatasetError, match="1 of 2 rows"):
        read_dataset(tmp_path)
    write("dataset.toml", "max_reject_share = 0.5")
    assert len(read_dataset(tmp_path).rejects) == 1
    with pytest.raises(DatasetError, match="1 of 2 rows"):
        read_dataset(tmp_path, max_reject_share=0.1)
