"""How long a search takes, what its index costs, and how well known products are found.

    python scripts/bench/search.py STORE                      # latency, build time, memory
    python scripts/bench/search.py STORE --known 400          # known items, on validation
    python scripts/bench/search.py STORE --known 400 --choose # … for several weights

Known items: searches made from titles by dropping words and misspelling one (fixed seed); the
right answer is the product the title is of. Weights are compared on even rows of the
catalogue (``--choose``), reported on odd ones (``--part 1``); docs/search.md tells the outcome.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from commerce.search import Searcher
from commerce.search_rank import SearchConfig
from gnn.teller import Teller
from kg.build import graph_of, schema_of
from kg.ids import local_part
from kg.snapshot import SnapshotStore

GRID = (
    {},
    {"meaning": 0.0},
    {"text": 0.0},
    {"title": 0.0},
    {"facts": 0.0},
    {"popular": 0.0},
    {"meaning": 0.25},
    {"meaning": 1.0},
    {"text": 0.6},
    {"text": 1.0},
    {"facts": 0.25},
    {"facts": 1.0},
    {"popular": 0.2},
    {"popular": 0.4},
)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("store", type=Path)
    options.add_argument("--searches", type=int, default=1_000)
    options.add_argument("--known", type=int, default=0)
    options.add_argument("--part", type=int, default=0, choices=(0, 1), help="even rows, or odd")
    options.add_argument("--choose", action="store_true")
    args = options.parse_args()
    store = SnapshotStore(args.store)
    snapshot = store.current()
    teller = Teller.current(store) if snapshot.has_model else None
    kg = graph_of(snapshot) if teller is None else teller.kg
    schema = schema_of(snapshot) if teller is None else teller.schema
    before, started = _memory_mb(), time.perf_counter()
    processor = time.process_time()
    searcher = Searcher(kg, schema, None if teller is None else teller.recommender)
    print(
        f"{kg.products.num_rows:,} products; index made in {time.perf_counter() - started:.1f} s "
        f"({time.process_time() - processor:.1f} s of the processor), "
        f"{_memory_mb() - before:.0f} MB more"
    )
    titles = kg.products["title"].to_pylist()
    if args.known:
        _known(searcher, titles, args.known, args.part, choose=args.choose)
    else:
        _latency(searcher, titles, args.searches)


def made_from(title: str, chance: random.Random) -> str | None:
    """A search somebody might type for a title: some of its words, one maybe misspelt."""
    words = [word for word in title.lower().split() if word.isalpha() and word.isascii()]
    if len(words) < 3:
        return None
    kept = sorted(chance.sample(range(len(words)), min(len(words), chance.randint(2, 4))))
    words = [words[at] for at in kept]
    long = [at for at, word in enumerate(words) if len(word) > 5]
    if long and chance.random() < 0.4:
        at = chance.choice(long)
        words[at] = _misspelt(words[at], chance)
    return " ".join(words)


def _misspelt(word: str, chance: random.Random) -> str:
    at = chance.randint(1, len(word) - 2)
    kind = chance.randint(0, 2)
    if kind == 0:  # two letters swapped
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:  # one left out
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at] + word[at:]  # one doubled


def _latency(searcher: Searcher, titles: Sequence[str], count: int) -> None:
    chance = random.Random(0)
    extras = ("", " under £20", " not red", " gift for mum", " without plastic", "")
    seconds: list[tuple[float, float]] = []  # by the clock, of the processor
    while len(seconds) < count:
        text = made_from(chance.choice(titles), chance)
        if text is None:
            continue
        text += chance.choice(extras)
        clock, processor = time.perf_counter(), time.process_time()
        searcher.search(text, 10)
        seconds.append((time.perf_counter() - clock, time.process_time() - processor))
    spent = np.array(seconds[len(seconds) // 20 :]) * 1_000  # without the first, cold ones
    print(f"{len(spent)} searches, ms (on a busy machine, processor time is the fairer):")
    for name, each in zip(("clock", "processor"), spent.T, strict=True):
        shown = ", ".join(f"p{p} {np.percentile(each, p):.1f}" for p in (50, 90, 99))
        print(f"  {name}: {shown}, mean {each.mean():.1f}")


def _known(
    searcher: Searcher, titles: Sequence[str], count: int, part: int, *, choose: bool
) -> None:
    chance = random.Random(1)
    rows = [row for row in range(len(titles)) if row % 2 == part]
    asked = []
    for row in chance.sample(rows, min(len(rows), 4 * count)):
        text = made_from(titles[row], chance)
        if text is not None and len(asked) < count:
            asked.append((row, text))
    products = searcher.index.products
    print(
        f"{len(asked)} known items, such as {asked[0][1]!r} for {local_part(products[asked[0][0]])}"
    )
    base = searcher.config
    for change in GRID if choose else GRID[:1]:
        searcher.config = SearchConfig(**{**base.model_dump(), **change})
        ranks = [_rank(searcher, row, text) for row, text in asked]
        mrr = float(np.mean([1 / rank if rank else 0 for rank in ranks]))
        at = [100 * float(np.mean([0 < rank <= k for rank in ranks])) for k in (1, 10)]
        print(
            f"{change or 'as it is'!s:24} MRR@10 {mrr:.4f}  first {at[0]:.1f} %  "
            f"top ten {at[1]:.1f} %"
        )


def _rank(searcher: Searcher, row: int, text: str) -> int:
    hits = searcher.search(text, 10, in_stock=False).hits
    return next((rank for rank, hit in enumerate(hits, start=1) if hit.row == row), 0)


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
