"""Accuracy the low-rank head loses against the dense one, by rank, on validation.

usage: python scripts/bench/rank_loss.py DATASET [--ranks 256,512,1024,2048] [--cache FILE]

Same settings for all, fitted on the train part, NDCG@10 and Recall@10 on the validation part (5,000
users at most, seeded). The test part is not looked at. Methods:
    dense            B = −P / diag(P)
    low-rank         the head as Clew fits it: sketch of all channels, diagonal, θ of the whole G
    sketch-only      the same sketch, B from it alone (what a plain inner product would score)
    per-channel      B from sketches made channel by channel, d shared by energy over all of them
    equal-shares     the same, every channel with the same share of d
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from gnn.channels import read_channels
from gnn.features import fuse
from gnn.fit import read_training
from gnn.fusion import HeadConfig, fit_head
from gnn.history import HistoryConfig
from gnn.lexical import text_channel
from gnn.lowrank import LowRankHead
from gnn.lowrank_fit import fit_low_rank
from gnn.metrics import ranking_metrics
from gnn.ranking import Scorer, model_scorer, top_products
from gnn.sketch import Gram, Sketch, sketch
from gnn.split import split_interactions
from gnn.text import TextConfig
from gnn.train import cached_encoder
from gnn.validation import sample_users
from kg.build import languages_of
from kg.catalog import read_dataset
from kg.extract import Extractor
from kg.facts import build_graph
from kg.ids import Vocabulary
from kg.schema import load_schema


class Bench:
    """One dataset, ready to fit and measure heads on."""

    def __init__(self, path: Path, cache: Path, config: HeadConfig) -> None:
        schema, dataset = load_schema(), read_dataset(path)
        extractor = Extractor(schema, languages_of(dataset))
        kg = build_graph(dataset, schema, extractor, pseudonym_key=b"bench")
        encoder = cached_encoder(TextConfig(), cache)
        self.text = text_channel(kg.products, encoder, TextConfig())
        products = Vocabulary(kg.products["id"].to_pylist())
        channels = read_channels(kg, schema, products, damping=config.ancestor_damping)
        self.config = config
        self.features = fuse(
            channels,
            len(products),
            weights={c.relation: config.weight(c.relation) for c in channels},
            degree_exponent=config.degree_exponent,
            min_degree=config.min_degree,
        )
        split = split_interactions(kg.interactions)
        data = read_training(split.train, products, config)
        truth = data.truth(split.valid)
        users = sample_users(data, truth, 5000, 0)
        self.user_items = data.user_items(config)
        self.histories = data.histories(config)[users]
        self.seen, self.truth = data.seen[users], truth[users]

    def report(self, method: str, rank: int | None, score: Scorer, seconds: float) -> None:
        """Measure a scorer and print a line."""
        best = top_products(score, self.histories, self.seen, 10)
        found = ranking_metrics(best, self.truth, [10])
        print(
            f"{method:14} {rank or '-':>6} {found['ndcg@10']:8.4f} {found['recall@10']:8.4f} "
            f"{seconds:8.1f}",
            flush=True,
        )

    def low_rank(self, rank: int, **how: object) -> LowRankHead:
        """Fit the low-rank head."""
        config = self.config.model_copy(update={"rank": rank})
        return fit_low_rank(self.user_items, self.features, self.text, config, coarse=rank, **how)

    def by_channel(self, gram: Gram, most: int) -> list[np.ndarray]:
        """Sketches of co-purchase, text and each relation, at most ``most`` columns each."""
        width = self.features.shape[1]
        channel = np.full(gram.sparse.shape[1], -1)
        channel[:width] = self.features.channel
        nothing = np.zeros((gram.size, 0), dtype=np.float32)
        found = []
        for at in np.unique(channel):
            block = csr_matrix(gram.sparse[:, np.flatnonzero(channel == at)])
            few = min(most, block.shape[1])
            part = Gram(block, block.T.tocsr(), nothing)
            found.append(sketch(part, few, np.random.default_rng(0)).phi)
        return [*found, gram.dense]


def sketch_only(head: LowRankHead) -> Scorer:
    """Scores of the sketch alone: an inner product and nothing else."""
    return lambda histories: np.asarray((histories @ head.left) @ head.coarse.T)


def only(phi: np.ndarray) -> Sketch:
    """A sketch that is not made of the whole G; good for `sketch_only`."""
    return Sketch(phi, np.zeros_like(phi))


def main() -> None:
    """Fit and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--ranks", default="128,256,512,1024,2048")
    parser.add_argument("--channels-up-to", type=int, default=512, help="ranks of per-channel")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "text.sqlite")
    parser.add_argument("--recency", type=float, default=1.0)
    parser.add_argument("--text-weight", type=float, default=20.0)
    args = parser.parse_args()
    history = HistoryConfig(recency=args.recency)
    bench = Bench(
        args.dataset, args.cache, HeadConfig(history=history, text_weight=args.text_weight)
    )
    print(
        f"{args.dataset.name}: {bench.features.shape[0]} products, {len(bench.features.data)} facts"
    )
    print(f"{'method':14} {'rank':>6} {'ndcg@10':>8} {'recall@10':>8} {'fit s':>8}")
    since = time.perf_counter()
    dense = fit_head(bench.user_items, bench.features, bench.text, bench.config)
    bench.report("dense", None, model_scorer(dense), time.perf_counter() - since)
    del dense
    for rank in (int(part) for part in args.ranks.split(",")):
        since = time.perf_counter()
        head = bench.low_rank(rank)
        seconds = time.perf_counter() - since
        bench.report("low-rank", rank, model_scorer(head), seconds)
        bench.report("sketch-only", rank, sketch_only(head), seconds)
        if rank > args.channels_up_to:
            continue
        since = time.perf_counter()
        parts: list[np.ndarray] = []

        def energy(gram: Gram, d: int = rank, parts: list[np.ndarray] = parts) -> Sketch:
            parts += bench.by_channel(gram, d)
            norms = np.concatenate([np.linalg.norm(part, axis=0) for part in parts])
            least = np.sort(norms)[::-1][min(d, len(norms)) - 1]
            kept = [part[:, np.linalg.norm(part, axis=0) >= least] for part in parts]
            return only(np.hstack(kept))

        def shares(gram: Gram, d: int = rank, parts: list[np.ndarray] = parts) -> Sketch:
            return only(np.hstack([part[:, : d // len(parts)] for part in parts]))

        bench.report(
            "per-channel",
            rank,
            sketch_only(bench.low_rank(rank, sketched=energy)),
            time.perf_counter() - since,
        )
        bench.report("equal-shares", rank, sketch_only(bench.low_rank(rank, sketched=shares)), 0.0)


if __name__ == "__main__":
    main()
