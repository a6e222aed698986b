"""What a query answered: an Arrow table, and whether it is all of the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

__all__ = ["QueryResult", "to_table"]

_EMPTY_TYPES: Mapping[str, Any] = {
    "BOOL": pa.bool_(),
    "DOUBLE": pa.float64(),
    "FLOAT": pa.float64(),
    "INT64": pa.int64(),
    "STRING": pa.string(),
}
"""Types of columns in which no value stands, by the engine's name of the type."""


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows of a query, in the engine's order."""

    table: pa.Table
    truncated: bool  # the limit cut rows off
    seconds: float  # from the call to the last row, waiting for a worker included
    missing: tuple[str, ...] = ()  # no rows: what the query names and the graph does not hold


def to_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], types: Sequence[str] = ()
) -> pa.Table:
    """An Arrow table of JSON-like values.

    Numbers become int64 or float64, objects structs, lists lists. A column whose values share no
    type becomes text: strings as they are, everything else as JSON. ``types``, the engine's names
    of the column types, decide where a column holds no value.
    """
    arrays = [
        _column([row[position] for row in rows], _EMPTY_TYPES.get(kind, pa.null()))
        for position, kind in enumerate(types or [""] * len(columns))
    ]
    return pa.Table.from_arrays(arrays, list(columns))


def _column(values: list[Any], empty: Any) -> Any:
    if all(value is None for value in values):
        return pa.array(values, empty)
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
