"""From a snapshot's graph to a snapshot with a model.

In: a store's current snapshot. Out: a new snapshot that shares its graph and adds ``model/``.
Settings are chosen on validation with models that never saw it; the published model then learns
from every event there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gnn.channels import read_channels
from gnn.embed import Embed, GnnEmbedder
from gnn.fit import attach_gnn, fit_model, read_training
from gnn.fusion import HeadConfig
from gnn.gnn_config import GnnConfig
from gnn.lexical import text_channel
from gnn.ranking import model_scorer
from gnn.split import Split, split_interactions
from gnn.storage import Model, save_model
from gnn.text import TextConfig, TextEncoder, text_encoder
from gnn.text_cache import CachedEncoder
from gnn.tune import Trial, TuneConfig, tune
from gnn.tune_gnn import tune_gnn_weight
from kg import __version__
from kg.build import graph_of, schema_of
from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary
from kg.progress import Passing, Progress
from kg.schema import Schema
from kg.snapshot import Snapshot, SnapshotStore

__all__ = ["TrainReport", "cached_encoder", "train"]

TEXT_CACHE = "text-cache.sqlite"


@dataclass(frozen=True)
class TrainReport:
    """What a training did."""

    snapshot: Snapshot
    split: str  # what settings were chosen on
    config: HeadConfig
    metrics: dict[str, float]  # NDCG on validation: head, head+gnn
    exact_sum_error: float
    head: dict[str, str]  # which head was fitted, and why
    seconds: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "snapshot": self.snapshot.id,
            "split": self.split,
            "config": self.config.model_dump(),
            "metrics": self.metrics,
            "exact_sum_error": self.exact_sum_error,
            "head": self.head,
            "seconds": self.seconds,
        }


def cached_encoder(config: TextConfig, cache: Path, *, threads: int | None = None) -> TextEncoder:
    """An encoder that remembers in a file what it has encoded.

    Raises:
        ModelError: the encoder is unknown or not on this machine.
    """
    return CachedEncoder(text_encoder(config, threads=threads), cache)


def train(
    store: SnapshotStore,
    *,
    with_gnn: bool = True,
    tuning: TuneConfig | None = None,
    config: HeadConfig | None = None,
    text: TextConfig | None = None,
    network: GnnConfig | None = None,
    progress: Progress | None = None,
) -> TrainReport:
    """Train on the current snapshot and publish the model with it.

    Args:
        store: where the snapshots are.
        with_gnn: train the graph network too, and add it if validation gains by it.
        tuning: how to choose the head's settings; None: ``config`` as it is.
        config: the head's settings, or where tuning starts.
        text: which encoder stands for the texts.
        network: how the graph network learns.
        progress: told of the stages.

    Raises:
        StoreError: the store has no snapshot, or cannot be written.
        ModelError: the graph has no usable events, or an encoder is not to be had.
    """
    snapshot = store.current()
    watch = Passing(progress)
    watch.stage("graph")
    kg, schema = graph_of(snapshot), schema_of(snapshot)
    watch.stage("text")
    reading = text or TextConfig()
    encoder = cached_encoder(reading, store.root / TEXT_CACHE)
    vectors = text_channel(kg.products, encoder, reading)
    embed = GnnEmbedder(kg, schema, encoder, progress, network) if with_gnn else None
    chosen = _choose(kg, schema, vectors, embed, tuning, config or HeadConfig(), watch)
    watch.stage("fit")
    model = fit_model(kg, schema, kg.interactions, text=vectors, config=chosen.config)
    used = embed if embed is not None and chosen.config.gnn_weight > 0 else None
    if used is not None:
        watch.stage("gnn")
        data = read_training(kg.interactions, model.products, chosen.config)
        histories = data.histories(chosen.config)
        model = attach_gnn(model, used(kg.interactions), histories, chosen.config.gnn_weight)
    _publish(store, snapshot, model, used, chosen, watch)
    return TrainReport(
        snapshot=store.current(),
        split=chosen.split.description,
        config=model.config,
        metrics=chosen.metrics,
        exact_sum_error=model.head.error,
        head=model.choice.to_dict(),
        seconds={name: round(spent, 3) for name, spent in watch.seconds.items()},
    )


@dataclass(frozen=True)
class _Choice:
    """Settings and how they fared on validation."""

    split: Split
    config: HeadConfig
    metrics: dict[str, float]
    trials: Sequence[Trial]


def _publish(
    store: SnapshotStore,
    parent: Snapshot,
    model: Model,
    network: GnnEmbedder | None,
    chosen: _Choice,
    watch: Passing,
) -> None:
    """Publish a snapshot with the model, and the network it uses."""
    with store.writing(__version__, parent=parent) as draft:
        watch.stage("save")
        save_model(model, draft.path / "model")
        if network is not None:
            network.save(draft.path / "model" / "gnn")
        watch.stop()
        draft.seconds.update(watch.seconds)
        draft.metrics = chosen.metrics
        draft.model = {
            "config": model.config.model_dump(mode="json"),
            "head": model.choice.to_dict(),
            "chosen_on": chosen.split.description,
            "trials": [asdict(trial) for trial in chosen.trials],
        }


def _choose(
    kg: KnowledgeGraph,
    schema: Schema,
    text: NDArray[np.float32],
    embed: Embed | None,
    tuning: TuneConfig | None,
    config: HeadConfig,
    watch: Progress,
) -> _Choice:
    """Choose the head's settings and the weight of the GNN on validation."""
    split = split_interactions(kg.interactions)
    products = Vocabulary(kg.products["id"].to_pylist())
    channels = read_channels(kg, schema, products, damping=config.ancestor_damping)
    # The test part of a split is not wanted here: what it holds may be learned from.
    data = read_training(split.train, products, config)
    wanted = data.truth(pa.concat_tables([split.valid, split.test]))
    metrics: dict[str, float] = {}
    tried: list[Trial] = []
    if tuning is not None:
        watch.stage("tune")
        found = tune(data, wanted, channels, text, start=config, config=tuning)
        config, metrics["head"] = found.config, found.ndcg
        tried += found.trials
    if embed is not None:
        watch.stage("tune gnn")
        model = fit_model(kg, schema, split.train, text=text, config=config, channels=channels)
        scaled = attach_gnn(model, embed(split.train), data.histories(config), 1.0).gnn
        trials = tune_gnn_weight(
            model_scorer(model.head, kin=model.kin), scaled, data, wanted, model.config
        )
        config = config.model_copy(update={"gnn_weight": trials[0].value})
        metrics |= {f"gnn_weight_{trial.value:g}": trial.ndcg for trial in trials}
        tried += trials
    else:
        config = config.model_copy(update={"gnn_weight": 0.0})
    return _Choice(split, config, metrics, tried)
