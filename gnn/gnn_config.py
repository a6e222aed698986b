"""What the graph neural network is and how it learns, without the network: no torch here."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["GnnConfig"]


class GnnConfig(BaseModel):
    """What the network is and how it learns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dim: int = Field(default=128, ge=2, le=2048)
    """Width of a node's vector."""
    layers: int = Field(default=2, ge=1, le=8)
    """Steps of propagation; 2 reach the products that share a buyer, a brand, a colour."""
    through_references: bool = False
    """Walk through products outside the catalogue. Where there are many, this costs as much again
    as all else; on amazon-beauty it moved NDCG@10 on validation by 0.0002."""
    whole_up_to: int = Field(default=3_000_000, ge=0)
    """Edges of the largest graph that is propagated whole at every step; above, each step walks a
    sample of the neighbourhood of its products (`gnn.sampling`)."""
    fanout: int | None = Field(default=8, ge=1, le=1_000_000)
    """Where a sample is walked: neighbours heard along each relation; None: all."""
    cold_share: float = Field(default=0.0, ge=0, lt=1)
    """Products that, drawn anew at each step, have neither free vector nor users, as if new."""
    free_std: float = Field(default=0.03, ge=0, le=1)
    """Start of the products' free vectors; 0: there are none, graph and text only."""
    temperature: float = Field(default=0.08, gt=0, le=1)
    """Divides the cosines before the softmax."""
    learning_rate: float = Field(default=6e-3, gt=0, le=1)
    """Of the first step; it falls in a straight line to nothing at the last."""
    weight_decay: float = Field(default=5.0, ge=0, le=100)
    """Of the free vectors: they can grow to about 1 / weight_decay in each component."""
    epochs: int = Field(default=5, ge=1, le=1000)
    """Passes over the users; fewer where validation stops earlier."""
    patience: int = Field(default=2, ge=1, le=1000)
    """Epochs without a gain on validation before training stops."""
    batch_size: int = Field(default=2048, ge=1, le=1_000_000)
    """Events predicted at each step, at most."""
    min_steps: int = Field(default=32, ge=1, le=1_000_000)
    """Steps of an epoch, at least: a small shop has smaller batches, but of 64 events or more."""
    negatives: int = Field(default=1024, ge=1, le=1_000_000)
    """Products each event is told apart from: drawn evenly, shared by the batch."""
    targets_per_user: int = Field(default=20, ge=1, le=100_000)
    """Events of one user predicted in an epoch, drawn anew each time."""
    max_history: int = Field(default=50, ge=1, le=100_000)
    """Events before and events after that one event is predicted from."""
