"""Files into raw rows: JSON lines and Parquet here, delimited text in `kg.catalog.delimited`.

Nothing here knows what a column means. A row that cannot be told into columns (broken JSON, bytes
that are not UTF-8) is a reject; a file that cannot be opened at all is a `DatasetError`.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from kg.catalog.base import reject
from kg.errors import DatasetError
from kg.records import Reject

__all__ = [
    "RawTable",
    "cells_to_array",
    "first_line",
    "read_bytes",
    "read_json_lines",
    "read_parquet",
    "rows_to_table",
]

BOM = b"\xef\xbb\xbf"  # byte order mark; some tools write one

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RawTable:
    """Columns as the file had them. ``lines[i]`` is the 1-based row of the file row i came from."""

    table: pa.Table
    lines: Sequence[int]
    rows: int  # all rows of the file, the rejected ones too
    rejects: list[Reject] = field(default_factory=list)

    def to_rows(self, columns: Sequence[str]) -> Iterator[tuple[int, Row]]:
        """Rows of these columns as Python has them; times as strings, for it knows fewer."""
        table = self.table.select(columns)
        for at, kind in enumerate(table.schema):
            if pa.types.is_temporal(kind.type):
                table = table.set_column(at, kind.name, table.column(at).cast(pa.string()))
        return zip(self.lines, table.to_pylist(), strict=True)


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
    return data.removeprefix(BOM)


def first_line(path: Path, limit: int = 1 << 20) -> bytes:
    """First line of a file that is not blank, for telling its format; empty if it has none.

    Never raises: what cannot be read is of no known format.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            start = file.read(limit).removeprefix(BOM)
    except (OSError, EOFError, zlib.error):
        return b""
    return start.lstrip().split(b"\n", 1)[0].rstrip(b"\r")


def read_parquet(path: Path) -> RawTable:
    """A Parquet file.

    Raises:
        DatasetError: it is damaged or no Parquet file.
    """
    try:
        table = pq.read_table(path)
        table.validate(full=True)  # strings that are no UTF-8 would raise later, one by one
    except (pa.ArrowException, OSError) as exc:
        raise DatasetError(f"{path}: cannot be read as Parquet: {exc}") from exc
    return RawTable(table, range(1, table.num_rows + 1), table.num_rows)


def read_json_lines(
    path: Path, parse: Callable[[bytes], Any] = orjson.loads
) -> Iterator[tuple[int, Row | Reject]]:
    """Line number and object of every line that is not blank, or the reject for it.

    ``parse`` raises ValueError for what it cannot read.

    Raises:
        DatasetError: the file cannot be read or unpacked.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for line, text in enumerate(file, start=1):
                if text.strip():
                    yield line, _row(path.name, line, text.removeprefix(BOM), parse)
    except (OSError, EOFError, zlib.error) as exc:
        raise DatasetError(f"{path}: cannot be read: {exc}") from exc


def _row(file: str, line: int, text: bytes, parse: Callable[[bytes], Any]) -> Row | Reject:
    shown = text[:1000].decode("utf-8", "replace").strip()
    try:
        row = parse(text)
    except (ValueError, RecursionError, MemoryError):
        reason = "broken JSON line" if _is_utf8(text) else "bad encoding"
        return reject(file, line, "", reason, shown)
    return row if isinstance(row, dict) else reject(file, line, "", "not a JSON object", shown)


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


def cells_to_array(values: list[Any]) -> pa.Array:
    """An Arrow array of Python values; of strings where they are of several kinds.

    Whole floats are spelt without '.0': a workbook knows no other numbers.
    """
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else _spelt(value) for value in values], pa.string())


def _spelt(value: object) -> str:
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
