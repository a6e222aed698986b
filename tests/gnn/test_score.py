import numpy as np
import pytest

from gnn.fit import attach_gnn, read_training
from gnn.history import History
from gnn.ranking import model_scorer, top_products
from gnn.score import Recommender, top_k
from kg.errors import ModelError, NotFoundError
from tests.gnn.graphs import bought, fitted, graph


def checkerboard():
    """Products a c e g are bought together, and so are b d f h."""
    names = "abcdefgh"
    events = [
        (f"u{user}", name)
        for user in range(24)
        for at, name in enumerate(names)
        if at % 2 == user % 2 and at != (user // 2 * 2 + user % 2) % 8
    ]
    return graph(list(names), (), events)


@pytest.fixture(scope="module")
def recommender():
    return Recommender(fitted(checkerboard(), regularization=5))


def names(found):
    return [item.product.removeprefix("product:") for item in found]


def test_the_right_products_come_first(recommender):
    assert set(names(recommender.recommend(bought(recommender.model, "a"), 3))) == set("ceg")
    assert set(names(recommender.recommend(bought(recommender.model, "b", "d"), 2))) == set("fh")
    assert set(names(recommender.similar("product:h", 3))) == set("bdf")


def test_scores_are_ranked_and_those_of_scores(recommender):
    history = bought(recommender.model, "a", "c")
    found = recommender.recommend(history, 8)
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)
    scores = recommender.scores(history)
    assert all(scores[item.row] == item.score for item in found)
    assert len(found) == 6


def test_no_product_is_scored_from_itself(recommender):
    a, c = (recommender.products.row(f"product:{name}") for name in "ac")
    alone = recommender.scores(bought(recommender.model, "a"))
    assert alone[a] == pytest.approx(0, abs=1e-7)
    both = recommender.scores(bought(recommender.model, "a", "c"))
    assert both[c] == pytest.approx(alone[c], abs=1e-7)


def test_what_is_left_out(recommender):
    history = bought(recommender.model, "a")
    rows = {name: recommender.products.row(f"product:{name}") for name in "abcdefgh"}
    assert "c" not in names(recommender.recommend(history, 8, exclude=[rows["c"]]))
    only = np.zeros(8, dtype=bool)
    only[[rows["e"], rows["b"], rows["a"]]] = True
    assert names(recommender.recommend(history, 8, candidates=only)) == ["e", "b"]
    again = recommender.recommend(history, 8, candidates=only, exclude_seen=False)
    assert names(again) == ["e", "a", "b"]
    seen = History(history.rows, history.weights, history.events, np.array([0, rows["e"]]))
    assert "e" not in names(recommender.recommend(seen, 8))


def test_an_empty_history_has_nothing_to_go_by(recommender):
    assert recommender.recommend(bought(recommender.model), 3) == []
    assert not recommender.scores(bought(recommender.model)).any()


def test_of_whom_nothing_is_known_gets_what_many_bought():
    model = fitted(graph(list("abc"), (), [("u", "b"), ("v", "b"), ("v", "c"), ("w", "a", "view")]))
    found = Recommender(model).popular(2)
    assert [(item.product, item.score) for item in found] == [("product:b", 2), ("product:c", 1)]
    allowed = np.array([True, False, True])
    assert names(Recommender(model).popular(5, candidates=allowed)) == ["c", "a"]
    with pytest.raises(ModelError, match="cannot recommend 0 products"):
        Recommender(model).popular(0)


def test_one_user_at_a_time_is_a_batch_of_one(recommender):
    model = recommender.model
    data = read_training(checkerboard().interactions, model.products, model.config)
    z = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    model = attach_gnn(model, z, data.histories(model.config), 0.5)
    histories = data.histories(model.config)
    together = top_products(model_scorer(model.head, model.gnn), histories, histories, 3)
    one = Recommender(model)
    for row in range(len(data.users)):
        mine = histories[row]
        history = History(
            mine.indices.astype(np.int64),
            mine.data.astype(np.float64),
            ("purchase",) * mine.nnz,
            mine.indices.astype(np.int64),
        )
        assert [item.row for item in one.recommend(history, 3)] == together[row].tolist()
        without = [item.score for item in one.recommend(history, 3, gnn=False)]
        assert without == [i.score for i in recommender.recommend(history, 3)]


def test_lists_end_where_products_do():
    model = fitted(checkerboard())
    data = read_training(checkerboard().interactions, model.products, model.config)
    histories = data.histories(model.config)
    best = top_products(model_scorer(model.head), histories, histories, 20)
    assert best.shape == (24, 8)
    assert (best[:, -1] == -1).all()


def test_among_equals_the_first_of_the_catalogue_wins():
    assert top_k(np.array([1.0, 3.0, 3.0, 2.0, 3.0]), 2) == [1, 2]
    assert top_k(np.array([1.0, -np.inf, 1.0]), 3) == [0, 2]
    assert top_k(np.zeros(4), 9) == [0, 1, 2, 3]


def test_what_cannot_be_asked(recommender):
    history = bought(recommender.model, "a")
    with pytest.raises(ModelError, match="cannot recommend 0 products"):
        recommender.recommend(history, 0)
    with pytest.raises(ModelError, match=r"candidates has shape \(3,\), expected \(8,\)"):
        recommender.recommend(history, 2, candidates=np.ones(3, dtype=bool))
    with pytest.raises(NotFoundError, match="'product:zz' is not among the 8 ids"):
        recommender.similar("product:zz")
