"""Vectors of every kind of node in one space: what is near a colour, a brand, a category.

In: a trained network and its products' vectors. Out: unit vectors of all other nodes that say
something. Users get none: a user is the sum of their history, never a stored row.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from gnn.model import LinearHeteroGNN
from gnn.propagation import PRODUCT, USER
from gnn.vectors import unit_rows

__all__ = ["nearest", "node_vectors"]


def node_vectors(
    network: LinearHeteroGNN, z: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    r"""One more step of propagation, from the products to everything else.

    .. math::
        z_c = u\Bigl( u\bigl(\sum_r \sum_{p \to_r c} \hat{a}^r_{pc} z_p\bigr) + u(x_c W) \Bigr)
        \qquad u(v) = v / |v|

    A concept stands where its products do and where its name does; one without products where its
    name alone puts it, one without a name where its products are.

    Args:
        network: trained.
        z: its products' vectors, (products, dim) unit rows.

    Returns:
        Unit rows (zero where nothing is known) by node label, products included, users left out.
    """
    found = {PRODUCT: z}
    products = torch.from_numpy(z)
    with torch.no_grad():
        for label, count in network.graph.num_nodes.items():
            if label in (PRODUCT, USER):
                continue
            place = np.zeros((count, network.dim), dtype=np.float32)
            for (source, name, target), adj_t in network.graph.adj_t.items():
                if source == PRODUCT and target == label:
                    weight = network.graph.edge_weight[source, name, target]
                    place += adj_t.matmul(products, input_value=weight).numpy()
            place = unit_rows(place)
            if label in network.features and network.projection is not None:
                named = network.features[label] @ network.projection
                place = unit_rows(place + unit_rows(named.cpu().numpy()))
            found[label] = place
    return found


def nearest(
    vectors: Mapping[str, NDArray[np.float32]], label: str, row: int, k: int, *, among: str = ""
) -> list[tuple[int, float]]:
    """Nodes nearest to one, best first, and their cosines; the smaller row first among equals.

    Args:
        vectors: of `node_vectors`.
        label: the node's label.
        row: the node.
        k: how many at most.
        among: label of the nodes looked at; the node's own by default, then without itself.
    """
    other = among or label
    cosines = vectors[other] @ vectors[label][row]
    if other == label:
        cosines[row] = -np.inf
    order = np.argsort(-cosines, kind="stable")[:k]
    return [(int(at), float(cosines[at])) for at in order if np.isfinite(cosines[at])]
