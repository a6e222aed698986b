"""Files into raw rows: JSON lines, delimited text, Parquet, each plain or gzipped where usual.

Nothing here knows what a column means. A row that cannot be told into columns (broken JSON, a
wrong number of cells, bytes that are not UTF-8) is a reject; a file that cannot be opened at all
is a `DatasetError`.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from kg.catalog.base import reject
from kg.errors import DatasetError
from kg.records import Reject

__all__ = [
    "RawTable",
    "cells_to_array",
    "first_line",
    "read_bytes",
    "read_delimited",
    "read_json_lines",
    "read_parquet",
    "rows_to_table",
]

MAX_RECORD_LINES = 1000  # lines a quoted cell may span before its quote counts as never closed

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RawTable:
    """Columns as the file had them. ``lines[i]`` is the 1-based row of the file row i came from."""

    table: pa.Table
    lines: Sequence[int]
    rows: int  # all rows of the file, the rejected ones too
    rejects: list[Reject] = field(default_factory=list)


def read_bytes(path: Path) -> bytes:
    """Content of a file, unpacked if its name ends in .gz, without a byte order mark.

    Raises:
        DatasetError: it cannot be read or unpacked.
    """
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as exc:
        raise DatasetError(f"{path}: cannot be read: {exc}") from exc
    return data.removeprefix(b"\xef\xbb\xbf")


def first_line(path: Path, limit: int = 1 << 20) -> bytes:
    """First line of a file that is not blank, for telling its format; empty if it has none.

    Never raises: what cannot be read is of no known format.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            start = file.read(limit).removeprefix(b"\xef\xbb\xbf")
    except (OSError, EOFError, zlib.error):
        return b""
    return start.lstrip().split(b"\n", 1)[0].rstrip(b"\r")


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> RawTable:
    """A Parquet file.

    Raises:
        DatasetError: it is damaged or no Parquet file.
    """
    try:
        table = pq.read_table(path, columns=columns)
    except (pa.ArrowException, OSError) as exc:
        raise DatasetError(f"{path}: cannot be read as Parquet: {exc}") from exc
    return RawTable(table, range(1, table.num_rows + 1), table.num_rows)


def read_json_lines(
    path: Path, parse: Callable[[bytes], Any] = orjson.loads
) -> Iterator[tuple[int, Row | Reject]]:
    """Line number and object of every line that is not blank, or the reject for it.

    ``parse`` raises ValueError for what it cannot read.
    """
    for line, text in enumerate(read_bytes(path).split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            row = parse(text)
        except (ValueError, RecursionError, MemoryError):
            yield line, _unreadable(path.name, line, text, "broken JSON line")
            continue
        if isinstance(row, dict):
            yield line, row
        else:
            yield line, reject(path.name, line, "", "not a JSON object", _shown(text))


def rows_to_table(rows: Iterable[tuple[int, Row | Reject]], columns: Sequence[str]) -> RawTable:
    """The named columns of JSON rows; a column of mixed types becomes strings."""
    lines: list[int] = []
    rejects: list[Reject] = []
    cells: dict[str, list[Any]] = {name: [] for name in columns}
    appends = [(name, cells[name].append) for name in columns]
    for line, row in rows:
        if isinstance(row, Reject):
            rejects.append(row)
            continue
        lines.append(line)
        for name, append in appends:
            append(row.get(name))
    table = pa.table({name: cells_to_array(values) for name, values in cells.items()})
    return RawTable(table, lines, len(lines) + len(rejects), rejects)


def read_delimited(
    path: Path, *, delimiter: str | None = None, quoting: bool = True, encoding: str = "utf-8"
) -> RawTable:
    """Delimited text with a header, every cell a string; rows are counted without the header.

    ``delimiter`` None: comma, semicolon or tab, whichever the header has most of.

    Raises:
        DatasetError: no header, or one that names a column twice.
    """
    data = read_bytes(path)
    if encoding != "utf-8":
        data = data.decode(encoding).encode()
    first = data.split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
    delimiter = delimiter or max(",;\t", key=first.count)
    header = (
        next(csv.reader([first], delimiter=delimiter), []) if quoting else first.split(delimiter)
    )
    header = [name.strip() for name in header]
    if not any(header):
        raise DatasetError(f"{path}: has no header line; its first line must name the columns")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise DatasetError(f"{path}: the header names column {twice!r} twice")
    body = data.partition(b"\n")[2]
    if not (quoting and b'"' in body):
        table = _fast(body, header, delimiter)
        if table is not None:
            return RawTable(table, range(1, table.num_rows + 1), table.num_rows)
    return _careful(path.name, body, header, delimiter, quoting)


def _fast(body: bytes, header: list[str], delimiter: str) -> pa.Table | None:
    """The table, or None if any row is not as it should be."""
    text = dict.fromkeys(header, pa.string())
    if not body.strip():
        return pa.table({name: pa.array([], pa.string()) for name in header})
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(body),
            arrow_csv.ReadOptions(column_names=header),
            arrow_csv.ParseOptions(delimiter=delimiter, quote_char=False),
            arrow_csv.ConvertOptions(column_types=text, strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None


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
        rest = islice(lines, at - 1, at - 1 + MAX_RECORD_LINES)
        reader = csv.reader((line + "\n" for line in rest), delimiter=delimiter)
        try:
            cells = next(reader)
        except csv.Error:
            cells = []
        if reader.line_num > 1 and len(cells) == width:
            at += reader.line_num - 1
        elif reader.line_num > 1:
            cells = []
        yield cells, text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unreadable(file: str, line: int, text: bytes, reason: str) -> Reject:
    try:
        text.decode()
    except UnicodeDecodeError:
        reason = "bad encoding"
    return reject(file, line, "", reason, _shown(text))


def _shown(text: bytes) -> str:
    return text[:1000].decode("utf-8", "replace").strip()


def cells_to_array(values: list[Any]) -> pa.Array:
    """An Arrow array of Python values; of strings where they are of several kinds."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
