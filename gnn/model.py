"""The graph neural network: linear propagation over every relation of the knowledge graph.

In: a ``HeteroData`` (`gnn.graph.to_hetero`). Out: one vector per product. There is no
nonlinearity between the inputs and a product's vector, so the vector is exactly a weighted sum over
the nodes it was propagated from. Users and nodes without a name have no input of their own, they
only pass on what their neighbours say: a user is never a trained parameter. Which nodes take part
is a `gnn.propagation.Walk`: all, or those some products hear from.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_geometric import EdgeIndex
from torch_geometric.data import HeteroData
from torch_geometric.nn import HeteroConv

from gnn.gnn_config import GnnConfig
from gnn.propagation import (
    PRODUCT,
    USER,
    EdgeType,
    Propagation,
    Step,
    Walk,
    active_relations,
    whole,
)
from gnn.vectors import unit_rows
from kg.errors import ModelError

__all__ = ["LinearHeteroGNN", "RelationConv", "Silence"]

_SLICE = 32  # columns propagated at once where no gradient is wanted


class RelationConv(nn.Module):
    r"""Messages along one relation, times one learned weight, and nothing else.

    .. math:: y_t = w \sum_{s \to t} a_{st} x_s

    Shapes: ``x`` (sources, d), ``adj_t`` a (targets, sources) matrix as an ``EdgeIndex`` sorted by
    row, ``edge_weight`` (edges,) give (targets, d). One sparse product; `MessagePassing` would fuse
    an ``EdgeIndex`` sorted by column, but that one's gradient holds for square matrices only
    (torch_geometric 2.8).
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(
        self, x: Tensor | tuple[Tensor, Tensor | None], adj_t: EdgeIndex, edge_weight: Tensor
    ) -> Tensor:
        """Weighted sum of the sources' vectors at each target."""
        source = x[0] if isinstance(x, tuple) else x
        gathered: Tensor = adj_t.matmul(source, input_value=edge_weight)
        return self.weight * gathered


@dataclass(frozen=True)
class Silence:
    """What is taken out of the propagation for one training step."""

    users: Tensor  # (users,) 1.0, or 0.0: passes nothing on
    heard: Tensor  # (products,) 1.0, or 0.0: no free vector and no message from users, as if new

    def on(self, step: Step, weights: Mapping[EdgeType, Tensor]) -> dict[EdgeType, Tensor]:
        """Weights of the edges from users to products, zero where silence is kept."""
        kept = {}
        for key in weights:
            if key[0] == USER and key[2] == PRODUCT:
                rows, columns = step.adj_t[key].as_tensor()
                speaker = step.sources[USER][columns] if USER in step.sources else columns
                hearer = rows if step.targets is None else step.targets[rows]
                kept[key] = weights[key] * self.users[speaker] * self.heard[hearer]
        return kept


class LinearHeteroGNN(nn.Module):
    r"""Products' vectors by linear propagation (LightGCN with one weight per relation and layer).

    .. math::
        H^0_t &= X_t W + E_t \qquad
        H^{l+1}_t = \sum_{r: s \to t} w^l_r \hat{A}_r H^l_s \qquad
        z = \sum_l \alpha_l H^l_{product}

    ``X`` are text vectors, ``W`` is shared by all node types, ``E`` are free vectors of the
    products somebody met in the training events; others have none, so a new product stands where
    its text and its facts put it.

    Args:
        data: the graph; only its text vectors and which products have events are kept.
        graph: `propagation` of the same graph.
        config: width, layers, free vectors.
        generator: all random numbers come from it.

    Raises:
        ModelError: no node has an input.
    """

    def __init__(
        self,
        data: HeteroData,
        graph: Propagation,
        config: GnnConfig,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.met: Tensor
        self.graph = graph
        self.dim = config.dim
        self.features = {label: data[label].x for label in data.node_types if "x" in data[label]}
        widths = {x.shape[1] for x in self.features.values()}
        if len(widths) > 1:
            raise ModelError(f"text vectors have several widths {sorted(widths)}; use one encoder")
        if not widths and not config.free_std:
            raise ModelError("there are neither text vectors nor free vectors to learn from")
        width = max(widths, default=0)
        start = torch.randn(width, config.dim, generator=generator) * (3 / max(width, 1) ** 0.5)
        self.projection = nn.Parameter(start) if width else None
        products = graph.num_nodes[PRODUCT]
        free = torch.randn(products, config.dim, generator=generator) * config.free_std
        self.free = nn.Parameter(free) if config.free_std else None
        self.register_buffer("met", _met(data).unsqueeze(1), persistent=False)  # (products, 1)
        inputs = set(self.features) | ({PRODUCT} if self.free is not None else set())
        self.relations = active_relations(graph, inputs, config.layers)
        self.layers = nn.ModuleList(_layer(keys) for keys in self.relations)
        self.readout = nn.Parameter(torch.ones(config.layers + 1))

    def inputs(
        self, walk: Walk | None = None, silence: Silence | None = None, columns: slice | None = None
    ) -> dict[str, Tensor]:
        """``H^0`` of each node type that has one.

        Args:
            walk: whose first nodes are wanted; None: all.
            silence: whose free vectors are left out.
            columns: which part of the width; None: all.

        Returns:
            (nodes, width) by node type.
        """
        at = walk.steps[0].sources if walk is not None else {}
        part = slice(None) if columns is None else columns
        hidden = {}
        if self.projection is not None:
            projection = self.projection[:, part]
            hidden = {
                label: (x[at[label]] if label in at else x) @ projection
                for label, x in self.features.items()
                if not at or label in at
            }
        if self.free is not None:
            met: Tensor = self.met
            free: Tensor = self.free
            if silence is not None:
                met = met * silence.heard.unsqueeze(1)
            if at:
                met, free = met[at[PRODUCT]], free[at[PRODUCT]]
            own = met * free[:, part]
            hidden[PRODUCT] = hidden[PRODUCT] + own if PRODUCT in hidden else own
        return hidden

    def propagate(
        self,
        inputs: Mapping[str, Tensor],
        walk: Walk | None = None,
        silence: Silence | None = None,
    ) -> Tensor:
        """Products' vectors ``z``; linear in ``inputs``.

        Args:
            inputs: ``H^0`` by node type, rows as the walk's first nodes.
            walk: where messages go; None: everywhere.
            silence: who says nothing, and who hears no users.

        Returns:
            (products, width): those the walk ends at, or all.
        """
        steps = (walk or whole(self.graph, len(self.layers))).steps
        hidden = dict(inputs)
        z: Tensor | None = None
        if PRODUCT in hidden:
            z = self.readout[0] * hidden[PRODUCT]
        for layer, step, share in zip(self.layers, steps, self.readout[1:], strict=True):
            adj_t = {key: index for key, index in step.adj_t.items() if key[0] in hidden}
            weights = {key: step.edge_weight[key] for key in adj_t}
            if silence is not None:
                weights |= silence.on(step, weights)
            hidden = layer(hidden, adj_t, edge_weight_dict=weights)
            if z is not None and step.kept is not None:
                z = z[step.kept]
            if PRODUCT in hidden:
                heard = share * hidden[PRODUCT]
                z = heard if z is None else z + heard
        if z is None:
            return self.readout.new_zeros(self.graph.num_nodes[PRODUCT], self.dim)
        return z

    def forward(self, walk: Walk | None = None, silence: Silence | None = None) -> Tensor:
        """``propagate(inputs(…), …)``."""
        return self.propagate(self.inputs(walk, silence), walk, silence)

    @torch.no_grad()
    def vectors(self, graph: Propagation | None = None) -> NDArray[np.float32]:
        """Vectors of all products over the whole graph, unit rows, (products, dim).

        Linear propagation treats each column alone, so a few are propagated at a time and the
        vectors of the other nodes are never all in memory.

        Args:
            graph: walk over these edges instead of the network's own.
        """
        walk = whole(graph or self.graph, len(self.layers))
        z = np.zeros((self.graph.num_nodes[PRODUCT], self.dim), dtype=np.float32)
        for start in range(0, self.dim, _SLICE):
            columns = slice(start, min(start + _SLICE, self.dim))
            z[:, columns] = self.propagate(self.inputs(columns=columns), walk).cpu().numpy()
        return unit_rows(z)

    def relation_weights(self) -> list[dict[str, float]]:
        """Learned weight of each relation, layer by layer, as ``'User BOUGHT Product'``."""
        return [
            {
                " ".join(key): conv.weight.item()
                for key, conv in cast(HeteroConv, layer).convs.items()
            }
            for layer in self.layers
        ]


def _layer(keys: list[EdgeType]) -> HeteroConv:
    with warnings.catch_warnings():
        # That some node types are only sources is meant: the last layer speaks to products.
        warnings.filterwarnings("ignore", "There exist node types", UserWarning)
        return HeteroConv({key: RelationConv() for key in keys}, aggr="sum")


def _met(data: HeteroData) -> Tensor:
    """1.0 for products that some user met in the events of this graph, else 0.0."""
    met = torch.zeros(data[PRODUCT].num_nodes)
    for (head, _, tail), store in data.edge_items():
        if (head, tail) == (USER, PRODUCT):
            met[store.edge_index[1]] = 1.0
    return met


def _consume_beta_notices() -> None:
    """Have torch say now, unheard, the two things it says once about sparse tensors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        torch.sparse_csr_tensor(torch.tensor([0, 0]), torch.tensor([], dtype=torch.int64), [])


_consume_beta_notices()
