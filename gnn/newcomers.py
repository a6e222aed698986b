"""Products that came after training, taken into a fitted model from their facts and texts.

In: a model, the product table it was fitted on, small graphs of the newcomers alone. Out: a `Model`
with the newcomers after its own rows, that recommends and explains them like any other:

- facts become features by the columns there are, scaled as `gnn.features` scales them;
- the text vector is that of the products whose words are nearest (`TextLikeness`), so that no
  language model runs in a service;
- kin is sought among the products that share most with the newcomer (`gnn.kin.near_kin`);
- the vector of the graph network is the kin's, by their shares.

Cost: one product of the newcomers with P, and a system of `gnn.kin.NEAR` equations each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.feature_extraction.text import TfidfVectorizer

from gnn.channels import Channel, broader_edges, read_channels
from gnn.features import Features
from gnn.kin import Kin, near_kin
from gnn.newcomer_head import WithNewcomers, border
from gnn.storage import Model
from gnn.text import product_texts
from kg.errors import ModelError
from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary
from kg.schema import Schema

__all__ = ["Newcomers", "TextLikeness"]

_ALIKE = 20  # products whose text vectors a newcomer's is the mean of


class TextLikeness:
    """Text vectors by the words of a catalogue: TF-IDF, nearest neighbours by cosine."""

    def __init__(self, products: pa.Table, vectors: NDArray[np.float32]) -> None:
        """Learn the words.

        Args:
            products: `kg.facts.PRODUCT_SCHEMA`, (n).
            vectors: theirs, (n, d).
        """
        self._vectors = vectors
        self._cutter: TfidfVectorizer | None = TfidfVectorizer(sublinear_tf=True)
        try:
            self._known = csr_matrix(self._cutter.fit_transform(product_texts(products)))
        except ValueError:  # no word at all
            self._cutter = None

    def vectors(self, products: pa.Table) -> NDArray[np.float32]:
        """Vectors of other products, (m, d); zeros where no word is known."""
        found = np.zeros((products.num_rows, self._vectors.shape[1]), dtype=np.float32)
        if self._cutter is None or not found.shape[1] or not len(found):
            return found
        likeness = csr_matrix(self._cutter.transform(product_texts(products)) @ self._known.T)
        for row in range(len(found)):
            own = likeness[row]
            best = np.argsort(-own.data, kind="stable")[:_ALIKE]
            nearest = self._vectors[own.indices[best]].astype(np.float64)
            mean = own.data[best] @ nearest if len(best) else np.zeros(found.shape[1])
            length = np.linalg.norm(mean)
            if length > 0:
                found[row] = mean / length * np.linalg.norm(nearest, axis=1).mean()
        return found


@dataclass(frozen=True)
class Newcomers:
    """Takes newcomers into one model. May be shared between threads."""

    model: Model
    products: pa.Table  # those of the model, PRODUCT_SCHEMA
    schema: Schema

    def prepare(self) -> None:
        """Learn the words and columns of the catalogue now, not when the first one comes."""
        _ = self._texts, self._columns

    def joined(self, graphs: Sequence[KnowledgeGraph]) -> Model:
        """The model with newcomers.

        Args:
            graphs: of the newcomers alone (`kg.facts.build_graph`), with the broader concepts.

        Raises:
            ModelError: a newcomer is in the model, or came twice.
        """
        model, head = self.model, self.model.head
        if isinstance(head, WithNewcomers):
            raise ModelError("this model has newcomers already; join all to the one it was made of")
        if not graphs:
            return model
        table = pa.concat_tables([graph.products for graph in graphs])
        names = table["id"].to_pylist()
        try:
            products = Vocabulary([*model.products, *names])
        except ValueError as exc:
            raise ModelError(f"a newcomer is known already: {exc}") from exc
        carried = self._features(graphs, Vocabulary(names))
        features = _grown(head.features, carried, len(names))
        matrix = features.matrix()[head.num_products :]
        text = self._texts.vectors(table)
        known = model.head.features.matrix(), model.head.text
        kin = near_kin(
            (csr_matrix(matrix), text),
            known,
            self._met,
            model.config.regularization,
            model.config.kin,
        )
        broader = dict(model.broader)
        for graph in graphs:
            broader |= broader_edges(graph, self.schema)
        return replace(
            model,
            products=products,
            head=WithNewcomers(
                base=head,
                features=features,
                by_entity=_wider(head.by_entity, csr_matrix(matrix)),
                text=np.vstack([head.text, text]),
                border=border(head, csr_matrix(matrix), text),
            ),
            broader=broader,
            kin=self._all_kin(kin),
            gnn=np.vstack([model.gnn, kin @ model.gnn]).astype(np.float32),
        )

    @cached_property
    def _texts(self) -> TextLikeness:
        return TextLikeness(self.products, np.asarray(self.model.head.text))

    @cached_property
    def _columns(self) -> dict[tuple[str, str], tuple[int, float]]:
        """Relation and entity -> column, and what an entry of 1 weighs in it."""
        config, features = self.model.config, self.model.head.features
        degree = np.bincount(features.indices, minlength=features.shape[1])
        damping = np.maximum(degree, 1).astype(np.float64) ** -config.degree_exponent
        found = {}
        for column, entity in enumerate(features.entities):
            relation = features.relations[features.channel[column]]
            scale = float(np.sqrt(config.weight(relation)) * damping[column])
            found[relation, entity] = (column, scale)
        return found

    def _features(self, graphs: Sequence[KnowledgeGraph], names: Vocabulary) -> list[_Entry]:
        """What the newcomers carry, by newcomer and column."""
        damping = self.model.config.ancestor_damping
        found: list[_Entry] = []
        for graph in graphs:
            for channel in read_channels(graph, self.schema, names, damping=damping):
                found += self._entries(channel)
        return sorted(found, key=lambda entry: (entry.product, entry.column))

    def _entries(self, channel: Channel) -> list[_Entry]:
        entries = []
        for at, entity in enumerate(channel.entity.tolist()):
            known = self._columns.get((channel.relation, channel.entities[entity]))
            if known is not None:
                via = int(channel.via[at])
                entries.append(
                    _Entry(
                        product=int(channel.product[at]),
                        column=known[0],
                        value=float(channel.value[at]) * known[1],
                        depth=int(channel.depth[at]),
                        confidence=float(channel.confidence[at]),
                        source=channel.source[channel.source_code[at]],
                        via=None if via < 0 else channel.entities[via],
                    )
                )
        return entries

    @cached_property
    def _met(self) -> NDArray[np.bool_]:
        """Products whose columns tell who wants them: those with events, (n,)."""
        met = self.model.head.popularity() > 0
        met[self.model.kin.rows] = False
        return met if met.any() else np.ones(len(met), dtype=bool)

    def _all_kin(self, new: csr_matrix) -> Kin:
        own = self.model.kin
        m, n = new.shape
        both = csr_matrix(vstack([own.shares, new], format="csr"))
        shape = (n + m, n + m)
        shares = csr_matrix((both.data, both.indices, both.indptr), shape=shape)
        weight = own.own_weight if len(own.rows) else self.model.config.kin.own_weight
        return Kin(shares, weight)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One number of the feature matrix and what stands behind it."""

    product: int
    column: int
    value: float
    depth: int
    confidence: float
    source: str
    via: str | None


def _grown(features: Features, new: Sequence[_Entry], count: int) -> Features:
    """The features with those of newcomers below; new values and sources come after the others."""
    made = dict.fromkeys(entry.via for entry in new if entry.via is not None)
    values = Vocabulary(dict.fromkeys([*features.values, *made]))
    sources = tuple(dict.fromkeys([*features.sources, *(entry.source for entry in new)]))
    owners = np.array([entry.product for entry in new], dtype=np.int64)
    last = int(features.indptr[-1])
    ends = last + np.searchsorted(owners, np.arange(1, count + 1))

    def more(column: NDArray[Any], found: Iterable[object]) -> NDArray[Any]:
        return np.concatenate([column, np.array(list(found), dtype=column.dtype)])

    return replace(
        features,
        shape=(features.shape[0] + count, features.shape[1]),
        indptr=more(features.indptr, ends.tolist()),
        indices=more(features.indices, (entry.column for entry in new)),
        data=more(features.data, (entry.value for entry in new)),
        depth=more(features.depth, (entry.depth for entry in new)),
        confidence=more(features.confidence, (entry.confidence for entry in new)),
        source=more(features.source, (sources.index(entry.source) for entry in new)),
        via=more(
            features.via, (-1 if entry.via is None else values.row(entry.via) for entry in new)
        ),
        values=values,
        sources=sources,
    )


def _wider(by_entity: csr_matrix, matrix: csr_matrix) -> csr_matrix:
    """Products by entity with newcomers as columns after the others."""
    of_new = csr_matrix(matrix.T)
    last = np.full(by_entity.shape[0] - of_new.shape[0], of_new.nnz, dtype=of_new.indptr.dtype)
    shape = (by_entity.shape[0], matrix.shape[0])
    wide = csr_matrix(
        (of_new.data, of_new.indices, np.concatenate([of_new.indptr, last])), shape=shape
    )
    return csr_matrix(hstack([by_entity, wide], format="csr"))
