import time

import pytest

from kg.catalog.delimited import read_delimited
from kg.errors import DatasetError


def rows(raw):
    return [tuple(row.values()) for row in raw.table.to_pylist()]


def reasons(raw):
    return [(item.line, item.reason) for item in raw.rejects]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_separators_and_line_ends(write, separator, newline):
    lines = ["a,b", "1,x y", "2,", "", "3,z"]
    text = newline.join(lines).replace(",", separator)
    raw = read_delimited(write("t.csv", text))
    assert rows(raw) == [("1", "x y"), ("2", ""), ("3", "z")]
    assert list(raw.lines) == [1, 2, 3]
    assert raw.rows == 3


def test_byte_order_mark_and_values_that_look_missing(write):
    raw = read_delimited(write("t.csv", b"\xef\xbb\xbfa,b\nNA,null\n"))
    assert raw.table.column_names == ["a", "b"]
    assert rows(raw) == [("NA", "null")]


def test_quoted_cells(write):
    text = 'a,b\n1,"x, ""y"""\n2,"two\nlines"\n3,z\n'
    raw = read_delimited(write("t.csv", text))
    assert rows(raw) == [("1", 'x, "y"'), ("2", "two\nlines"), ("3", "z")]
    assert list(raw.lines) == [1, 2, 3]
    assert not raw.rejects


def test_cells_of_a_file_that_quotes_everything(write):
    raw = read_delimited(write("t.csv", '"a","b"\n"1","x, y"\n"2",""\n'))
    assert rows(raw) == [("1", "x, y"), ("2", "")]


def test_a_quote_left_open_at_the_end(write):
    raw = read_delimited(write("t.csv", 'a,b\n"1",x\n2,"y'))
    assert rows(raw) == [("1", "x")]
    assert reasons(raw) == [(2, "wrong number of columns")]


def test_many_rows_with_line_breaks_take_time_in_proportion(write):
    """Forty thousand of them take well under a second; they took minutes by the square."""
    body = "".join(f'{row},"x\ny"\n' for row in range(40_000))
    start = time.perf_counter()
    raw = read_delimited(write("t.csv", f"a,b\n{body}"))
    assert raw.rows == raw.table.num_rows == 40_000
    assert time.perf_counter() - start < 5


def test_wrong_number_of_columns(write):
    raw = read_delimited(write("t.csv", "a,b\n1,x\n2\n3,y,z\n4,w\n"))
    assert rows(raw) == [("1", "x"), ("4", "w")]
    assert reasons(raw) == [(2, "wrong number of columns"), (3, "wrong number of columns")]
    assert raw.rejects[1].value == "3,y,z"
    assert list(raw.lines) == [1, 4]
    assert raw.rows == 4


def test_a_quote_that_never_closes_costs_its_own_line_only(write):
    raw = read_delimited(write("t.csv", 'a,b\n1,x\n2,"y\n3,z\n4,w\n'))
    assert rows(raw) == [("1", "x"), ("3", "z"), ("4", "w")]
    assert reasons(raw) == [(2, "wrong number of columns")]


def test_bad_encoding(write):
    raw = read_delimited(write("t.csv", b'a,b\n1,x\n2,\xa35\n3,"y\n\xff"\n4,z\n'))
    assert rows(raw) == [("1", "x"), ("4", "z")]
    assert reasons(raw) == [(2, "bad encoding"), (3, "bad encoding")]
    assert raw.rejects[0].value == "2,\ufffd5"


def test_a_cell_beyond_the_limit_of_csv(write):
    raw = read_delimited(write("t.csv", f'a,b\n1,"{"x" * 200_000}"\n2,"y\nz"\n'))
    assert rows(raw) == [("2", "y\nz")]
    assert len(raw.rejects[0].value) == 200


def test_without_quoting_quotes_are_letters(write):
    raw = read_delimited(write("t.tsv", 'a\tb\n1\t5" pipe\n'), delimiter="\t", quoting=False)
    assert rows(raw) == [("1", '5" pipe')]


def test_without_header(write):
    raw = read_delimited(write("t.txt", "1 2\n3 4\n"), header=("x", "y"), delimiter=" ")
    assert raw.table.to_pylist() == [{"x": "1", "y": "2"}, {"x": "3", "y": "4"}]


@pytest.mark.parametrize("body", ["", "\n", "\n\n"])
def test_header_only(write, body):
    raw = read_delimited(write("t.csv", f"a,b{body}"))
    assert raw.table.column_names == ["a", "b"]
    assert (raw.table.num_rows, raw.rows) == (0, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no header line"),
        ("\n1,2\n", "has no header line"),
        ("a,b,a\n", "the header names column 'a' twice"),
    ],
)
def test_bad_headers(write, text, message):
    with pytest.raises(DatasetError, match=message):
        read_delimited(write("t.csv", text))


def test_no_such_file(tmp_path):
    with pytest.raises(DatasetError, match=r"t\.csv: cannot be read"):
        read_delimited(tmp_path / "t.csv")
