"""How well new products are recommended: some are stripped of every event before training.

In: a graph, a split, settings chosen on products with events. Out: a `ColdReport`. A seeded share
of the products is made new. What counts is what users took of them in the test part, products they
had truly not met before. Measured twice: among the new products alone (which of them?), and among
all products (do they come up at all?). The second rewards whoever favours new products, so NDCG
over everything users took is reported beside it. What new products need chosen (β of `gnn.kin`,
the weights of text alone and of the graph alone) is chosen on validation, with other products made
new; facts of the new products stay, as the catalogue of a shop has them before the first sale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gnn.bootstrap import Estimate, estimates, paired_differences
from gnn.channels import Channel, read_channels
from gnn.cold_methods import ColdConfig, ColdFits, ColdWorld, choose, scorers
from gnn.embed import Embed
from gnn.fusion import HeadConfig
from gnn.ranking import Scorer
from gnn.split import Split
from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary
from kg.schema import Schema

__all__ = ["ColdConfig", "ColdMethod", "ColdReport", "cold_products", "measure_cold"]

OfEach = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class ColdMethod:
    """How a method ranks new products; intervals are of 95 %."""

    name: str
    among_cold: dict[str, Estimate]  # ndcg@k, recall@k; only new products are candidates
    among_all: dict[str, Estimate]
    overall_ndcg: Estimate  # of everything users took, at the first cut-off
    behind: dict[str, Estimate] = field(default_factory=dict)  # the first method − this, among_cold


@dataclass(frozen=True)
class ColdReport:
    """What was found."""

    products: int  # made new
    users: int  # who took one in the test part
    own_weight: float  # β chosen
    text_factor: float
    graph_factor: float
    methods: list[ColdMethod]


def measure_cold(
    kg: KnowledgeGraph,
    schema: Schema,
    split: Split,
    *,
    config: HeadConfig,
    text: NDArray[np.float32] | None,
    embed: Embed | None = None,
    ks: Sequence[int] = (10,),
    channels: list[Channel] | None = None,
    cold: ColdConfig | None = None,
) -> ColdReport:
    """Make products new and measure how they are recommended.

    Args:
        kg: the graph.
        schema: the ontology.
        split: of ``kg.interactions``.
        config: settings of the head, chosen on products with events.
        text: (n, d) text embeddings; None: no text.
        embed: trains a GNN, whose weight is ``config.gnn_weight``; None: none.
        ks: cut-offs.
        channels: those of the graph, where made already.
        cold: which products, what is tried.

    Raises:
        ModelError: nobody took a product that was made new.
    """
    cold = cold or ColdConfig()
    products = Vocabulary(kg.products["id"].to_pylist())
    if channels is None:
        channels = read_channels(kg, schema, products, damping=config.ancestor_damping)
    fit = ColdFits(kg, schema, config, text, channels)
    of_test, of_validation = cold_products(len(products), cold.share, cold.seed)
    early = ColdWorld.of(split.train, split.valid, of_validation, products, config, ks)
    chosen = choose(early, fit, cold)
    world = ColdWorld.of(split.train_and_valid, split.test, of_test, products, config, ks)
    return ColdReport(
        products=int(of_test.sum()),
        users=len(world.taken.users),
        own_weight=chosen.own_weight,
        text_factor=chosen.text_factor,
        graph_factor=chosen.graph_factor,
        methods=_measured(world, scorers(world, fit, chosen, embed), config, cold.seed),
    )


def cold_products(count: int, share: float, seed: int) -> tuple[NDArray[np.bool_], ...]:
    """Two disjoint seeded samples of the rows 0 … count − 1, (count,) each: test, validation."""
    order = np.random.default_rng(seed).permutation(count)
    size = max(1, round(share * count))
    masks = np.zeros((2, count), dtype=bool)
    masks[0, order[:size]] = masks[1, order[size : 2 * size]] = True
    return masks[0], masks[1]


def _measured(
    world: ColdWorld, named: Iterable[tuple[str, Scorer]], config: HeadConfig, seed: int
) -> list[ColdMethod]:
    methods: list[ColdMethod] = []
    first: Mapping[str, NDArray[np.float64]] = {}
    for name, score in named:
        among_cold = _shown(world.taken.of_each(score, config, world.new))
        among_all = _shown(world.taken.of_each(score, config))
        overall = _shown(world.everything.of_each(score, config))
        first = first or among_cold
        ndcg = f"ndcg@{world.taken.ks[0]}"
        methods.append(
            ColdMethod(
                name,
                estimates(among_cold, seed=seed),
                estimates(among_all, seed=seed),
                estimates({ndcg: overall[ndcg]}, seed=seed)[ndcg],
                paired_differences(first, among_cold, seed=seed) if methods else {},
            )
        )
    return methods


def _shown(of_each: OfEach) -> dict[str, NDArray[np.float64]]:
    return {n: v for n, v in of_each.items() if n.startswith(("ndcg", "recall"))}
