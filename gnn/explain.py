"""Why a product was recommended: the strongest paths of its score, and the rest by channel.

In: a fitted model, the history the score came from, products to explain. Out: an `Explanation`
each. What is told is true of the graph: each edge is a fact of it. What is told adds up: paths and
rest sum to the score. What rests on fewer than ``min_buyers`` other people stays in the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from gnn.channels import ITSELF
from gnn.history import History
from gnn.paths import Sight, carried, graph_path, kin_path
from gnn.rerank import Place
from gnn.storage import Model
from gnn.terms import DENSE_CHANNELS, Terms, score_terms
from gnn.words import Narrator
from kg.errors import ModelError
from kg.records import Evidence, Path

__all__ = ["ExplainConfig", "Explanation", "explain"]

_DUST = 1e-14
_ALL = (0, 3)  # of DENSE_CHANNELS, those that tell every history product: co-purchase, kin
_BEST = (1, 2)  # those that tell the strongest alone: text, GNN


class ExplainConfig(BaseModel):
    """How much is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_paths: int = Field(default=3, ge=0, le=100, description="strongest paths shown per product")
    min_buyers: int = Field(
        default=5, ge=2, description="fewest other people behind a co-purchase path"
    )
    min_share: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="paths that bring less of the score are left in the rest",
    )
    max_history: int = Field(
        default=8,
        ge=1,
        description="history products searched for a product's paths: the strongest for it",
    )


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score taken apart. ``score = Σ value of paths + Σ rest``, up to ``error``."""

    product: str  # compact id
    row: int
    score: float
    paths: tuple[Path, ...]  # strongest first; empty: there is no story to tell
    rest: Mapping[str, float]  # channel -> sum of its terms not shown as a path
    error: float  # |score − Σ of all terms|, of float arithmetic
    place: Place | None = None  # in the ranking it comes from; None: it comes from none


def explain(
    model: Model,
    history: History,
    products: Sequence[int],
    *,
    config: ExplainConfig | None = None,
    narrator: Narrator | None = None,
    language: str | None = None,
    similar: bool = False,
    gnn: bool = True,
) -> list[Explanation]:
    """Explain the scores of some products for one history.

    Args:
        model: the fitted model.
        history: what the scores were made from.
        products: product rows; none of them in the history.
        config: how much to tell.
        narrator: puts paths into words; None: paths come without words.
        language: of the words; None: the ontology's first.
        similar: the history is a product looked at, not things a user bought.
        gnn: whether the GNN's part was counted.

    Raises:
        ModelError: a product is in the history, or the history is empty.
    """
    config = ExplainConfig() if config is None else config
    rows = np.asarray(products, dtype=np.int64)
    _check(model, history, rows)
    embeddings = model.gnn if gnn else model.gnn[:, :0]
    terms = score_terms(
        model.head, embeddings, history, rows, max_history=config.max_history, kin=model.kin
    )
    sight = Sight(model, history, narrator, language, similar=similar)
    least = np.where(terms.scores > 0, np.maximum(config.min_share * terms.scores, _DUST), np.inf)
    choice = _Choice(model, terms, least)
    errors = terms.error.tolist()
    told = []
    for at, row in enumerate(rows.tolist()):
        score = float(terms.scores[at])
        paths, rest = _tell(sight, choice, at, score, config)
        told.append(Explanation(model.products[row], row, score, tuple(paths), rest, errors[at]))
    return told


def _check(model: Model, history: History, rows: NDArray[np.int64]) -> None:
    if not len(history.rows):
        raise ModelError("an empty history has no scores to explain")
    inside = np.intersect1d(rows, history.rows)
    if len(inside):
        name = model.products[int(inside[0])]
        raise ModelError(f"{name} is in the history itself; its score is not made from it")


def _tell(
    sight: Sight, choice: _Choice, at: int, score: float, config: ExplainConfig
) -> tuple[list[Path], dict[str, float]]:
    """The paths to show for one product, strongest first, and the rest by channel."""
    left: list[float] = choice.totals[at].tolist()
    paths: list[Path] = []
    for value, _, channel, history, position in choice.strongest(at):
        if len(paths) == config.max_paths:
            break
        i, j = choice.history[history], choice.products[at]
        share = value / score
        if position >= 0:
            path = graph_path(sight, i, j, position, value, share)
        elif choice.channels[channel] == "kin":
            path = kin_path(sight, i, j, value, share)
            both = sight.other_buyers_of_kin(i, path)
            if 0 < both < config.min_buyers:  # so few made the two go together
                continue
        else:
            name = choice.channels[channel]
            buyers = sight.other_buyers(i, j) if name == "co_purchase" else None
            if buyers is not None and buyers < config.min_buyers:
                continue
            path = sight.path(cast(Evidence, name), name, i, j, value, share, (), buyers=buyers)
        paths.append(path)
        left[channel] -= value
    dust = _DUST * max(1.0, abs(score))  # what subtracting a shown term leaves of its channel
    rest = {
        name: part for name, part in zip(choice.channels, left, strict=True) if abs(part) > dust
    }
    return paths, rest


class _Choice:
    """Terms in the order in which they may be shown.

    Of the history products that share one entity with a product, the strongest stands for all; so
    it is with text and GNN. Among equal terms: graph before co-purchase before kin before text
    before GNN, then by relation, entity and history product.
    """

    def __init__(self, model: Model, terms: Terms, least: NDArray[np.float64]) -> None:
        """Sort the terms worth showing.

        Args:
            model: the fitted model.
            terms: of the scores.
            least: smallest term of each product that may be shown, (k,).
        """
        self.channels = (*model.head.features.relations, *DENSE_CHANNELS)
        self.totals = terms.totals
        self.history: list[int] = terms.history.tolist()
        self.products: list[int] = terms.products.tolist()
        parts = [_of_graph(model, terms), *_of_dense(terms, len(model.head.features.relations))]
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        value, owner = columns[:2]
        worth = np.flatnonzero(value >= least[owner])
        order = worth[np.lexsort((-value[worth], owner[worth]))]
        bounds = np.searchsorted(owner[order], np.arange(len(terms.products) + 1))
        self._bounds: list[int] = bounds.tolist()
        self._sorted = list(zip(*(column[order].tolist() for column in columns), strict=True))

    def strongest(self, at: int) -> list[tuple[float, int, int, int, int]]:
        """Value, index of the product, channel, index of the history product, and place of the
        entity or -1.
        """
        return self._sorted[self._bounds[at] : self._bounds[at + 1]]


_Columns = tuple[NDArray[Any], ...]  # value, owner, channel, history, position: (terms,) each


def _of_graph(model: Model, terms: Terms) -> _Columns:
    """The strongest history product of each entity entry."""
    shown = _showable(model, terms)
    best = shown.argmax(axis=1) if len(shown) else np.zeros(0, dtype=np.int64)
    features = model.head.features
    channel = features.channel[features.indices[terms.position]]
    return shown[np.arange(len(shown)), best], terms.owner, channel, best, terms.position


def _of_dense(terms: Terms, relations: int) -> Iterator[_Columns]:
    """Terms that have no entity: every history product of some channels, the best of others."""
    dense = np.where(terms.own, terms.dense, -np.inf)  # (4, k, m')
    _, k, m = dense.shape
    owner, history = np.repeat(np.arange(k), m), np.tile(np.arange(m), k)
    nowhere = np.full(k * m, -1)
    for which in _ALL:
        channel = np.full(k * m, relations + which)
        yield dense[which].ravel(), owner, channel, history, nowhere
    for which in _BEST:
        value, best = dense[which].max(axis=1), dense[which].argmax(axis=1)
        yield value, np.arange(k), np.full(k, relations + which), best, nowhere[:k]


def _showable(model: Model, terms: Terms) -> NDArray[np.float64]:
    """`Terms.graph` with −inf where a history product is not looked at for a product, or where
    there would be no fact of the product to show.

    Where the shared entity is the recommended product itself, only a history product that links
    to it makes a path.
    """
    features = model.head.features
    shown = np.where(terms.own[terms.owner], terms.graph, -np.inf)
    itself = np.flatnonzero(features.depth[terms.position] == ITSELF)
    linked = carried(features, terms.history, features.indices[terms.position[itself]])
    shown[itself] = np.where(linked, shown[itself], -np.inf)
    return shown
