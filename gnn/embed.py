"""The graph network as a function from training events to product embeddings.

In: a graph and an encoder of its names. Out: an `Embed`, called once for each part of the data a
model may see (train; train and validation; everything).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gnn.gnn_config import GnnConfig
from gnn.text import TextEncoder
from kg.errors import ModelError
from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary
from kg.progress import Progress
from kg.schema import Schema

if TYPE_CHECKING:
    from gnn.train_gnn import GnnResult

__all__ = ["Embed", "GnnEmbedder"]

Embed = Callable[[pa.Table], NDArray[np.float32]]
"""Trains a GNN on interactions; returns product embeddings, (n, d), in catalogue order."""


class GnnEmbedder:
    """An `Embed` that trains the default network on the events it is given."""

    def __init__(
        self,
        kg: KnowledgeGraph,
        schema: Schema,
        encoder: TextEncoder,
        progress: Progress | None = None,
        config: GnnConfig | None = None,
    ) -> None:
        """Encode the names of the nodes.

        Args:
            kg: the graph; its own user edges are not used.
            schema: the ontology.
            encoder: of the names.
            progress: told of each training.
            config: of the network and its training; None: the defaults.
        """
        # torch is wanted only here: what serves a model does without.
        from gnn.graph import node_features  # noqa: PLC0415

        self._kg, self._schema, self._progress = kg, schema, progress
        self._config = config
        self._features = node_features(kg, schema, encoder)
        self.result: GnnResult | None = None
        """What the last training gave."""

    def __call__(self, interactions: pa.Table) -> NDArray[np.float32]:
        """Train; product embeddings, (n, d)."""
        from gnn.train_gnn import train_gnn  # noqa: PLC0415

        self.result = train_gnn(
            self._kg,
            self._schema,
            interactions,
            self._features,
            config=self._config,
            progress=self._progress,
        )
        return self.result.z_products

    def save(self, directory: Path) -> None:
        """Write the last training's parameters as a checkpoint, beside the model that uses it.

        Raises:
            ModelError: nothing was trained yet.
        """
        from gnn.checkpoint import save_checkpoint  # noqa: PLC0415

        if self.result is None:
            raise ModelError("no network was trained yet, so there is none to save")
        save_checkpoint(
            directory,
            {},
            meta={
                "losses": list(self.result.losses),
                "relation_weights": [dict(layer) for layer in self.result.relation_weights],
                "seconds": round(self.result.seconds, 3),
            },
            vocabularies={"products": Vocabulary(self._kg.products["id"].to_pylist()).fingerprint},
            weights=self.result.weights,
        )
