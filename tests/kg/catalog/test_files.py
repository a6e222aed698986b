import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kg.catalog.files import (
    cells_to_array,
    first_line,
    read_bytes,
    read_json_lines,
    read_parquet,
    rows_to_table,
)
from kg.errors import DatasetError
from kg.records import Reject


def test_json_lines(write):
    path = write("t.jsonl", b'\xef\xbb\xbf{"a":1}\n\n{"a":\n[1]\n{"a":"\xff"}\r\n{"a":2}')
    read = list(read_json_lines(path))
    assert [line for line, _ in read] == [1, 3, 4, 5, 6]
    assert read[0][1] == {"a": 1}
    assert read[4][1] == {"a": 2}
    assert [row.reason for _, row in read if isinstance(row, Reject)] == [
        "broken JSON line",
        "not a JSON object",
        "bad encoding",
    ]


@pytest.mark.parametrize(
    "line", ["[" * 100_000, '{"a": NaN}', '{"a": "\\ud800"}', '{"a": 1e999}', "\0"]
)
def test_lines_that_no_parser_likes(write, line):
    [(_, row)] = list(read_json_lines(write("t.jsonl", line)))
    assert isinstance(row, Reject)
    assert row.reason == "broken JSON line"


def test_gzip(write, tmp_path):
    path = write("t.jsonl.gz", [{"a": 1}])
    assert list(read_json_lines(path)) == [(1, {"a": 1})]
    assert first_line(path) == b'{"a": 1}'
    assert read_bytes(path) == b'{"a": 1}\n'
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n' * 100)[:-12])
    with pytest.raises(DatasetError, match=r"cut\.jsonl\.gz: cannot be read"):
        list(read_json_lines(tmp_path / "cut.jsonl.gz"))
    with pytest.raises(DatasetError, match=r"cut\.jsonl\.gz: cannot be read"):
        read_bytes(tmp_path / "cut.jsonl.gz")
    assert first_line(tmp_path / "cut.jsonl.gz") == b""


def test_first_line(write, tmp_path):
    assert first_line(write("t", "\n\n a b\r\nc")) == b"a b"
    assert first_line(tmp_path / "none") == b""


def test_rows_to_table():
    broken = Reject("f", 2, "", "broken JSON line")
    raw = rows_to_table([(1, {"a": 1, "b": "x"}), (2, broken), (3, {"a": "y"})], ["a", "b", "c"])
    assert raw.table.to_pylist() == [
        {"a": "1", "b": "x", "c": None},
        {"a": "y", "b": None, "c": None},
    ]
    assert raw.lines == [1, 3]
    assert (raw.rows, raw.rejects) == (3, [broken])


def test_cells_of_several_kinds_become_strings():
    assert cells_to_array([1, None, "a"]).to_pylist() == ["1", None, "a"]
    assert cells_to_array([2**80, 1]).to_pylist() == [str(2**80), "1"]
    assert cells_to_array([{"a": 1}, [2]]).to_pylist() == ["{'a': 1}", "[2]"]


def test_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1, 2]}), path)
    raw = read_parquet(path)
    assert list(raw.lines) == [1, 2]
    path.write_bytes(b"PAR1 not at all")
    with pytest.raises(DatasetError, match=r"t\.parquet: cannot be read as Parquet"):
        read_parquet(path)


def test_parquet_with_strings_that_are_none(tmp_path):
    offsets, bytes_ = pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xfe")
    strings = pa.Array.from_buffers(pa.string(), 1, [None, offsets, bytes_])
    pq.write_table(pa.table({"a": strings}), tmp_path / "t.parquet")
    with pytest.raises(DatasetError, match=r"cannot be read as Parquet: .*UTF"):
        read_parquet(tmp_path / "t.parquet")
