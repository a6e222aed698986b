"""The graph network of a snapshot, ready to be asked.

In: a snapshot's graph, and its checkpoint where training chose to keep one. Out: the network, with
the published parameters if there are any, else trained now.
"""

from __future__ import annotations

from pathlib import Path

import torch

from gnn.checkpoint import load_checkpoint
from gnn.gnn_config import GnnConfig
from gnn.graph import node_features, to_hetero
from gnn.model import LinearHeteroGNN
from gnn.propagation import propagation
from gnn.text import TextEncoder
from gnn.train_gnn import train_gnn
from kg.errors import ModelError
from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary
from kg.progress import Progress
from kg.schema import Schema

__all__ = ["network_of"]


def network_of(
    kg: KnowledgeGraph,
    schema: Schema,
    encoder: TextEncoder,
    checkpoint: Path,
    progress: Progress | None = None,
) -> LinearHeteroGNN:
    """The network trained on a graph and its events.

    Args:
        kg: the graph.
        schema: the ontology.
        encoder: the one the network was trained with.
        checkpoint: where `gnn.embed.GnnEmbedder.save` wrote; where nothing is, one is trained.
        progress: told of a training.

    Raises:
        ModelError: the checkpoint is of another graph or another encoder, or there are no events.
    """
    features = node_features(kg, schema, encoder)
    if not checkpoint.is_dir():
        return train_gnn(kg, schema, kg.interactions, features, progress=progress).network
    config = GnnConfig()
    data = to_hetero(kg, schema, features, kg.interactions)
    graph = propagation(data, through_references=config.through_references, cached=True)
    network = LinearHeteroGNN(data, graph, config, torch.Generator().manual_seed(0))
    products = Vocabulary(kg.products["id"].to_pylist()).fingerprint
    weights = load_checkpoint(checkpoint, vocabularies={"products": products}).weights
    try:
        network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    except RuntimeError as exc:
        raise ModelError(
            f"{checkpoint} does not fit this graph and text encoder; name the encoder it was "
            "trained with, or train the model again"
        ) from exc
    return network.eval()
