"""What a relationship that stands for events tells beside the fact: how often, when, how much.

In: interactions with compact ids. Out: one row per (user, product), columns as `event_types` says.
A fact says *that* something was bought; the fact table has no place for when. Analysts ask for
weeks and money, so both are put on the relationship, in days and ISO weeks, never finer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kg.ontology_terms import Relation

__all__ = ["EVENT_PROPERTIES", "event_rows", "event_types"]

EVENT_PROPERTIES: Mapping[str, tuple[Any, str]] = {
    "times": (pa.int64(), "how many events stand behind it"),
    "first_on": (pa.string(), "day of the first, 2026-03-02, UTC"),
    "last_on": (pa.string(), "day of the last"),
    "weeks": (pa.list_(pa.string()), "ISO weeks with one, ascending: ['2026-W09', '2026-W10']"),
    "quantity": (pa.float64(), "units in all; only of carts and purchases"),
    "spent": (pa.float64(), "sum of quantity × price paid; only of purchases"),
    "stars": (pa.float64(), "mean of the stars; only of ratings"),
}
"""Property -> its Arrow type and what it means. Null where the events do not say."""

_ONLY = {"quantity": {"cart", "purchase"}, "spent": {"purchase"}, "stars": {"rating"}}
_KEYS = ["user_id", "product_id"]
_DECIMALS = 4


def event_types(relation: Relation) -> dict[str, Any]:
    """Properties of a relation's relationships and their types; none if no event makes it."""
    events = set(_events(relation))
    return {
        name: kind
        for name, (kind, _) in EVENT_PROPERTIES.items()
        if events and events & _ONLY.get(name, events)
    }


def event_rows(interactions: pa.Table, relation: Relation) -> pa.Table:
    """Events of a relation by user and product: ``user_id``, ``product_id`` and `event_types`."""
    mine = interactions.filter(pc.is_in(interactions["event"], pa.array(_events(relation))))
    days = mine["timestamp"].cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
    units = pc.coalesce(mine["quantity"], pa.scalar(1.0))
    rows = pa.table(
        {
            **{key: mine[key] for key in _KEYS},
            "day": days,
            "week": _text(days, "%G-W%V"),
            "quantity": mine["quantity"],
            "spent": pc.multiply(units, mine["value"]),
            "stars": mine["value"],
        }
    )
    found = rows.group_by(_KEYS, use_threads=False).aggregate(
        [
            ("user_id", "count"),
            ("day", "min"),
            ("day", "max"),
            ("quantity", "sum"),
            ("spent", "sum"),
            ("stars", "mean"),
        ]
    )
    columns = {
        "times": found["user_id_count"],
        "first_on": _text(found["day_min"], "%Y-%m-%d"),
        "last_on": _text(found["day_max"], "%Y-%m-%d"),
        "weeks": _weeks(rows, found),
        "quantity": pc.round(found["quantity_sum"], _DECIMALS),
        "spent": pc.round(found["spent_sum"], _DECIMALS),
        "stars": pc.round(found["stars_mean"], _DECIMALS),
    }
    keys = {key: found[key] for key in _KEYS}
    return pa.table({**keys, **{name: columns[name] for name in event_types(relation)}})


def _events(relation: Relation) -> list[str]:
    kinds = (source.partition(":") for source in relation.sources)
    return [name for kind, _, name in kinds if kind == "event"]


def _text(days: Any, pattern: str) -> Any:
    """Days as text; each distinct one is written once."""
    encoded = _flat(days).dictionary_encode()
    return pc.strftime(encoded.dictionary, pattern).take(encoded.indices)


def _weeks(rows: pa.Table, found: pa.Table) -> Any:
    """Distinct weeks of each row of ``found``, ascending; null where no time is known."""
    known = rows.filter(pc.is_valid(rows["week"])).group_by([*_KEYS, "week"]).aggregate([])
    ordered = known.sort_by([(name, "ascending") for name in (*_KEYS, "week")])
    lists = ordered.group_by(_KEYS, use_threads=False).aggregate([("week", "list")])
    return _flat(lists["week_list"]).take(pc.index_in(_key(found), _key(lists)))


def _key(table: pa.Table) -> Any:
    return pc.binary_join_element_wise(*(_flat(table[key]) for key in _KEYS), " ")


def _flat(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
