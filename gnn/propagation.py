"""Where messages go: every relation of the graph both ways, whole or around a few products.

In: a ``HeteroData`` (`gnn.graph.to_hetero`). Out: a `Propagation`, the normalised edges, and
`Walk`, the steps the network takes over them: `whole` for all nodes at every step,
`gnn.sampling.NeighbourSampler` for those that some products hear from. The network cannot tell one
from the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.data import HeteroData

__all__ = [
    "PRODUCT",
    "REVERSE",
    "USER",
    "EdgeType",
    "Propagation",
    "Step",
    "Walk",
    "active_relations",
    "propagation",
    "whole",
]

PRODUCT = "Product"
USER = "User"
REFERENCE = "ProductReference"
REVERSE = "rev_"  # the name PyTorch Geometric's ToUndirected gives an edge read backwards

EdgeType = tuple[str, str, str]


@dataclass(frozen=True)
class Propagation:
    """Edges of the whole graph, in both directions, symmetrically normalised."""

    num_nodes: Mapping[str, int]
    adj_t: Mapping[EdgeType, EdgeIndex]  # (source, name, target) -> targets × sources, by row
    edge_weight: Mapping[EdgeType, Tensor]  # c_st / sqrt(Σ_s c_st · Σ_t c_st), float32

    @property
    def num_edges(self) -> int:
        """Edges, each direction counted."""
        return sum(index.shape[1] for index in self.adj_t.values())

    def without(self, relation: str) -> Propagation:
        """The same edges but those of one relationship type, neither way, weights as they are."""
        left_out = {relation, REVERSE + relation}
        adj_t = {key: index for key, index in self.adj_t.items() if key[1] not in left_out}
        return Propagation(self.num_nodes, adj_t, {key: self.edge_weight[key] for key in adj_t})


@dataclass(frozen=True)
class Step:
    """One layer's messages. Rows number the nodes at hand, not those of the graph."""

    adj_t: Mapping[EdgeType, EdgeIndex]  # target rows × source rows
    edge_weight: Mapping[EdgeType, Tensor]
    sources: Mapping[str, Tensor]  # nodes behind the source rows; a type left out: all, in order
    targets: Tensor | None  # products behind the target rows; None: all, in order
    kept: Tensor | None  # where these stand among the source rows; None: they are the same


@dataclass(frozen=True)
class Walk:
    """The steps from inputs to the products' vectors, first to last."""

    steps: tuple[Step, ...]


def whole(graph: Propagation, layers: int) -> Walk:
    """The walk over everything."""
    return Walk((Step(graph.adj_t, graph.edge_weight, {}, None, None),) * layers)


def propagation(
    data: HeteroData, *, through_references: bool = False, cached: bool = True
) -> Propagation:
    """Edges of a graph as the network walks them.

    Each relation is walked both ways. An edge weighs its confidence over the root of the product
    of both ends' sums (LightGCN's normalisation, He et al. 2020, within each relation).

    Args:
        data: the graph.
        through_references: walk through products outside the catalogue too, unless they have one
            neighbour only: these lead back to where one came from.
        cached: keep each matrix transposed too, which gradients over the whole graph need; it
            takes about three times the memory.
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
            matrix = EdgeIndex(index, sparse_size=size, sort_order="row")
            adj_t[key] = matrix.fill_cache_() if cached else matrix
            edge_weight[key] = weight[order]
    return Propagation({t: data[t].num_nodes for t in data.node_types}, adj_t, edge_weight)


def active_relations(graph: Propagation, inputs: set[str], layers: int) -> list[list[EdgeType]]:
    """Edge types of each layer that carry something towards the products' vectors.

    Args:
        graph: the edges.
        inputs: node types that have an input.
        layers: steps.
    """
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
