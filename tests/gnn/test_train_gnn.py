"""Training finds what small worlds were made to hold."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from gnn.checkpoint import load_checkpoint, save_checkpoint
from gnn.gnn_config import GnnConfig
from gnn.graph import node_features
from gnn.history import HistoryConfig
from gnn.objective import sampled_softmax
from gnn.text import HashingEncoder
from gnn.train_gnn import GnnResult, RunConfig, epoch_steps, train_gnn
from kg.errors import ModelError
from kg.facts import KnowledgeGraph
from kg.progress import Stopwatch
from kg.records import FACT_SCHEMA, INTERACTION_SCHEMA
from tests.gnn.graphs import graph, small_schema

TEA = ["teapot", "teacup", "strainer", "kettle"]
GARDEN = ["spade", "hose", "rake", "seeds"]
SMALL = GnnConfig(dim=16, epochs=20, batch_size=48, learning_rate=0.02, weight_decay=2, negatives=8)


def shop() -> KnowledgeGraph:
    """Two kinds of customers, each buying three of the four products of their kind.

    ``mat`` and ``glove`` were bought by nobody; their categories say where they belong.
    """
    facts = [(f"product:{name}", "clew:inCategory", "category:tea") for name in [*TEA, "mat"]]
    facts += [(f"product:{n}", "clew:inCategory", "category:garden") for n in [*GARDEN, "glove"]]
    events = [
        (f"{kind[0]}{user}", name)
        for kind in (TEA, GARDEN)
        for user in range(24)
        for at, name in enumerate(kind)
        if at != user % 4
    ]
    return graph([*TEA, "mat", *GARDEN, "glove"], facts, events)


def train(kg: KnowledgeGraph, config: GnnConfig = SMALL, **settings: Any) -> GnnResult:
    features = settings.pop("features", None)
    if features is None:
        features = node_features(kg, small_schema(), HashingEncoder(32))
    interactions = settings.pop("interactions", kg.interactions)
    run = settings.pop("run", RunConfig(threads=1))
    return train_gnn(kg, small_schema(), interactions, features, config, run, **settings)


def rank(result: GnnResult, kg: KnowledgeGraph, name: str) -> list[str]:
    """Other products, nearest first."""
    ids = [compact_id.partition(":")[2] for compact_id in kg.products["id"].to_pylist()]
    order = np.argsort(-(result.z_products @ result.z_products[ids.index(name)]))
    return [ids[row] for row in order if ids[row] != name]


@pytest.fixture(scope="module")
def kg() -> KnowledgeGraph:
    return shop()


@pytest.fixture(scope="module")
def result(kg: KnowledgeGraph) -> GnnResult:
    return train(kg)


@pytest.mark.parametrize("kind", [TEA, GARDEN])
def test_products_bought_together_are_nearest(
    kg: KnowledgeGraph, result: GnnResult, kind: list[str]
) -> None:
    for name in kind:
        assert set(rank(result, kg, name)[:3]) <= {*kind, "mat", "glove"}
        assert {other for other in rank(result, kg, name) if other in kind} == {*kind} - {name}
        nearest = [other for other in rank(result, kg, name) if other not in ("mat", "glove")]
        assert set(nearest[:3]) == {*kind} - {name}


def test_a_product_nobody_bought_stands_with_its_category(
    kg: KnowledgeGraph, result: GnnResult
) -> None:
    assert set(rank(result, kg, "mat")[:4]) == {*TEA}
    assert set(rank(result, kg, "glove")[:4]) == {*GARDEN}


def test_what_comes_back(result: GnnResult) -> None:
    assert result.z_products.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(result.z_products, axis=1), 1, atol=1e-6)
    assert result.epochs == 20
    assert result.scores == ()
    assert len(result.relation_weights) == 2
    assert result.weights["projection"].shape == (32, 16)
    assert result.seconds > 0


def test_the_loss_falls(kg: KnowledgeGraph) -> None:
    losses = train(kg).losses
    assert len(losses) == 20
    assert losses[0] > losses[5] > losses[-1]


def test_same_seed_same_vectors(kg: KnowledgeGraph, result: GnnResult) -> None:
    np.testing.assert_array_equal(train(kg).z_products, result.z_products)
    other = train(kg, run=RunConfig(threads=1, seed=1))
    assert np.abs(other.z_products - result.z_products).max() > 0.01


def test_order_of_the_tables_changes_nothing(kg: KnowledgeGraph, result: GnnResult) -> None:
    rng = np.random.default_rng(0)
    mixed = replace(
        kg,
        facts=kg.facts.take(rng.permutation(len(kg.facts))),
        interactions=kg.interactions.take(rng.permutation(len(kg.interactions))),
    )
    np.testing.assert_allclose(train(mixed).z_products, result.z_products, atol=1e-4)


def test_events_held_back_are_not_seen(kg: KnowledgeGraph) -> None:
    part = kg.interactions.slice(0, 100)
    poor = replace(
        kg,
        interactions=part,
        facts=kg.facts.filter([r != "clew:bought" for r in kg.facts["relation"].to_pylist()]),
    )
    np.testing.assert_array_equal(
        train(kg, interactions=part).z_products, train(poor, interactions=part).z_products
    )


def test_without_text_it_learns_from_events_alone(kg: KnowledgeGraph) -> None:
    result = train(kg, features={})
    nearest = [name for name in rank(result, kg, "teapot") if name not in ("mat", "glove")]
    assert set(nearest[:3]) == {*TEA} - {"teapot"}


def test_without_free_vectors_it_learns_from_text_and_graph(kg: KnowledgeGraph) -> None:
    result = train(kg, SMALL.model_copy(update={"free_std": 0.0}))
    assert "free" not in result.weights
    assert set(rank(result, kg, "mat")[:4]) == {*TEA}


def test_validation_keeps_the_best_and_stops(kg: KnowledgeGraph) -> None:
    seen: list[NDArray[np.float32]] = []
    answers = iter([0.1, 0.3, 0.3, 0.2, 0.9])

    def validate(z: NDArray[np.float32]) -> float:
        seen.append(z)
        return next(answers)

    result = train(kg, SMALL.model_copy(update={"patience": 2}), validate=validate)
    assert result.scores == (0.1, 0.3, 0.3, 0.2)
    assert result.epochs == 2
    np.testing.assert_array_equal(result.z_products, seen[1])


def test_progress_is_told(kg: KnowledgeGraph) -> None:
    told: list[object] = []

    class Telling(Stopwatch):
        def stage(self, name: str, total: int | None = None) -> None:
            told.append((name, total))

        def advance(self, steps: int = 1) -> None:
            told.append(steps)

    train(kg, progress=Telling())
    assert told == [("train the graph neural network", 60), *[1] * 60]  # 144 events: 3 steps


def test_threads_are_given_back(kg: KnowledgeGraph) -> None:
    before = torch.get_num_threads()
    train(kg, SMALL.model_copy(update={"epochs": 1}), run=RunConfig(threads=before + 1))
    assert torch.get_num_threads() == before


def test_recency_is_that_of_the_history(kg: KnowledgeGraph, result: GnnResult) -> None:
    other = train(kg, history=HistoryConfig(recency=0.1))
    assert np.abs(other.z_products - result.z_products).max() > 1e-3


def test_a_checkpoint_holds_it(result: GnnResult, tmp_path: Path) -> None:
    save_checkpoint(
        tmp_path,
        {"z_products": result.z_products},
        meta={"config": SMALL.model_dump()},
        vocabularies={},
        weights=result.weights,
    )
    back = load_checkpoint(tmp_path, vocabularies={}, verify=True)
    np.testing.assert_array_equal(back.arrays["z_products"], result.z_products)
    assert back.weights.keys() == result.weights.keys()
    assert GnnConfig.model_validate(back.meta["config"]) == SMALL


def test_a_graph_without_users() -> None:
    with pytest.raises(ModelError, match="the graph has no users"):
        train(graph(["mug", "cup"]))


def test_no_events_to_learn_from(kg: KnowledgeGraph) -> None:
    with pytest.raises(ModelError, match="none of 0 users has met two products"):
        train(kg, interactions=INTERACTION_SCHEMA.empty_table())


def test_a_loss_that_is_not_finite(kg: KnowledgeGraph) -> None:
    broken = {"Product": np.full((10, 4), np.nan, dtype=np.float32)}
    with pytest.raises(ModelError, match=r"the loss .* is nan; lower the learning rate \(it is"):
        train(kg, features=broken)


def test_facts_of_another_kind_are_no_events(kg: KnowledgeGraph) -> None:
    assert kg.facts.schema.equals(FACT_SCHEMA)
    views = kg.interactions.set_column(
        2, INTERACTION_SCHEMA.field(2), [["view"] * len(kg.interactions)]
    )
    result = train(kg, interactions=views)
    assert any("User VIEWED Product" in weights for weights in result.relation_weights)
    assert not any("User BOUGHT Product" in weights for weights in result.relation_weights)


@pytest.mark.parametrize(
    ("events", "steps"), [(1, 1), (100, 2), (640, 10), (10_000, 40), (100_000, 49)]
)
def test_a_small_shop_has_small_batches(events: int, steps: int) -> None:
    assert epoch_steps(events, GnnConfig(batch_size=2048, min_steps=40)) == steps


def test_softmax_by_hand() -> None:
    # One query, three products with cosines .8, .6, 0; the first is right; τ = .2.
    z = torch.tensor([[0.8, 0.6], [0.6, 0.8], [0.0, 1.0]])
    query = torch.tensor([[1.0, 0.0]])
    right = torch.tensor([0])
    full = sampled_softmax(query, z, right, torch.arange(3), temperature=0.2)
    assert full.item() == pytest.approx(-4 + np.log(np.exp(4) + np.exp(3) + 1))
    # Products 0 and 2 drawn: 0 is the answer and left out, 2 stands for 3 / 2 products.
    some = sampled_softmax(query, z, right, torch.tensor([2, 0]), temperature=0.2)
    assert some.item() == pytest.approx(-4 + np.log(np.exp(4) + 1.5))


def test_softmax_over_all_is_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    z, query = (torch.randn(n, 4, generator=generator) for n in (7, 5))
    right = torch.tensor([0, 6, 3, 3, 1])
    weights = torch.tensor([1.0, 2, 0, 1, 0.5])
    losses = cross_entropy(query @ z.T / 0.5, right, reduction="none")
    all_of_them = torch.randperm(7, generator=generator)
    torch.testing.assert_close(
        sampled_softmax(query, z, right, all_of_them, temperature=0.5), losses.mean()
    )
    torch.testing.assert_close(
        sampled_softmax(query, z, right, all_of_them, temperature=0.5, weights=weights),
        (losses * weights).sum() / 4.5,
    )
