"""The fusion head as a refit without one fact would make it, without refitting.

In: a fitted model, the graph it was made from, a fact. Out: a `Refit`, from which scores are read.

A fact gone changes few columns of F: the entity's own, those of its ancestors, each scaled by its
new degree or left out below ``min_degree``. So ``G' = G − f fᵀ + f' f'ᵀ`` over those columns, and
by Woodbury's identity, with ``V = [f …, f' …]``, ``C = diag(−1 …, +1 …)`` and ``W = P V``,

    P' = P − W (C⁻¹ + Vᵀ W)⁻¹ Wᵀ,

exactly ``(G' + λI)⁻¹`` at the price of reading the rows of P the columns touch. What is learned
apart from the head (text embeddings, the GNN and its scale, the kin of new products) is held as it
is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.channels import ITSELF, PRODUCT_CLASS, ancestors, read_channel
from gnn.fusion import FusionHead, column_factor
from gnn.history import History
from gnn.score import Recommender
from gnn.storage import Model
from kg.errors import ModelError, NotFoundError
from kg.facts import KnowledgeGraph
from kg.records import Edge
from kg.schema import Relation, Schema

__all__ = ["FactRemover", "Refit", "column_of"]

_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Refit:
    """What a refit would change, in numbers; nothing where no column changed."""

    columns: int  # of F that change
    products: NDArray[np.float64]  # Wᵀ, (2 columns, n)
    solved: NDArray[np.float64]  # (C⁻¹ + VᵀW)⁻¹ Wᵀ, (2 columns, n)

    def scores(self, recommender: Recommender, history: History) -> NDArray[np.float64]:
        """Scores of all products, (n,) float64, as `gnn.score.Recommender.scores` gives them."""
        before = recommender.scores(history)
        if not self.columns or not len(history.rows):
            return before
        head = _dense(recommender.model)
        of_head = head.scores(history.rows, history.weights)
        held = np.zeros_like(before)
        held[history.rows] = history.weights
        diagonal = head.inverse.diagonal().astype(np.float64)
        user = held * diagonal - of_head / (head.regularization * head.factor)  # x_u P
        user -= (self.products[:, history.rows] @ history.weights) @ self.solved
        diagonal -= (self.products * self.solved).sum(axis=0)
        factor = column_factor(diagonal, recommender.model.config)
        after = head.regularization * factor * (held * diagonal - user)
        of_gnn = before - recommender.scores(history, gnn=False)
        recommender.model.kin.take_over(after, history.rows, history.weights)
        return np.asarray(after + of_gnn)


class FactRemover:
    """Takes facts away from a model, one at a time."""

    def __init__(self, model: Model, kg: KnowledgeGraph, schema: Schema) -> None:
        """Take a model, the graph and the ontology it was made with."""
        self._model, self._kg, self._schema = model, kg, schema
        self._by_relation: dict[str, pa.Table] = {}
        self._broader = {edge.relation for edges in model.broader.values() for edge in edges}

    def fact(self, subject: str, relation: str, object_: str) -> Edge:
        """A fact as an edge.

        Raises:
            NotFoundError: the graph does not hold it.
        """
        found = self._facts(relation, subject=subject, object=object_)
        if not found.num_rows:
            raise NotFoundError(
                f"the graph holds no fact “{subject} {relation} {object_}”; "
                f"those of a product: clew cypher @around -p product={subject}"
            )
        row = found.slice(0, 1).to_pylist()[0]
        return Edge(subject, relation, object_, row["confidence"], row["source"])

    def without(self, fact: Edge) -> Refit:
        """The head without a fact of the graph.

        A fact that no channel reads changes nothing.

        Raises:
            ModelError: the fact is an event of a user, which the head learned from otherwise; or
                the head is not dense.
        """
        if fact.relation in self._model.events.relation_ids:
            raise ModelError(
                f"{fact.relation} is an event of a user, not a fact about products; take the "
                "product out of the history instead"
            )
        changes = [
            change
            for relation in self._relations_read(fact)
            for change in self._changes(relation, fact)
        ]
        return _woodbury(_dense(self._model), changes)

    def _relations_read(self, fact: Edge) -> list[Relation]:
        """Relations whose channels may change."""
        used = self._model.head.features.relations
        if fact.relation in self._broader:
            return [self._schema.relations[name] for name in used]
        return [self._schema.relations[fact.relation]] if fact.relation in used else []

    def _changes(self, relation: Relation, fact: Edge) -> list[_Change]:
        """Columns of a channel that the fact's absence changes."""
        damping = self._model.config.ancestor_damping
        parents = self._model.broader if damping > 0 else {}
        fewer = parents
        if relation.id == fact.relation:
            facts = self._facts(relation.id, subject=fact.subject)
            kept = facts.filter(pc.field("object") != fact.object)
        else:
            if damping == 0:
                return []
            below = _children(parents)
            values = pa.array([fact.subject, *ancestors(fact.subject, below)])
            about = self._facts(relation.id, object=values)["subject"].unique()
            facts = kept = self._facts(relation.id, subject=about)
            edges = parents.get(fact.subject, ())
            left = tuple(e for e in edges if (e.relation, e.object) != (fact.relation, fact.object))
            fewer = {**parents, fact.subject: left}
        before = self._entries(relation, facts, parents)
        after = self._entries(relation, kept, fewer)
        rows: dict[str, dict[int, float]] = {}
        for (product, entity), value in before.items():
            new = after.get((product, entity), 0.0)
            if new != value:
                rows.setdefault(entity, {})[product] = new
        if PRODUCT_CLASS in relation.range and relation.id == fact.relation:
            self._unlink(fact, rows)
        return [
            change
            for entity, values in sorted(rows.items())
            if (change := self._change(relation.id, entity, values)) is not None
        ]

    def _entries(
        self, relation: Relation, facts: pa.Table, parents: Mapping[str, tuple[Edge, ...]]
    ) -> dict[tuple[int, str], float]:
        """What facts say: (product row, entity) -> value, each product as itself left out."""
        if not facts.num_rows:
            return {}
        model = self._model
        channel = read_channel(
            relation, facts, model.products, parents, model.config.ancestor_damping
        )
        told = channel.depth != ITSELF
        names = [channel.entities[at] for at in channel.entity[told].tolist()]
        pairs = zip(channel.product[told].tolist(), names, strict=True)
        return dict(zip(pairs, channel.value[told].tolist(), strict=True))

    def _unlink(self, fact: Edge, rows: dict[str, dict[int, float]]) -> None:
        """A product that nothing links to any more is no feature of itself either."""
        row = self._model.products.get(fact.object)
        links = self._facts(fact.relation, object=fact.object).num_rows
        if row is not None and links == 1:
            rows.setdefault(fact.object, {})[row] = 0.0

    def _change(self, relation: str, entity: str, values: Mapping[int, float]) -> _Change | None:
        """A column before and after some of its rows took new values; None: it has no column."""
        head, config = _dense(self._model), self._model.config
        column = column_of(self._model, relation, entity)
        if column is None:
            return None
        span = slice(int(head.by_entity.indptr[column]), int(head.by_entity.indptr[column + 1]))
        rows = head.by_entity.indices[span].astype(np.int64)
        before = head.by_entity.data[span].astype(np.float64)
        degree = len(rows)
        left = degree - sum(value == 0.0 for value in values.values())
        if left < config.min_degree:
            return _Change(rows, before, np.zeros(degree))
        after = before * (left / degree) ** -config.degree_exponent
        scale = np.sqrt(config.weight(relation)) * float(left) ** -config.degree_exponent
        for row, value in values.items():
            after[np.searchsorted(rows, row)] = scale * value
        return _Change(rows, before, after)

    def _facts(self, relation: str, **wanted: str | pa.Array) -> pa.Table:
        """Facts of a relation about entities whose columns hold one of the given values."""
        if relation not in self._by_relation:
            facts = self._kg.facts.filter(pc.field("relation") == relation)
            self._by_relation[relation] = facts.filter(pc.is_null(facts["datatype"]))
        facts = self._by_relation[relation]
        for name, values in wanted.items():
            one = isinstance(values, str)
            facts = facts.filter((pc.equal if one else pc.is_in)(facts[name], values))
        return facts


@dataclass(frozen=True, slots=True)
class _Change:
    """A column of F before and after, at the rows where it is not zero."""

    rows: NDArray[np.int64]  # (d,)
    before: NDArray[np.float64]  # (d,)
    after: NDArray[np.float64]  # (d,)


def _woodbury(head: FusionHead, changes: list[_Change]) -> Refit:
    """`Refit` of changed columns."""
    m, n = len(changes), head.num_products
    if not m:
        return Refit(0, np.zeros((0, n)), np.zeros((0, n)))
    counts = [len(change.rows) for change in changes] * 2
    data = [change.before for change in changes] + [change.after for change in changes]
    rows = [change.rows for change in changes] * 2
    indptr = np.concatenate([[0], np.cumsum(counts)])
    entries = (np.concatenate(data), np.concatenate(rows), indptr)
    columns = csr_matrix(entries, shape=(2 * m, n))  # Vᵀ
    products = _times_inverse(columns, head.inverse)
    inner = np.diag(np.repeat([-1.0, 1.0], m)) + columns @ products.T
    return Refit(m, products, np.linalg.solve(inner, products))


def _times_inverse(left: csr_matrix, inverse: NDArray[np.float32]) -> NDArray[np.float64]:
    """``left @ P`` in float64, reading only the rows of P that count."""
    product = np.zeros((left.shape[0], len(inverse)))
    used = np.unique(left.indices)
    for start in range(0, len(used), _BLOCK):
        rows = used[start : start + _BLOCK]
        product += left[:, rows] @ inverse[rows].astype(np.float64)
    return product


def column_of(model: Model, relation: str, entity: str) -> int | None:
    """Column of an entity in a channel; None where it is carried by too few products."""
    features = model.head.features
    channel = features.relations.index(relation)
    low, high = np.searchsorted(features.channel, [channel, channel + 1]).tolist()
    at = bisect_left(features.entities, entity, low, high)
    return at if at < high and features.entities[at] == entity else None


def _children(parents: Mapping[str, tuple[Edge, ...]]) -> dict[str, list[Edge]]:
    """Broader edges turned round."""
    found: dict[str, list[Edge]] = {}
    for edges in parents.values():
        for edge in edges:
            turned = replace(edge, subject=edge.object, object=edge.subject)
            found.setdefault(edge.object, []).append(turned)
    return found


def _dense(model: Model) -> FusionHead:
    """The dense head, whose inverse is at hand.

    Raises:
        ModelError: the head is of low rank: its sketch would have to be drawn again.
    """
    if not isinstance(model.head, FusionHead):
        raise ModelError(
            "only a dense head can be refitted without a fact; this model's is of low rank, which "
            "catalogues too large for memory get: take a history product away instead"
        )
    return model.head
