"""From a term to the facts behind it: one path through the graph.

In: a fitted model, a history, and where a term stands in the feature matrix. Out: a
`kg.records.Path`. Each edge is a fact of the graph the model was made from, in the order a reader
walks: what the user did, the history product's facts up to the shared entity, the recommended
product's facts up to the same entity.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from gnn.channels import ITSELF
from gnn.history import History
from gnn.storage import Model
from kg.records import Edge, Evidence, Path

__all__ = ["Sight", "dense_path", "graph_path"]


class Sight:
    """A model seen from one user's history: who did what, and who else."""

    def __init__(self, model: Model, history: History) -> None:
        self.model = model
        self._user = history.user
        rows = history.rows.tolist()
        self._event = dict(zip(rows, history.events, strict=True))
        met = () if history.user is None else model.events.products_of(history.user).tolist()
        self._own = set(met)

    def event_of(self, product: str) -> str:
        """The strongest event of a history product."""
        event: str = self._event[self.model.products.row(product)]
        return event

    def edge_to(self, row: int) -> tuple[Edge, ...]:
        """The user's own event as an edge; empty where it is not (yet) a fact of the graph."""
        product = self.model.products[row]
        edge = self.model.events.edge(self._user, self._event[row], row, product)
        return () if edge is None else (edge,)

    def other_buyers(self, history: int, product: int) -> int:
        """How many users bought both products, this user not counted."""
        buyers = self.model.head.buyers
        start, stop = int(buyers.indptr[history]), int(buyers.indptr[history + 1])
        at = start + int(np.searchsorted(buyers.indices[start:stop], product))
        both = int(buyers.data[at]) if at < stop and buyers.indices[at] == product else 0
        own = history in self._own and product in self._own
        return both - int(own and both > 0)


def graph_path(
    sight: Sight, history: int, product: int, position: int, value: float, share: float
) -> Path:
    """Path of a term of a relation.

    Direct where the history product carries the entity too, propagated otherwise.

    Args:
        sight: model and history.
        history: row of the history product.
        product: row of the recommended product.
        position: where the feature matrix says that the recommended product carries the entity.
        value: the term.
        share: its part of the score.
    """
    model = sight.model
    features = model.head.features
    column = int(features.indices[position])
    other = _carried_at(model, history, column)
    edges = sight.edge_to(history)
    if other is not None:
        edges += _edges_to_entity(model, history, other)
    return Path(
        evidence="propagated" if other is None else "direct",
        channel=features.relations[features.channel[column]],
        history_product=model.products[history],
        product=model.products[product],
        entity=features.entities[column],
        value=value,
        share=share,
        edges=edges + _edges_to_entity(model, product, position),
    )


def dense_path(
    sight: Sight, history: int, product: int, channel: str, value: float, share: float
) -> Path:
    """Path of a co-purchase, text or GNN term; its one edge is the user's own event."""
    return Path(
        evidence=cast(Evidence, channel),
        channel=channel,
        history_product=sight.model.products[history],
        product=sight.model.products[product],
        entity=None,
        value=value,
        share=share,
        edges=sight.edge_to(history),
        buyers=sight.other_buyers(history, product) if channel == "co_purchase" else None,
    )


def _carried_at(model: Model, row: int, column: int) -> int | None:
    """Where the feature matrix says that a product carries an entity; None: it does not."""
    features = model.head.features
    start, stop = int(features.indptr[row]), int(features.indptr[row + 1])
    at = start + int(np.searchsorted(features.indices[start:stop], column))
    return at if at < stop and features.indices[at] == column else None


def _edges_to_entity(model: Model, row: int, position: int) -> tuple[Edge, ...]:
    """Facts from a product to an entity it carries.

    One fact where it is the product's own value; that fact and the chain of broader concepts
    where it is an ancestor; none where the entity is the product itself.
    """
    features = model.head.features
    depth = int(features.depth[position])
    if depth == ITSELF:
        return ()
    column = int(features.indices[position])
    first = Edge(
        subject=model.products[row],
        relation=features.relations[features.channel[column]],
        object=features.values[features.via[position]],
        confidence=float(features.confidence[position]),
        source=features.sources[features.source[position]],
    )
    return (first, *_chain(model, first.object, features.entities[column], depth))


def _chain(model: Model, start: str, end: str, length: int) -> tuple[Edge, ...]:
    """The first, by name, of the chains of so many broader edges between two concepts."""
    chains: list[tuple[Edge, ...]] = [()]
    for _ in range(length):
        chains = [
            (*chain, edge)
            for chain in chains
            for edge in model.broader.get(chain[-1].object if chain else start, ())
        ]
    return next((chain for chain in chains if (chain[-1].object if chain else start) == end), ())
