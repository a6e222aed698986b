"""Spellings that became one brand, drawn to be judged by eye.

usage: python scripts/bench/brands.py DATASET [DATASET ...] [--count 100] [--seed 7]
           [--reader STORE ...]

A *merge* is a spelling and the name its brand goes by, of the catalogue or of a title read by a
trained reader (``--reader``: a store for each dataset). Each line holds both, how often they were
met, and a title of each. Whether they are one maker is for a reader to say.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from kg.brands import resolve_brands
from kg.catalog import read_dataset
from kg.extract import Extractor
from kg.extract.trained import TRAINED
from kg.names import Names
from kg.records import Product
from kg.schema import load_schema
from kg.snapshot import SnapshotStore


class Merge(NamedTuple):
    """A spelling, the brand's name, products of each, and a title of each."""

    spelling: str
    brand: str
    spelt_so: int
    named_so: int
    title: str
    brand_title: str


def main() -> None:
    """Draw and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("datasets", type=Path, nargs="+")
    parser.add_argument("--reader", type=Path, nargs="*", default=[])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    found = []
    for path, store in zip_longest(options.datasets, options.reader):
        found += merges(read_dataset(path).products, store and SnapshotStore(store).reader)
    drawn = random.Random(options.seed).sample(found, min(options.count, len(found)))
    print(f"{len(drawn)} of {len(found)} merges")
    for merge in sorted(drawn):
        print(*merge, sep="\t")


def merges(products: list[Product], reader: Path | None = None) -> list[Merge]:
    """All merges of a catalogue, in the alphabet's order."""
    stated = Counter(p.brand for p in products if p.brand)
    names = Names("brand", resolve_brands(stated))
    titles: dict[str, list[str]] = defaultdict(list)
    for name, title in [*_stated(products), *(_read(products, reader) if reader else ())]:
        names.entity(name)
        titles[name].append(title)
    chosen = names.chosen()
    return sorted(
        Merge(name, best, count, spellings[best], titles[name][0], titles[best][0])
        for compact_id, spellings in names.alternatives().items()
        for best in [chosen[compact_id]]
        for name, count in spellings.items()
        if name != best
    )


def _stated(products: list[Product]) -> Iterator[tuple[str, str]]:
    for product in products:
        if product.brand:
            yield product.brand, product.title


def _read(products: list[Product], reader: Path) -> Iterator[tuple[str, str]]:
    unstated = [product for product in products if not product.brand]
    extractor = Extractor(load_schema(), sorted({p.language for p in unstated}), reader)
    for product, mentions in zip(unstated, extractor.mentions(unstated), strict=True):
        for mention in mentions:
            if mention.component == TRAINED and mention.object.startswith("brand:"):
                yield mention.text, product.title


if __name__ == "__main__":
    main()
