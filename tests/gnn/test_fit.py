import numpy as np
import pytest

from gnn.channels import read_channels
from gnn.fit import attach_gnn, fit_model, read_training
from gnn.fusion import HeadConfig
from gnn.score import Recommender
from gnn.user_events import read_user_events
from kg.errors import ModelError
from kg.ids import Vocabulary
from tests.gnn.graphs import fitted, graph, interactions, small_schema

EVENTS = [("u", "a"), ("u", "b", "view"), ("v", "b"), ("v", "zz"), ("w", "c", "rating")]


@pytest.fixture(scope="module")
def kg():
    return graph(list("abc"), [("product:a", "schema:brand", "brand:x")], EVENTS)


def test_training_matrices(kg):
    config = HeadConfig()
    data = read_training(kg.interactions, Vocabulary(kg.products["id"].to_pylist()), config)
    assert list(data.users) == ["user:u", "user:v", "user:w"]
    assert data.user_items(config).toarray() == pytest.approx(
        np.array([[1, 0.3, 0], [0, 1, 0], [0, 0, 1]])
    )
    assert data.bought.toarray().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert data.seen.toarray().tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]


def test_truth_is_what_is_new_and_bought(kg):
    data = read_training(kg.interactions, Vocabulary(kg.products["id"].to_pylist()), HeadConfig())
    later = interactions([("u", "a"), ("u", "c"), ("v", "a", "view"), ("stranger", "a")])
    assert data.truth(later).toarray().tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]
    views = interactions([("v", "a", "view")])
    assert data.truth(views).toarray().tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_training_without_usable_events_is_an_error(kg):
    with pytest.raises(ModelError, match="none of 1 interactions is with one of 3 products"):
        fit_model(kg, small_schema(), interactions([("u", "zz")]))


def test_events_held_out_teach_nothing_but_may_be_shown(kg):
    train = interactions([("v", "b"), ("w", "c", "rating")])
    model = fit_model(kg, small_schema(), train)
    assert model.head.co_purchase.toarray().tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 1]]
    facts = model.events.of("user:u")
    bought = facts.edge(0, "clew:bought")
    assert bought is not None
    assert bought.subject == "user:u"
    assert facts.edge(1, "clew:viewed") is not None
    assert facts.edge(1, "clew:bought") is None
    for stranger in ("user:nobody", None):
        assert not any(row in model.events.of(stranger) for row in range(3))


def test_channels_made_before_give_the_same_model(kg):
    schema = small_schema()
    products = Vocabulary(kg.products["id"].to_pylist())
    ready = read_channels(kg, schema, products, damping=0.5)
    one = fit_model(kg, schema, kg.interactions, channels=ready)
    assert (one.head.inverse == fit_model(kg, schema, kg.interactions).head.inverse).all()


def test_relations_of_events(kg):
    events = read_user_events(kg, small_schema(), Vocabulary(["product:a"]))
    assert dict(events.relation_of) == {
        "view": "clew:viewed",
        "cart": "clew:addedToCart",
        "purchase": "clew:bought",
        "rating": "clew:rated",
    }
    assert list(events.users) == ["user:u"]
    bought = events.of("user:u").edge(0, "clew:bought")
    assert bought is not None
    assert bought.source == "events"


def test_a_gnn_is_scaled_to_the_head(kg):
    model = fitted(kg, text=np.eye(3, 2, dtype=np.float32))
    data = read_training(kg.interactions, model.products, model.config)
    histories = data.histories(model.config)
    z = np.array([[1, 0], [0.5, 1], [0, 2]], dtype=np.float32)
    once = attach_gnn(model, z, histories, 0.5)
    assert attach_gnn(model, 10 * z, histories, 0.5).gnn == pytest.approx(once.gnn, rel=1e-5)
    assert attach_gnn(model, z, histories, 2.0).gnn == pytest.approx(2 * once.gnn, rel=1e-5)
    assert once.config.gnn_weight == 0.5
    assert attach_gnn(model, z, histories, 0).gnn.shape == (3, 0)
    assert not attach_gnn(model, np.zeros((3, 2), np.float32), histories, 0.5).gnn.any()
    with pytest.raises(ModelError, match="2 embeddings for 3 products"):
        attach_gnn(model, z[:2], histories, 0.5)


def test_the_order_of_the_catalogue_changes_no_score():
    rng = np.random.default_rng(3)
    names = list("abcdefgh")
    facts = [(f"product:{n}", "schema:brand", f"brand:{rng.integers(3)}") for n in names]
    facts += [(f"product:{n}", "clew:alsoBought", "reference:r") for n in "ac"]
    facts += [("product:a", "clew:alsoBought", "product:f")]
    events = [(f"u{rng.integers(6)}", names[rng.integers(8)]) for _ in range(30)]
    text = rng.normal(size=(8, 3)).astype(np.float32)
    order = rng.permutation(8)
    plain = Recommender(fitted(graph(names, facts, events), text=text))
    turned = Recommender(
        fitted(graph([names[at] for at in order], facts, events), text=text[order])
    )
    for name in names:
        scores = plain.scores(plain.history_of(f"product:{name}"))
        others = turned.scores(turned.history_of(f"product:{name}"))
        assert others == pytest.approx(scores[order], abs=1e-6)
