"""The methods that rank new products, and what validation chooses for them; see `gnn.cold`.

In: a world in which some products are new. Out: scorers by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_matrix

from gnn.channels import Channel
from gnn.embed import Embed
from gnn.fit import TrainingData, attach_gnn, fit_model, read_training
from gnn.fusion import HeadConfig
from gnn.held_out import HeldOut
from gnn.kin import Kin
from gnn.metrics import as_good
from gnn.ranking import Scorer, model_scorer
from gnn.storage import Model
from kg.errors import ModelError
from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary
from kg.schema import Schema

__all__ = ["ColdChoice", "ColdConfig", "ColdFits", "ColdWorld", "choose", "scorers"]


class ColdConfig(BaseModel):
    """What is made new and what is tried."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(default=0.1, gt=0, le=0.5, description="of the products made new")
    seed: int = Field(default=0, ge=0, description="of which products, and of the resamples")
    own_weights: tuple[float, ...] = Field(
        default=(0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0), min_length=1, description="β of gnn.kin tried"
    )
    factors: tuple[float, ...] = Field(
        default=(0.3, 1.0, 3.0),
        min_length=1,
        description="of the weights of text alone and of the graph alone, tried",
    )
    allowed_loss: float = Field(
        default=0.01,
        ge=0,
        le=0.1,
        description="relative loss of overall NDCG allowed for new products to come up",
    )


@dataclass(frozen=True)
class ColdWorld:
    """Training without the new products, and what users took afterwards."""

    new: NDArray[np.bool_]
    events: pa.Table  # of products that are not new
    whole: pa.Table  # of all products, for the ceiling
    taken: HeldOut  # of new products
    everything: HeldOut

    @classmethod
    def of(
        cls,
        teach: pa.Table,
        later: pa.Table,
        new: NDArray[np.bool_],
        products: Vocabulary,
        config: HeadConfig,
        ks: Sequence[int],
    ) -> ColdWorld:
        """Take the new products out of what is taught.

        Raises:
            ModelError: nobody took one of them later.
        """
        ids = pa.array([products[int(row)] for row in np.flatnonzero(new)])
        events = teach.filter(pc.invert(pc.is_in(teach["product_id"], ids)))
        data = read_training(events, products, config)
        truth = _new_to_them(data, read_training(teach, products, config), later)
        of_new = csr_matrix(truth.multiply(new[None, :]))
        of_new.eliminate_zeros()
        try:
            taken = HeldOut.of_truth(data, of_new, ks)
        except ModelError as exc:
            raise ModelError(
                f"nobody took any of the {int(new.sum())} products made new; raise the share or "
                "choose another seed"
            ) from exc
        return cls(new, events, teach, taken, HeldOut.of_truth(data, truth, ks))


def _new_to_them(data: TrainingData, whole: TrainingData, later: pa.Table) -> csr_matrix:
    """What users took later and had not met before anything was stripped, in rows of ``data``."""
    truth = data.truth(later)
    met = whole.seen[[whole.users.row(user) for user in data.users]]
    new = csr_matrix(truth - truth.multiply(met))
    new.eliminate_zeros()
    return new


@dataclass(frozen=True)
class ColdFits:
    """Fits of the whole head or of parts of it."""

    kg: KnowledgeGraph
    schema: Schema
    config: HeadConfig
    text: NDArray[np.float32] | None
    channels: list[Channel]

    def full(self, events: pa.Table) -> Model:
        """The head as it is served."""
        fit = partial(fit_model, self.kg, self.schema, events, config=self.config)
        return fit(text=self.text, channels=self.channels)

    def text_only(self, events: pa.Table, factor: float) -> Scorer:
        """Ridge regression on the text alone, without events."""
        update = {"text_weight": self.config.text_weight * factor}
        return self._part(events, update, self.text, [])

    def graph_only(self, events: pa.Table, factor: float) -> Scorer:
        """Ridge regression on the facts alone, without events."""
        weights = {name: w * factor for name, w in self.config.weights.items()}
        update = {"relation_weight": self.config.relation_weight * factor, "weights": weights}
        return self._part(events, update, None, self.channels)

    def _part(
        self,
        events: pa.Table,
        update: Mapping[str, object],
        text: NDArray[np.float32] | None,
        channels: list[Channel],
    ) -> Scorer:
        model = fit_model(
            self.kg,
            self.schema,
            events,
            text=text,
            config=self.config.model_copy(update=dict(update)),
            channels=channels,
            co_purchase=False,
        )
        return model_scorer(model.head)


@dataclass(frozen=True)
class ColdChoice:
    """What validation chose."""

    own_weight: float
    text_factor: float
    graph_factor: float


def choose(world: ColdWorld, fit: ColdFits, cold: ColdConfig) -> ColdChoice:
    """Choose on validation: β as `_own_weight`, the factors by NDCG among new products."""

    def ndcg(score: Scorer) -> float:
        found = world.taken.of_each(score, fit.config, world.new)
        return float(found[f"ndcg@{world.taken.ks[0]}"].mean())

    best = []
    for part in (fit.text_only, fit.graph_only):
        found = {factor: ndcg(part(world.events, factor)) for factor in cold.factors}
        best.append(max(found, key=found.__getitem__))
    return ColdChoice(_own_weight(world, fit, cold), *best)


def _own_weight(world: ColdWorld, fit: ColdFits, cold: ColdConfig) -> float:
    """The β that ranks new products best among all, of those that cost nothing overall."""
    model = fit.full(world.events)
    name = f"ndcg@{world.taken.ks[0]}"
    overall, of_new = {}, {}
    for weight in cold.own_weights:
        scored = _with_kin(model, weight)
        overall[weight] = world.everything.of_each(scored, fit.config)[name]
        of_new[weight] = world.taken.of_each(scored, fit.config)[name].mean()
    best = max(overall.values(), key=lambda values: float(values.mean()))
    fair = [w for w, values in overall.items() if as_good(best, values, cold.allowed_loss)]
    return max(fair, key=lambda weight: float(of_new[weight]))


def _with_kin(model: Model, own_weight: float) -> Scorer:
    return model_scorer(model.head, kin=Kin(model.kin.shares, own_weight))


def scorers(
    world: ColdWorld, fit: ColdFits, chosen: ColdChoice, embed: Embed | None
) -> Iterator[tuple[str, Scorer]]:
    """All methods by name, the full model with kin first; each is fitted when it is asked for."""
    model = fit.full(world.events)
    plain = model_scorer(model.head)
    head = _with_kin(model, chosen.own_weight)
    if embed is None:
        yield "full with kin", head
        yield "full without kin", plain
    else:
        vectors = embed(world.events)
        histories = world.taken.data.histories(fit.config)
        near = _near(attach_gnn(model, vectors, histories, fit.config.gnn_weight).gnn)
        yield "full with kin", _sum(head, near)
        yield "full without kin", _sum(plain, near)
        yield "with kin, without GNN", head
        yield "GNN only", _near(vectors)
    if fit.text is not None:
        yield "text only", fit.text_only(world.events, chosen.text_factor)
        yield "text cosine", _near(fit.text)
    if fit.channels:
        yield "graph only", fit.graph_only(world.events, chosen.graph_factor)
    del model, plain, head
    yield "ceiling: events left in", model_scorer(fit.full(world.whole).head)


def _near(vectors: NDArray[np.float32]) -> Scorer:
    return lambda histories: np.asarray((histories @ vectors) @ vectors.T)


def _sum(one: Scorer, other: Scorer) -> Scorer:
    return lambda histories: one(histories) + other(histories)
