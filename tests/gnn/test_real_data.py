"""The head on a real shop: better than what it has to beat, and exact."""

import numpy as np
import pytest

from gnn.baselines import ease_scorer
from gnn.explain import ExplainConfig, explain
from gnn.fit import fit_model, read_training
from gnn.fusion import HeadConfig
from gnn.history import HistoryConfig
from gnn.metrics import ranking_metrics
from gnn.ranking import model_scorer, top_products
from gnn.score import Recommender
from gnn.shoppers import Shoppers
from gnn.split import split_interactions
from kg.catalog import read_dataset
from kg.extract import Extractor
from kg.facts import build_graph
from kg.schema import load_schema
from tests.gnn.graphs import facts_of

CONFIG = HeadConfig(regularization=50, history=HistoryConfig(recency=0.8))


@pytest.fixture(scope="module")
def kg(real_data):
    schema = load_schema()
    dataset = read_dataset(real_data / "amazon-scientific")
    return build_graph(dataset, schema, Extractor(schema, ["en"]), pseudonym_key=b"test")


@pytest.fixture(scope="module")
def split(kg):
    return split_interactions(kg.interactions)


@pytest.fixture(scope="module")
def model(kg, split):
    return fit_model(kg, load_schema(), split.train_and_valid, config=CONFIG)


def test_the_graph_alone_beats_ease_on_amazon_scientific(split, model):
    data = read_training(split.train_and_valid, model.products, CONFIG)
    truth = data.truth(split.test)
    users = np.flatnonzero(np.diff(truth.indptr))[::3]
    ease = ease_scorer(data.user_items(CONFIG), 20.0)
    found = {}
    for name, score, config in (
        ("head", model_scorer(model.head), CONFIG),
        ("ease", ease, HeadConfig()),
    ):
        best = top_products(score, data.histories(config)[users], data.seen[users], 10)
        found[name] = ranking_metrics(best, truth[users], [10])
    assert found["head"]["ndcg@10"] > 1.1 * found["ease"]["ndcg@10"]
    assert found["head"]["recall@10"] > 1.05 * found["ease"]["recall@10"]
    assert model.head.error <= 1e-6


def test_every_edge_is_a_fact_and_every_score_is_its_terms(kg, model):
    recommender, shoppers, facts = Recommender(model), Shoppers(kg.interactions), facts_of(kg)
    users = sorted(set(kg.interactions["user_id"].to_pylist()))
    for user in users[:: len(users) // 100]:
        history = recommender.history(shoppers.events(user), user=user)
        rows = [item.row for item in recommender.recommend(history, 10)]
        for told in explain(model, history, rows, config=ExplainConfig(max_paths=10)):
            total = sum(path.value for path in told.paths) + sum(told.rest.values())
            assert abs(total - told.score) <= 1e-5 * max(1.0, abs(told.score))
            for path in told.paths:
                assert path.buyers is None or path.buyers >= 5
                assert {(e.subject, e.relation, e.object) for e in path.edges} <= facts
