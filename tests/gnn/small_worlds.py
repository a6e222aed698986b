"""Small worlds for tests of explanations: random ones for laws, and one shop of known answers."""

from collections.abc import Sequence
from unittest.mock import patch

import numpy as np
from hypothesis import strategies as st

import gnn.fusion
from gnn.fit import attach_gnn, read_training
from gnn.history import History
from gnn.kin import KinConfig
from gnn.storage import Model
from kg.facts import KnowledgeGraph
from tests.gnn.graphs import Triple, bought, fitted, graph

PRODUCTS = list("abcdefgh")
BRANDS, COLOURS = ["brand:x", "brand:y"], ["colour:red", "colour:pink", "colour:warm", "colour:any"]
BROADER = [
    ("colour:pink", "skos:broader", "colour:red"),
    ("colour:red", "skos:broader", "colour:warm"),
    ("colour:warm", "skos:broader", "colour:any"),
    ("colour:pink", "skos:broader", "colour:any"),
]
LINKED = [f"product:{name}" for name in PRODUCTS] + ["reference:r", "reference:s"]

subjects = st.sampled_from([f"product:{name}" for name in PRODUCTS])
statements = st.one_of(
    st.tuples(subjects, st.just("schema:brand"), st.sampled_from(BRANDS)),
    st.tuples(subjects, st.just("schema:color"), st.sampled_from(COLOURS)),
    st.tuples(subjects, st.just("clew:alsoBought"), st.sampled_from(LINKED)),
    st.tuples(subjects, st.just("clew:alsoViewed"), st.sampled_from(LINKED)),
).filter(lambda fact: fact[0] != fact[2])
events = st.tuples(
    st.sampled_from(["u", "v", "w", "x", "y"]),
    st.sampled_from(PRODUCTS),
    st.sampled_from(["view", "cart", "purchase", "rating"]),
)


@st.composite
def worlds(
    draw: st.DrawFn,
    kinds: Sequence[str] = ("dense", "low_rank"),
    kin: Sequence[int] = (0, 2, 20),
) -> tuple[KnowledgeGraph, Model, History]:
    """A graph, a model of it with text and GNN, and somebody's history."""
    kg = graph(
        PRODUCTS,
        [*draw(st.sets(statements, max_size=25)), *BROADER],
        draw(st.lists(events, min_size=1, max_size=25)),
    )
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    text = rng.normal(size=(len(PRODUCTS), 3)).astype(np.float32)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    with patch.object(gnn.fusion, "_HEAVY", draw(st.sampled_from([2, 256]))):
        model = fitted(
            kg,
            text=text,
            regularization=draw(st.sampled_from([2.0, 20.0, 200.0])),
            relation_weight=draw(st.sampled_from([0.5, 3.0])),
            degree_exponent=draw(st.sampled_from([0.0, 0.5, 1.0])),
            norm_exponent=draw(st.sampled_from([0.5, 1.0, 1.75])),
            kind=draw(st.sampled_from(kinds)),
            rank=draw(st.sampled_from([1, 3, 8])),
            refinement=draw(st.sampled_from([0.0, 0.5, 1.0])),
            text_rank=draw(st.sampled_from([2, 3])),
            ancestor_damping=draw(st.sampled_from([0.5, 0.0])),
            min_degree=draw(st.sampled_from([1, 2])),
            kin=KinConfig(count=draw(st.sampled_from(kin)), own_weight=0.3),
        )
    data = read_training(kg.interactions, model.products, model.config)
    z = rng.normal(size=(len(PRODUCTS), 2)).astype(np.float32)
    model = attach_gnn(model, z, data.histories(model.config), draw(st.sampled_from([0.0, 0.5])))
    history = bought(model, *draw(st.sets(st.sampled_from(PRODUCTS), min_size=1, max_size=4)))
    return kg, model, history


def others(model: Model, history: History) -> list[int]:
    """Rows of all products outside a history."""
    return [row for row in range(len(model.products)) if row not in history.rows]


def shop(*more: Triple) -> KnowledgeGraph:
    """Eight customers buy a and b; c shares a's brand, d a colour under a's, f links to a."""
    return graph(
        list("abcdefg"),
        [
            ("product:a", "schema:brand", "brand:x"),
            ("product:c", "schema:brand", "brand:x"),
            ("product:a", "schema:color", "colour:red"),
            ("product:d", "schema:color", "colour:pink"),
            ("colour:pink", "skos:broader", "colour:red"),
            ("product:f", "clew:alsoBought", "product:a"),
            ("product:a", "clew:alsoViewed", "product:e"),
            *more,
        ],
        [(f"u{at}", name) for at in range(8) for name in "ab"] + [("v", "a")],
    )
