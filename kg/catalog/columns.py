"""Arrow columns into the types of Clew's tables, value by value where one is bad.

Each function takes a column as a file had it and gives it converted, with null where there was no
value, and a mask of the values that were there but would not convert. Whole columns are cast at
once; only a column with a bad value is looked at value by value.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["renamed", "to_float", "to_int", "to_text", "to_time"]

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
EPOCH = r"^\d{9,}(\.\d+)?$"
EXACT = 2.0**53  # integers below are exact as float64
# An epoch's unit is told from its size: seconds up to the year 5138, then ms, us and ns.
EPOCH_UNITS = ((1e17, 1e-3), (1e14, 1.0), (1e11, 1e3), (0.0, 1e6))  # at least, microseconds each
NO_TEXT = pa.scalar(None, pa.string())
NO_FLOAT = pa.scalar(None, pa.float64())
MICROSECONDS = pa.timestamp("us")

Converted = tuple[pa.ChunkedArray, pa.ChunkedArray]


def to_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Any column as strings without white space around them; empty ones become null.

    Floats that are all whole lose their '.0': tools with no null integer write ids as floats.
    """
    if pa.types.is_floating(column.type):
        whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), EXACT))
        column = column.cast(pa.int64()) if pc.all(whole).as_py() else column
    try:
        text = column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        text = pa.chunked_array([[_shown(value) for value in column.to_pylist()]], pa.string())
    text = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(text, ""), NO_TEXT, text)


def to_float(column: pa.ChunkedArray) -> Converted:
    """Column as float64; infinities and NaN are bad."""
    present = pc.is_valid(column)
    if not _is_number(column.type):
        text = to_text(column)
        present = pc.is_valid(text)
        is_number = pc.fill_null(pc.match_substring_regex(text, NUMBER), False)
        column = pc.if_else(is_number, text, NO_TEXT)
    values = column.cast(pa.float64(), safe=False)
    values = pc.if_else(pc.is_finite(values), values, NO_FLOAT)
    return values, pc.and_(present, pc.is_null(values))


def to_int(column: pa.ChunkedArray) -> Converted:
    """Column as int64; a fraction is bad, and what float64 cannot hold exactly."""
    values, bad = to_float(column)
    whole = pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), EXACT))
    integers = pc.if_else(whole, values, NO_FLOAT).cast(pa.int64())
    return integers, pc.or_(bad, pc.fill_null(pc.invert(whole), False))


def to_time(column: pa.ChunkedArray) -> Converted:
    """Column as timestamp[us] in UTC: dates, ISO 8601, or an epoch in s, ms, us or ns.

    A time without a zone is taken to be in UTC.
    """
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        times = column.cast(MICROSECONDS)
        return times, pc.and_(pc.is_valid(column), pc.is_null(times))
    if _is_number(kind):
        values, bad = to_float(column)
        return _from_epoch(values), bad
    text = to_text(column)
    times = _parsed(text)
    return times, pc.and_(pc.is_valid(text), pc.is_null(times))


def renamed(column: pa.ChunkedArray, names: Mapping[str, str]) -> pa.ChunkedArray:
    """Strings by their names; those without one stay as they are."""
    keys, values = pa.array(list(names), pa.string()), pa.array(names.values(), pa.string())
    return pc.coalesce(pc.take(values, pc.index_in(column, value_set=keys)), column)


def _parsed(text: pa.ChunkedArray) -> pa.ChunkedArray:
    is_epoch = pc.match_substring_regex(text, EPOCH)
    if pc.any(is_epoch).as_py():
        epochs, _ = to_float(pc.if_else(is_epoch, text, NO_TEXT))
        rest = pc.if_else(is_epoch, NO_TEXT, text)
        if rest.null_count == text.length():
            return _from_epoch(epochs)
        return pc.coalesce(_from_epoch(epochs), _parsed(rest))
    for zone in (None, "UTC"):
        try:
            return text.cast(pa.timestamp("us", zone)).cast(MICROSECONDS)
        except pa.ArrowInvalid:
            continue
    return pa.chunked_array([[_time(value) for value in text.to_pylist()]], MICROSECONDS)


def _from_epoch(values: pa.ChunkedArray) -> pa.ChunkedArray:
    size = pc.abs(values)
    factor = pa.scalar(EPOCH_UNITS[-1][1])
    for least, microseconds in reversed(EPOCH_UNITS[:-1]):
        factor = pc.if_else(pc.greater_equal(size, least), microseconds, factor)
    micros = pc.round(pc.multiply(values, factor))
    micros = pc.max_element_wise(pc.min_element_wise(micros, 2.0**62), -(2.0**62))
    # min and max of a null and a number are the number
    micros = pc.if_else(pc.is_valid(values), micros, NO_FLOAT)
    return micros.cast(pa.int64(), safe=False).cast(MICROSECONDS)


def _time(text: str | None) -> datetime | None:
    """A time in the forms of ISO 8601 that Arrow does not know, or in mixed company."""
    try:
        time = datetime.fromisoformat(text) if text is not None else None
        return time.astimezone(UTC).replace(tzinfo=None) if time and time.tzinfo else time
    except (ValueError, OverflowError):
        return None


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _shown(value: object) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
