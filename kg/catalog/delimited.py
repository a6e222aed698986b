"""Delimited text into raw rows: a header, then one row a line, every cell a string.

A clean file goes through Arrow's reader at once. One with any row that Arrow will not have, or with
a line break in a cell, is read row by row, so that each bad row is known and the rest kept.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from kg.catalog.base import reject
from kg.catalog.files import RawTable, read_bytes
from kg.errors import DatasetError
from kg.records import Reject

__all__ = ["read_delimited"]

MAX_RECORD_LINES = 1000  # lines a quoted cell may span before its quote counts as never closed


def read_delimited(
    path: Path,
    *,
    header: Sequence[str] | None = None,
    delimiter: str | None = None,
    quoting: bool = True,
    encoding: str = "utf-8",
) -> RawTable:
    """Delimited text as a table of strings; rows are counted without the header.

    ``header``: names of the columns where the file has none. ``delimiter`` None: comma, semicolon
    or tab, whichever the header has most of.

    Raises:
        DatasetError: no header, or one that names a column twice.
    """
    body = read_bytes(path)
    if encoding != "utf-8":
        body = body.decode(encoding).encode()
    names = list(header or ())
    if not names:
        first, _, body = body.partition(b"\n")
        delimiter, names = _header(path, first.decode("utf-8", "replace"), delimiter, quoting)
    delimiter = delimiter or ","
    table = _fast(body, names, delimiter, quoting and b'"' in body)
    if table is not None:
        return RawTable(table, range(1, table.num_rows + 1), table.num_rows)
    return _careful(path.name, body, names, delimiter, quoting)


def _header(path: Path, first: str, delimiter: str | None, quoting: bool) -> tuple[str, list[str]]:
    first = first.rstrip("\r")
    delimiter = delimiter or max(",;\t", key=first.count)
    cells = (
        next(csv.reader([first], delimiter=delimiter), []) if quoting else first.split(delimiter)
    )
    header = [name.strip() for name in cells]
    if not any(header):
        raise DatasetError(f"{path}: has no header line; its first line must name the columns")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise DatasetError(f"{path}: the header names column {twice!r} twice")
    return delimiter, header


def _fast(body: bytes, header: list[str], delimiter: str, quoted: bool) -> pa.Table | None:
    """The table, or None if any row is not as it should be or may not be.

    Of cells that hold line breaks Arrow cannot say whether they were meant to.
    """
    text = dict.fromkeys(header, pa.string())
    if not body.strip():
        return pa.table({name: pa.array([], pa.string()) for name in header})
    if quoted and body.count(b'"') % 2:
        return None
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(body),
            arrow_csv.ReadOptions(column_names=header),
            arrow_csv.ParseOptions(delimiter=delimiter, quote_char='"' if quoted else False),
            arrow_csv.ConvertOptions(column_types=text, strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    if quoted and any(pc.any(pc.match_substring(column, "\n")).as_py() for column in table):
        return None
    return table


def _careful(file: str, body: bytes, header: list[str], delimiter: str, quoting: bool) -> RawTable:
    """Row by row, so that each bad one is known."""
    lines: list[int] = []
    kept: list[list[str]] = []
    rejects: list[Reject] = []
    row = 0
    for row, (cells, text) in enumerate(_records(body, len(header), delimiter, quoting), start=1):
        if not _is_unicode(text):
            shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            rejects.append(reject(file, row, "", "bad encoding", shown))
        elif len(cells) != len(header):
            rejects.append(reject(file, row, "", "wrong number of columns", text))
        else:
            lines.append(row)
            kept.append(cells)
    columns = list(zip(*kept, strict=True)) if kept else [()] * len(header)
    table = pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip(header, columns, strict=True)}
    )
    return RawTable(table, lines, row, rejects)


def _records(
    body: bytes, width: int, delimiter: str, quoting: bool
) -> Iterator[tuple[list[str], str]]:
    """Cells and text of every row that is not blank; bytes that are no UTF-8 as surrogates.

    A quoted cell may hold line breaks. One whose quote never closes would swallow the rows after
    it: where a row of several lines has the wrong width, its first line stands alone.
    """
    lines = body.decode("utf-8", "surrogateescape").split("\n")
    at = 0
    while at < len(lines):
        text = lines[at].rstrip("\r")
        at += 1
        if not text.strip():
            continue
        if not quoting or '"' not in text:
            yield text.split(delimiter), text
            continue
        last = min(at - 1 + MAX_RECORD_LINES, len(lines))
        following = (lines[row] + "\n" for row in range(at - 1, last))
        reader = csv.reader(following, delimiter=delimiter, strict=True)
        try:
            cells = next(reader)
        except csv.Error:  # a quote that does not close or closes early, a cell over the limit
            cells = []
        if reader.line_num > 1 and len(cells) != width:
            cells = []
        elif reader.line_num > 1:
            text = "\n".join(lines[at - 1 : at - 1 + reader.line_num])
            at += reader.line_num - 1
        yield cells, text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
