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
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize
from torch.optim.lr_scheduler import LinearLR
from torch_geometric import EdgeIndex
from torch_geometric.data import HeteroData

from gnn.graph import to_hetero
from gnn.history import HistoryConfig, read_events
from gnn.model import PRODUCT, USER, GnnConfig, LinearHeteroGNN, propagation
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
    "sampled_softmax",
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
    weights: Mapping[str, NDArray[np.float32]]  # all parameters


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
        data = data.to(run.device)
        generator = torch.Generator().manual_seed(run.seed)
        graph = propagation(data, through_references=config.through_references)
        model = LinearHeteroGNN(data, graph, config, generator).to(run.device)
        fit = _Fit(model, targets, config, np.random.default_rng(run.seed))
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
    ) -> None:
        self.model, self.targets, self.config, self.rng = model, targets, config, rng
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.kept_at = 0
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
                return

    def _step(self, batch: Batch) -> float:
        model, config = self.model, self.config
        device = model.readout.device
        passing = torch.ones(model.graph.num_nodes[USER], device=device)
        passing[torch.from_numpy(np.unique(batch.users)).to(device)] = 0.0
        z = normalize(model(passing), dim=1)
        negatives = self.rng.permutation(len(z))[: config.negatives]
        loss = sampled_softmax(
            _read_histories(batch, z),
            z,
            torch.from_numpy(batch.products).to(device),
            torch.from_numpy(negatives).to(device),
            temperature=config.temperature,
            weights=torch.from_numpy(batch.weights).to(device),
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

    def _keep(self, epoch: int, validate: Validate | None) -> None:
        """Keep the vectors where they are the best so far."""
        with torch.no_grad():
            z = normalize(self.model(), dim=1).cpu().numpy()
        if validate is not None:
            self.scores.append(validate(z))
        if validate is None or self.scores[-1] > max(self.scores[:-1], default=-np.inf):
            self.z, self.kept_at = z, epoch


def _read_histories(batch: Batch, z: Tensor) -> Tensor:
    """Users as the model reads them: unit vectors along ``Σ_i x_ui z_i``, (b, dim)."""
    index = EdgeIndex(
        np.stack([batch.rows, batch.history]),
        sparse_size=(len(batch.products), len(z)),
        sort_order="row",
        device=z.device,
    )
    strengths = torch.from_numpy(batch.strengths).to(z.device)
    return normalize(index.matmul(z, input_value=strengths), dim=1)


def sampled_softmax(
    queries: Tensor,
    z: Tensor,
    products: Tensor,
    negatives: Tensor,
    *,
    temperature: float,
    weights: Tensor | None = None,
) -> Tensor:
    r"""Cross entropy of the right product among drawn ones, as an estimate of that among all.

    .. math::
        \ell_b = -\log \frac{\exp s_{bp}}{\exp s_{bp} + \frac{n}{m} \sum_{j \ne p} \exp s_{bj}}
        \qquad s_{bj} = \frac{q_b \cdot z_j}{\tau}

    With ``m`` of ``n`` products drawn evenly, :math:`n/m` makes up for those not drawn (the logQ
    correction, Bengio & Senécal 2008). With all products drawn it is the full softmax.

    Args:
        queries: (b, d).
        z: all products, (n, d).
        products: right answers, (b,).
        negatives: drawn products, (m,), each once; where one is the right answer it is left out.
        temperature: τ.
        weights: of each event, (b,); None: all alike.

    Returns:
        The weighted mean, a scalar.
    """
    right = (queries * z[products]).sum(dim=1, keepdim=True) / temperature
    others = queries @ z[negatives].T / temperature + np.log(len(z) / len(negatives))
    others = others.masked_fill(negatives == products[:, None], -torch.inf)
    logits = torch.cat([right, others], dim=1)
    losses = cross_entropy(logits, torch.zeros_like(products), reduction="none")
    return losses.mean() if weights is None else (losses * weights).sum() / weights.sum()


@contextmanager
def _threads(threads: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
