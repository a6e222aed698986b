import numpy as np
import pytest
from pydantic import ValidationError

from gnn.channels import read_channels
from gnn.fit import attach_gnn, fit_model, read_training
from gnn.fusion import HeadConfig
from gnn.history import HistoryConfig
from gnn.ranking import model_scorer
from gnn.tune import TuneConfig, tune
from gnn.tune_gnn import tune_gnn_weight
from kg.errors import ModelError
from tests.gnn.graphs import graph, interactions, small_schema

NAMES = [f"p{at}" for at in range(24)]

SHIFTS = 18  # towards the graph: three kinds of two sizes, three steps at most


def brand_world():
    """Everyone buys within one of four brands; which product of it is chance.

    Purchases alone say little, since each product is bought once or twice; the brand says it all.
    Colours are chance.
    """
    rng = np.random.default_rng(7)
    facts = [
        (f"product:{name}", "schema:brand", f"brand:{at % 4}") for at, name in enumerate(NAMES)
    ]
    facts += [(f"product:{name}", "schema:color", f"colour:{rng.integers(3)}") for name in NAMES]
    train, later = [], []
    for user in range(40):
        own = rng.permutation([name for at, name in enumerate(NAMES) if at % 4 == user % 4])
        train += [(f"u{user}", name) for name in own[:2]]
        later += [(f"u{user}", name) for name in own[2:4]]
    return graph(NAMES, facts, train), interactions(later)


@pytest.fixture(scope="module")
def world():
    kg, later = brand_world()
    config = HeadConfig(weights={"schema:color": 9.0, "schema:brand": 1.0})
    schema = small_schema()
    model = fit_model(kg, schema, kg.interactions, config=config)
    data = read_training(kg.interactions, model.products, config)
    channels = read_channels(kg, schema, model.products, damping=config.ancestor_damping)
    return kg, model, data, data.truth(later), channels, config


def test_the_search_finds_the_channel_that_matters(world):
    _, _, data, truth, channels, start = world
    search = TuneConfig(k=4, max_fits=25, norm_exponent=())
    found = tune(data, truth, channels, None, start=start, config=search)
    assert found.config.weight("schema:brand") > found.config.weight("schema:color")
    assert found.ndcg > found.trials[0].ndcg
    best = max(trial.ndcg for trial in found.trials)
    assert found.ndcg >= (1 - TuneConfig().path_price) * best
    assert 1 < found.fits <= 25 + SHIFTS
    assert tune(data, truth, channels, None, start=start, config=search) == found


def test_the_budget_holds_and_one_fit_changes_only_what_needs_no_other(world):
    _, _, data, truth, channels, start = world
    found = tune(
        data, truth, channels, None, start=start, config=TuneConfig(max_fits=1, path_price=0)
    )
    assert found.fits == 1
    free = {"history.recency", "norm_exponent"}
    assert {trial.setting for trial in found.trials} == {"start", *free}
    changed = {
        "history": HistoryConfig(recency=found.config.history.recency),
        "norm_exponent": found.config.norm_exponent,
    }
    assert found.config == start.model_copy(update=changed)


def test_no_relation_falls_below_the_least_weight(world):
    _, _, data, truth, channels, _ = world
    search = TuneConfig(k=4, max_fits=30, least_relation_weight=2.0)
    found = tune(data, truth, channels, None, config=search)
    assert min(found.config.weight(channel.relation) for channel in channels) >= 2.0


def test_recency_is_found_where_the_last_purchase_decides():
    train, later = [], []
    for user in range(30):
        first, last = user % 3, (user + 1 + user // 3 % 2) % 3
        train += [(f"u{user}", f"{kind}{first}") for kind in "ab"]
        train += [(f"u{user}", f"{'ab'[user % 2]}{last}")]
        later += [(f"u{user}", f"{'ba'[user % 2]}{last}")]
    names = [f"{kind}{group}" for kind in "ab" for group in range(3)]
    kg = graph(names, [(f"product:{n}", "schema:brand", f"brand:{n[1]}") for n in names], train)
    data = read_training(kg.interactions, _products(kg), HeadConfig())
    channels = read_channels(kg, small_schema(), data.products, damping=0.5)
    truth = data.truth(interactions(later))
    found = tune(data, truth, channels, None, config=TuneConfig(k=1, max_fits=3, path_price=0))
    assert found.config.history.recency < 1


def _products(kg):
    from kg.ids import Vocabulary

    return Vocabulary(kg.products["id"].to_pylist())


def test_a_sample_of_users_and_products_is_enough(world):
    _, _, data, truth, channels, start = world
    small = TuneConfig(k=4, max_fits=5, max_products=16, max_users=6)
    found = tune(data, truth, channels, None, start=start, config=small)
    assert 0 < found.ndcg <= 1


def test_nobody_to_validate_on_is_an_error(world):
    _, _, data, truth, channels, _ = world
    nobody = truth.copy() * 0
    nobody.eliminate_zeros()
    with pytest.raises(ModelError, match="nobody in the validation part has both a history"):
        tune(data, nobody, channels, None)


def test_the_weight_of_a_gnn_is_chosen_by_what_it_brings(world):
    _, model, data, truth, _, config = world
    groups = np.array([at % 4 for at in range(len(NAMES))])
    good = np.eye(4, dtype=np.float32)[groups]
    bad = np.eye(4, dtype=np.float32)[np.random.default_rng(0).permutation(groups)]
    score = model_scorer(model.head)
    histories = data.histories(config)
    best = {}
    for name, z in (("good", good), ("bad", bad)):
        scaled = attach_gnn(model, z, histories, 1.0).gnn
        trials = tune_gnn_weight(score, scaled, data, truth, config, k=4)
        assert [t.ndcg for t in trials] == sorted((t.ndcg for t in trials), reverse=True)
        best[name] = trials[0]
    assert best["good"].value > 0
    assert best["good"].ndcg > best["bad"].ndcg


def test_settings_are_checked():
    with pytest.raises(ValidationError, match="greater than 1"):
        TuneConfig(step=1)
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        TuneConfig(budget=3)


def test_the_graph_is_heard_where_that_costs_nothing(world):
    _, _, data, truth, channels, start = world
    one = TuneConfig(k=4, max_fits=1, path_price=0)
    deaf = tune(data, truth, channels, None, start=start, config=one)
    heard = tune(
        data, truth, channels, None, start=start, config=one.model_copy(update={"path_price": 0.01})
    )
    assert heard.fits <= deaf.fits + SHIFTS
    tried = [trial for trial in heard.trials if trial.setting.startswith("more graph")]
    assert tried
    gained = heard.config.relation_weight / deaf.config.relation_weight
    if tried[0].ndcg >= deaf.ndcg:
        assert gained >= one.step
    assert gained >= 1


def test_the_weight_of_an_event_type_is_found():
    """Purchases say what is bought next, views are chance: views end up weighing less."""
    rng = np.random.default_rng(3)
    train, later = [], []
    for user in range(60):
        own = rng.permutation([name for at, name in enumerate(NAMES) if at % 4 == user % 4])
        train += [(f"u{user}", name, "purchase") for name in own[:3]]
        train += [(f"u{user}", name, "view") for name in rng.permutation(NAMES)[:6]]
        later += [(f"u{user}", own[4], "purchase")]
    kg = graph(NAMES, [], train)
    start = HeadConfig(regularization=10.0, history=HistoryConfig(view=0.9))
    data = read_training(kg.interactions, _products(kg), start)
    truth = data.truth(interactions(later))
    found = tune(data, truth, [], None, start=start, config=TuneConfig(k=2, max_fits=12))
    assert found.config.history.view < 0.5
    assert {"history.view"} <= {trial.setting for trial in found.trials}


def test_a_louder_graph_must_be_as_good_with_the_products_the_sample_left_out():
    """Colours are chance. They do no harm among the well known, whom purchases tell apart."""
    rng = np.random.default_rng(11)
    names = [f"p{at:02}" for at in range(60)]
    facts = [(f"product:{name}", "schema:color", f"colour:{rng.integers(6)}") for name in names]
    train, later = [], []
    for user in range(120):
        own = [names[at] for at in range(60) if at % 4 == user % 4]
        common, rare = own[:3], own[3:]
        train += [(f"u{user}", name) for name in [*rng.permutation(common)[:2], rng.choice(rare)]]
        later += [(f"u{user}", name) for name in [*common, *rng.choice(rare, 4)]]
    kg = graph(names, facts, train)
    text = np.eye(4, dtype=np.float32)[np.arange(60) % 4]
    data = read_training(kg.interactions, _products(kg), HeadConfig())
    channels = read_channels(kg, small_schema(), _products(kg), damping=0.5)
    truth = data.truth(interactions(later))
    quick = TuneConfig(k=10, max_fits=1, max_products=12, step=9)
    found = tune(data, truth, channels, text, config=quick)
    settings = [trial.setting for trial in found.trials]
    on_all = settings.index("start", 1)
    assert "more graph" in "".join(settings[on_all:])  # so it was as good on the sample
    assert found.config.relation_weight == HeadConfig().relation_weight


def test_text_is_heard_again_with_the_products_the_sample_left_out():
    """What is bought by few is told apart by its text alone, and the sample holds the rest."""
    rng = np.random.default_rng(5)
    names = [f"p{at}" for at in range(40)]
    train, later = [], []
    for user in range(80):
        own = [names[at] for at in range(40) if at % 4 == user % 4]
        common, rare = own[:2], own[2:]
        train += [(f"u{user}", name) for name in [*common, rng.choice(rare)]]
        train += [(f"u{user}", name) for name in rng.choice(names, 4)]  # for somebody else
        later += [(f"u{user}", rng.choice(rare))]
    kg = graph(names, [], train)
    text = np.eye(4, dtype=np.float32)[np.arange(40) % 4]
    data = read_training(kg.interactions, _products(kg), HeadConfig())
    truth = data.truth(interactions(later))
    start = HeadConfig(text_weight=0.01)
    quick = TuneConfig(k=8, max_fits=1, max_products=12, step=9)
    found = tune(data, truth, [], text, start=start, config=quick)
    assert found.config.text_weight > start.text_weight
    deaf = quick.model_copy(update={"path_price": 0.0})
    assert tune(data, truth, [], text, start=start, config=deaf).config.text_weight == 0.01
