"""From a term to the facts behind it: one path through the graph.

In: a fitted model, a history, and where a term stands in the feature matrix. Out: a
`kg.records.Path`. Each edge is a fact of the graph the model was made from, in the order a reader
walks: what the user did, the history product's facts up to the shared entity, the recommended
product's facts up to the same entity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnn.channels import ITSELF
from gnn.features import Features
from gnn.history import History
from gnn.storage import Model
from gnn.words import Narrator
from kg.records import Edge, Evidence, Path

__all__ = ["Sight", "carried", "carried_at", "edges_to_entity", "graph_path", "kin_path"]

_KEPT = 50_000  # walks remembered: the same few are told again and again


class Sight:
    """A model seen from one user's history: who did what, who else, and how it is told."""

    def __init__(
        self,
        model: Model,
        history: History,
        narrator: Narrator | None = None,
        language: str | None = None,
        *,
        similar: bool = False,
    ) -> None:
        self.model = model
        rows: list[int] = history.rows.tolist()
        self._event = dict(zip(rows, history.events, strict=True))
        self._facts = model.events.of(history.user)
        self._edges: dict[int, tuple[Edge, ...]] = {}
        self._narrator, self._language, self._similar = narrator, language, similar

    def edge_to(self, row: int) -> tuple[Edge, ...]:
        """The user's own event as an edge; empty where it is not (yet) a fact of the graph."""
        if row not in self._edges:
            relation = self.model.events.relation_of.get(self._event[row], "")
            edge = self._facts.edge(row, relation)
            self._edges[row] = () if edge is None else (edge,)
        return self._edges[row]

    def other_buyers(self, history: int, product: int) -> int:
        """How many users bought both products, this user not counted."""
        both = self.model.head.bought_both(history, product)
        own = history in self._facts and product in self._facts
        return both - int(own and both > 0)

    def other_buyers_of_kin(self, history: int, path: Path) -> int:
        """`other_buyers` of a history product and the kin of its path; 0 where they are one."""
        kin = self.model.products.row(str(path.kin))
        return 0 if kin == history else self.other_buyers(history, kin)

    def path(
        self,
        evidence: Evidence,
        channel: str,
        history: int,
        product: int,
        value: float,
        share: float,
        edges: tuple[Edge, ...],
        *,
        entity: str | None = None,
        kin: str | None = None,
        relation: str | None = None,
        buyers: int | None = None,
    ) -> Path:
        """A path between two rows, in words where there is a narrator.

        The words claim a purchase only where the history product was bought.
        """
        i, j = self.model.products[history], self.model.products[product]
        words = ""
        if self._narrator is not None:
            words = self._narrator.sentence(
                evidence,
                channel,
                i,
                j,
                entity=entity,
                kin=kin,
                relation=relation,
                buyers=buyers,
                language=self._language,
                similar=self._similar or self._event[history] != "purchase",
            )
        edges = self.edge_to(history) + edges
        return Path(evidence, channel, i, j, entity, value, share, edges, buyers, words, kin)


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
    features = sight.model.head.features
    column = int(features.indices[position])
    other = carried_at(sight.model, history, column)
    edges = () if other is None else edges_to_entity(sight.model, history, other)
    return sight.path(
        "propagated" if other is None else "direct",
        features.relations[features.channel[column]],
        history,
        product,
        value,
        share,
        edges + edges_to_entity(sight.model, product, position),
        entity=features.entities[column],
    )


def kin_path(sight: Sight, history: int, product: int, value: float, share: float) -> Path:
    """Path of the term of a history product in the score of one without events.

    It names the kin that brings most of the term, and of what that and the product share what
    weighs most; nothing where they are alike in text alone.
    """
    model = sight.model
    kin, _ = model.kin.of(product)
    brought = model.kin.parts(model.head, product, np.array([history]))[:, 0]
    nearest = int(kin[brought.argmax()])
    edges: tuple[Edge, ...] = ()
    entity = relation = None
    both = _shared(model.head.features, nearest, product)
    if both is not None:
        own = edges_to_entity(model, product, both[1])
        edges = edges_to_entity(model, nearest, both[0]) + own
        entity = model.head.features.entities[int(model.head.features.indices[both[1]])]
        relation = own[0].relation
    return sight.path(
        "kin",
        "kin",
        history,
        product,
        value,
        share,
        edges,
        entity=entity,
        kin=model.products[nearest],
        relation=relation,
    )


def _shared(features: Features, one: int, other: int) -> tuple[int, int] | None:
    """Where in the feature matrix two products carry what relates them most; None: nothing."""
    places = [
        np.arange(features.indptr[row], features.indptr[row + 1])[
            features.depth[features.indptr[row] : features.indptr[row + 1]] != ITSELF
        ]
        for row in (one, other)
    ]
    ours, theirs = (features.indices[place] for place in places)
    _, left, right = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
    if not len(left):
        return None
    left, right = places[0][left], places[1][right]
    best = int((features.data[left] * features.data[right]).argmax())
    return int(left[best]), int(right[best])


def carried_at(model: Model, row: int, column: int) -> int | None:
    """Where the feature matrix says that a product carries an entity; None: it does not."""
    features = model.head.features
    start, stop = int(features.indptr[row]), int(features.indptr[row + 1])
    at = start + int(features.indices[start:stop].searchsorted(column))
    return at if at < stop and features.indices[at] == column else None


def carried(
    features: Features, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which products carry which entities, (columns, rows)."""
    found = np.zeros((len(columns), len(rows)), dtype=bool)
    for at, row in enumerate(rows.tolist()):
        own = features.indices[int(features.indptr[row]) : int(features.indptr[row + 1])]
        place = own.searchsorted(columns)
        inside = place < len(own)
        found[inside, at] = own[place[inside]] == columns[inside]
    return found


def edges_to_entity(model: Model, row: int, position: int) -> tuple[Edge, ...]:
    """Facts from a product to an entity it carries.

    One fact where it is the product's own value; that fact and the chain of broader concepts
    where it is an ancestor; none where the entity is the product itself.
    """
    edges = model.walked.get(position)
    if edges is None:
        if len(model.walked) >= _KEPT:
            model.walked.clear()
        edges = model.walked[position] = _walk(model, row, position)
    return edges


def _walk(model: Model, row: int, position: int) -> tuple[Edge, ...]:
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
