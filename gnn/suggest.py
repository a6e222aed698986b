r"""Facts that are likely but not stated: which brand, colour or category a product lacks.

In: a trained network. Out: `Suggestion` records, each with a score. They are guesses, never mixed
with facts: nothing here writes to the graph, and no path ever rests on one until a knowledge
engineer accepts it into the catalogue.

For a relation ``r`` the products' vectors are propagated once more *without* ``r``, so that those
that have such a fact look like those that have none. Two readings of vector and text are averaged:
a ridge regression, which knows what a word or a direction means, and the votes of the nearest
products, which know the exception,

.. math::
    s_{po} &= \tfrac12 (\Phi W)_{po} + \tfrac12 \sum_{q \in N(p)} v_{pq} Y_{qo} \\
    W &= (\Phi_k^\top \Phi_k + \lambda I)^{-1} \Phi_k^\top Y_k
    \qquad \Phi = [\,z^{(-r)} \;\; \sqrt{\mu}\, x \;\; 1\,] \\
    v_{pq} &\propto \exp (c_{pq} / \tau)
    \qquad c = (z_p \cdot z_q + \mu\, x_p \cdot x_q) / (1 + \mu)

over the products ``k`` that have a fact in ``r``: of the others it is not known that they lack one.
``Y`` is the 0/1 matrix of facts, so a score of 1 says: as those that have it. Measured by
``scripts/bench/suggested_facts.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix

from gnn.model import LinearHeteroGNN
from gnn.propagation import PRODUCT, REVERSE
from kg.errors import ModelError

__all__ = ["FactGuesser", "SuggestConfig", "Suggestion"]

_CHUNK = 1024


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A fact that may be missing."""

    product: int  # row
    relationship: str  # HAS_COLOR
    label: str  # of the object's node, e.g. Colour
    object: int  # row among the nodes of that label
    score: float  # near 1: as those that have it; near 0: as those that have not


class SuggestConfig(BaseModel):
    """How facts are guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    regularization: float = Field(default=0.1, gt=0, le=1e6)
    """λ of the ridge regression."""
    text_weight: float = Field(default=3.0, ge=0, le=1e3)
    """μ, of the text beside the network's vectors."""
    network_weight: float = Field(default=1.0, ge=0, le=1)
    """Of the network's vectors; 0 leaves them out, to measure what they bring."""
    neighbours: int = Field(default=20, ge=1, le=1000)
    """Nearest products that vote."""
    temperature: float = Field(default=0.05, gt=0, le=1)
    """τ of the votes."""


class FactGuesser:
    """Guesses the objects of one relation.

    Args:
        network: trained on the graph whose gaps are to be filled.
        relationship: the relation's type in the property graph, e.g. ``HAS_COLOR``.
        label: node label of the objects, e.g. ``Colour``.
        config: how.

    Raises:
        ModelError: the graph has no such facts of products.
    """

    def __init__(
        self,
        network: LinearHeteroGNN,
        relationship: str,
        label: str,
        config: SuggestConfig | None = None,
    ) -> None:
        key = (PRODUCT, relationship, label)
        if key not in network.graph.adj_t:
            stated = sorted(
                f"{name} {target}"
                for source, name, target in network.graph.adj_t
                if source == PRODUCT and not name.startswith(REVERSE)
            )
            raise ModelError(
                f"no product has a fact {relationship} {label} to learn from; "
                f"there are {', '.join(stated) or 'none at all'}"
            )
        self.relationship, self.label = relationship, label
        self.config = config or SuggestConfig()
        objects, products = network.graph.adj_t[key].as_tensor().numpy()
        shape = (network.graph.num_nodes[PRODUCT], network.graph.num_nodes[label])
        self.known = csr_matrix((np.ones(len(products), np.float32), (products, objects)), shape)
        self._stated = np.flatnonzero(np.diff(self.known.indptr))
        self._phi = _features(network, relationship, self.config)
        self._weights = _ridge(self._phi, self.known, self.config.regularization)

    def scores(self, products: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of all objects, (products, objects); what is known is -inf."""
        found = 0.5 * (self._phi[products] @ self._weights)
        found += 0.5 * (self._votes(products) @ self.known).toarray()
        known = self.known[products]
        found[np.repeat(np.arange(len(products)), np.diff(known.indptr)), known.indices] = -np.inf
        return np.asarray(found)

    def suggest(
        self, products: NDArray[np.int64] | None = None, *, k: int = 3, least: float = 0.5
    ) -> list[Suggestion]:
        """The likeliest missing facts, best first.

        Args:
            products: of which; None: of all that have no fact of this relation.
            k: at most so many for each product.
            least: the least score told.
        """
        if products is None:
            products = np.flatnonzero(np.diff(self.known.indptr) == 0)
        found = []
        for start in range(0, len(products), _CHUNK):
            part = products[start : start + _CHUNK]
            scores = self.scores(part)
            best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
            for at, objects in enumerate(best):
                found += [
                    Suggestion(int(part[at]), self.relationship, self.label, int(o), float(score))
                    for o in objects
                    if (score := scores[at, o]) >= least
                ]
        return sorted(found, key=lambda s: (-s.score, s.product, s.object))

    def _votes(self, products: NDArray[np.int64]) -> csr_matrix:
        """Weights of the nearest products that have a fact, (products, all products); rows sum to
        1. None votes for itself."""
        config, phi = self.config, self._phi[:, :-1]
        cosines = phi[products] @ phi[self._stated].T
        cosines /= config.network_weight + config.text_weight
        itself = self._stated[None, :] == products[:, None]
        cosines[itself] = -np.inf
        k = min(config.neighbours, len(self._stated))
        near = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        weight = np.take_along_axis(cosines, near, axis=1) / config.temperature
        weight = np.exp(weight - weight.max(axis=1, keepdims=True, initial=-1e9))
        weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
        rows = np.arange(len(products)).repeat(k)
        shape = (len(products), len(self._phi))
        return csr_matrix((weight.ravel(), (rows, self._stated[near.ravel()])), shape)


def _features(
    network: LinearHeteroGNN, relationship: str, config: SuggestConfig
) -> NDArray[np.float32]:
    z = network.vectors(network.graph.without(relationship))
    text = network.features.get(PRODUCT)
    x = np.zeros((len(z), 0), np.float32) if text is None else text.cpu().numpy()
    ones = np.ones((len(z), 1), np.float32)
    scale = np.sqrt(np.array([config.network_weight, config.text_weight], np.float32))
    return np.hstack([scale[0] * z, scale[1] * x, ones])


def _ridge(
    phi: NDArray[np.float32], known: csr_matrix, regularization: float
) -> NDArray[np.float32]:
    rows = np.flatnonzero(np.diff(known.indptr))
    stated = phi[rows].astype(np.float64)
    gram = stated.T @ stated
    gram[np.diag_indices_from(gram)] += regularization
    right = np.asarray((known[rows].T @ stated).T)
    return np.asarray(cho_solve(cho_factor(gram), right), dtype=np.float32)
