"""A dataset measured from its files to its metrics; nothing is stored but text embeddings.

In: the path of a dataset. Out: a `gnn.evaluate.Report`. The graph's facts about products come from
the whole catalogue, as in a shop; events come only from the part of the split they belong to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gnn.cold_methods import ColdConfig
from gnn.embed import GnnEmbedder
from gnn.evaluate import Report, evaluate
from gnn.fidelity import FidelityConfig
from gnn.fit import fit_model
from gnn.lexical import text_channel
from gnn.split import Split, SplitConfig, split_interactions
from gnn.text import TextConfig, TextEncoder
from gnn.tradeoff import curve, validation_sample
from gnn.train import cached_encoder
from gnn.tune import TuneConfig
from kg.build import languages_of
from kg.catalog import Dataset, read_dataset
from kg.extract import Extractor
from kg.facts import KnowledgeGraph, build_graph
from kg.progress import Passing, Progress
from kg.schema import Schema, load_schema

__all__ = ["Prepared", "evaluate_dataset", "prepare"]


def evaluate_dataset(
    path: Path,
    *,
    cache: Path,
    ks: Sequence[int] = (10, 20),
    cut: datetime | None = None,
    with_gnn: bool = False,
    tuned: bool = True,
    with_diversity: bool = False,
    text: TextConfig | None = None,
    ontology_directory: Path | None = None,
    explanations: FidelityConfig | None = None,
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
        tuned: choose the settings on validation; otherwise they are the defaults.
        with_diversity: measure on validation what the diversity knob costs and brings.
        text: which encoder stands for the texts.
        ontology_directory: by default the ontology that ships with Clew.
        explanations: measure the explanations too.
        ablations: measure the model without each of its parts too.
        cold: measure how new products fare too, as this says.
        progress: told of the stages.

    Raises:
        DatasetError: the dataset cannot be read.
        OntologyError: the ontology is malformed.
        ModelError: nobody in the test part can be measured.
    """
    watch = Passing(progress)
    ready = prepare(
        path, cache=cache, cut=cut, text=text, ontology_directory=ontology_directory, watch=watch
    )
    kg, schema, split, vectors = ready.kg, ready.schema, ready.split, ready.vectors
    watch.stage("evaluate")
    report = evaluate(
        kg,
        schema,
        split,
        ks=ks,
        tuning=TuneConfig(k=ks[0]) if tuned else None,
        text=vectors,
        embed=GnnEmbedder(kg, schema, ready.encoder, progress) if with_gnn else None,
        explanations=explanations,
        ablations=ablations,
        cold=cold,
    )
    points = []
    if with_diversity:
        watch.stage("diversity")
        model = fit_model(kg, schema, split.train, text=vectors, config=report.config)
        points = curve(validation_sample(kg, schema, split, model), k=ks[0])
    watch.stop()
    return replace(report, seconds={**watch.seconds, **report.seconds}, diversity=points)


@dataclass(frozen=True)
class Prepared:
    """A dataset ready to be learned from."""

    kg: KnowledgeGraph
    schema: Schema
    split: Split
    encoder: TextEncoder
    vectors: NDArray[np.float32]  # (n, d) text embeddings


def prepare(
    path: Path,
    *,
    cache: Path,
    cut: datetime | None = None,
    text: TextConfig | None = None,
    ontology_directory: Path | None = None,
    watch: Progress,
) -> Prepared:
    """Read a dataset, build its graph, encode its texts and split its events.

    Args:
        path: the dataset.
        cache: file of encoded texts.
        cut: as of `evaluate_dataset`.
        text: likewise.
        ontology_directory: likewise.
        watch: told of the stages.

    Raises:
        DatasetError: the dataset cannot be read.
        ModelError: it cannot be split.
    """
    watch.stage("read")
    dataset, schema = read_dataset(path), load_schema(ontology_directory)
    watch.stage("extract", len(dataset.products))
    extractor = Extractor(schema, languages_of(dataset))
    # Pseudonyms lead nowhere once this ends: any key will do.
    kg = build_graph(dataset, schema, extractor, pseudonym_key=b"evaluation", progress=watch)
    watch.stage("text")
    reading = text or TextConfig()
    encoder = cached_encoder(reading, cache)
    vectors = text_channel(kg.products, encoder, reading)
    split = split_interactions(kg.interactions, _split_config(dataset, cut))
    return Prepared(kg, schema, split, encoder, vectors)


def _split_config(dataset: Dataset, cut: datetime | None) -> SplitConfig:
    declared = dataset.meta.split.cut
    if cut is not None:
        return SplitConfig(method="time", cut=cut)
    if declared is not None:
        moment = datetime(declared.year, declared.month, declared.day, tzinfo=UTC)
        return SplitConfig(method="time", cut=moment)
    return SplitConfig()
