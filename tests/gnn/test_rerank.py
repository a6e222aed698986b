"""One knob: nothing at 0, the other brand sooner the further it is turned, never a false word."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.sparse import csr_matrix

from gnn.beyond import intra_list_distance, list_matrix
from gnn.likeness import Vectors, product_vectors
from gnn.rerank import Diversity, places, rerank
from gnn.score import Recommender
from kg.errors import ModelError
from tests.gnn.graphs import bought, fitted, graph

KNOB = [round(0.1 * step, 1) for step in range(11)]


def two_brands():
    """Twenty products of brand x that everybody buys, ten of brand y that some buy too."""
    names = [f"x{at:02}" for at in range(20)] + [f"y{at:02}" for at in range(10)]
    facts = [(f"product:{name}", "schema:brand", f"brand:{name[0]}") for name in names]
    rng = np.random.default_rng(5)
    events = []
    for user in range(60):
        events += [(f"u{user}", f"x{at:02}") for at in rng.permutation(20)[:8]]
        events += [(f"u{user}", f"y{at:02}") for at in rng.permutation(10)[: user % 3]]
    return graph(names, facts, events)


@pytest.fixture(scope="module")
def recommender():
    return Recommender(fitted(two_brands(), regularization=20))


def ranked(recommender, history, diversity, k=10):
    best = recommender.recommend(history, 100)
    rows = np.array([item.row for item in best])
    scores = np.array([item.score for item in best])
    found = places(recommender.model.head, rows, scores, k, Diversity(diversity=diversity))
    return [place.row for place in found]


def brand(recommender, row):
    return recommender.products[row].removeprefix("product:")[0]


def test_the_knob_brings_in_the_other_brand(recommender):
    history = bought(recommender.model, "x00", "x01", "x02")
    of_y = [
        sum(brand(recommender, row) == "y" for row in ranked(recommender, history, knob))
        for knob in KNOB
    ]
    assert of_y[0] == 0  # the ten best are all of brand x
    assert of_y[-1] > 0
    assert of_y == sorted(of_y)
    second = ranked(recommender, history, 1.0)[1]
    assert brand(recommender, second) == "y"


def test_distance_within_the_list_grows_with_the_knob(recommender):
    n = len(recommender.products)
    vectors = product_vectors(recommender.model.head, np.arange(n))
    pairs = [(f"x{a:02}", f"x{a + 1:02}") for a in range(12)]
    histories = [bought(recommender.model, *pair) for pair in pairs]
    found = [
        intra_list_distance(
            list_matrix(np.array([ranked(recommender, h, knob) for h in histories]), n), vectors
        )
        for knob in KNOB
    ]
    assert all(later >= sooner - 1e-9 for sooner, later in itertools.pairwise(found))
    assert found[-1] > found[0] + 0.05


def some_vectors(seed: int, m: int) -> Vectors:
    """Unit rows with repeats among them and one row of zeros."""
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(m, 4)).astype(np.float32)
    data[rng.integers(m)] = data[0]
    data /= np.linalg.norm(data, axis=1, keepdims=True)
    data[rng.integers(m)] = 0
    return Vectors(csr_matrix(data[:, :2]), data[:, 2:])


@given(
    seed=st.integers(0, 999),
    m=st.integers(1, 30),
    k=st.integers(1, 40),
    diversity=st.floats(0, 1),
    levels=st.integers(1, 5),
)
@settings(max_examples=150, deadline=None)
def test_laws(seed, m, k, diversity, levels):
    vectors = some_vectors(seed, m)
    scores = -np.sort(-np.random.default_rng(seed).integers(0, levels, m).astype(float))
    config = Diversity(diversity=diversity)
    chosen = rerank(scores, vectors, k, config)
    at = [place for place, _ in chosen]
    assert len(set(at)) == len(at) == min(k, m)
    assert at[0] == 0
    assert chosen == rerank(scores, vectors, k, config)
    assert chosen[: k // 2] == (rerank(scores, vectors, k // 2, config) if k > 1 else [])
    if diversity == 0:
        assert at == list(range(min(k, m)))
    dense = np.hstack([vectors.graph.toarray(), vectors.text])
    for place, (row, likeness) in enumerate(chosen[1:], start=1):
        assert likeness == pytest.approx(float((dense[at[:place]] @ dense[row]).max()), abs=1e-6)


@pytest.mark.parametrize("diversity", [0.0, 0.3, 1.0])
def test_the_order_of_candidates_does_not_matter(recommender, diversity):
    best = recommender.recommend(bought(recommender.model, "x03", "y01"), 25)
    rows = np.array([item.row for item in best])
    scores = np.round([item.score for item in best], 2)  # with ties
    config = Diversity(diversity=diversity)
    wanted = places(recommender.model.head, rows, scores, 10, config)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(rows))
        assert places(recommender.model.head, rows[order], scores[order], 10, config) == wanted


def test_places_say_where_the_score_alone_would_put_them(recommender):
    best = recommender.recommend(bought(recommender.model, "x00"), 100)
    rows = np.array([item.row for item in best])
    scores = np.array([item.score for item in best])
    for place in places(recommender.model.head, rows, scores, 10, Diversity(diversity=0.5)):
        assert rows[place.rank_by_score - 1] == place.row


def test_by_hand():
    vectors = Vectors(
        csr_matrix(np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)),
        np.zeros((4, 0), dtype=np.float32),
    )
    scores = np.array([4.0, 3.0, 2.0, 1.0])  # σ = √1.25
    # Product 2 is one point behind product 1, product 1 exactly like product 0: the penalty has to
    # be worth a point, 1 / √1.25 = .894 standard deviations.
    chosen = rerank(scores, vectors, 4, Diversity(diversity=0.5, penalty=1.7))
    assert [at for at, _ in chosen] == [0, 1, 2, 3]
    chosen = rerank(scores, vectors, 4, Diversity(diversity=0.5, penalty=1.9))
    assert chosen == [(0, None), (2, 0.0), (1, 1.0), (3, 1.0)]


def test_vectors_blend_facts_and_words():
    names = list("abcd")
    facts = [("product:a", "schema:brand", "brand:1"), ("product:b", "schema:brand", "brand:1")]
    text = np.array([[1, 0], [0.6, 0.8], [1, 0], [0, 0]], dtype=np.float32)
    model = fitted(graph(names, facts, [("u", "a"), ("u", "b")]), text=text)
    vectors = product_vectors(model.head, np.arange(4), text_share=0.25)
    # a and b share all their facts: .75 · 1 + .25 · .6
    assert vectors.cosines(0)[:2] == pytest.approx([1, 0.9], abs=1e-6)
    # c has words alone, those of a: √.25
    assert vectors.cosines(2) == pytest.approx([0.5, 0.3, 1, 0], abs=1e-6)
    assert vectors.cosines(3) == pytest.approx([0, 0, 0, 0])
    assert len(vectors.of(np.array([2, 0]))) == 2
    assert vectors.of(np.array([2, 0])).cosines(0) == pytest.approx([1, 0.5], abs=1e-6)


def test_nothing_to_choose_from(recommender):
    nothing = np.zeros(0, dtype=np.int64)
    for diversity in (0.0, 0.5):
        config = Diversity(diversity=diversity)
        assert places(recommender.model.head, nothing, np.zeros(0), 3, config) == []


def test_what_does_not_fit():
    vectors = some_vectors(0, 3)
    with pytest.raises(ModelError, match="cannot choose 0 products; ask for at least 1"):
        rerank(np.array([3.0, 2, 1]), vectors, 0, Diversity())
    with pytest.raises(ModelError, match="2 scores but the vectors of 3 products"):
        rerank(np.array([3.0, 2]), vectors, 1, Diversity())
    with pytest.raises(ModelError, match="best first, but 1 stands before 2"):
        rerank(np.array([3.0, 1, 2]), vectors, 1, Diversity())
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        Diversity(diversity=1.1)
