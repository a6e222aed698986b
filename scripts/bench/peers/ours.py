"""Clew on the benchmark's data, in a process of its own as the peers are.

usage: python -m scripts.bench.peers.ours DATASET OUT [--ontology DIR] [--cache FILE]

As `clew evaluate`: settings chosen on valid with models of train, then fitted on train and valid.
Writes ``OUT-<method>.npz`` and ``.json`` for the head, the GNN, both together, and popularity.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from gnn.embed import Embed, GnnEmbedder
from gnn.evaluate import Report, evaluate
from gnn.fit import fit_model
from gnn.lexical import text_channel
from gnn.score import Recommender
from gnn.shoppers import Shoppers
from gnn.split import split_interactions
from gnn.text import TextConfig
from gnn.train import cached_encoder
from gnn.tune import TuneConfig
from kg import __version__
from kg.build import languages_of
from kg.catalog import Dataset, read_dataset
from kg.extract import Extractor
from kg.facts import KnowledgeGraph, build_graph
from kg.ids import local_part, pseudonym
from kg.schema import load_schema
from scripts.bench.peers.theirs.handover import Answer

KEY = b"benchmark"
LATENCY_SAMPLE = 50
METHODS = ("head", "gnn", "head+gnn", "popularity")


class _Timed:
    """An `Embed` that notes the processor time of its trainings."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self.spent_s: list[float] = []

    def __call__(self, interactions: pa.Table) -> NDArray[np.float32]:
        since = time.process_time()
        found = self._embed(interactions)
        self.spent_s.append(time.process_time() - since)
        return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--ontology", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    dataset, schema = read_dataset(options.dataset), load_schema(options.ontology)
    kg = build_graph(dataset, schema, Extractor(schema, languages_of(dataset)), pseudonym_key=KEY)
    encoder = cached_encoder(TextConfig(), options.cache)
    text = text_channel(kg.products, encoder, TextConfig())
    embed = _Timed(GnnEmbedder(kg, schema, encoder))
    prepared_s = time.process_time()
    split = split_interactions(kg.interactions)
    report = evaluate(
        kg, schema, split, ks=(10, 20), tuning=TuneConfig(k=10), text=text, embed=embed
    )
    searched_s = time.process_time() - prepared_s
    since = time.process_time()
    model = fit_model(kg, schema, split.train_and_valid, text=text, config=report.config)
    fit_s = time.process_time() - since
    latency = _latency(Recommender(model), split.train_and_valid)
    for method in METHODS:
        network_s = embed.spent_s[-1] if "gnn" in method else 0.0
        head_s = fit_s if "head" in method else 0.0
        _answer(
            dataset, kg, report, method,
            prepare_s=prepared_s,
            fit_s=head_s + network_s,
            search_s=max(0.0, searched_s - fit_s - embed.spent_s[-1]),
            latency_ms=latency if "head" in method else None,
        ).write(options.out.with_name(f"{options.out.name}-{method}"))  # fmt: skip


def _answer(
    dataset: Dataset, kg: KnowledgeGraph, report: Report, method: str, **took: float | None
) -> Answer:
    """The lists of one method under the dataset's own ids."""
    assert report.lists is not None
    names = {pseudonym(u, KEY): u for u in set(dataset.interactions["user_id"].to_pylist())}
    products = np.array([*map(local_part, kg.products["id"].to_pylist()), ""])
    return Answer(
        users=np.array([names[user] for user in report.lists.users]),
        items=products[report.lists.products[method]],
        library=f"clew {__version__}",
        best_valid=report.tuning.ndcg if report.tuning is not None else None,
        **took,
    )


def _latency(recommender: Recommender, events: pa.Table) -> float:
    """Median milliseconds of one user's ten, from their events to ranked products."""
    shoppers = Shoppers(events)
    users = sorted(set(events["user_id"].to_pylist()))
    spent = []
    for user in users[:: max(1, len(users) // LATENCY_SAMPLE)]:
        known = shoppers.events(user)
        since = time.process_time()
        recommender.recommend(recommender.history(known), 10)
        spent.append(time.process_time() - since)
    return float(np.median(spent) * 1000)


if __name__ == "__main__":
    main()
