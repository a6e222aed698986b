"""How well searches are understood, against labels by hand (docs/labelling.md).

    python scripts/bench/queries.py                   # the 150, for reporting
    python scripts/bench/queries.py --dev --wrong     # the others, for developing

Searches of the sample shop are read against the catalogue that ships with Clew; those of Online
Retail need its file (``--retail``) and are left out, and said to be, where it is missing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from kg.catalog import read_dataset, sample_path
from kg.extract import Extractor
from kg.extract.query import QueryReader
from kg.extract.query_terms import Part, Query
from kg.extract.shop_words import read_shop_words
from kg.facts import build_graph
from kg.ids import entity_id, local_part
from kg.schema import load_schema

ROOT = Path(__file__).parents[2]
LABELS = ROOT / "tests" / "labelled"
RETAIL = ROOT.parent / "shared" / "data" / "online-retail" / "online_retail.parquet"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--dev", action="store_true", help="the set for developing")
    options.add_argument("--wrong", action="store_true", help="show what is not right")
    options.add_argument("--retail", type=Path, default=RETAIL)
    args = options.parse_args()
    name = "queries.dev.jsonl" if args.dev else "queries.jsonl"
    lines = (LABELS / name).read_text(encoding="utf-8").splitlines()
    shops: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        row = json.loads(line)
        shops[row["shop"]].append(row)
    tally: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for shop, rows in shops.items():
        path = sample_path() if shop == "sample" else args.retail
        if not path.exists():
            print(f"{len(rows)} searches of {shop} are left out: {path} is missing")
            continue
        _judge(reader_of(path), rows, tally, show=args.wrong)
    _print(tally)


def reader_of(path: Path) -> QueryReader:
    """A reader of the searches of a dataset's shop."""
    schema = load_schema()
    dataset = read_dataset(path)
    kg = build_graph(dataset, schema, Extractor(schema, ("en", "zh")), pseudonym_key=b"bench")
    return QueryReader(schema, read_shop_words(kg.products, kg.entities, kg.facts))


def _judge(
    reader: QueryReader,
    rows: list[dict[str, Any]],
    tally: dict[str, list[tuple[bool, bool]]],
    *,
    show: bool,
) -> None:
    reader.read("warm up")
    for row in rows:
        started = time.perf_counter()
        query = reader.read(row["query"])
        tally["seconds"].append((bool(time.perf_counter() - started < 0.005), True))
        intent = query.intent in row["intent"].split("|")
        faults = faults_of(row, query)
        for group in ("all", row["language"], row["shop"], row["intent"].split("|")[0]):
            tally[group].append((intent, not faults))
        if show and (faults or not intent):
            wanted = "" if intent else f" (labelled {row['intent']})"
            print(f"{row['query']!r}: {query.intent}{wanted}; {'; '.join(faults)}")


def faults_of(row: dict[str, Any], query: Query) -> list[str]:
    """What is missing from a query, what is too much in it, against its label."""
    faults = []
    for role in ("want", "not", "about"):
        parts = [part for part in query.parts if part.role == role]
        faults += [f"{role} {fault}" for fault in _unmatched(row[role], parts)]
    low, high = row.get("price", (None, None))
    price = query.price
    ends = (price and price.least, price and price.most)
    if tuple(None if e is None else float(e) for e in ends) != (low, high):
        faults.append(f"price {ends}, labelled {(low, high)}")
    for flag in ("cheap", "in_stock"):
        if getattr(query, flag) != row.get(flag, False):
            faults.append(f"{flag} is {getattr(query, flag)}")
    return faults


def _unmatched(labels: list[str], parts: list[Part]) -> list[str]:
    left = list({tuple(names): names for names in map(names_of, parts)}.values())  # each once
    faults = []
    for label in sorted(labels, key=lambda text: text.startswith("?")):
        either = set(label.removeprefix("?").split("|"))
        at = next((i for i, names in enumerate(left) if names[0] in either), None)
        if at is None:
            at = next((i for i, names in enumerate(left) if either & set(names)), None)
        if at is not None:
            del left[at]
        elif not label.startswith("?"):
            faults.append(f"lacks {label}")
    return [*faults, *(f"has {names[0]}" for names in left)]


def names_of(part: Part) -> list[str]:
    """What a part names, as labels spell it."""
    if part.kind == "text":
        return [f"text:{part.id.replace(' ', '-')}"]
    prefix = "" if part.compare == "=" else part.compare
    return [f"{prefix}{_readable(name)}" for name in part.ids]


def _readable(name: str) -> str:
    """A compact id without percent signs, as labels write it."""
    prefix = name.partition(":")[0]
    plain = f"{prefix}:{local_part(name)}"
    return plain if entity_id(prefix, local_part(name)) == name else name


def _print(tally: dict[str, list[tuple[bool, bool]]]) -> None:
    quick = tally.pop("seconds", [])
    print(f"\n{'':12} {'searches':>8} {'intent %':>9} {'constraints %':>14}")
    for group, judged in tally.items():
        intent = 100 * sum(i for i, _ in judged) / len(judged)
        right = 100 * sum(c for _, c in judged) / len(judged)
        print(f"{group:12} {len(judged):8} {intent:9.1f} {right:14.1f}")
    print(f"read in under 5 ms: {100 * sum(q for q, _ in quick) / max(len(quick), 1):.0f} %")


if __name__ == "__main__":
    main()
