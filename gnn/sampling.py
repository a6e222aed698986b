"""Neighbour sampling: the part of the graph that some products hear from, at bounded cost.

In: the normalised edges (`gnn.propagation.Propagation`) and the products wanted. Out: a
`gnn.propagation.Walk` over the nodes reached, at most ``fanout`` neighbours of a node along each
relation. Written here because PyTorch Geometric's own samplers need pyg-lib or torch-sparse
(`docs/decisions/neighbour-sampling-of-our-own.md`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric import EdgeIndex

from gnn.propagation import PRODUCT, EdgeType, Propagation, Step, Walk

__all__ = ["NeighbourSampler"]


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """One relation, compressed by target. Arrays share memory with the graph's tensors."""

    start: NDArray[np.int64]  # (targets + 1,)
    source: NDArray[np.int64]  # (edges,)
    weight: NDArray[np.float32]  # (edges,)


class NeighbourSampler:
    r"""Draws walks whose vectors are, in the mean, those of the whole graph.

    A node with ``d`` neighbours along a relation hears all of them where ``d <= fanout``; else
    ``fanout`` of them, each with the same probability, and each counts ``d / fanout`` times: the
    Horvitz-Thompson estimator, without bias for the linear sum that a layer is. Which ones is
    decided by one random number ``u`` in [0, 1) a node, systematic sampling (Madow and Madow 1944),
    so a hub of a million neighbours costs as little as any:

    .. math:: \{\lfloor (u + i)\, d / fanout \rfloor : i = 0, \dots, fanout - 1\}

    Args:
        graph: edges, on the CPU.
        layers: relations of each step, first to last (`gnn.propagation.active_relations`).
        fanout: neighbours heard along each relation; None: all.
    """

    def __init__(
        self, graph: Propagation, layers: Sequence[Sequence[EdgeType]], fanout: int | None
    ) -> None:
        self._layers, self._fanout, self._num_nodes = layers, fanout, graph.num_nodes
        self._neighbours = {
            key: _compressed(graph, key) for key in {key for layer in layers for key in layer}
        }

    def walk(self, products: NDArray[np.int64], rng: np.random.Generator) -> Walk:
        """Steps to the vectors of some products.

        Args:
            products: rows of the products, ascending, each once; the vectors come in this order.
            rng: all random numbers come from it.
        """
        targets = {PRODUCT: products}
        steps: list[Step] = []
        for keys in reversed(self._layers):
            step, targets = self._step(keys, targets, rng)
            steps.append(step)
        return Walk(tuple(reversed(steps)))

    def _step(
        self,
        keys: Sequence[EdgeType],
        targets: Mapping[str, NDArray[np.int64]],
        rng: np.random.Generator,
    ) -> tuple[Step, dict[str, NDArray[np.int64]]]:
        """One step back from its targets, and the nodes it starts from."""
        drawn = {}
        reached: dict[str, list[NDArray[np.int64]]] = {PRODUCT: [targets[PRODUCT]]}
        for key in keys:
            if key[2] in targets:
                drawn[key] = _draw(self._neighbours[key], targets[key[2]], self._fanout, rng)
                reached.setdefault(key[0], []).append(drawn[key][1])
        sources = {
            label: _unique(parts, self._num_nodes[label]) for label, parts in reached.items()
        }
        adj_t, edge_weight = {}, {}
        for key, (row, source, weight) in drawn.items():
            size = (len(targets[key[2]]), len(sources[key[0]]))
            columns = np.searchsorted(sources[key[0]], source)
            adj_t[key] = EdgeIndex(np.stack([row, columns]), sparse_size=size, sort_order="row")
            edge_weight[key] = torch.from_numpy(weight)
        step = Step(
            adj_t,
            edge_weight,
            {label: torch.from_numpy(nodes) for label, nodes in sources.items()},
            torch.from_numpy(targets[PRODUCT]),
            torch.from_numpy(np.searchsorted(sources[PRODUCT], targets[PRODUCT])),
        )
        return step, sources


def _compressed(graph: Propagation, key: EdgeType) -> _Neighbours:
    target, source = graph.adj_t[key].as_tensor().numpy()
    size = np.bincount(target, minlength=graph.num_nodes[key[2]])
    return _Neighbours(np.r_[0, np.cumsum(size)], source, graph.edge_weight[key].numpy())


def _draw(
    neighbours: _Neighbours,
    targets: NDArray[np.int64],
    fanout: int | None,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Target rows (ascending), source nodes and weights of the edges drawn."""
    start = neighbours.start[targets]
    degree = neighbours.start[targets + 1] - start
    count = degree if fanout is None else np.minimum(degree, fanout)
    row = np.repeat(np.arange(len(targets)), count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    stride = degree / np.maximum(count, 1)
    phase = np.where(degree > count, rng.random(len(targets)), 0.0)
    edge = start[row] + np.floor((place + phase[row]) * stride[row]).astype(np.int64)
    edge = np.minimum(edge, (start + degree)[row] - 1)  # rounding up at the last place
    weight = neighbours.weight[edge] * stride[row].astype(np.float32)
    return row, neighbours.source[edge], weight


def _unique(parts: Sequence[NDArray[np.int64]], size: int) -> NDArray[np.int64]:
    """Nodes that occur, ascending."""
    nodes = np.concatenate(parts)
    if len(nodes) * 8 < size:
        return np.unique(nodes)
    occurs = np.zeros(size, dtype=bool)  # quicker than sorting where many do
    occurs[nodes] = True
    return np.flatnonzero(occurs)
