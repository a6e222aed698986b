r"""Facts that are likely but not stated: which brand, colour or category a product lacks.

In: a trained network. Out: `Suggestion` records, each with a score. They are guesses, never mixed
with facts: nothing here writes to the graph, and no path ever rests on one until a knowledge
engineer accepts it into the catalogue.

For a relation ``r`` the products' vectors are propagated once more *without* ``r``, so that those
that have such a fact look like those that have none. A ridge regression then reads the fact off
vector and text,

.. math::
    \hat{Y} = \Phi W \qquad W = (\Phi_k^\top \Phi_k + \lambda I)^{-1} \Phi_k^\top Y_k
    \qquad \Phi = [\,z^{(-r)} \;\; \sqrt{\mu}\, x \;\; 1\,]

over the products ``k`` that have a fact in ``r``: of the others it is not known that they lack one.
``Y`` is the 0/1 matrix of facts, so a score is the regression's guess of a 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix

from gnn.model import LinearHeteroGNN
from gnn.propagation import PRODUCT
from kg.errors import ModelError

__all__ = ["FactGuesser", "Suggestion"]

_CHUNK = 1024


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A fact that may be missing."""

    product: int  # row
    relationship: str  # HAS_COLOR
    label: str  # of the object's node, e.g. Colour
    object: int  # row among the nodes of that label
    score: float  # near 1: as those that have it; near 0: as those that have not


class FactGuesser:
    """Guesses the objects of one relation.

    Args:
        network: trained on the graph whose gaps are to be filled.
        relationship: the relation's type in the property graph, e.g. ``HAS_COLOR``.
        label: node label of the objects, e.g. ``Colour``.
        regularization: λ of the ridge regression.
        text_weight: μ, of the text vectors beside the network's.
        text_only: leave the network's vectors out, to measure what they add.

    Raises:
        ModelError: the graph has no such facts of products.
    """

    def __init__(
        self,
        network: LinearHeteroGNN,
        relationship: str,
        label: str,
        *,
        regularization: float = 1.0,
        text_weight: float = 1.0,
        text_only: bool = False,
    ) -> None:
        key = (PRODUCT, relationship, label)
        if key not in network.graph.adj_t:
            stated = sorted(
                f"{name} {target}"
                for source, name, target in network.graph.adj_t
                if source == PRODUCT and not name.startswith("rev_")
            )
            raise ModelError(
                f"no product has a fact {relationship} {label} to learn from; "
                f"there are {', '.join(stated) or 'none at all'}"
            )
        self.relationship, self.label = relationship, label
        objects, products = network.graph.adj_t[key].as_tensor().numpy()
        shape = (network.graph.num_nodes[PRODUCT], network.graph.num_nodes[label])
        self.known = csr_matrix((np.ones(len(products), np.float32), (products, objects)), shape)
        self._phi = _features(network, relationship, text_weight, text_only)
        self._weights = _ridge(self._phi, self.known, regularization)

    def scores(self, products: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of all objects, (products, objects); what is known is -inf."""
        found = self._phi[products] @ self._weights
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


def _features(
    network: LinearHeteroGNN, relationship: str, text_weight: float, text_only: bool
) -> NDArray[np.float32]:
    z = network.vectors(network.graph.without(relationship))
    if text_only:
        z = z[:, :0]
    text = network.features.get(PRODUCT)
    x = np.zeros((len(z), 0), np.float32) if text is None else text.cpu().numpy()
    ones = np.ones((len(z), 1), np.float32)
    return np.hstack([z, np.sqrt(text_weight, dtype=np.float32) * x, ones])


def _ridge(
    phi: NDArray[np.float32], known: csr_matrix, regularization: float
) -> NDArray[np.float32]:
    rows = np.flatnonzero(np.diff(known.indptr))
    stated = phi[rows].astype(np.float64)
    gram = stated.T @ stated
    gram[np.diag_indices_from(gram)] += regularization
    right = np.asarray((known[rows].T @ stated).T)
    return np.asarray(cho_solve(cho_factor(gram), right), dtype=np.float32)
