"""The graph network on a made-up graph of a million nodes: seconds a step, memory, what it learns.

usage: python scripts/bench/gnn_scale.py [--products 400000] [--users 550000] [--steps 30]

Products belong to themes; users buy mostly within one; brands, categories and colours follow the
themes too, some of them hubs of a large part of the catalogue. Prints seconds a step, the peak
memory of the process, and how often a product bought by the same user is nearer than one drawn at
random, before training (text alone) and after.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import HeteroData

from gnn.events import EventColumns
from gnn.gnn_config import GnnConfig
from gnn.history import HistoryConfig
from gnn.targets import Targets
from gnn.train_gnn import RunConfig, epoch_steps, fit_gnn
from gnn.vectors import unit_rows

Edges = NDArray[np.int64]  # (2, edges)
WIDTH = 64  # of the made-up text vectors
CONCEPTS = {"Brand": 40_000, "Category": 5_000, "Colour": 24}


def main() -> None:
    """Make the graph, train, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=400_000)
    parser.add_argument("--users", type=int, default=550_000)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--dim", type=int, default=64)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    theme = rng.integers(0, 2000, options.products)
    bought = _purchases(theme, options.users, rng)
    data = _graph(theme, bought, options.users, rng)
    columns = EventColumns(
        users=bought[0],
        products=bought[1],
        events=np.full(bought.shape[1], 2),
        moments=np.arange(bought.shape[1]),
        days=None,
    )
    config = GnnConfig(dim=options.dim, epochs=1, batch_size=512, negatives=512)
    targets = _Some(columns, HistoryConfig(), options.steps, config)
    before = _nearer(unit_rows(data["Product"].x.numpy()), bought, rng)
    began = time.perf_counter()
    found = fit_gnn(data, targets, config, RunConfig(threads=1))
    report = {
        "nodes": data.num_nodes,
        "edges": data.num_edges,
        "epoch_steps": epoch_steps(bought.shape[1], config),
        "steps": options.steps,
        "seconds": round(time.perf_counter() - began, 1),
        "peak_memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        "nearer_before": before,
        "nearer_after": _nearer(found.z_products, bought, rng),
        "loss": found.losses[-1],
    }
    print(json.dumps(report, indent=1))


class _Some(Targets):
    """The first steps of an epoch."""

    def __init__(
        self, columns: EventColumns, history: HistoryConfig, steps: int, config: GnnConfig
    ) -> None:
        super().__init__(
            columns, history, per_user=config.targets_per_user, window=config.max_history
        )
        self._eligible = self._eligible[:: max(1, len(self._eligible) // (steps * 512))]


def _purchases(theme: NDArray[np.int64], users: int, rng: np.random.Generator) -> Edges:
    """Eight purchases a user, four in five of them within the user's theme."""
    order = np.argsort(theme, kind="stable")
    start = np.searchsorted(theme[order], np.arange(theme.max() + 2))
    own = rng.integers(0, theme.max() + 1, users).repeat(8)
    size = start[own + 1] - start[own]
    inside = order[start[own] + (rng.random(len(own)) ** 2 * size).astype(np.int64)]
    anywhere = (rng.random(len(own)) ** 2 * len(theme)).astype(np.int64)
    product = np.where(rng.random(len(own)) < 0.8, inside, anywhere)
    return np.unique(np.stack([np.arange(users).repeat(8), product]), axis=1)


def _graph(
    theme: NDArray[np.int64], bought: Edges, users: int, rng: np.random.Generator
) -> HeteroData:
    data = HeteroData()
    data["User"].num_nodes = users
    centre = rng.normal(size=(theme.max() + 1, WIDTH)).astype(np.float32)
    noise = rng.normal(size=(len(theme), WIDTH)).astype(np.float32)
    data["Product"].x = torch.from_numpy(unit_rows(centre[theme] + 3 * noise))
    data["Product"].num_nodes = len(theme)
    edges = {("User", "BOUGHT", "Product"): bought}
    for label, size in CONCEPTS.items():
        data[label].num_nodes = size
        data[label].x = torch.from_numpy(unit_rows(rng.normal(size=(size, WIDTH)).astype("f4")))
        concept = (theme * 7919 + rng.integers(0, 20, len(theme))) % size
        edges["Product", f"HAS_{label.upper()}", label] = np.stack([np.arange(len(theme)), concept])
    for key, pairs in edges.items():
        data[key].edge_index = torch.from_numpy(pairs)
        data[key].edge_weight = torch.ones(pairs.shape[1])
    return data


def _nearer(z: NDArray[np.float32], bought: Edges, rng: np.random.Generator) -> float:
    """Share of users whose second product is nearer to their first than a random one is."""
    first = np.flatnonzero(np.diff(bought[0], prepend=-1))
    first = first[first + 1 < bought.shape[1]]
    one, two = bought[1][first], bought[1][first + 1]
    other = rng.permutation(bought[1])[: len(first)]
    return float(((z[one] * z[two]).sum(1) > (z[one] * z[other]).sum(1)).mean())


if __name__ == "__main__":
    main()
