"""Raw interaction columns into `INTERACTION_SCHEMA`, whole columns at a time.

In: a `RawTable` whose columns bear Clew's names. Out: the rows that hold, and a `Reject` for every
one that does not, with the first reason that fits in the order below. Rows are kept in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from kg.catalog.base import reject
from kg.catalog.columns import to_float, to_int, to_text, to_time
from kg.catalog.files import RawTable
from kg.records import EVENTS, INTERACTION_SCHEMA, TRIPLE_SCHEMA, Reject

__all__ = ["EARLIEST", "MAX_ID_CHARS", "SPLITS", "Checks", "check_interactions", "check_triples"]

MAX_ID_CHARS = 256
SPLITS = ("train", "valid", "test")
EARLIEST = datetime(1990, 1, 1)  # without a zone, as Arrow's times are
"""No shop kept events before this."""
CLOCK_SKEW = timedelta(days=1)


class Checks:
    """Collects, row by row, the first thing found wrong with a table."""

    def __init__(self, file: str, raw: RawTable) -> None:
        self.file = file
        self.raw = raw
        self.rejects: list[Reject] = list(raw.rejects)
        self.good = pa.chunked_array([pa.repeat(True, raw.table.num_rows)])

    def fail(
        self,
        bad: pa.ChunkedArray,
        field: str,
        reason: str,
        shown: pa.ChunkedArray | None = None,
        *,
        expected: bool = False,
    ) -> None:
        """Rejects the rows where ``bad`` holds that nothing was wrong with so far."""
        fresh = pc.and_(self.good, pc.fill_null(bad, False))
        rows = pc.indices_nonzero(fresh)
        if not len(rows):
            return
        values = _plain(shown.take(rows)) if shown is not None else []
        lines = self.raw.lines
        for at, row in enumerate(rows.to_pylist()):
            value = values[at] if values else ""
            self.rejects.append(
                reject(self.file, lines[row], field, reason, value, expected=expected)
            )
        self.good = pc.and_(self.good, pc.invert(fresh))

    def column(self, name: str) -> pa.ChunkedArray:
        """A column of the file; nulls where it has none of that name."""
        if name in self.raw.table.column_names:
            return self.raw.table[name]
        return pa.chunked_array([pa.nulls(self.raw.table.num_rows, pa.string())])

    def identifier(self, name: str, reason: str) -> pa.ChunkedArray:
        """A column that names something: present, and not over-long."""
        ids = to_text(self.column(name))
        self.fail(pc.is_null(ids), name, reason)
        self.fail(pc.greater(pc.utf8_length(ids), MAX_ID_CHARS), name, "too long", ids)
        return ids

    def converted(
        self,
        name: str,
        convert: Callable[[pa.ChunkedArray], tuple[pa.ChunkedArray, pa.ChunkedArray]],
        *,
        least: float | None = None,
        above: float | None = None,
    ) -> pa.ChunkedArray:
        """A numeric column or a time; what will not convert or is too small is bad."""
        raw = self.column(name)
        values, bad = convert(raw)
        self.fail(bad, name, f"bad {name}", raw)
        if least is not None:
            self.fail(pc.less(values, least), name, f"bad {name}", raw)
        if above is not None:
            self.fail(pc.less_equal(values, above), name, f"bad {name}", raw)
        return values


def check_interactions(
    file: str,
    raw: RawTable,
    product_ids: Sequence[str] | None,
    *,
    default_event: str = "purchase",
    least_value: float | None = 0,
    now: datetime | None = None,
) -> tuple[pa.Table, list[Reject]]:
    """The interactions of a file and its rejects.

    ``product_ids``: the catalogue's, None where the format has no catalogue. ``least_value``: the
    least rating or price, None for any. ``now``: the time after which events are in the future (a
    day's grace for clocks); default the clock's.
    """
    checks = Checks(file, raw)
    users = checks.identifier("user_id", "missing user")
    products = checks.identifier("product_id", "missing product")
    events = pc.fill_null(pc.utf8_lower(to_text(checks.column("event"))), default_event)
    checks.fail(_not_among(events, EVENTS), "event", "unknown event", events)
    times = checks.converted("timestamp", to_time)
    latest = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None) + CLOCK_SKEW
    early, late = pc.less(times, pa.scalar(EARLIEST)), pc.greater(times, pa.scalar(latest))
    checks.fail(early, "timestamp", "timestamp too early", checks.column("timestamp"))
    checks.fail(late, "timestamp", "timestamp in future", checks.column("timestamp"))
    positions = checks.converted("position", to_int, least=0)
    quantities = checks.converted("quantity", to_float, above=0)
    values = checks.converted("value", to_float, least=least_value)
    splits = to_text(checks.column("split"))
    checks.fail(_not_among(splits, SPLITS), "split", "unknown split", splits)
    if product_ids is not None:
        known = pa.array(product_ids, pa.string())
        checks.fail(_not_among(products, known), "product_id", "unknown product", products)
    columns = [users, products, events, times, positions, quantities, values, splits]
    table = pa.table(columns, names=INTERACTION_SCHEMA.names).filter(checks.good)
    return table.cast(INTERACTION_SCHEMA).combine_chunks(), checks.rejects


def check_triples(file: str, raw: RawTable) -> tuple[pa.Table, list[Reject]]:
    """The triples of a file and its rejects. Subjects and objects may lie outside the catalogue."""
    checks = Checks(file, raw)
    columns = [checks.identifier(name, f"missing {name}") for name in TRIPLE_SCHEMA.names]
    table = pa.table(columns, names=TRIPLE_SCHEMA.names).filter(checks.good)
    return table.cast(TRIPLE_SCHEMA).combine_chunks(), checks.rejects


def _plain(values: pa.ChunkedArray) -> list[object]:
    """Values to show; times as strings, for Python knows fewer of them than Arrow."""
    if pa.types.is_temporal(values.type):
        values = values.cast(pa.string())
    found: list[object] = values.to_pylist()
    return found


def _not_among(values: pa.ChunkedArray, known: Sequence[str] | pa.Array) -> pa.ChunkedArray:
    value_set = known if isinstance(known, pa.Array) else pa.array(known, pa.string())
    return pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=value_set)))
