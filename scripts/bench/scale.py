"""What catalogues of many sizes cost: fit, memory, latency of ten explained recommendations.

usage: python scripts/bench/scale.py [--products 1000,10000] [--head auto|dense|low_rank] [--json]

Each size runs in a process of its own, so that the peak of memory is its own. The shop is made from
a seed (`scripts/bench/synthetic.py`); the numbers below are of this machine, under whatever else it
does. Steps: channels (facts to matrices), fit (the head), save, load; then requests in turn, each
ten recommendations with their paths: p50 and p99 in milliseconds, after ten to warm up.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

STEPS = ("make", "channels", "fit", "save", "load")


def measure(num_products: int, kind: str, rank: int, requests: int) -> dict[str, Any]:
    """Fit, save, load and ask a head of one size."""
    from synthetic import make_shop

    from gnn.channels import read_channels
    from gnn.fit import fit_model
    from gnn.fusion import HeadConfig
    from gnn.score import Recommender
    from gnn.storage import save_model
    from kg.ids import Vocabulary
    from kg.schema import load_schema

    seconds: dict[str, float] = {}

    @contextmanager
    def clock(step: str) -> Iterator[None]:
        since = time.perf_counter()
        yield
        seconds[step] = round(time.perf_counter() - since, 2)
        print(
            f"{num_products}: {step} {seconds[step]} s, peak {peak() / 1e9:.2f} GB", file=sys.stderr
        )

    schema, config = load_schema(), HeadConfig(kind=kind, rank=rank)
    with clock("make"):
        shop = make_shop(num_products)
    with clock("channels"):
        products = Vocabulary(shop.kg.products["id"].to_pylist())
        channels = read_channels(shop.kg, schema, products, damping=config.ancestor_damping)
    before = peak()
    with clock("fit"):
        model = fit_model(
            shop.kg,
            schema,
            shop.kg.interactions,
            text=shop.text,
            config=config,
            channels=channels,
        )
    found = {
        "products": num_products,
        "head": model.choice.kind,
        "facts": len(model.head.features.data),
        "events": shop.kg.interactions.num_rows,
        "error": model.head.error,
        "peak_before_fit_gb": round(before / 1e9, 2),
        "peak_fit_gb": round(peak() / 1e9, 2),
    }
    sample = histories(shop.kg.interactions, requests + 10)
    with tempfile.TemporaryDirectory() as directory:
        with clock("save"):
            save_model(model, Path(directory))
        del model, shop, channels
        size = sum(path.stat().st_size for path in Path(directory).iterdir())
        with clock("load"):
            recommender = Recommender.load(Path(directory))
        found |= {"files_gb": round(size / 1e9, 3), "seconds": seconds}
        return found | latency(recommender, sample)


def histories(interactions: Any, count: int) -> list[list[str]]:
    """Products of some users with three or more, evenly taken."""
    table = interactions.select(["user_id", "product_id"]).sort_by("user_id")
    users = table["user_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    starts = np.flatnonzero(np.r_[True, np.diff(users) != 0, True])
    usable = np.flatnonzero(np.diff(starts) >= 3)
    chosen = usable[np.linspace(0, len(usable) - 1, count).astype(int)]
    return [table["product_id"][starts[at] : starts[at + 1]].to_pylist() for at in chosen]


def latency(recommender: Any, sample: list[list[str]]) -> dict[str, Any]:
    """Milliseconds of ranking alone and of ranking and explaining; recall of the shortlist."""
    from gnn.explain import explain
    from gnn.history import Event

    ranking, whole, recall = [], [], []
    for bought in sample:
        since = time.perf_counter()
        history = recommender.history([Event(name, position=at) for at, name in enumerate(bought)])
        best = recommender.recommend(history, 10)
        ranked = time.perf_counter()
        told = explain(recommender.model, history, [item.row for item in best])
        ranking.append(1e3 * (ranked - since))
        whole.append(1e3 * (time.perf_counter() - since))
        for item, explained in zip(best, told, strict=True):
            assert abs(item.score - explained.score) <= 1e-5 * max(1, abs(item.score))
            assert explained.error <= 1e-5 * max(1, abs(item.score))
        if len(recall) < 50:
            exact = {item.row for item in recommender.recommend(history, 10, exact=True)}
            recall.append(len(exact & {item.row for item in best}) / max(1, len(exact)))
    return {
        "rank_p50_ms": round(float(np.percentile(ranking[10:], 50)), 2),
        "rank_p99_ms": round(float(np.percentile(ranking[10:], 99)), 2),
        "p50_ms": round(float(np.percentile(whole[10:], 50)), 2),
        "p99_ms": round(float(np.percentile(whole[10:], 99)), 2),
        "recall_at_10": round(float(np.mean(recall)), 4),
    }


def peak() -> int:
    """Most memory this process has held, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Measure each size in its own process and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", default="1000,10000")
    parser.add_argument("--head", default="auto", choices=("auto", "dense", "low_rank"))
    parser.add_argument("--rank", type=int, default=256)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    for size in (int(part) for part in args.products.split(",")):
        with context.Pool(1) as pool:
            found = pool.apply(measure, (size, args.head, args.rank, args.requests))
        if args.json:
            print(json.dumps(found), flush=True)
            continue
        spent = " ".join(f"{step} {found['seconds'][step]:.1f}s" for step in STEPS)
        print(
            f"{size:>9} {found['head']:8} {spent} | peak {found['peak_fit_gb']:.2f} GB, files "
            f"{found['files_gb']:.2f} GB | p50 {found['p50_ms']} ms, p99 {found['p99_ms']} ms, "
            f"recall@10 {found['recall_at_10']:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
