from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gnn.counterfactual import rank_of, without_fact, without_product
from gnn.fit import fit_model
from gnn.history import History
from gnn.kin import KinConfig
from gnn.score import Recommender
from gnn.without_fact import FactRemover
from kg.errors import ModelError, NotFoundError
from kg.records import Edge
from tests.gnn.graphs import bought, fitted, slow_terms, small_schema
from tests.gnn.small_worlds import others, shop, worlds

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CATALOGUE = ("schema:brand", "schema:color", "clew:alsoBought", "clew:alsoViewed", "skos:broader")


def without(kg, fact):
    """The graph without one fact, everything else as it is."""
    gone = pc.and_(
        pc.and_(pc.equal(kg.facts["subject"], fact[0]), pc.equal(kg.facts["relation"], fact[1])),
        pc.equal(kg.facts["object"], fact[2]),
    )
    return replace(kg, facts=kg.facts.filter(pc.invert(gone)))


def refitted(kg, fact, model):
    """What `FactRemover` must equal: the head fitted from the graph without the fact."""
    fewer = without(kg, fact)
    text = model.head.text / np.sqrt(model.config.text_weight) if model.head.text.size else None
    again = fit_model(fewer, small_schema(), kg.interactions, text=text, config=model.config)
    return replace(again, gnn=model.gnn)


def test_without_a_history_product_the_fall_is_its_terms():
    model = fitted(shop())
    history = bought(model, "a", "g")
    row = model.products.row("product:c")
    found = without_product(Recommender(model), history, row, 0)
    terms = slow_terms(model, history, row)
    part = sum(value for (i, _, _), value in terms.items() if i == 0)
    assert found.fall == pytest.approx(part, abs=1e-7)
    assert found.foretold == pytest.approx(part, abs=1e-7)
    order = [item.product for item in Recommender(model).recommend(history, 7)]
    assert found.rank == order.index("product:c") + 1
    assert found.rank_without == 2  # all scores are 0: b, then c, as in the catalogue
    assert found.without == "product:a"
    assert found.to_dict()["fall"] == found.fall


@settings(QUICK, max_examples=15)
@given(worlds(kinds=("dense",)))
def test_any_history_product_falls_by_its_terms(world):
    _, model, history = world
    for row in others(model, history):
        for gone in history.rows.tolist():
            found = without_product(Recommender(model), history, row, gone)
            assert found.fall == pytest.approx(found.foretold, abs=1e-5 * max(1, abs(found.score)))


@QUICK
@given(worlds(kinds=("dense",)), st.data())
def test_without_a_fact_the_scores_are_those_of_a_refit(world, data):
    kg, model, history = world
    columns = [kg.facts[name].to_pylist() for name in ("subject", "relation", "object")]
    facts = sorted(f for f in zip(*columns, strict=True) if f[1] in CATALOGUE)
    assume(facts)
    fact = data.draw(st.sampled_from(facts))
    remover = FactRemover(model, kg, small_schema())
    found = remover.without(remover.fact(*fact)).scores(Recommender(model), history)
    wanted = Recommender(refitted(kg, fact, model)).scores(history)
    met = ~model.kin.has(np.arange(len(found)))  # kin are held as they are
    assert found[met] == pytest.approx(wanted[met], abs=2e-5)


@pytest.mark.parametrize(
    ("fact", "columns"),
    [
        (("product:a", "schema:brand", "brand:x"), 1),  # its last but one carrier: the column goes
        (("product:d", "schema:color", "colour:pink"), 1),  # pink has one carrier, red has two
        (("colour:pink", "skos:broader", "colour:red"), 1),
        (("product:f", "clew:alsoBought", "product:a"), 1),  # nothing else links to a
        (("product:f", "clew:alsoBought", "product:b"), 1),  # c links to b as well
    ],
)
@pytest.mark.parametrize("exponent", [0.0, 0.5])
def test_each_kind_of_fact(fact, columns, exponent):
    kg = shop(
        ("product:f", "clew:alsoBought", "product:b"), ("product:c", "clew:alsoBought", "product:b")
    )
    model = fitted(kg, degree_exponent=exponent, regularization=5.0)
    history = bought(model, "a", "b")
    remover = FactRemover(model, kg, small_schema())
    refit = remover.without(remover.fact(*fact))
    assert refit.columns == columns
    before = Recommender(model).scores(history)
    found = refit.scores(Recommender(model), history)
    wanted = Recommender(refitted(kg, fact, model)).scores(history)
    assert found == pytest.approx(wanted, abs=1e-6)
    assert np.abs(found - before).max() > 1e-3


def test_no_refit_is_told_of_a_product_nobody_has_met():
    kg = shop()
    model = fitted(kg, kin=KinConfig())
    history, row = bought(model, "a"), model.products.row("product:c")
    remover = FactRemover(model, kg, small_schema())
    fact = remover.fact("product:c", "schema:brand", "brand:x")
    with pytest.raises(ModelError, match="nobody has met product:c: it takes after"):
        without_fact(Recommender(model), remover, history, row, fact)
    assert without_product(Recommender(model), history, row, 0).fall > 0


def test_a_fact_that_reaches_no_score_changes_none():
    kg = shop()
    model = fitted(kg, weights={"schema:brand": 0.0})
    history = bought(model, "a")
    remover = FactRemover(model, kg, small_schema())
    row = model.products.row("product:c")
    brand = remover.fact("product:c", "schema:brand", "brand:x")
    found = without_fact(Recommender(model), remover, history, row, brand)
    assert (found.fall, found.foretold) == (0.0, 0.0)
    plain = fitted(kg, ancestor_damping=0.0)
    broader = Edge("colour:pink", "skos:broader", "colour:red")
    assert FactRemover(plain, kg, small_schema()).without(broader).columns == 0


def test_the_terms_that_rest_on_a_fact_are_foretold():
    kg = shop()
    model = fitted(kg)
    recommender, remover = Recommender(model), FactRemover(model, kg, small_schema())
    history, red = bought(model, "a", "b"), ("schema:color", "colour:red", (0, 1))
    for product, fact, key in (
        ("c", ("product:c", "schema:brand", "brand:x"), ("schema:brand", "brand:x", (0, 1))),
        ("c", ("product:a", "schema:brand", "brand:x"), ("schema:brand", "brand:x", (0,))),
        ("d", ("product:d", "schema:color", "colour:pink"), red),
        ("d", ("colour:pink", "skos:broader", "colour:red"), red),
        ("e", ("product:a", "clew:alsoViewed", "product:e"),
         ("clew:alsoViewed", "product:e", (0,))),
    ):  # fmt: skip
        row = model.products.row(f"product:{product}")
        found = without_fact(recommender, remover, history, row, remover.fact(*fact))
        channel, entity, whose = key
        terms = slow_terms(model, history, row)
        wanted = sum(terms[i, channel, entity] for i in whose)
        assert found.foretold == pytest.approx(wanted, abs=1e-6)
        assert found.fall > 0
        assert found.without == " ".join(fact)


def test_a_rank_counts_the_products_ahead():
    scores = np.array([3.0, 5.0, 3.0, 9.0, 1.0])
    history = History(np.array([3]), np.ones(1), ("purchase",), np.array([3]))
    assert [rank_of(scores, row, history) for row in (1, 0, 2, 4)] == [1, 2, 3, 4]
    candidates = np.array([False, True, True, True, True])
    assert rank_of(scores, 2, history, candidates) == 2


def test_what_cannot_be_taken_away():
    kg = shop()
    model = fitted(kg)
    recommender, remover = Recommender(model), FactRemover(model, kg, small_schema())
    history = bought(model, "a")
    with pytest.raises(ModelError, match="product:b is not in the history; only what counts"):
        without_product(recommender, history, 2, 1)
    with pytest.raises(ModelError, match="product:a is in the history itself"):
        without_product(recommender, history, 0, 0)
    with pytest.raises(NotFoundError, match="no fact “product:a schema:brand brand:y”"):
        remover.fact("product:a", "schema:brand", "brand:y")
    with pytest.raises(ModelError, match="clew:bought is an event of a user"):
        remover.without(remover.fact("user:v", "clew:bought", "product:a"))


def test_without_the_only_history_product_nothing_is_left():
    model = fitted(shop())
    found = without_product(
        Recommender(model), bought(model, "a"), model.products.row("product:c"), 0
    )
    assert found.score_without == 0.0
