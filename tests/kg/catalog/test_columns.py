from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from kg.catalog.columns import renamed, to_float, to_int, to_text, to_time


def column(values, kind=None):
    return pa.chunked_array([pa.array(values, kind)])


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([" a ", "", "  ", None, "b\n"], pa.string(), ["a", None, None, None, "b"]),
        ([17850.0, None, 3.0], pa.float64(), ["17850", None, "3"]),
        ([1.5, 2.0], pa.float64(), ["1.5", "2"]),
        ([7, None], pa.int64(), ["7", None]),
        (["x"], pa.large_string(), ["x"]),
        ([["a"], None], pa.list_(pa.string()), ["['a']", None]),
        ([b"ok", b"\xff"], pa.binary(), ["ok", "\ufffd"]),
        ([date(2011, 1, 2)], pa.date32(), ["2011-01-02"]),
    ],
)
def test_to_text(values, kind, expected):
    assert to_text(column(values, kind)).to_pylist() == expected


@pytest.mark.parametrize(
    ("values", "kind", "expected", "bad"),
    [
        (["1", " 2.5 ", "-3e2", ".5", "5."], None, [1, 2.5, -300, 0.5, 5], [False] * 5),
        (["", None, "abc", "1,5"], None, [None] * 4, [False, False, True, True]),
        (["nan", "inf", "0x10", "1e999"], None, [None] * 4, [True] * 4),
        ([1.5, float("nan"), float("inf"), None], None, [1.5, *[None] * 3], [0, 1, 1, 0]),
        ([Decimal("1.25"), None], None, [1.25, None], [False, False]),
        ([True, None], pa.bool_(), [None, None], [True, False]),
    ],
)
def test_to_float(values, kind, expected, bad):
    converted, wrong = to_float(column(values, kind))
    assert converted.to_pylist() == expected
    assert wrong.to_pylist() == [bool(item) for item in bad]


def test_to_int():
    values, bad = to_int(column(["3", "3.0", "3.5", "x", None, "1e300"]))
    assert values.to_pylist() == [3, 3, None, None, None, None]
    assert bad.to_pylist() == [False, False, True, True, False, True]


MOMENT = datetime(2011, 12, 1, 8, 26)


@pytest.mark.parametrize(
    "value",
    [
        "2011-12-01 08:26",
        "2011-12-01T08:26:00",
        "2011-12-01T08:26:00Z",
        "2011-12-01T10:26:00+02:00",
        "2011-12-01T08:26:00.000000",
        "20111201T082600",
        "1322727960",
        "1322727960.0",
        "1322727960000",
        "1322727960000000",
        "1322727960000000000",
        1322727960,
        1322727960.0,
        1322727960000,
        MOMENT,
        MOMENT.replace(tzinfo=UTC),
    ],
)
def test_spellings_of_one_time(value):
    times, bad = to_time(column([value, None]))
    assert times.to_pylist() == [MOMENT, None]
    assert bad.to_pylist() == [False, False]
    assert times.type == pa.timestamp("us")


def test_times_in_mixed_spellings_and_bad_ones():
    values = ["2011-12-01 08:26", "2011-12-01T08:26:00Z", "1322727960", "yesterday", "2011-02-30"]
    times, bad = to_time(column([*values, "", None]))
    assert times.to_pylist() == [MOMENT, MOMENT, MOMENT, None, None, None, None]
    assert bad.to_pylist() == [False, False, False, True, True, False, False]


def test_dates_and_coarse_times():
    day = datetime(2011, 12, 1)
    assert to_time(column([date(2011, 12, 1)]))[0].to_pylist() == [day]
    assert to_time(column([day], pa.timestamp("ns")))[0].to_pylist() == [day]
    assert to_time(column([day], pa.timestamp("s")))[0].to_pylist() == [day]


def test_absurd_epochs_neither_raise_nor_wrap():
    times, bad = to_time(column([1e300, -1e300, float("nan"), -1.0]))
    assert bad.to_pylist() == [False, False, True, False]
    years = times.cast(pa.int64()).to_pylist()
    assert years[0] > 2**61
    assert years[1] < -(2**61)
    assert years[3] == -1_000_000


def test_empty_columns():
    empty = pa.chunked_array([], pa.string())
    for convert in (to_float, to_int, to_time):
        values, bad = convert(empty)
        assert (len(values), len(bad)) == (0, 0)


def test_renamed():
    found = renamed(column(["1", "2", None]), {"1": "one"})
    assert found.to_pylist() == ["one", "2", None]
    assert renamed(column(["1"]), {}).to_pylist() == ["1"]
