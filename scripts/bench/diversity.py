"""The diversity knob on real shops: its curve, the method it was chosen over, and its latency.

usage: python scripts/bench/diversity.py DATA [--datasets NAME ...] [--cache FILE] [--users 2000]
                                         [--json] [--plot FILE.png]

DATA is a directory with the datasets of SETTINGS. Everything is measured on validation parts, with
settings fixed beforehand and a seeded sample of users; `clew evaluate DATASET --diversity` does the
same with settings tuned on validation. Maximal marginal relevance (`gnn.rerank`) is compared with a
determinantal point process (`dpp` below) by NDCG where both have reached the same distance within
the list.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from gnn.experiment import prepare
from gnn.fit import fit_model, read_training
from gnn.fusion import HeadConfig
from gnn.history import HistoryConfig
from gnn.likeness import Vectors
from gnn.printing_reports import print_curve
from gnn.rerank import Diversity, places, rerank
from gnn.tradeoff import KNOB, Sample, curve, validation_sample
from kg.cli_support import TerminalProgress

SETTINGS = {
    "amazon-beauty": HeadConfig(text_weight=10, history=HistoryConfig(recency=1.0)),
    "amazon-scientific": HeadConfig(history=HistoryConfig(recency=0.7)),
    "online-retail": HeadConfig(regularization=500),
}
K = 10
DPP_PENALTY = 3.0
LEAST_LEFT = 1e-6


def dpp(
    scores: NDArray[np.floating], vectors: Vectors, k: int, config: Diversity
) -> list[tuple[int, float | None]]:
    """Fast greedy MAP inference of a determinantal point process, O(k² m) (Chen et al. 2018).

    The next product is ``argmax_j z_j + DPP_PENALTY · diversity · log d_j²``, with ``d_j²`` what
    the chosen leave unexplained of ``j``: ``det C_{S∪j} = d_j² det C_S``; arguments as of
    `gnn.rerank.rerank`.
    """
    spread = scores.std()
    z = (scores - scores[0]) / spread if spread > 0 else np.zeros(len(scores))
    k = min(k, len(scores))
    left, parts = np.ones(len(scores)), np.zeros((k, len(scores)))
    chosen = [0]
    for step in range(k - 1):
        at = chosen[-1]
        z[at] = -np.inf
        parts[step] = vectors.cosines(at) - parts[:step, at] @ parts[:step]
        parts[step] /= np.sqrt(left[at])
        left = np.maximum(left - parts[step] ** 2, LEAST_LEFT)
        chosen.append(int(np.argmax(z + DPP_PENALTY * config.diversity * np.log(left))))
    return [(at, None) for at in chosen]


def at_equal_distance(
    mmr: Sequence[dict[str, float]], other: Sequence[dict[str, float]]
) -> list[dict[str, float]]:
    """Change of NDCG of both methods where their lists are equally spread, by interpolation."""
    first, last = mmr[0], min(mmr[-1][f"ild@{K}"], other[-1][f"ild@{K}"])
    grid = np.linspace(first[f"ild@{K}"], last, 6)[1:]
    found = {
        name: np.interp(grid, *([p[f"{m}@{K}"] for p in points] for m in ("ild", "ndcg")))
        for name, points in (("mmr", mmr), ("dpp", other))
    }
    return [
        {"ild": float(ild)}
        | {name: float(ndcg[at] / first[f"ndcg@{K}"] - 1) for name, ndcg in found.items()}
        for at, ild in enumerate(grid)
    ]


def latency(head: Any, sample: Sample, candidates: int) -> dict[str, float]:
    """Milliseconds of choosing 10 of some candidates, one user at a time, vectors included."""
    config = Diversity(diversity=0.3)
    spent = []
    for rows, scores in zip(sample.candidates[:500], sample.scores[:500], strict=False):
        rows, scores = rows[:candidates], scores[:candidates]  # noqa: PLW2901
        since = time.perf_counter()
        places(head, rows[rows >= 0], scores[rows >= 0], K, config)
        spent.append(1e3 * (time.perf_counter() - since))
    return {f"p{q}": float(np.percentile(spent, q)) for q in (50, 99)}


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Everything about one dataset."""
    with TerminalProgress() as progress:
        ready = prepare(options.data / name, cache=options.cache, watch=progress)
    model = fit_model(
        ready.kg, ready.schema, ready.split.train, text=ready.vectors, config=SETTINGS[name]
    )
    sample = validation_sample(
        ready.kg, ready.schema, ready.split, model, candidates=200, max_users=options.users
    )
    data = read_training(ready.split.train, model.products, model.config)
    hundred = sample.best(Diversity().candidates)
    points, of_dpp = (curve(hundred, k=K, choose=choose) for choose in (rerank, dpp))
    return {
        "split": ready.split.description,
        "users": len(sample.candidates),
        "training users": len(data.users),
        "products": len(model.products),
        "curve": points,
        "dpp": of_dpp,
        "at equal distance": at_equal_distance(points, of_dpp),
        "latency ms": {m: latency(model.head, sample, m) for m in (100, 200)},
    }


def show(console: Console, name: str, found: dict[str, Any]) -> None:
    """Print one dataset's tables."""
    console.print(f"\n[bold]{name}[/]: {found['users']} users, {found['split']}")
    print_curve(console, found["curve"])
    for row in found["at equal distance"]:
        console.print(f"at ILD {row['ild']:.3f}: mmr {row['mmr']:+.1%}, dpp {row['dpp']:+.1%} NDCG")
    for candidates, ms in found["latency ms"].items():
        console.print(f"{candidates} candidates: p50 {ms['p50']:.2f} ms, p99 {ms['p99']:.2f} ms")


def plot(results: dict[str, Any], file: Path) -> None:
    """Draw NDCG kept against distance within the list; needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    for name, found in results.items():
        points = found["curve"]
        kept = [point[f"ndcg@{K}"] / points[0][f"ndcg@{K}"] for point in points]
        axes.plot([point[f"ild@{K}"] for point in points], kept, marker="o", label=name)
    axes.set_xlabel(f"distance within the list, ILD@{K}")
    axes.set_ylabel(f"NDCG@{K} kept")
    axes.legend()
    figure.savefig(file, dpi=120, bbox_inches="tight")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--datasets", nargs="+", default=sorted(SETTINGS), choices=SETTINGS)
    parser.add_argument("--cache", type=Path, default=Path("text-cache.sqlite"))
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    results = {name: measure(name, options) for name in options.datasets}
    if options.plot:
        plot(results, options.plot)
    if options.json:
        print(json.dumps({"knob": KNOB, **results}, indent=1))
    else:
        for name, found in results.items():
            show(Console(width=160), name, found)


if __name__ == "__main__":
    main()
