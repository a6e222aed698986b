"""What to show beside a product: bundles, substitutes, complements; each told by paths that add up.

In: a loaded snapshot. Out: `gnn.explain.Explanation` records, best first.

- *bundles*: bought in one basket by enough people (`commerce.baskets`); the score is the cosine of
  the baskets, one term.
- *substitutes*: of the same kind (type, or category where no type is known), ordered by how alike
  they are (`gnn.likeness`); the score is that cosine: a sum over the facts both carry and the text.
- *complements*: of no kind the product is of, ordered by the model's score for who met the product.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from commerce.baskets import Baskets
from commerce.selection import Selector
from gnn.channels import ITSELF
from gnn.explain import ExplainConfig, Explanation
from gnn.history import History
from gnn.likeness import product_vectors
from gnn.paths import Sight, carried_at, graph_path
from gnn.score import top_k
from gnn.teller import Teller
from kg.fact_index import FactIndex
from kg.records import Path

__all__ = ["Kind", "Related"]

Kind = Literal["bundles", "substitutes", "complements"]

_KINDS = ("type:", "category:")  # prefixes of what says which kind a product is, surest first


class Related:
    """Products beside a product, of one snapshot. May be shared between threads."""

    def __init__(
        self, teller: Teller, facts: FactIndex, selector: Selector, baskets: Baskets
    ) -> None:
        self._teller, self._facts, self._selector = teller, facts, selector
        self._baskets = baskets

    def beside(
        self,
        product: str,
        kind: Kind,
        k: int,
        language: str,
        config: ExplainConfig,
        allowed: NDArray[np.bool_],
    ) -> list[Explanation]:
        """The products to show, best first.

        Args:
            product: compact id.
            kind: how they shall relate.
            k: how many at most.
            language: of the words.
            config: how much to tell; ``min_buyers`` is the fewest people behind a bundle.
            allowed: (n,) True where a product may be shown.
        """
        row = self._teller.recommender.products.row(product)
        history = self._teller.similar_history(product)
        allowed = allowed.copy()
        allowed[row] = False
        if kind == "complements":
            told = self._teller.recommend(
                history,
                k,
                language,
                config,
                candidates=allowed & ~self._same_kind(product),
                similar=True,
            )
            return [item for item in told if item.score > 0]
        sight = Sight(
            self._teller.recommender.model, history, self._teller.narrator, language, similar=True
        )
        if kind == "bundles":
            return self._bundles(sight, row, k, config, allowed)
        return self._substitutes(sight, history, k, config, allowed & self._same_kind(product))

    def _same_kind(self, product: str) -> NDArray[np.bool_]:
        """Products of a kind that the product is of, (n,)."""
        objects = [object_ for _, object_ in self._facts.of(product)]
        same = np.zeros(len(self._teller.recommender.products), dtype=bool)
        for prefix in _KINDS:
            for name in objects:
                if name.startswith(prefix):
                    same |= self._selector.of_term(name)
            if same.any():
                break
        return same

    def _bundles(
        self, sight: Sight, row: int, k: int, config: ExplainConfig, allowed: NDArray[np.bool_]
    ) -> list[Explanation]:
        found = self._baskets.of(row)
        kept = np.flatnonzero(
            allowed[found.rows] & (found.shoppers >= config.min_buyers) & (found.lift > 1)
        )
        told = []
        for at in top_k(found.cosine[kept], k):
            other, score = int(found.rows[kept[at]]), float(found.cosine[kept[at]])
            buyers = int(found.shoppers[kept[at]])
            path = sight.path(
                "co_purchase", "co_purchase", row, other, score, 1.0, (), buyers=buyers
            )
            paths = (path,) if config.max_paths else ()
            rest = {} if paths else {"co_purchase": score}
            told.append(Explanation(sight.model.products[other], other, score, paths, rest, 0.0))
        return told

    def _substitutes(
        self,
        sight: Sight,
        history: History,
        k: int,
        config: ExplainConfig,
        allowed: NDArray[np.bool_],
    ) -> list[Explanation]:
        row = int(history.rows[0])
        others = np.flatnonzero(allowed)
        vectors = product_vectors(sight.model.head, np.r_[row, others])
        cosines = vectors.cosines(0)[1:].astype(np.float64)
        told = []
        for at in top_k(cosines, k):
            terms = _shared(vectors.graph[0], vectors.graph[at + 1])
            text = float(vectors.text[0].astype(np.float64) @ vectors.text[at + 1])
            told.append(_told(sight, row, int(others[at]), terms, text, config))
        return [item for item in told if item.score > 0]


def _shared(one: csr_matrix, other: csr_matrix) -> dict[int, float]:
    """What both carry, by column: the products of their numbers."""
    both = one.astype(np.float64).multiply(other.astype(np.float64)).tocoo()
    return dict(zip(both.col.tolist(), both.data.tolist(), strict=True))


def _told(
    sight: Sight,
    row: int,
    other: int,
    terms: Mapping[int, float],
    text: float,
    config: ExplainConfig,
) -> Explanation:
    """How alike two products are, told by the strongest facts both carry."""
    features = sight.model.head.features
    score = sum(terms.values()) + text
    rest: dict[str, float] = defaultdict(float)
    paths: list[Path] = []
    for column, value in sorted(terms.items(), key=lambda term: (-term[1], term[0])):
        at = carried_at(sight.model, other, column)
        tellable = at is not None and features.depth[at] != ITSELF
        if at is None or not tellable or len(paths) >= config.max_paths:
            rest[features.relations[features.channel[column]]] += value
        else:
            paths.append(graph_path(sight, row, other, at, value, value / score))
    if text and len(paths) < config.max_paths:
        paths.append(sight.path("text", "text", row, other, text, text / score, ()))
    elif text:
        rest["text"] = text
    paths.sort(key=lambda path: -path.value)
    return Explanation(sight.model.products[other], other, score, tuple(paths), dict(rest), 0.0)
