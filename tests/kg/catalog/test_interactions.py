from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from kg.catalog.files import RawTable, cells_to_array
from kg.catalog.interactions import check_interactions, check_triples
from kg.records import INTERACTION_SCHEMA, TRIPLE_SCHEMA, Reject

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def raw(*rows):
    names = dict.fromkeys(name for row in rows for name in row)
    table = pa.table({name: cells_to_array([row.get(name) for row in rows]) for name in names})
    return RawTable(table, range(1, len(rows) + 1), len(rows))


def check(*rows, **settings):
    return check_interactions("i.csv", raw(*rows), ["p1", "p2"], now=NOW, **settings)


def test_everything_at_once():
    table, rejects = check(
        {
            "user_id": 1,
            "product_id": " p1 ",
            "event": "Rating",
            "timestamp": "2011-12-01 08:26",
            "position": "3",
            "quantity": "2.5",
            "value": "5",
            "split": "train",
        }
    )
    assert not rejects
    assert table.schema == INTERACTION_SCHEMA
    assert table.to_pylist() == [
        {
            "user_id": "1",
            "product_id": "p1",
            "event": "rating",
            "timestamp": datetime(2011, 12, 1, 8, 26),
            "position": 3,
            "quantity": 2.5,
            "value": 5.0,
            "split": "train",
        }
    ]


def test_what_is_not_told_is_null_and_the_event_the_default():
    table, _ = check({"user_id": "u", "product_id": "p1"}, default_event="view")
    row = table.to_pylist()[0]
    assert row["event"] == "view"
    assert {row[name] for name in INTERACTION_SCHEMA.names[3:]} == {None}


@pytest.mark.parametrize(
    ("fields", "field", "reason", "value"),
    [
        ({"user_id": None}, "user_id", "missing user", ""),
        ({"user_id": " "}, "user_id", "missing user", ""),
        ({"user_id": "u" * 257}, "user_id", "too long", "u" * 200),
        ({"product_id": ""}, "product_id", "missing product", ""),
        ({"product_id": "p" * 257}, "product_id", "too long", "p" * 200),
        ({"product_id": "p9"}, "product_id", "unknown product", "p9"),
        ({"event": "stare"}, "event", "unknown event", "stare"),
        ({"timestamp": "soon"}, "timestamp", "bad timestamp", "soon"),
        ({"timestamp": "1969-01-01"}, "timestamp", "timestamp too early", "1969-01-01"),
        ({"timestamp": 0}, "timestamp", "timestamp too early", "0"),
        ({"timestamp": "9999-01-01"}, "timestamp", "timestamp in future", "9999-01-01"),
        ({"timestamp": 2.5e20}, "timestamp", "timestamp in future", "2.5e+20"),
        (
            {"timestamp": "2026-01-02 00:01"},
            "timestamp",
            "timestamp in future",
            "2026-01-02 00:01",
        ),
        ({"position": -1}, "position", "bad position", "-1"),
        ({"position": 1.5}, "position", "bad position", "1.5"),
        ({"quantity": 0}, "quantity", "bad quantity", "0"),
        ({"quantity": "two"}, "quantity", "bad quantity", "two"),
        ({"quantity": float("nan")}, "quantity", "bad quantity", "nan"),
        ({"value": -1}, "value", "bad value", "-1"),
        ({"value": "inf"}, "value", "bad value", "inf"),
        ({"split": "holdout"}, "split", "unknown split", "holdout"),
    ],
)
def test_reasons(fields, field, reason, value):
    good = {"user_id": "u", "product_id": "p1"}
    table, rejects = check(good, {**good, **fields}, good)
    assert rejects == [Reject("i.csv", 2, field, reason, value)]
    assert table.num_rows == 2


def test_only_the_first_reason_counts():
    _, rejects = check({"user_id": "", "product_id": "p9", "event": "stare"})
    assert [item.reason for item in rejects] == ["missing user"]


def test_a_day_of_grace_for_clocks():
    late = (NOW + timedelta(hours=23)).isoformat()
    table, _ = check({"user_id": "u", "product_id": "p1", "timestamp": late})
    assert table.num_rows == 1


def test_the_clock_is_now_by_default():
    late = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    rows = raw({"user_id": "u", "product_id": "p1", "timestamp": late})
    _, rejects = check_interactions("i.csv", rows, None)
    assert [item.reason for item in rejects] == ["timestamp in future"]


def test_settings_of_formats():
    row = {"user_id": "u", "product_id": "p9", "value": -1}
    table, rejects = check_interactions("i", raw(row), None, least_value=None, now=NOW)
    assert (table.num_rows, rejects) == (1, [])


def test_lines_are_those_of_the_file_and_its_own_rejects_are_kept():
    broken = Reject("i.csv", 1, "", "broken JSON line")
    table = pa.table({"user_id": ["u", ""], "product_id": ["p1", "p1"]})
    _, rejects = check_interactions("i.csv", RawTable(table, [2, 7], 3, [broken]), ["p1"])
    assert [(item.line, item.reason) for item in rejects] == [
        (1, "broken JSON line"),
        (7, "missing user"),
    ]


def test_no_rows():
    table = pa.table({"user_id": pa.array([], pa.string()), "product_id": pa.array([], pa.int64())})
    interactions, rejects = check_interactions("i", RawTable(table, [], 0), [])
    assert (interactions.num_rows, interactions.schema, rejects) == (0, INTERACTION_SCHEMA, [])


def test_triples():
    rows = raw(
        {"subject": "p1", "predicate": "also_bought", "object": 7},
        {"subject": None, "predicate": "also_bought", "object": 7},
        {"subject": "p1", "predicate": "", "object": 7},
        {"subject": "p1", "predicate": "also_bought", "object": "x" * 300},
    )
    triples, rejects = check_triples("t.csv", rows)
    assert triples.schema == TRIPLE_SCHEMA
    assert triples.to_pylist() == [{"subject": "p1", "predicate": "also_bought", "object": "7"}]
    assert [(item.line, item.field, item.reason) for item in rejects] == [
        (2, "subject", "missing subject"),
        (3, "predicate", "missing predicate"),
        (4, "object", "too long"),
    ]
