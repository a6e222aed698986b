"""New products in worlds where it is known who would want them."""

import io
import json
from dataclasses import asdict

import numpy as np
import pytest
from rich.console import Console
from scipy.sparse import csr_matrix

from gnn.channels import read_channels
from gnn.cold import cold_products, measure_cold
from gnn.cold_methods import ColdChoice, ColdConfig, ColdFits, ColdWorld, scorers
from gnn.fusion import HeadConfig
from gnn.printing_reports import print_cold
from gnn.ranking import model_scorer
from gnn.split import Split, split_interactions
from kg.errors import ModelError
from kg.ids import Vocabulary
from tests.gnn.graphs import graph, interactions, small_schema

NAMES = [f"p{at:02d}" for at in range(40)]
CONFIG = HeadConfig(regularization=10.0)


def brand_of(at):
    return at % 4


@pytest.fixture(scope="module")
def kg():
    """Each of 80 users buys seven of the ten products of one brand, in a random order."""
    rng = np.random.default_rng(3)
    facts = [(f"product:{n}", "schema:brand", f"brand:{brand_of(a)}") for a, n in enumerate(NAMES)]
    events = []
    for user in range(80):
        own = rng.permutation([n for at, n in enumerate(NAMES) if brand_of(at) == user % 4])
        events += [(f"u{user}", name) for name in own[:7]]
    return graph(NAMES, facts, events)


@pytest.fixture(scope="module")
def split(kg):
    return split_interactions(kg.interactions)


@pytest.fixture(scope="module")
def report(kg, split):
    return measure_cold(
        kg,
        small_schema(),
        split,
        config=CONFIG,
        text=np.eye(40, 4, dtype=np.float32),  # the text tells almost nothing
        embed=lambda events: np.eye(4, dtype=np.float32)[np.arange(40) % 4],
        ks=(2, 10),
        cold=ColdConfig(share=0.2),
    )


def test_a_new_product_of_the_brand_that_was_bought_ranks_above_the_others(kg):
    new = np.zeros(40, dtype=bool)
    new[[4, 5, 6, 7]] = True  # one of each brand
    fit = ColdFits(kg, small_schema(), CONFIG, None, _channels(kg))
    events = kg.interactions.filter(
        [not new[int(p[9:])] for p in kg.interactions["product_id"].to_pylist()]
    )
    model = fit.full(events)
    score = model_scorer(model.head, kin=model.kin)
    histories = np.zeros((4, 40), dtype=np.float32)
    histories[np.arange(4), [8, 9, 10, 11]] = 1
    found = score(csr_matrix(histories))[:, 4:8]
    assert found.argmax(axis=1).tolist() == [0, 1, 2, 3]
    # The head as it is takes what nobody could buy for what nobody wants.
    plain = np.asarray(model_scorer(model.head)(csr_matrix(histories)))
    warm = plain[0, 12]  # of the same brand as product 4
    assert plain[0, 4] < 0.5 * warm
    assert found[0, 0] > 0.5 * warm


def _channels(kg):
    return read_channels(kg, small_schema(), Vocabulary(kg.products["id"].to_pylist()), damping=0.5)


def test_every_method_is_measured_on_new_products(report):
    by_name = {method.name: method for method in report.methods}
    assert list(by_name) == [
        "full with kin",
        "full without kin",
        "with kin, without GNN",
        "GNN only",
        "text only",
        "text cosine",
        "graph only",
        "ceiling: events left in",
    ]
    assert report.products == 8
    assert report.users > 5
    full = by_name["full with kin"]
    # Of the eight new products two or so are of the user's brand: they come first.
    assert full.among_cold["recall@10"].mean == 1.0
    assert full.among_cold["ndcg@10"].mean > 1.3 * by_name["text only"].among_cold["ndcg@10"].mean
    assert full.behind == {}
    gain = by_name["text only"].behind["ndcg@10"]
    assert gain.low > 0
    plain = by_name["full without kin"].among_all["ndcg@2"]
    assert by_name["full with kin"].among_all["ndcg@2"].mean > plain.mean
    assert 0 < full.overall_ndcg.mean <= 1
    assert report.own_weight in ColdConfig().own_weights


def test_a_report_is_plain_and_printed(report):
    plain = json.loads(json.dumps(asdict(report)))
    console = Console(width=250, record=True, file=io.StringIO())
    print_cold(console, plain)
    told = console.export_text()
    assert f"8 products made new, taken by {report.users} users" in told
    assert "graph only" in told
    print_cold(console, None)
    assert console.export_text() == ""


def test_test_and_validation_make_other_products_new():
    test, valid = cold_products(50, 0.1, seed=0)
    assert (test.sum(), valid.sum(), (test & valid).sum()) == (5, 5, 0)
    assert cold_products(50, 0.1, seed=0)[0].tolist() == test.tolist()
    assert cold_products(50, 0.1, seed=1)[0].tolist() != test.tolist()
    assert cold_products(3, 0.1, seed=1)[0].sum() == 1


def test_nothing_of_a_new_product_is_taught_and_only_the_unmet_count(kg, split):
    products = Vocabulary(kg.products["id"].to_pylist())
    bought = [row for row in split.train.to_pylist() if row["user_id"] == "user:u0"]
    met = bought[0]["product_id"]  # made new, but not new to this user
    unmet = next(p for p in products if p not in {row["product_id"] for row in bought})
    new = np.isin(np.arange(40), [products.row(met), products.row(unmet)])
    later = interactions([("u0", name.partition(":")[2]) for name in (met, unmet)])
    world = ColdWorld.of(split.train, later, new, products, CONFIG, (5,))
    assert not {met, unmet} & set(world.events["product_id"].to_pylist())
    assert met in set(world.whole["product_id"].to_pylist())
    assert [world.taken.data.users[int(user)] for user in world.taken.users] == ["user:u0"]
    assert world.taken.truth.indices.tolist() == [products.row(unmet)]


def test_methods_are_fitted_only_when_asked_for(kg, split, monkeypatch):
    new, _ = cold_products(40, 0.2, seed=0)
    products = Vocabulary(kg.products["id"].to_pylist())
    world = ColdWorld.of(split.train, split.valid, new, products, CONFIG, (5,))
    fit = ColdFits(kg, small_schema(), CONFIG, None, _channels(kg))
    named = scorers(world, fit, ColdChoice(0.3, 1.0, 1.0), None)
    assert next(named)[0] == "full with kin"
    assert [name for name, _ in named] == [
        "full without kin", "graph only", "ceiling: events left in",
    ]  # fmt: skip


def test_nobody_to_measure_is_an_error(kg, split):
    nobody = Split(split.train, split.valid, interactions([("stranger", "p00")]), "last", "none")
    with pytest.raises(ModelError, match="nobody took any of the 4 products made new"):
        measure_cold(kg, small_schema(), nobody, config=CONFIG, text=None)
