"""What each part of the model is worth: taken away, the rest refitted, the same users measured.

In: the full model and what it was fitted on. Out: an `Ablation` per part. Settings of the rest
stay as they were tuned. Without co-purchase the channel ``F = Xᵀ`` leaves the Gram matrix;
histories stay, for they are the question and not the evidence. The graph network is not trained
again: it saw graph, text and events, so "without graph" takes the graph from the head alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gnn.bootstrap import Estimate, estimates, paired_differences
from gnn.channels import Channel, read_channels
from gnn.fit import attach_gnn, fit_model, read_training
from gnn.held_out import HeldOut
from gnn.ranking import model_scorer
from gnn.split import Split
from gnn.storage import Model
from kg.facts import KnowledgeGraph
from kg.schema import Schema

__all__ = ["Ablation", "ablate"]

_SHOWN = ("ndcg", "recall")


@dataclass(frozen=True)
class Ablation:
    """A model and how it ranks; intervals are of 95 %."""

    name: str
    metrics: dict[str, Estimate]  # ndcg@k, recall@k
    difference: dict[str, Estimate] = field(default_factory=dict)  # to full, user by user
    seconds: float = 0.0  # of the fit


def ablate(
    kg: KnowledgeGraph,
    schema: Schema,
    split: Split,
    model: Model,
    *,
    text: NDArray[np.float32] | None = None,
    embeddings: NDArray[np.float32] | None = None,
    ks: Sequence[int] = (10,),
    channels: list[Channel] | None = None,
    seed: int = 0,
) -> list[Ablation]:
    """Measure the model on the test part, then without each of its parts.

    Args:
        kg: the graph.
        schema: the ontology.
        split: ``model`` was fitted on its training and validation together.
        model: the full model, the GNN attached where it has one.
        text: (n, d) text embeddings it was fitted with; None: none.
        embeddings: (n, d) of the GNN, not scaled; None: none.
        ks: cut-offs.
        channels: those of the graph, where made already.
        seed: of the resamples.

    Returns:
        ``full`` first; then without graph, text, GNN, co-purchase, as far as the model has them.

    Raises:
        ModelError: nobody in the test part can be measured.
    """
    config, events = model.config, split.train_and_valid
    if channels is None:
        channels = read_channels(kg, schema, model.products, damping=config.ancestor_damping)
    test = HeldOut.of(read_training(events, model.products, config), split.test, ks)
    attached = embeddings is not None and model.gnn.shape[1] > 0
    measured = {"full": _of_each(test, model)}
    seconds = {"full": 0.0}
    if attached:
        bare = replace(model, gnn=model.gnn[:, :0])
        measured["without GNN"], seconds["without GNN"] = _of_each(test, bare), 0.0
    for name in _refitted(channels, text):
        began = time.perf_counter()
        rest = fit_model(
            kg,
            schema,
            events,
            text=None if name == "without text" else text,
            config=config,
            channels=[] if name == "without graph" else channels,
            co_purchase=name != "without co-purchase",
        )
        if attached and embeddings is not None:
            histories = test.data.histories(config)
            rest = attach_gnn(rest, embeddings, histories, config.gnn_weight)
        seconds[name] = round(time.perf_counter() - began, 2)
        measured[name] = _of_each(test, rest)
    return [
        Ablation(
            name,
            estimates(found, seed=seed),
            {} if name == "full" else paired_differences(found, measured["full"], seed=seed),
            seconds[name],
        )
        for name, found in measured.items()
    ]


def _refitted(channels: Sequence[Channel], text: NDArray[np.float32] | None) -> list[str]:
    """Names of the models that need a fit of their own."""
    names = ["without graph"] if channels else []
    names += ["without text"] if text is not None else []
    return [*names, "without co-purchase"]


def _of_each(test: HeldOut, model: Model) -> dict[str, NDArray[np.float64]]:
    """The metrics shown, of each user."""
    found = test.of_each(model_scorer(model.head, model.gnn, model.kin), model.config)
    return {name: values for name, values in found.items() if name.split("@")[0] in _SHOWN}
