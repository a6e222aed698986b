"""Which text encoder serves a shop best: speed, and accuracy on validation.

usage: python scripts/bench/encoders.py [DATASET ...] [--encoders minilm use hashing]
           [--weights 2 6 20] [--users 10000] [--cache FILE] [--language zh|mixed]

Without a dataset: the sample shop. For each encoder: its width, texts a second (one process, 300
texts, nothing cached), NDCG@10 and Recall@10 on the validation part of text alone (cosine of a
history and a product) and of the head with the text, at the best of the weights. Where products
have titles in two languages: how often the nearest title in the other language is the product's
own. The test part is not looked at.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from gnn.channels import Channel, read_channels
from gnn.fit import fit_model, read_training
from gnn.fusion import HeadConfig
from gnn.held_out import HeldOut
from gnn.history import HistoryConfig
from gnn.ranking import Scorer, model_scorer
from gnn.split import Split, split_interactions
from gnn.text import TextConfig, TextEncoder, product_texts, text_encoder
from gnn.text_cache import CachedEncoder
from kg.build import languages_of
from kg.catalog import read_dataset, sample_path
from kg.cli_support import table
from kg.extract import Extractor
from kg.facts import KnowledgeGraph, build_graph
from kg.ids import Vocabulary
from kg.schema import load_schema

SPEED_SAMPLE = 300


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("datasets", nargs="*", type=Path, default=[sample_path()])
    parser.add_argument("--encoders", nargs="+", default=["minilm", "use", "hashing"])
    parser.add_argument("--weights", nargs="+", type=float, default=[2.0, 6.0, 20.0])
    parser.add_argument("--recency", type=float, default=0.8)
    parser.add_argument("--regularization", type=float, default=100.0)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument(
        "--language", help="of the texts where products have several; mixed: every second in zh"
    )
    parser.add_argument("--cache", type=Path, default=Path("text-cache.sqlite"))
    options = parser.parse_args()
    config = HeadConfig(
        regularization=options.regularization, history=HistoryConfig(recency=options.recency)
    )
    rows = table(
        None, "dataset", "encoder", "#width", "#texts/s", "#alone NDCG", "#Recall",
        "#head NDCG", "#Recall", "#at weight", "#other language first",
    )  # fmt: skip
    for path in options.datasets:
        bench = Bench(path, config, options.users, options.language)
        _, ndcg, recall = bench.head(None, [0.0])
        rows.add_row(path.stem, "none", "", "", "", "", f"{ndcg:.4f}", f"{recall:.4f}", "", "")
        for name in options.encoders:
            encoder = text_encoder(TextConfig(encoder=name), threads=1)
            found = bench.measure(encoder, options.cache, options.weights)
            rows.add_row(path.stem, name, *found)
    Console(width=160).print(rows)


class Bench:
    """A dataset ready to have its texts encoded."""

    def __init__(
        self, path: Path, config: HeadConfig, max_users: int, language: str | None
    ) -> None:
        dataset, self.schema = read_dataset(path), load_schema()
        extractor = Extractor(self.schema, languages_of(dataset))
        self.kg: KnowledgeGraph = build_graph(
            dataset, self.schema, extractor, pseudonym_key=b"benchmark"
        )
        self.config = config
        self.split: Split = split_interactions(self.kg.interactions)
        self.texts = _texts(self.kg, language)
        products = Vocabulary(self.kg.products["id"].to_pylist())
        self.channels: list[Channel] = read_channels(
            self.kg, self.schema, products, damping=config.ancestor_damping
        )
        data = read_training(self.split.train, products, config)
        held_out = HeldOut.of(data, self.split.valid, (10,))
        some = np.random.default_rng(0).permutation(len(held_out.users))[:max_users]
        self.valid = replace(
            held_out, users=held_out.users[np.sort(some)], truth=held_out.truth[np.sort(some)]
        )

    def measure(self, encoder: TextEncoder, cache: Path, weights: list[float]) -> Iterator[str]:
        """The cells of one row."""
        few = self.texts[:SPEED_SAMPLE]
        encoder.encode(few[:8])  # loads the model
        began = time.perf_counter()
        encoder.encode(few)
        speed = len(few) / (time.perf_counter() - began)
        cached = CachedEncoder(encoder, cache)
        vectors = cached.encode(self.texts)
        alone = self.of(lambda histories: np.asarray((histories @ vectors) @ vectors.T))
        weight, ndcg, recall = self.head(vectors, weights)
        yield from (str(encoder.dim), f"{speed:.0f}", f"{alone[0]:.4f}", f"{alone[1]:.4f}")
        yield from (f"{ndcg:.4f}", f"{recall:.4f}", f"{weight:g}", self.meet(cached))

    def head(
        self, vectors: NDArray[np.float32] | None, weights: list[float]
    ) -> tuple[float, float, float]:
        """The best weight by NDCG@10, its NDCG@10, its Recall@10."""
        found = []
        for weight in weights:
            config = self.config.model_copy(update={"text_weight": weight})
            model = fit_model(
                self.kg, self.schema, self.split.train,
                text=vectors, config=config, channels=self.channels,
            )  # fmt: skip
            found.append((weight, *self.of(model_scorer(model.head))))
        return max(found, key=lambda row: row[1])

    def of(self, score: Scorer) -> tuple[float, float]:
        """NDCG@10 and Recall@10."""
        found = self.valid.measure(score, self.config)
        return found["ndcg@10"], found["recall@10"]

    def meet(self, encoder: TextEncoder) -> str:
        """Share of titles whose nearest one in the other language is of the same product."""
        own, others = (self.kg.products[name].to_pylist() for name in ("title", "titles"))
        pairs = [
            (title, dict(other)["zh"])
            for title, other in zip(own, others, strict=True)
            if "zh" in dict(other or ())
        ]
        if not pairs:
            return ""
        english, chinese = (encoder.encode(texts) for texts in zip(*pairs, strict=True))
        nearest = (chinese @ english.T).argmax(axis=1)
        return f"{(nearest == np.arange(len(pairs))).mean():.2f} of {len(pairs)}"


def _texts(kg: KnowledgeGraph, language: str | None) -> list[str]:
    """The products' texts; "mixed": every second one in Chinese where it has that."""
    if language != "mixed":
        return product_texts(kg.products, language)
    own, chinese = product_texts(kg.products), product_texts(kg.products, "zh")
    return [chinese[at] if at % 2 else own[at] for at in range(len(own))]


if __name__ == "__main__":
    main()
