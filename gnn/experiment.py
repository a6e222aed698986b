"""A dataset measured from its files to its metrics; nothing is stored but text embeddings.

In: the path of a dataset. Out: a `gnn.evaluate.Report`. The graph's facts about products come from
the whole catalogue, as in a shop; events come only from the part of the split they belong to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from gnn.cold_methods import ColdConfig
from gnn.embed import GnnEmbedder
from gnn.evaluate import Report, evaluate
from gnn.split import SplitConfig, split_interactions
from gnn.text import TextConfig, product_texts
from gnn.train import cached_encoder
from gnn.tune import TuneConfig
from kg.build import languages_of
from kg.catalog import Dataset, read_dataset
from kg.extract import Extractor
from kg.facts import build_graph
from kg.progress import Passing, Progress
from kg.schema import load_schema

__all__ = ["evaluate_dataset"]


def evaluate_dataset(
    path: Path,
    *,
    cache: Path,
    ks: Sequence[int] = (10, 20),
    cut: datetime | None = None,
    with_gnn: bool = False,
    text: TextConfig | None = None,
    ablations: bool = False,
    cold: ColdConfig | None = None,
    progress: Progress | None = None,
) -> Report:
    """Train on a dataset's train part, choose on validation, report the test part.

    Args:
        path: the dataset.
        cache: file of encoded texts.
        ks: cut-offs; settings are chosen by NDCG at the first.
        cut: first moment of the test; by default the dataset's own split, or its own cut.
        with_gnn: measure the graph network too.
        text: which encoder stands for the texts.
        ablations: measure the model without each of its parts too.
        cold: measure how new products fare too, as this says.
        progress: told of the stages.

    Raises:
        DatasetError: the dataset cannot be read.
        ModelError: nobody in the test part can be measured.
    """
    watch = Passing(progress)
    watch.stage("read")
    dataset, schema = read_dataset(path), load_schema()
    watch.stage("extract", len(dataset.products))
    extractor = Extractor(schema, languages_of(dataset))
    # Pseudonyms lead nowhere once this ends: any key will do.
    kg = build_graph(dataset, schema, extractor, pseudonym_key=b"evaluation", progress=watch)
    watch.stage("text")
    encoder = cached_encoder(text or TextConfig(), cache)
    vectors = encoder.encode(product_texts(kg.products))
    watch.stage("evaluate")
    report = evaluate(
        kg,
        schema,
        split_interactions(kg.interactions, _split_config(dataset, cut)),
        ks=ks,
        tuning=TuneConfig(k=ks[0]),
        text=vectors,
        embed=GnnEmbedder(kg, schema, encoder, progress) if with_gnn else None,
        ablations=ablations,
        cold=cold,
    )
    watch.stop()
    return replace(report, seconds={**watch.seconds, **report.seconds})


def _split_config(dataset: Dataset, cut: datetime | None) -> SplitConfig:
    declared = dataset.meta.split.cut
    if cut is not None:
        return SplitConfig(method="time", cut=cut)
    if declared is not None:
        moment = datetime(declared.year, declared.month, declared.day, tzinfo=UTC)
        return SplitConfig(method="time", cut=moment)
    return SplitConfig()
