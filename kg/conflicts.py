"""Where sources contradict each other: told, never settled in silence.

In: the facts as stated, before they are made unique, and the curated ones. Out: the facts with what
was curated applied, and `Conflict` records, written to ``conflicts.jsonl`` of a snapshot. Kinds:

=========== =====================================================================================
values      a relation that is an ``owl:FunctionalProperty`` has several values
attribute   an attribute of the catalogue says one thing, the words of the title another
translation the title in another language shares no value with the title
overruled   a curated fact took others out
unused      a curated fact had no effect: its product is gone, or nothing was there to reject
=========== =====================================================================================

Values that fall under one another (navy, blue) do not contradict each other. But for overruled
ones, all values stay in the graph until somebody decides (`kg.curated`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc

from kg.curated import ANY, CuratedFact
from kg.fact_rows import fact_table
from kg.ontology_terms import Schema
from kg.records import Fact

__all__ = [
    "CONFLICTS_FILE",
    "Conflict",
    "Value",
    "apply_curated",
    "find_conflicts",
    "read_conflicts",
    "write_conflicts",
]

Kind = Literal["values", "attribute", "translation", "overruled", "unused"]
CONFLICTS_FILE: Final = "conflicts.jsonl"


@dataclass(frozen=True, slots=True)
class Value:
    """One side of a conflict."""

    object: str
    source: str  # as of a fact
    field: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """What contradicts what."""

    subject: str
    relation: str
    kind: Kind
    values: tuple[Value, ...]
    note: str = ""  # reason and place of a curated fact

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What conflicts are sorted by."""
        return self.subject, self.relation, self.kind, self.note


def write_conflicts(conflicts: Sequence[Conflict], path: Path) -> None:
    """One line of JSON a conflict."""
    lines = [json.dumps(asdict(item), ensure_ascii=False) + "\n" for item in conflicts]
    path.write_text("".join(lines), encoding="utf-8")


def read_conflicts(path: Path) -> list[dict[str, Any]]:
    """What `write_conflicts` wrote, as plain values; none where there is no such file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def apply_curated(
    facts: pa.Table, curated: Sequence[CuratedFact], products: Iterable[str], schema: Schema
) -> tuple[pa.Table, list[Conflict]]:
    """Take out what is rejected and add what is asserted.

    An assertion about a functional relation takes the other values out.

    Args:
        facts: stated ones, `FACT_SCHEMA`, not yet unique.
        curated: see `kg.curated.read_curated`.
        products: compact ids of the catalogue.
        schema: says which relations are functional.
    """
    if not curated:
        return facts, []
    known = set(products)
    conflicts: list[Conflict] = []
    asserted = []
    for item in curated:
        if item.subject not in known:
            conflicts.append(_noted("unused", item, (), "no such product"))
            continue
        relation = schema.relations[item.relation]
        of_it = pc.and_(
            pc.equal(facts["subject"], item.subject), pc.equal(facts["relation"], item.relation)
        )
        same = pc.and_(of_it, pc.equal(facts["object"], item.object))
        out = same
        if item.action == "assert":
            datatype = relation.range[0] if relation.is_literal else None
            text = item.reason or item.name or None
            asserted.append(Fact(*item.key, datatype, source="curated", text=text))
            single = relation.is_literal or relation.is_functional
            out = pc.and_not(of_it, same) if single else pc.and_(same, False)
        elif item.object == ANY:
            out = of_it
        taken = _values(facts.filter(out))
        if taken:
            conflicts.append(_noted("overruled", item, taken))
        elif item.action == "reject":
            conflicts.append(_noted("unused", item, (), "nothing to reject"))
        facts = facts.filter(pc.invert(out))
    return pa.concat_tables([facts, fact_table(asserted)]), conflicts


def _noted(kind: Kind, item: CuratedFact, values: tuple[Value, ...], why: str = "") -> Conflict:
    place = item.file if item.line is None else f"{item.file}:{item.line}"
    said = f"{item.action} {item.object} ({place})"
    note = ": ".join(part for part in (said, why or item.reason) if part)
    return Conflict(item.subject, item.relation, kind, values, note)


def _values(facts: pa.Table) -> tuple[Value, ...]:
    rows = facts.select(["object", "source", "field", "text"]).to_pylist()
    return tuple(sorted({Value(**row) for row in rows}, key=_by_text))


def _by_text(value: Value) -> tuple[str, ...]:
    return value.object, value.source, value.field or "", value.text or ""


def find_conflicts(facts: pa.Table, schema: Schema) -> list[Conflict]:
    """What stated facts contradict: several values, attribute or translation against the title.

    Args:
        facts: with what was curated applied, not yet unique (`FACT_SCHEMA`).
        schema: says which relations are functional, and what falls under what.
    """
    return [*_several_values(facts, schema), *_against_title(facts, schema)]


def _several_values(facts: pa.Table, schema: Schema) -> list[Conflict]:
    single = [r.id for r in schema.relations.values() if r.is_functional or r.is_literal]
    of_them = facts.filter(pc.is_in(facts["relation"], pa.array(single, pa.string())))
    counted = of_them.group_by(["subject", "relation"]).aggregate([("object", "count_distinct")])
    several = counted.filter(pc.greater(counted["object_count_distinct"], 1))
    found = []
    few = of_them.filter(pc.is_in(of_them["subject"], several["subject"].combine_chunks()))
    for key, values in sorted(_sides(few).items()):
        if len({value.object for value in values}) > 1:
            found.append(Conflict(*key, "values", tuple(sorted(values, key=_by_text))))
    return found


def _against_title(facts: pa.Table, schema: Schema) -> list[Conflict]:
    read = facts.filter(pc.equal(facts["source"], "phrase"))
    field = pc.fill_null(read["field"], "")
    others: tuple[tuple[Kind, str], ...] = (("attribute", "attributes."), ("translation", "title@"))
    title = pc.equal(field, "title")
    found = []
    for kind, prefix in others:
        other = read.filter(pc.starts_with(field, prefix))
        both = other.select(["subject", "relation"]).group_by(["subject", "relation"]).aggregate([])
        subjects = pc.is_in(read["subject"], both["subject"].combine_chunks())
        sides = (_sides(other), _sides(read.filter(pc.and_(title, subjects))))
        for key in sorted(sides[0].keys() & sides[1].keys()):
            one, two = sides[0][key], sides[1][key]
            if not _agree({v.object for v in one}, {v.object for v in two}, schema):
                found.append(Conflict(*key, kind, tuple(sorted({*one, *two}, key=_by_text))))
    return found


def _sides(facts: pa.Table) -> Mapping[tuple[str, str], set[Value]]:
    sides: dict[tuple[str, str], set[Value]] = defaultdict(set)
    columns = ["subject", "relation", "object", "source", "field", "text"]
    for row in facts.select(columns).to_pylist():
        key = (row.pop("subject"), row.pop("relation"))
        sides[key].add(Value(**row))
    return sides


def _agree(one: set[str], two: set[str], schema: Schema) -> bool:
    """Whether some value of each falls under, or is, a value of the other."""
    return any(
        left in _above(right, schema) or right in _above(left, schema)
        for left in one
        for right in two
    )


def _above(concept: str, schema: Schema) -> set[str]:
    line = [concept]
    for name in line:
        known = schema.concepts.get(name)
        line += [above for above in (known.broader if known else ()) if above not in line]
    return set(line)
