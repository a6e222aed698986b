"""What the network is marked by: the right product among drawn ones, seen from a history.

In: unit vectors of products, histories in coordinates. Out: a loss.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize
from torch_geometric import EdgeIndex

__all__ = ["read_histories", "sampled_softmax"]


def read_histories(
    z: Tensor, rows: NDArray[np.int64], history: NDArray[np.int64], strengths: NDArray[np.float32]
) -> Tensor:
    """Users as the model reads them: unit vectors along ``Σ_i x_ui z_i``.

    Args:
        z: products at hand, (n, dim).
        rows: the user's position in the batch, ascending, each occurs, (m,).
        history: row of z, (m,).
        strengths: ``x_ui``, (m,).

    Returns:
        (users, dim).
    """
    index = EdgeIndex(
        np.stack([rows, history]),
        sparse_size=(int(rows[-1]) + 1, len(z)),
        sort_order="row",
        device=z.device,
    )
    return normalize(index.matmul(z, input_value=torch.from_numpy(strengths).to(z.device)), dim=1)


def sampled_softmax(
    queries: Tensor,
    z: Tensor,
    products: Tensor,
    negatives: Tensor,
    *,
    temperature: float,
    weights: Tensor | None = None,
    total: int | None = None,
) -> Tensor:
    r"""Cross entropy of the right product among drawn ones, as an estimate of that among all.

    .. math::
        \ell_b = -\log \frac{\exp s_{bp}}{\exp s_{bp} + \frac{n}{m} \sum_{j \ne p} \exp s_{bj}}
        \qquad s_{bj} = \frac{q_b \cdot z_j}{\tau}

    With ``m`` of ``n`` products drawn evenly, :math:`n/m` makes up for those not drawn (the logQ
    correction, Bengio & Senécal 2008). With all products drawn it is the full softmax.

    Args:
        queries: (b, d).
        z: products at hand, (rows, d), unit rows or not.
        products: right answers, (b,).
        negatives: drawn products, (m,), each once; where one is the right answer it is left out.
        temperature: τ.
        weights: of each event, (b,); None: all alike.
        total: n, products there are; None: those at hand.

    Returns:
        The weighted mean, a scalar.
    """
    right = (queries * z[products]).sum(dim=1, keepdim=True) / temperature
    others = queries @ z[negatives].T / temperature + np.log((total or len(z)) / len(negatives))
    others = others.masked_fill(negatives == products[:, None], -torch.inf)
    logits = torch.cat([right, others], dim=1)
    losses = cross_entropy(logits, torch.zeros_like(products), reduction="none")
    return losses.mean() if weights is None else (losses * weights).sum() / weights.sum()
