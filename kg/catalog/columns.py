"""Arrow columns into the types of Clew's tables, a value at a time where one is bad.

Each function takes a column as a file had it and gives it converted, with null where a value was
missing, and a mask of the values that were there but would not convert. Whole columns are cast at
once; only a column with a bad value is looked at value by value.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["to_float", "to_int", "to_text", "to_time"]

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
# An epoch is told from its size: seconds up to the year 5138, then ms, us and ns.
EPOCH_UNITS = ((1e17, 1e-3), (1e14, 1.0), (1e11, 1e3), (0.0, 1e6))  # at least, microseconds each


def to_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Any column as strings without white space around them; empty ones become null.

    Whole floats lose their '.0': ids are often read as floats by other tools.
    """
    if pa.types.is_floating(column.type):
        whole = pc.equal(pc.floor(column), column)
        small = pc.less(pc.abs(column), 2.0**53)
        if pc.all(pc.and_(whole, small)).as_py():
            column = column.cast(pa.int64())
    if pa.types.is_nested(column.type):
        column = pa.chunked_array([[str(v) if v is not None else None for v in column.to_pylist()]])
    text = column.cast(pa.string())
    text = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def to_float(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Column as float64; infinities and NaN are bad."""
    if not _is_number(column.type):
        text = to_text(column)
        is_number = pc.fill_null(pc.match_substring_regex(text, NUMBER), False)
        bad = pc.and_(pc.is_valid(text), pc.invert(is_number))
        column = pc.if_else(is_number, text, pa.scalar(None, pa.string()))
    else:
        bad = pc.equal(pc.is_null(column), pa.scalar(None, pa.bool_())).fill_null(False)
    values = column.cast(pa.float64(), safe=False)
    finite = pc.fill_null(pc.is_finite(values), True)
    return pc.if_else(finite, values, pa.scalar(None, pa.float64())), pc.or_(bad, pc.invert(finite))


def to_int(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Column as int64; a fraction is bad."""
    values, bad = to_float(column)
    whole = pc.fill_null(
        pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), 2.0**53)), True
    )
    values = pc.if_else(whole, values, pa.scalar(None, pa.float64()))
    return values.cast(pa.int64()), pc.or_(bad, pc.invert(whole))


def to_time(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Column as timestamp[us] in UTC: dates, ISO 8601, or an epoch in s, ms, us or ns.

    A time without a zone is taken to be in UTC.
    """
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        times = column.cast(
            pa.timestamp("us", kind.tz if pa.types.is_timestamp(kind) else None), safe=False
        )
        times = times.cast(pa.timestamp("us"))
        return times, _none_bad(times)
    if _is_number(kind):
        values, bad = to_float(column)
        return _from_epoch(values), bad
    text = to_text(column)
    try:
        times = text.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        times = pa.chunked_array([[_time(value) for value in text.to_pylist()]], pa.timestamp("us"))
    return times, pc.and_(pc.is_valid(text), pc.is_null(times))


def _from_epoch(values: pa.ChunkedArray) -> pa.ChunkedArray:
    factor: object = pa.scalar(None, pa.float64())
    for least, microseconds in reversed(EPOCH_UNITS):
        factor = pc.if_else(pc.greater_equal(pc.abs(values), least), microseconds, factor)
    micros = pc.round(pc.multiply(values, factor))
    return pc.min_element_wise(micros, 2.0**62).cast(pa.int64()).cast(pa.timestamp("us"))


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if text.replace(".", "", 1).lstrip("-").isdigit() and len(text) > 8:  # not 20111201
            seconds = float(text)
            unit = next(us for least, us in EPOCH_UNITS if abs(seconds) >= least)
            return datetime.fromtimestamp(seconds * unit / 1e6, UTC).replace(tzinfo=None)
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError, OSError):
        return None


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _none_bad(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.and_(pc.is_null(column), pc.is_valid(column))
