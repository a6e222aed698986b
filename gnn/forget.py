"""A model as if some users had never been there, where that can be had without a fit.

In: a model, the interactions it was fitted to, who is to be forgotten. Out: the `Model` that a fit
without them gives, the settings as they were chosen (`gnn.downdate`), or a `ModelError` that says
why only a fit can give it.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from gnn.downdate import without_users
from gnn.fit import kin_of_new, read_training
from gnn.fusion import FusionHead
from gnn.storage import Model
from kg.errors import ModelError

__all__ = ["MOST_WITH_KIN", "forget_users"]

MOST_WITH_KIN = 5000
"""Products of the largest catalogue in which kin are found anew, which costs n³ / 3."""


def forget_users(model: Model, interactions: pa.Table, users: Set[str]) -> Model:
    """The model without some users; the model itself where it knows none of them.

    Args:
        model: fitted, without newcomers.
        interactions: all it was fitted to, compact ids.
        users: compact ids.

    Raises:
        ModelError: the head is of low rank; a graph network was trained on their events; one of
            more than `MOST_WITH_KIN` products would lose its last event; or the newest event, which
            weights count from, is theirs.
    """
    head, config = model.head, model.config
    data = read_training(interactions, model.products, config)
    gone = np.array([name in users for name in data.users], dtype=bool)
    if not gone.any():
        return model
    if not isinstance(head, FusionHead):
        raise ModelError("the head is of low rank, which has no inverse to take users out of")
    if model.gnn.shape[1]:
        raise ModelError("the graph network was trained on their events")
    met = data.user_items(config)
    left = csr_matrix(met[~gone])
    lost = len(np.unique(left.indices)) < len(np.unique(met.indices))
    if lost and head.num_products > MOST_WITH_KIN:
        raise ModelError(
            f"a product would lose its last event, and its kin among {head.num_products} are "
            "sought by a fit alone"
        )
    if config.half_life_days is not None:
        theirs = pc.is_in(interactions["user_id"], pa.array(sorted(users), pa.string()))
        others = interactions.filter(pc.invert(theirs))
        if pc.max(others["timestamp"]) != pc.max(interactions["timestamp"]):
            raise ModelError("the newest event, from which the weights of all count, is theirs")
    bought = csr_matrix(data.bought[gone])
    made = without_users(head, csr_matrix(met[gone]), config, bought=bought)
    return replace(model, head=made, kin=kin_of_new(made, left, config) if lost else model.kin)
