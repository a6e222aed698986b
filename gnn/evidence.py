"""The terms of scores by kind of evidence: what share of them is a path, and of which kind.

In: a model and the `Terms` of some scores. Out: sums by kind. *Direct*: the history product itself
carries the entity, so a chain of facts joins it to the recommended product. *Propagated*: products
related to it do. *Unlinked*: propagated too, but the entity is the recommended product itself, so
there is no fact of it to show. Then co-purchase, text and GNN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnn.channels import ITSELF
from gnn.paths import carried
from gnn.storage import Model
from gnn.terms import DENSE_CHANNELS, Terms

__all__ = ["KINDS", "by_kind"]

KINDS = ("direct", "propagated", "unlinked", *DENSE_CHANNELS)


def by_kind(model: Model, terms: Terms) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of the terms of each kind, and of their absolute values.

    Args:
        model: the fitted model.
        terms: of k scores, with every history product looked at term by term.

    Returns:
        Two arrays, (k, kinds). The first sums over kinds to the scores.
    """
    features = model.head.features
    columns = features.indices[terms.position]
    direct = carried(features, terms.history, columns)
    itself = (features.depth[terms.position] == ITSELF)[:, None]
    masks = (direct, ~direct & ~itself, ~direct & itself)
    k = len(terms.products)
    found = []
    for values in (terms.graph, np.abs(terms.graph)):
        graph = [
            np.bincount(terms.owner, np.where(mask, values, 0.0).sum(axis=1), minlength=k)
            for mask in masks
        ]
        dense = terms.dense if values is terms.graph else np.abs(terms.dense)
        found.append(np.column_stack([*graph, *dense.sum(axis=2)]))
    return found[0], found[1]
