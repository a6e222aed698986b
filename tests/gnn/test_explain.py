import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gnn.explain import ExplainConfig, explain
from gnn.fit import attach_gnn, read_training
from gnn.history import History
from gnn.kin import KinConfig
from gnn.score import Recommender
from gnn.words import Narrator
from kg.errors import ModelError
from tests.gnn.graphs import bought, facts_of, fitted, graph, interactions, slow_terms, small_schema
from tests.gnn.small_worlds import others, shop, worlds

EVERYTHING = ExplainConfig(max_paths=100, min_share=0.0, min_buyers=2)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.integers(0, 4), st.integers(1, 3))
def test_a_score_is_exactly_the_sum_of_its_terms(world, max_paths, max_history):
    _, model, history = world
    config = ExplainConfig(max_paths=max_paths, max_history=max_history, min_share=0.0)
    rows = others(model, history)
    scores = Recommender(model).scores(history)
    for row, told in zip(rows, explain(model, history, rows, config=config), strict=True):
        bound = 1e-5 * max(1.0, abs(told.score))
        assert told.score == pytest.approx(scores[row], abs=bound)
        assert told.error <= bound
        shown = sum(path.value for path in told.paths)
        assert shown + sum(told.rest.values()) == pytest.approx(told.score, abs=bound)
        slow = slow_terms(model, history, row)
        by_channel = {channel: 0.0 for _, channel, _ in slow}
        for (_, channel, _), value in slow.items():
            by_channel[channel] += value
        for path in told.paths:
            name = model.products.row(path.history_product)
            # What a product and its kin share is told, but the term is of all they share.
            entity = "" if path.evidence == "kin" else path.entity or ""
            assert path.value == pytest.approx(slow[name, path.channel, entity], abs=bound)
            by_channel[path.channel] -= path.value
        for channel, value in by_channel.items():
            assert told.rest.get(channel, 0.0) == pytest.approx(value, abs=bound)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_every_edge_of_every_path_is_a_fact_and_joins_the_ends(world):
    kg, model, history = world
    facts = facts_of(kg)
    for told in explain(model, history, others(model, history), config=EVERYTHING):
        for path in told.paths:
            edges = [(edge.subject, edge.relation, edge.object) for edge in path.edges]
            assert set(edges) <= facts
            assert path.product == told.product
            assert path.history_product in {model.products[row] for row in history.rows}
            reached = {end for s, _, o in edges for end in (s, o)}
            if path.evidence in ("direct", "propagated"):
                assert {path.product, path.entity} <= reached
            if path.evidence == "direct":
                assert path.history_product in reached


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_without_a_history_product_the_score_falls_by_its_terms(world):
    _, model, history = world
    rows = others(model, history)
    before = Recommender(model).scores(history)
    for gone in history.rows.tolist():
        after = Recommender(model).scores(history.without(gone))
        for row in rows:
            terms = slow_terms(model, history, row)
            part = sum(value for (i, _, _), value in terms.items() if i == gone)
            assert before[row] - after[row] == pytest.approx(part, abs=1e-5)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_one_at_a_time_is_the_same_as_all_at_once(world):
    _, model, history = world
    rows = others(model, history)
    together = explain(model, history, rows, config=EVERYTHING)
    alone = [explain(model, history, [row], config=EVERYTHING)[0] for row in rows]
    for one, other in zip(alone, together, strict=True):
        assert one.score == other.score
        assert sorted((p.channel, p.entity or "", p.history_product) for p in one.paths) == sorted(
            (p.channel, p.entity or "", p.history_product) for p in other.paths
        )


def first_path(model, history, product, **kwargs):
    row = model.products.row(f"product:{product}")
    return explain(model, history, [row], **kwargs)[0].paths[0]


def test_the_reason_is_the_one_the_world_was_made_for():
    model = fitted(shop())
    history = bought(model, "a", user="user:v")
    brand = first_path(model, history, "c")
    assert (brand.evidence, brand.channel, brand.entity) == ("direct", "schema:brand", "brand:x")
    assert [(edge.subject, edge.relation, edge.object) for edge in brand.edges] == [
        ("user:v", "clew:bought", "product:a"),
        ("product:a", "schema:brand", "brand:x"),
        ("product:c", "schema:brand", "brand:x"),
    ]
    assert brand.share == pytest.approx(1.0)
    assert first_path(model, history, "b").channel == "co_purchase"


NEW_WORDS = {
    ("product:a", "brand:x"): "New and, like “a”, is by x.",
    ("product:b", "brand:x"): "New. “b” is by x too and goes with “a”.",
    ("product:a", None): "New and reads like “a”.",
    ("product:b", None): "New and reads like “b”, which goes with “a”.",
}


@pytest.mark.parametrize("facts", [True, False])
def test_a_product_nobody_has_met_is_told_by_its_kin(facts):
    """Nobody met n. Many bought a and b together; a, b and n are of one brand, or read alike."""
    stated = [(f"product:{name}", "schema:brand", "brand:x") for name in "abn"] if facts else []
    events = [(f"u{user}", name) for user in range(9) for name in "ab"]
    kg = graph(["a", "b", "n", "z"], stated, [*events, ("w", "z")])
    text = None if facts else np.array([[1, 0], [1, 0], [1, 0], [0, 1]], dtype=np.float32)
    model = fitted(kg, text=text, regularization=5.0, kin=KinConfig(own_weight=0.05))
    history, narrator = bought(model, "a", user="user:u0"), Narrator.of(kg, small_schema())
    told = explain(model, history, [2], config=EVERYTHING, narrator=narrator)[0]
    assert told.score == pytest.approx(Recommender(model).scores(history)[2])
    assert [path.evidence for path in told.paths] == ["kin"]  # of one history product, one term
    path = told.paths[0]
    assert path.words == NEW_WORDS[path.kin, path.entity]
    assert path.kin == "product:b"  # many bought both
    assert path.value == pytest.approx(told.score)
    edges = [(edge.subject, edge.relation, edge.object) for edge in path.edges]
    assert edges == [
        ("user:u0", "clew:bought", "product:a"),
        *([("product:b", *stated[0][1:]), ("product:n", *stated[0][1:])] if facts else []),
    ]
    few = explain(model, history, [2], config=ExplainConfig(min_buyers=9))[0]
    assert few.paths == ()  # eight others bought a and b
    assert few.rest == {"kin": pytest.approx(told.score)}
    fond = fitted(kg, text=text, regularization=5.0, kin=KinConfig(own_weight=9.0))
    path = explain(fond, history, [2], config=EVERYTHING, narrator=narrator)[0].paths[0]
    assert path.kin == "product:a"
    assert path.words == NEW_WORDS[path.kin, path.entity]


def test_an_ancestor_is_reached_by_its_broader_edges():
    model = fitted(shop())
    path = first_path(model, bought(model, "a"), "d")
    assert path.entity == "colour:red"
    assert [(edge.subject, edge.relation, edge.object) for edge in path.edges] == [
        ("product:a", "schema:color", "colour:red"),
        ("product:d", "schema:color", "colour:pink"),
        ("colour:pink", "skos:broader", "colour:red"),
    ]


def test_links_between_products_are_told_from_either_end():
    model = fitted(shop())
    narrator = Narrator.of(shop(), small_schema())
    history = bought(model, "a")
    back = first_path(model, history, "f", narrator=narrator)
    assert [(edge.subject, edge.object) for edge in back.edges] == [("product:f", "product:a")]
    assert back.words == "This is often bought by buyers of a, which you bought."
    ahead = first_path(model, history, "e", narrator=narrator)
    assert [(edge.subject, edge.object) for edge in ahead.edges] == [("product:a", "product:e")]
    assert ahead.words == "You bought “a”, and it is often looked at along with e."


def test_evidence_the_history_product_does_not_carry_is_called_propagated():
    # a and c are both bought with b, and c shares its brand with d: c stands for a here.
    pairs = [(f"u{at}", name) for at in range(9) for name in "ab"]
    pairs += [(f"v{at}", name) for at in range(9) for name in "cb"]
    kg = graph(
        list("abcd"),
        [("product:c", "schema:brand", "brand:x"), ("product:d", "schema:brand", "brand:x")],
        pairs,
    )
    model = fitted(kg, regularization=5.0)
    narrator = Narrator.of(kg, small_schema())
    path = first_path(model, bought(model, "a", user="user:u0"), "d", narrator=narrator)
    assert (path.evidence, path.channel) == ("propagated", "schema:brand")
    assert [edge.subject for edge in path.edges] == ["user:u0", "product:d"]
    assert path.words == "This is by x, like products related to “a”, which you bought."


def test_a_fresh_event_counts_but_is_no_edge():
    model = fitted(shop())
    stranger = first_path(model, bought(model, "a", user="user:nobody"), "c")
    assert [edge.subject for edge in stranger.edges] == ["product:a", "product:c"]


@pytest.mark.parametrize(("others_who_did", "told"), [(4, False), (5, True)])
def test_co_purchase_is_told_only_with_enough_other_people(others_who_did, told):
    # The user bought both too, in training, and is not counted.
    events = [(f"u{at}", name) for at in range(others_who_did) for name in "ab"]
    model = fitted(graph(list("abc"), (), [*events, ("me", "a"), ("me", "b")]))
    row = model.products.row("product:b")
    found = explain(model, bought(model, "a", user="user:me"), [row])[0]
    assert [path.buyers for path in found.paths] == ([5] if told else [])
    assert ("co_purchase" in found.rest) is not told
    assert found.score > 0


def test_views_are_no_purchases():
    viewed = [(f"u{at}", name, "view") for at in range(9) for name in "ab"]
    model = fitted(graph(list("ab"), (), viewed))
    found = explain(model, bought(model, "a"), [1])[0]
    assert found.paths == ()
    assert found.rest["co_purchase"] == pytest.approx(found.score, abs=1e-6)


def test_no_path_no_story():
    model = fitted(shop())
    unrelated = explain(model, bought(model, "a"), [model.products.row("product:g")])[0]
    assert unrelated.paths == ()
    assert unrelated.score == pytest.approx(0.0, abs=1e-9)


def test_text_and_gnn_are_named_as_such():
    kg = graph(list("abc"), (), [("u", "a"), ("v", "b")])
    text = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
    model = fitted(kg, text=text)
    narrator = Narrator.of(kg, small_schema())
    assert first_path(model, bought(model, "a"), "c", narrator=narrator).words == (
        "This reads like “a”, which you bought."
    )
    z = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    data = read_training(kg.interactions, model.products, model.config)
    learned = attach_gnn(model, z, data.histories(model.config), 1.0)
    path = first_path(learned, bought(learned, "a"), "b", narrator=narrator, language="zh")
    assert (path.evidence, path.edges) == ("gnn", ())
    assert path.words == "这件商品离“a号”很近。"
    assert explain(learned, bought(learned, "a"), [1], gnn=False)[0].paths == ()


def test_words_do_not_claim_a_purchase_of_what_was_only_viewed():
    kg = shop()
    model = fitted(kg)
    narrator = Narrator.of(kg, small_schema())
    row = model.products.row("product:c")
    looked = History(np.array([0]), np.ones(1), ("view",), np.array([0]))
    assert explain(model, looked, [row], narrator=narrator)[0].paths[0].words == (
        "Like “a”, this is by x."
    )
    told = explain(model, bought(model, "a"), [row], narrator=narrator, similar=True)[0]
    assert told.paths[0].words == "Like “a”, this is by x."


def test_the_same_question_has_the_same_answer_byte_for_byte():
    kg = shop()
    answers = []
    for _ in range(2):
        model = fitted(kg)
        rows = others(model, bought(model, "a"))
        narrator = Narrator.of(kg, small_schema())
        answers.append(repr(explain(model, bought(model, "a"), rows, narrator=narrator)))
    assert answers[0] == answers[1]


def test_the_order_of_the_facts_and_events_changes_nothing():
    kg = shop()
    turned = graph(
        list("abcdefg"),
        [],
        [("v", "a")] + [(f"u{at}", name) for at in reversed(range(8)) for name in "ba"],
    )
    turned = type(kg)(
        kg.products, kg.entities, kg.facts.take(list(range(kg.facts.num_rows))[::-1]),
        turned.interactions,
    )  # fmt: skip
    model, other = fitted(kg), fitted(turned)
    rows = others(model, bought(model, "a"))
    assert explain(model, bought(model, "a"), rows) == explain(other, bought(other, "a"), rows)


def test_what_cannot_be_explained():
    model = fitted(shop())
    with pytest.raises(ModelError, match="an empty history has no scores to explain"):
        explain(model, bought(model), [1])
    with pytest.raises(ModelError, match="product:a is in the history itself"):
        explain(model, bought(model, "a"), [1, 0])


def test_interactions_helper_keeps_the_order():
    assert interactions([("u", "a"), ("u", "b")])["position"].to_pylist() == [0, 1]
