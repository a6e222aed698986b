"""Suggested facts and neighbours of all kinds, in a shop where the right ones are known."""

import numpy as np
import pytest

from gnn.graph import node_features, to_hetero
from gnn.model import LinearHeteroGNN
from gnn.node_vectors import nearest, node_vectors
from gnn.suggest import FactGuesser, SuggestConfig
from gnn.text import HashingEncoder
from kg.errors import ModelError
from tests.gnn.graphs import graph, small_schema
from tests.gnn.test_train_gnn import GARDEN, SMALL, TEA, train

FACTS = [
    *[(f"product:{name}", "schema:brand", "brand:leaf") for name in TEA[:3]],
    *[(f"product:{name}", "schema:brand", "brand:soil") for name in GARDEN[:3]],
    *[(f"product:{name}", "clew:inCategory", "category:tea") for name in [*TEA, "mat"]],
    *[(f"product:{name}", "clew:inCategory", "category:garden") for name in GARDEN],
    ("product:kettle", "schema:color", "colour:red"),
    ("product:seeds", "schema:color", "colour:green"),
]
EVENTS = [
    (f"{kind[0]}{user}", name)
    for kind in (TEA, GARDEN)
    for user in range(24)
    for at, name in enumerate(kind)
    if at != user % 4
]
KG = graph([*TEA, "mat", *GARDEN, "glove"], FACTS, EVENTS)
PRODUCTS = [compact_id.partition(":")[2] for compact_id in KG.products["id"].to_pylist()]
NODES = to_hetero(KG, small_schema(), {})


@pytest.fixture(scope="module")
def network() -> LinearHeteroGNN:
    return train(KG, SMALL).network


def row(label: str, name: str) -> int:
    return NODES[label].node_id.row(name)


def test_a_missing_brand_is_that_of_the_products_bought_along(network: LinearHeteroGNN) -> None:
    found = FactGuesser(network, "HAS_BRAND", "Brand").suggest(k=1)
    brands = {PRODUCTS[s.product]: s.object for s in found}
    assert brands["kettle"] == row("Brand", "brand:leaf")
    assert brands["seeds"] == row("Brand", "brand:soil")
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)
    assert all(s.relationship == "HAS_BRAND" and s.label == "Brand" for s in found)


def test_what_is_known_is_not_suggested(network: LinearHeteroGNN) -> None:
    guesser = FactGuesser(network, "HAS_BRAND", "Brand")
    teapot = PRODUCTS.index("teapot")
    told = guesser.suggest(np.array([teapot]), k=5, least=-10)
    assert [s.object for s in told] == [row("Brand", "brand:soil")]
    assert guesser.scores(np.array([teapot]))[0, row("Brand", "brand:leaf")] == -np.inf
    unbranded = {s.product for s in guesser.suggest(k=5, least=-10)}
    assert unbranded == {PRODUCTS.index(n) for n in ("kettle", "seeds", "mat", "glove")}


def test_a_guess_does_not_look_at_the_fact_it_guesses(network: LinearHeteroGNN) -> None:
    changed = graph([*TEA, "mat", *GARDEN, "glove"], [*FACTS[:-1], ("product:seeds",
                    "schema:color", "colour:red")], EVENTS)  # fmt: skip
    data = to_hetero(changed, small_schema(), node_features(changed, small_schema(),
                     HashingEncoder(32)))  # fmt: skip
    assert ("Product", "HAS_COLOR", "Colour") in data.edge_types
    without = network.vectors(network.graph.without("HAS_COLOR"))
    assert np.abs(without - network.vectors()).max() > 1e-3
    kettle, mat = PRODUCTS.index("kettle"), PRODUCTS.index("mat")
    assert np.abs(without - network.vectors())[kettle].max() > 1e-3
    assert not any("HAS_COLOR" in key[1] for key in network.graph.without("HAS_COLOR").adj_t)
    assert without.shape == (len(PRODUCTS), SMALL.dim)
    assert np.isfinite(without[mat]).all()


def test_scores_by_hand(network: LinearHeteroGNN) -> None:
    config = SuggestConfig(regularization=2, text_weight=4, neighbours=2, temperature=0.5)
    z = network.vectors(network.graph.without("HAS_BRAND")).astype(np.float64)
    x = network.features["Product"].numpy().astype(np.float64)
    y = np.zeros((len(z), 2))
    for subject, _, brand in FACTS[:6]:
        y[PRODUCTS.index(subject.partition(":")[2]), row("Brand", brand)] = 1
    stated = np.flatnonzero(y.sum(axis=1))
    phi = np.hstack([z, 2 * x, np.ones((len(z), 1))])
    a = phi[stated]
    ridge = phi @ np.linalg.solve(a.T @ a + 2 * np.eye(a.shape[1]), a.T @ y[stated])
    guesser = FactGuesser(network, "HAS_BRAND", "Brand", config)
    for name in ("kettle", "glove", "teapot"):
        p = PRODUCTS.index(name)
        cosine = (z @ z[p] + 4 * x @ x[p]) / 5
        near = sorted((q for q in stated if q != p), key=lambda q: -cosine[q])[:2]
        votes = np.exp(cosine[near] / 0.5)
        expected = (ridge[p] + votes / votes.sum() @ y[near]) / 2
        expected[y[p] > 0] = -np.inf
        np.testing.assert_allclose(guesser.scores(np.array([p]))[0], expected, atol=1e-4)


def test_one_product_alone_has_the_fact() -> None:
    facts = [("product:kettle", "schema:color", "colour:red")]
    kg = graph([*TEA, "mat", *GARDEN, "glove"], facts, EVENTS)
    guesser = FactGuesser(train(kg, SMALL).network, "HAS_COLOR", "Colour")
    assert np.isfinite(guesser.scores(np.array([PRODUCTS.index("mat")]))).all()
    assert np.isneginf(guesser.scores(np.array([PRODUCTS.index("kettle")]))).all()


def test_a_relation_without_facts(network: LinearHeteroGNN) -> None:
    with pytest.raises(
        ModelError, match=r"no product has a fact MADE_OF Material to learn from; there are HAS_"
    ):
        FactGuesser(network, "MADE_OF", "Material")


def test_all_kinds_of_nodes_have_vectors_but_users(network: LinearHeteroGNN) -> None:
    found = node_vectors(network, network.vectors())
    assert found.keys() == {"Brand", "Category", "Colour", "Product"}
    for label, vectors in found.items():
        assert vectors.dtype == np.float32
        assert vectors.shape == (NODES[label].num_nodes, SMALL.dim)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_concepts_stand_where_their_products_do(network: LinearHeteroGNN) -> None:
    found = node_vectors(network, network.vectors())
    near = nearest(found, "Category", row("Category", "category:tea"), 4, among="Product")
    assert {PRODUCTS[at] for at, _ in near} <= {*TEA, "mat"}
    assert nearest(found, "Brand", row("Brand", "brand:leaf"), 9) == [
        (row("Brand", "brand:soil"), pytest.approx(float(found["Brand"][0] @ found["Brand"][1])))
    ]
    category = nearest(found, "Brand", row("Brand", "brand:soil"), 1, among="Category")
    assert category[0][0] == row("Category", "category:garden")
