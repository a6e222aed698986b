"""Excel workbooks, through python-calamine (extra ``xlsx``)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from kg.catalog.files import RawTable, cells_to_array
from kg.errors import DatasetError, MissingExtraError

__all__ = ["read_workbook", "workbook_headers"]


def read_workbook(path: Path, required: Iterable[str]) -> RawTable:
    """All sheets whose first row names the ``required`` columns, one after the other.

    Raises:
        MissingExtraError: python-calamine is not installed.
        DatasetError: no workbook, or none of its sheets has the columns.
    """
    wanted = set(required)
    sheets = [rows for rows in _sheets(path) if rows and wanted <= set(map(str, rows[0]))]
    if not sheets:
        raise DatasetError(f"{path}: no sheet has the columns {', '.join(sorted(wanted))}")
    header = [str(name) for name in sheets[0][0]]
    tables = []
    for rows in sheets:
        columns = zip(*rows[1:], strict=True)
        cells = dict(zip(map(str, rows[0]), columns, strict=True)) if len(rows) > 1 else {}
        tables.append(
            {name: [None if v == "" else v for v in cells.get(name, ())] for name in header}
        )
    joined = {name: [v for table in tables for v in table[name]] for name in header if name}
    table = pa.table({name: cells_to_array(values) for name, values in joined.items()})
    return RawTable(table, range(1, table.num_rows + 1), table.num_rows)


def workbook_headers(path: Path) -> list[list[str]]:
    """First row of every sheet; empty where the file is no workbook.

    Raises:
        MissingExtraError: python-calamine is not installed.
    """
    try:
        return [list(map(str, rows[0])) for rows in _sheets(path, 1) if rows]
    except DatasetError:
        return []


def _sheets(path: Path, rows: int | None = None) -> list[list[list[Any]]]:
    try:
        import python_calamine as calamine  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise MissingExtraError("python-calamine", "xlsx") from exc
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        return [book.get_sheet_by_name(name).to_python(nrows=rows) for name in book.sheet_names]
    except (calamine.CalamineError, OSError) as exc:
        raise DatasetError(f"{path}: cannot be read as a workbook: {exc}") from exc
