"""Products that came after training: the bordered inverse, kin among the nearest, exact sums."""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix, vstack

from gnn.explain import ExplainConfig, explain
from gnn.features import fuse
from gnn.fit import fit_model
from gnn.fusion import HeadConfig, fit_head, solve_head
from gnn.history import Event
from gnn.kin import NEAR, find_kin
from gnn.newcomer_head import border
from gnn.newcomers import Newcomers, TextLikeness
from gnn.score import Recommender
from gnn.storage import Model, save_model
from kg.build import graph_of, schema_of
from kg.errors import ModelError
from kg.extract.pipeline import Extractor
from kg.facts import KnowledgeGraph, product_table
from kg.grown import graph_of_products, grown, revised
from kg.ontology_terms import Schema
from kg.records import Product
from kg.snapshot import SnapshotStore
from tests.gnn.test_downdate import CONFIG, N, world

NEW = (
    Product("new-1", "Stoneware Mug with Dancing Otters, Sage", brand="Kittiwake & Down"),
    Product("new-2", "Set of 2 Glass Vases, Blue"),
    Product("new-3", "Zzyzx"),  # says nothing
)


def test_a_newcomers_row_is_that_of_the_larger_inverse() -> None:
    X, brands, text = world()
    features = fuse([brands], N, weights={"schema:brand": 3.0}, degree_exponent=0.5, min_degree=1)
    head = fit_head(X, features, text, CONFIG)
    draw = np.random.default_rng(5)
    carried = csr_matrix((draw.random((1, features.shape[1])) * 0.3).astype(np.float32))
    words = (draw.normal(size=(1, text.shape[1])) * 0.5).astype(np.float32)
    found = border(head, carried, words)
    larger = solve_head(
        csr_matrix(vstack([features.matrix(), carried])),
        np.vstack([head.text, words]),
        csr_matrix((X.data, X.indices, X.indptr), shape=(X.shape[0], N + 1)),
        CONFIG.regularization,
        "float64",
    )
    np.testing.assert_allclose(found.rows[0], larger[N, :N], atol=1e-7)
    np.testing.assert_allclose(found.own[0], larger[N, N], rtol=1e-5)


@pytest.fixture(scope="module")
def tables(sample_store: Path) -> tuple[KnowledgeGraph, Schema, list[KnowledgeGraph]]:
    snapshot = SnapshotStore(sample_store).current()
    schema = schema_of(snapshot)
    reader = Extractor(schema, ["en"])
    return graph_of(snapshot), schema, [graph_of_products([p], schema, reader) for p in NEW]


@pytest.fixture(scope="module", params=["dense", "low_rank"])
def joined(
    request: pytest.FixtureRequest,
    tables: tuple[KnowledgeGraph, Schema, list[KnowledgeGraph]],
) -> Model:
    kg, schema, new = tables
    vectors = np.random.default_rng(0).normal(size=(kg.products.num_rows, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    config = HeadConfig(kind=request.param, rank=64)
    model = fit_model(kg, schema, kg.interactions, text=vectors.astype(np.float32), config=config)
    return Newcomers(model, kg.products, schema).joined(new)


def test_scores_are_exact_sums_with_newcomers_on_either_side(joined: Model) -> None:
    n = len(joined.products)
    recommender = Recommender(joined)
    draw = np.random.default_rng(0)
    for turn in range(12):
        rows = draw.choice(n - 3, size=draw.integers(1, 6), replace=False).tolist()
        rows += [n - 3] if turn % 2 else []
        history = recommender.history([Event(joined.products[row]) for row in rows])
        best = [item.row for item in recommender.recommend(history, 5)]
        asked = [row for row in {*best, n - 3, n - 2, n - 1} if row not in history.rows]
        scores = recommender.scores(history)
        for told in explain(joined, history, asked, config=ExplainConfig(max_paths=4)):
            total = sum(path.value for path in told.paths) + sum(told.rest.values())
            assert total == pytest.approx(told.score, abs=1e-6 * max(1, abs(told.score)))
            assert scores[told.row] == pytest.approx(told.score, abs=1e-5)
        matrix = csr_matrix((history.weights, ([0] * len(history.rows), history.rows)), (1, n))
        if not joined.gnn.shape[1]:
            batch = joined.head.batch(csr_matrix(matrix, dtype=np.float32)).astype(np.float64)
            joined.kin.take_over_batch(batch, matrix, joined.head.own)
            others = np.setdiff1d(np.arange(n), history.rows)
            np.testing.assert_allclose(batch[0, others], scores[others], atol=1e-4)


def test_a_newcomer_is_among_its_kin(joined: Model) -> None:
    recommender = Recommender(joined)
    n = len(joined.products)
    mugs = [row for row in range(n - 3) if joined.products[row].startswith("product:KD-010")]
    history = recommender.history([Event(joined.products[row]) for row in mugs[:3]])
    scores = recommender.scores(history)
    assert scores[n - 3] > np.median(scores[: n - 3])
    assert scores[n - 1] == 0.0  # nothing is known of it
    assert joined.head.popularity()[n - 3] == 0
    assert joined.head.bought_both(n - 3, mugs[0]) == 0
    kin, share = joined.kin.of(n - 3)
    assert share.sum() == pytest.approx(1, abs=1e-5)
    assert np.all(kin < n - 3)


def test_kin_among_the_nearest_are_those_among_all(
    tables: tuple[KnowledgeGraph, Schema, list[KnowledgeGraph]], joined: Model
) -> None:
    n = len(joined.products)
    new = np.zeros(n, dtype=bool)
    new[n - 3 :] = True
    new[joined.kin.rows] = True
    new[: n - 3] |= joined.head.popularity()[: n - 3] == 0
    matrices = [joined.head.features.matrix(), joined.head.text]
    whole = find_kin(matrices, new, joined.config.regularization, joined.config.kin)
    assert n <= NEAR  # then the nearest are all
    for row in (n - 3, n - 2):
        mine, theirs = (kin.shares[row].toarray() for kin in (joined.kin, whole))
        np.testing.assert_allclose(mine, theirs, atol=1e-4)


def test_a_model_with_newcomers_is_not_joined_or_saved(
    joined: Model, tables: tuple[KnowledgeGraph, Schema, list[KnowledgeGraph]], tmp_path: Path
) -> None:
    kg, schema, new = tables
    with pytest.raises(ModelError, match="has newcomers already; join all to the one it was made"):
        Newcomers(joined, kg.products, schema).joined(new)
    with pytest.raises(ModelError, match="with newcomers is made when served, not saved"):
        save_model(joined, tmp_path)
    bare = fit_model(kg, schema, kg.interactions)
    assert Newcomers(bare, kg.products, schema).joined([]) is bare
    with pytest.raises(ModelError, match=r"a newcomer is known already: .*stands twice"):
        Newcomers(bare, kg.products, schema).joined([new[0], new[0]])


def test_text_vectors_are_those_of_like_words() -> None:
    table = product_table([Product("a", "red mug"), Product("b", "blue vase")])
    vectors = np.array([[2, 0], [0, 2]], dtype=np.float32)
    likeness = TextLikeness(table, vectors)
    asked = product_table([Product("c", "mug"), Product("d", "zzz")])
    np.testing.assert_allclose(likeness.vectors(asked), [[2, 0], [0, 0]])
    blank = TextLikeness(product_table([Product("a", ".")]), vectors[:1])
    np.testing.assert_allclose(blank.vectors(asked), np.zeros((2, 2)))


def test_a_grown_graph_says_each_thing_once(
    tables: tuple[KnowledgeGraph, Schema, list[KnowledgeGraph]],
) -> None:
    kg, schema, new = tables
    found = grown(kg, new)
    keys = found.facts.select(["subject", "relation", "object"]).group_by(
        ["subject", "relation", "object"]
    )
    assert keys.aggregate([]).num_rows == found.facts.num_rows
    assert len(set(found.entities["id"].to_pylist())) == found.entities.num_rows
    assert found.products["id"].to_pylist()[-3:] == [f"product:new-{i}" for i in (1, 2, 3)]
    assert revised(found, schema, {}) is found
    other = revised(found, schema, {0: Product("KD-0101", "Other words")})
    assert other.products["title"][0].as_py() == "Other words"
    assert other.products["title"].to_pylist()[1:] == found.products["title"].to_pylist()[1:]
    assert other.entities.num_rows == found.entities.num_rows
