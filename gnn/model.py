"""The graph neural network: linear propagation over every relation of the knowledge graph.

In: a ``HeteroData`` (`gnn.graph.to_hetero`). Out: one vector per product. There is no
nonlinearity between the inputs and a product's vector, so the vector is exactly a weighted sum over
the nodes it was propagated from. Users and nodes without a name have no input of their own, they
only pass on what their neighbours say: a user is never a trained parameter. The whole graph is
propagated at every step; neighbour sampling is not done.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch_geometric import EdgeIndex
from torch_geometric.data import HeteroData
from torch_geometric.nn import HeteroConv

from kg.errors import ModelError

__all__ = ["GnnConfig", "LinearHeteroGNN", "Propagation", "RelationConv", "propagation"]

PRODUCT = "Product"
USER = "User"
REFERENCE = "ProductReference"
REVERSE = "rev_"  # the name PyTorch Geometric's ToUndirected gives an edge read backwards

EdgeType = tuple[str, str, str]


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
class Propagation:
    """Where messages go: every relation in both directions, symmetrically normalised."""

    num_nodes: Mapping[str, int]
    adj_t: Mapping[EdgeType, EdgeIndex]  # (source, name, target) -> targets × sources, by row
    edge_weight: Mapping[EdgeType, Tensor]  # c_st / sqrt(Σ_s c_st · Σ_t c_st), float32


def propagation(data: HeteroData, *, through_references: bool = False) -> Propagation:
    """Edges of a graph as the network walks them.

    Each relation is walked both ways. An edge weighs its confidence over the root of the product
    of both ends' sums (LightGCN's normalisation, He et al. 2020, within each relation).

    Args:
        data: the graph.
        through_references: walk through products outside the catalogue too, unless they have one
            neighbour only: these lead back to where one came from.
    """
    adj_t: dict[EdgeType, EdgeIndex] = {}
    edge_weight: dict[EdgeType, Tensor] = {}
    left_out = _left_out(data, through_references)
    for (head, name, tail), store in data.edge_items():
        rows, columns = store.edge_index
        keep = ~(left_out[head][rows] | left_out[tail][columns])
        rows, columns, weight = rows[keep], columns[keep], store.edge_weight[keep]
        if not len(rows):
            continue
        sizes = (data[head].num_nodes, data[tail].num_nodes)
        out_sum = weight.new_zeros(sizes[0]).index_add_(0, rows, weight)
        in_sum = weight.new_zeros(sizes[1]).index_add_(0, columns, weight)
        weight = weight / (out_sum[rows] * in_sum[columns]).sqrt()
        for key, targets, sources, size in (
            ((head, name, tail), columns, rows, sizes[::-1]),
            ((tail, REVERSE + name, head), rows, columns, sizes),
        ):
            order = torch.argsort(targets * size[1] + sources)
            index = torch.stack([targets, sources])[:, order]
            adj_t[key] = EdgeIndex(index, sparse_size=size, sort_order="row").fill_cache_()
            edge_weight[key] = weight[order]
    return Propagation({t: data[t].num_nodes for t in data.node_types}, adj_t, edge_weight)


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
        self.layers = nn.ModuleList(_layer(keys) for keys in _active(graph, inputs, config.layers))
        self.readout = nn.Parameter(torch.ones(config.layers + 1))

    def inputs(self) -> dict[str, Tensor]:
        """``H^0`` of each node type that has one, (nodes, dim)."""
        hidden = {}
        if self.projection is not None:
            hidden = {label: x @ self.projection for label, x in self.features.items()}
        if self.free is not None:
            free = self.met * self.free
            hidden[PRODUCT] = hidden[PRODUCT] + free if PRODUCT in hidden else free
        return hidden

    def propagate(self, inputs: Mapping[str, Tensor], users: Tensor | None = None) -> Tensor:
        """Products' vectors ``z``, (products, dim); linear in ``inputs``.

        Args:
            inputs: ``H^0``, (nodes, dim) by node type.
            users: weight of what each user passes on, (users,); None: all ones.
        """
        hidden = dict(inputs)
        z = self.readout.new_zeros(self.graph.num_nodes[PRODUCT], self.dim)
        if PRODUCT in hidden:
            z = z + self.readout[0] * hidden[PRODUCT]
        for layer, share in zip(self.layers, self.readout[1:], strict=True):
            if users is not None and USER in hidden:
                hidden[USER] = hidden[USER] * users.unsqueeze(1)
            hidden = layer(hidden, self.graph.adj_t, edge_weight_dict=self.graph.edge_weight)
            if PRODUCT in hidden:
                z = z + share * hidden[PRODUCT]
        return z

    def forward(self, users: Tensor | None = None) -> Tensor:
        """``propagate(inputs(), users)``."""
        return self.propagate(self.inputs(), users)

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


def _active(graph: Propagation, inputs: set[str], layers: int) -> list[list[EdgeType]]:
    """Edge types of each layer that carry something towards the products' vectors."""
    reached = [set(inputs)]
    for _ in range(layers):
        reached.append({key[2] for key in graph.adj_t if key[0] in reached[-1]})
    chosen: list[list[EdgeType]] = []
    wanted = {PRODUCT}
    for sources in reversed(reached[:-1]):
        keys = [key for key in graph.adj_t if key[0] in sources and key[2] in wanted]
        chosen.append(keys)
        wanted = {PRODUCT} | {key[0] for key in keys}
    return chosen[::-1]


def _left_out(data: HeteroData, through_references: bool) -> dict[str, Tensor]:
    """Nodes that are not walked through, by node type."""
    degree = {label: torch.zeros(data[label].num_nodes) for label in data.node_types}
    for (head, _, tail), store in data.edge_items():
        for label, nodes in ((head, store.edge_index[0]), (tail, store.edge_index[1])):
            degree[label] += torch.bincount(nodes.cpu(), minlength=len(degree[label]))
    left_out = {}
    for label, neighbours in degree.items():
        left_out[label] = torch.full(neighbours.shape, label == REFERENCE)
        if through_references:
            left_out[label] &= neighbours <= 1
    return left_out


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
