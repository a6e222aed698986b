"""The graph network as a function from training events to product embeddings.

In: a graph and an encoder of its names. Out: an `Embed`, called once for each part of the data a
model may see (train; train and validation; everything).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gnn.text import TextEncoder
from kg.facts import KnowledgeGraph
from kg.progress import Progress
from kg.schema import Schema

__all__ = ["Embed", "gnn_embedder"]

Embed = Callable[[pa.Table], NDArray[np.float32]]
"""Trains a GNN on interactions; returns product embeddings, (n, d), in catalogue order."""


def gnn_embedder(
    kg: KnowledgeGraph, schema: Schema, encoder: TextEncoder, progress: Progress | None = None
) -> Embed:
    """A function that trains the default network on the events it is given.

    Args:
        kg: the graph; its own user edges are not used.
        schema: the ontology.
        encoder: of the names of the nodes; texts are encoded at once.
        progress: told of each training.
    """
    # torch is wanted only here: what serves a model does without.
    from gnn.graph import node_features  # noqa: PLC0415
    from gnn.train_gnn import train_gnn  # noqa: PLC0415

    features = node_features(kg, schema, encoder)

    def embed(interactions: pa.Table) -> NDArray[np.float32]:
        result = train_gnn(kg, schema, interactions, features, progress=progress)
        return result.z_products

    return embed
