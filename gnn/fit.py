"""From a knowledge graph and training events to a fitted `gnn.storage.Model`.

In: the graph's tables, the ontology, the interactions to train on, embeddings if there are any.
Out: a model ready to be saved or asked. Edges of paths come from the whole graph; numbers are
learned from ``interactions`` alone, which is how held-out events stay held out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.channels import Channel, broader_edges, read_channels
from gnn.choice import choose_head
from gnn.events import EventColumns, event_matrix, read_events
from gnn.features import fuse
from gnn.fusion import FusionHead, HeadConfig, fit_head
from gnn.head import Head
from gnn.history import history_matrix
from gnn.kin import Kin, find_kin, near_kin, no_kin
from gnn.lowrank import LowRankHead
from gnn.lowrank_fit import fit_low_rank
from gnn.ranking import batch_size
from gnn.storage import Model
from gnn.user_events import read_user_events
from kg.errors import ModelError
from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary
from kg.records import EVENTS
from kg.schema import Schema

__all__ = ["TrainingData", "attach_gnn", "fit_model", "kin_of_new", "read_training"]

_BOUGHT = np.array([event in ("purchase", "rating") for event in EVENTS], dtype=np.float64)


@dataclass(frozen=True)
class TrainingData:
    """Interactions of a split as matrices, users × products."""

    users: Vocabulary
    products: Vocabulary
    columns: EventColumns

    @property
    def shape(self) -> tuple[int, int]:
        """Users, products."""
        return len(self.users), len(self.products)

    def user_items(self, config: HeadConfig) -> csr_matrix:
        """What the Gram matrix is made of: the largest event weight of each pair."""
        weights = config.history.event_weights()
        return event_matrix(self.columns, self.shape, weights, config.half_life_days)

    def histories(self, config: HeadConfig) -> csr_matrix:
        """Weighted histories ``x_u``."""
        return history_matrix(self.columns, self.shape, config.history)

    @cached_property
    def seen(self) -> csr_matrix:
        """1 where a user met a product at all."""
        return event_matrix(self.columns, self.shape, np.ones(len(EVENTS)))

    @cached_property
    def bought(self) -> csr_matrix:
        """1 where a user bought or rated a product."""
        return event_matrix(self.columns, self.shape, _BOUGHT)

    def truth(self, interactions: pa.Table) -> csr_matrix:
        """What the users took later: products new to them, users × products.

        Purchases and ratings count; where ``interactions`` has neither, every event does. Users
        without training events have no row here.
        """
        later = read_events(interactions, self.users, self.products)
        taken = event_matrix(later, self.shape, _BOUGHT)
        if not taken.nnz:
            taken = event_matrix(later, self.shape, np.ones(len(EVENTS)))
        new = csr_matrix(taken - taken.multiply(self.seen))
        new.eliminate_zeros()
        return new


def read_training(interactions: pa.Table, products: Vocabulary, config: HeadConfig) -> TrainingData:
    """Interactions with compact ids as `TrainingData`; users in sorted order.

    Raises:
        ModelError: there are none of a known product, or an event type is unknown.
    """
    users = Vocabulary(sorted(set(interactions["user_id"].to_pylist())))
    columns = read_events(interactions, users, products, min_rating=config.history.min_rating)
    if not len(columns.users):
        raise ModelError(
            f"none of {interactions.num_rows} interactions is with one of {len(products)} products"
        )
    return TrainingData(users, products, columns)


def fit_model(
    kg: KnowledgeGraph,
    schema: Schema,
    interactions: pa.Table,
    *,
    text: NDArray[np.float32] | None = None,
    config: HeadConfig | None = None,
    channels: list[Channel] | None = None,
    co_purchase: bool = True,
) -> Model:
    """Fit the head that `gnn.choice.choose_head` chooses on a graph and training events.

    Args:
        kg: the graph.
        schema: the ontology it was made with.
        interactions: training events with compact ids.
        text: (n, d) float32 unit rows in the order of ``kg.products``; None: no text channel.
        config: settings; the defaults where None.
        channels: those of ``read_channels`` with the same damping, where made already.
        co_purchase: whether the channel ``F = Xᵀ`` is in the Gram matrix; histories do without.

    Raises:
        ModelError: no usable events, or shapes that do not agree.
    """
    config = HeadConfig() if config is None else config
    products = Vocabulary(kg.products["id"].to_pylist())
    data = read_training(interactions, products, config)
    if channels is None:
        channels = read_channels(kg, schema, products, damping=config.ancestor_damping)
    features = fuse(
        channels,
        len(products),
        weights={channel.relation: config.weight(channel.relation) for channel in channels},
        degree_exponent=config.degree_exponent,
        min_degree=config.min_degree,
    )
    user_items = data.user_items(config)
    if not co_purchase:
        user_items = user_items[:0]  # a Gram matrix of nobody
    choice = choose_head(len(products), config)
    fit = fit_head if choice.kind == "dense" else fit_low_rank
    head = fit(user_items, features, text, config, bought=data.bought)
    return Model(
        config=config,
        choice=choice,
        products=products,
        head=head,
        kin=kin_of_new(head, user_items, config),
        events=read_user_events(kg, schema, products),
        broader=broader_edges(kg, schema),
        gnn=np.zeros((len(products), 0), dtype=np.float32),
    )


def kin_of_new(head: FusionHead | LowRankHead, user_items: csr_matrix, config: HeadConfig) -> Kin:
    """Kin of the products without events; none where nothing was bought.

    Args:
        head: fitted to ``user_items``.
        user_items: X, (users, n).
        config: the head's settings.
    """
    n = head.num_products
    if not user_items.nnz:
        return no_kin(n)
    new = np.bincount(user_items.indices, minlength=n) == 0
    facts, text = head.features.matrix(), head.text
    if isinstance(head, FusionHead):
        return find_kin([facts, text], new, config.regularization, config.kin)
    some = near_kin((facts[new], text[new]), (facts, text), ~new, config.regularization, config.kin)
    into = np.flatnonzero(new)
    spread = csr_matrix((np.ones(len(into), np.float32), (into, np.arange(len(into)))),
                        shape=(n, len(into)))  # fmt: skip
    return Kin(csr_matrix(spread @ some), config.kin.own_weight)


def attach_gnn(
    model: Model, embeddings: NDArray[np.float32], histories: csr_matrix, weight: float
) -> Model:
    """The model with a GNN's part added to its scores.

    The embeddings are scaled so that, over a sample of histories, the GNN's scores vary ``weight``
    times as much as the head's. The scale is one number for all users: a term then stays the same
    whatever else is in the history.

    Args:
        model: with a fitted head.
        embeddings: (n, d) float32, in the order of ``model.products``.
        histories: weighted histories to measure on, users × products.
        weight: ``a`` in ``score = head + a · gnn``; 0 takes the GNN out.

    Raises:
        ModelError: the embeddings are of other products.
    """
    n = len(model.products)
    if embeddings.shape[0] != n:
        raise ModelError(f"{len(embeddings)} embeddings for {n} products; train the GNN again")
    if weight == 0:
        scaled = np.zeros((n, 0), dtype=np.float32)
    else:
        ratio = _spread_ratio(model.head, embeddings, histories)
        scaled = np.ascontiguousarray(embeddings * np.sqrt(weight * ratio), dtype=np.float32)
    config = model.config.model_copy(update={"gnn_weight": weight})
    return replace(model, config=config, gnn=scaled)


def _spread_ratio(head: Head, embeddings: NDArray[np.float32], histories: csr_matrix) -> float:
    """Mean over sampled users of std(head scores) / std(GNN scores), outside their histories."""
    users = np.flatnonzero(np.diff(histories.indptr))
    sample = histories[users[np.linspace(0, len(users) - 1, min(len(users), 256)).astype(int)]]
    step = batch_size(head.num_products)
    ratios: list[float] = []
    for start in range(0, sample.shape[0], step):
        some = sample[start : start + step]
        new = np.ones(some.shape, dtype=bool)
        new[some.nonzero()] = False
        of_head = head.batch(some)
        of_gnn = (some @ embeddings) @ embeddings.T
        ratios += [
            float(of_head[at, mask].std() / of_gnn[at, mask].std())
            for at, mask in enumerate(new)
            if mask.any() and of_gnn[at, mask].std() > 0
        ]
    return float(np.mean(ratios)) if ratios else 0.0
