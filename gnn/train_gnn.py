"""Training of the graph neural network: predict what a user met from what else they met.

In: the graph, the training events, text vectors. Out: one unit vector per product. Each step
predicts a batch of events, each from the other events of its user, and takes these users out of
the propagation meanwhile, so that no product is linked to another by the very event predicted.
Nothing is held back here: validation is a function passed in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch.nn.functional import normalize
from torch.optim.lr_scheduler import LinearLR
from torch_geometric.data import HeteroData

from gnn.gnn_config import GnnConfig
from gnn.graph import to_hetero
from gnn.history import HistoryConfig, read_events
from gnn.model import LinearHeteroGNN, Silence
from gnn.objective import read_histories, sampled_softmax
from gnn.propagation import PRODUCT, USER, Walk, propagation
from gnn.sampling import NeighbourSampler
from gnn.targets import Batch, Targets
from kg.errors import ModelError
from kg.facts import KnowledgeGraph
from kg.progress import Progress
from kg.schema import Schema

__all__ = [
    "GnnResult",
    "RunConfig",
    "Validate",
    "epoch_steps",
    "fit_gnn",
    "train_gnn",
]

Validate = Callable[[NDArray[np.float32]], float]
"""Scores product vectors (products, dim) on events that were held back; higher is better."""


class RunConfig(BaseModel):
    """How training runs; changes nothing about what is computed, but for rounding and chance."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str = "cpu"
    threads: int | None = Field(default=None, ge=1, le=1024)
    """Threads of the arithmetic; None leaves torch's setting."""
    seed: int = Field(default=0, ge=0)


@dataclass(frozen=True)
class GnnResult:
    """What training gives."""

    z_products: NDArray[np.float32]  # (products, dim), unit rows; zero where nothing is known
    losses: tuple[float, ...]  # mean of each epoch
    scores: tuple[float, ...]  # of `validate` after each epoch; empty without it
    epochs: int  # behind z_products: the best by validation
    seconds: float
    relation_weights: tuple[Mapping[str, float], ...]  # by layer
    weights: Mapping[str, NDArray[np.float32]]  # all parameters, of the same epoch as z_products
    network: LinearHeteroGNN  # with these parameters


def train_gnn(
    kg: KnowledgeGraph,
    schema: Schema,
    interactions: pa.Table,
    features: Mapping[str, NDArray[np.float32]],
    config: GnnConfig | None = None,
    run: RunConfig | None = None,
    *,
    history: HistoryConfig | None = None,
    validate: Validate | None = None,
    progress: Progress | None = None,
) -> GnnResult:
    """Train on a graph and the events that may be seen.

    Args:
        kg: the graph; its own user edges are not used.
        schema: the ontology.
        interactions: training events (``INTERACTION_SCHEMA``, compact ids).
        features: `gnn.graph.node_features`.
        config: what to learn.
        run: how to run.
        history: how a user's events weigh against each other; its recency is the factor per
            moment between two.
        validate: decides which epoch is kept and when to stop; None: all epochs are run.
        progress: told of a stage and each step.

    Raises:
        ModelError: no user has met two products, features do not fit, or the loss is not finite.
    """
    config, run = config or GnnConfig(), run or RunConfig()
    data = to_hetero(kg, schema, features, interactions)
    if USER not in data.node_types:
        raise ModelError("the graph has no users; the graph neural network learns from events")
    columns = read_events(interactions, data[USER].node_id, data[PRODUCT].node_id)
    targets = Targets(
        columns,
        history or HistoryConfig(),
        per_user=config.targets_per_user,
        window=config.max_history,
    )
    return fit_gnn(data, targets, config, run, validate=validate, progress=progress)


def fit_gnn(
    data: HeteroData,
    targets: Targets,
    config: GnnConfig,
    run: RunConfig,
    *,
    validate: Validate | None = None,
    progress: Progress | None = None,
) -> GnnResult:
    """`train_gnn` on tensors and targets that are ready.

    Raises:
        ModelError: the loss is not finite.
    """
    started = time.perf_counter()
    with _threads(run.threads):
        data = copy(data).to(run.device)  # names of nodes would become lists in the caller's
        generator = torch.Generator().manual_seed(run.seed)
        sampled = data.num_edges > config.whole_up_to
        graph = propagation(data, through_references=config.through_references, cached=not sampled)
        model = LinearHeteroGNN(data, graph, config, generator).to(run.device)
        sampler = NeighbourSampler(graph, model.relations, config.fanout) if sampled else None
        fit = _Fit(model, targets, config, np.random.default_rng(run.seed), sampler)
        if progress is not None:
            progress.stage("train the graph neural network", config.epochs * fit.epoch_steps)
        fit.run(validate, progress)
    return GnnResult(
        z_products=fit.z,
        losses=tuple(fit.losses),
        scores=tuple(fit.scores),
        epochs=fit.kept_at,
        seconds=time.perf_counter() - started,
        relation_weights=tuple(model.relation_weights()),
        weights={name: value.cpu().numpy() for name, value in model.state_dict().items()},
        network=model,
    )


def epoch_steps(events: int, config: GnnConfig) -> int:
    """Steps in which an epoch goes through so many events.

    Batches of ``batch_size`` at most and 64 at least, so many as to make ``min_steps``.
    """
    most, least = events / config.batch_size, events / min(64, config.batch_size)
    return max(1, round(max(most, min(config.min_steps, least))))


class _Fit:
    """The loop: epochs, the best vectors so far."""

    def __init__(
        self,
        model: LinearHeteroGNN,
        targets: Targets,
        config: GnnConfig,
        rng: np.random.Generator,
        sampler: NeighbourSampler | None,
    ) -> None:
        self.model, self.targets, self.config, self.rng = model, targets, config, rng
        self.sampler = sampler
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.kept_at = 0
        self.kept: dict[str, torch.Tensor] = {}
        self.z: NDArray[np.float32] = np.zeros((0, config.dim), dtype=np.float32)
        shared = [value for name, value in model.named_parameters() if name != "free"]
        groups = [{"params": shared, "weight_decay": 0.0}]
        if model.free is not None:
            groups.append({"params": [model.free], "weight_decay": config.weight_decay})
        self.optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)
        self.epoch_steps = epoch_steps(len(targets), config)
        self.schedule = LinearLR(
            self.optimizer, 1.0, 0.0, total_iters=config.epochs * self.epoch_steps
        )

    def run(self, validate: Validate | None, progress: Progress | None) -> None:
        """All epochs, or until validation stops gaining."""
        for epoch in range(1, self.config.epochs + 1):
            losses = []
            for batch in self.targets.batches(self.epoch_steps, self.rng):
                losses.append(self._step(batch))
                if progress is not None:
                    progress.advance()
            self.losses.append(float(np.mean(losses)))
            if validate is not None or epoch == self.config.epochs:
                self._keep(epoch, validate)
            if epoch - self.kept_at >= self.config.patience and self.scores:
                break
        if self.kept:
            self.model.load_state_dict(self.kept)

    def _step(self, batch: Batch) -> float:
        model, config = self.model, self.config
        device = model.readout.device
        count = model.graph.num_nodes[PRODUCT]
        negatives = self.rng.choice(count, min(config.negatives, count), replace=False)
        walk, (right, history, others) = self._walk(batch.products, batch.history, negatives)
        z = normalize(model(walk, self._silence(batch)), dim=1)
        loss = sampled_softmax(
            read_histories(z, batch.rows, history, batch.strengths),
            z,
            torch.from_numpy(right).to(device),
            torch.from_numpy(others).to(device),
            temperature=config.temperature,
            weights=torch.from_numpy(batch.weights).to(device),
            total=count,
        )
        value = loss.item()
        if not np.isfinite(value):
            raise ModelError(
                f"the loss of the graph neural network is {value}; lower the learning rate "
                f"(it is {config.learning_rate})"
            )
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.schedule.step()
        return value

    def _walk(self, *products: NDArray[np.int64]) -> tuple[Walk | None, list[NDArray[np.int64]]]:
        """The walk that ends at these products (None: at all) and their rows at its end."""
        if self.sampler is None:
            return None, list(products)
        at_hand, rows = np.unique(np.concatenate(products), return_inverse=True)
        walk = self.sampler.walk(at_hand, self.rng)
        return walk, np.split(rows, np.cumsum([len(part) for part in products])[:-1])

    def _silence(self, batch: Batch) -> Silence:
        """The batch's users pass nothing on; some products are as if new."""
        sizes, device = self.model.graph.num_nodes, self.model.readout.device
        users = torch.ones(sizes[USER])
        users[torch.from_numpy(batch.users)] = 0.0
        heard = self.rng.random(sizes[PRODUCT]) >= self.config.cold_share
        return Silence(users.to(device), torch.from_numpy(heard).float().to(device))

    def _keep(self, epoch: int, validate: Validate | None) -> None:
        """Keep the vectors where they are the best so far."""
        z = self.model.vectors()
        if validate is not None:
            self.scores.append(validate(z))
        if validate is None or self.scores[-1] > max(self.scores[:-1], default=-np.inf):
            self.z, self.kept_at = z, epoch
            if epoch < self.config.epochs:
                self.kept = {name: v.clone() for name, v in self.model.state_dict().items()}
            else:
                self.kept = {}


@contextmanager
def _threads(threads: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
