"""Moved lists in a world where it is known who moves."""

from dataclasses import replace

import numpy as np
import pytest

from gnn.impact import MoveConfig, measure_moves
from gnn.storage import Model
from kg.facts import KnowledgeGraph
from kg.ontology_impact import FactChange, Impact
from tests.gnn.graphs import fitted, graph, small_schema

SCHEMA = small_schema()
RED = [(f"product:{name}", "schema:color", "colour:red") for name in "ab"]
PINK = [(f"product:{name}", "schema:color", "colour:pink") for name in "cd"]
EVENTS = [("u", "a"), ("v", "c"), ("w", "a"), ("w", "c")]


def impact_on(after: KnowledgeGraph, *changes: FactChange) -> Impact:
    return Impact(graph=after, concepts=(), reread=0, changes=changes)


@pytest.fixture(scope="module")
def model() -> Model:
    return fitted(graph("abcd", [*RED, *PINK], EVENTS), min_degree=1)


def test_a_fact_that_moves_takes_the_lists_along(model: Model) -> None:
    # b was red like a, d pink like c; now it is the other way round.
    swapped = [RED[0], ("product:b", "schema:color", "colour:pink"),
               PINK[0], ("product:d", "schema:color", "colour:red")]  # fmt: skip
    impact = impact_on(
        graph("abcd", swapped, EVENTS),
        FactChange("product:b", "schema:color", "colour:red", 1.0, None),
    )
    moves = measure_moves(model, impact, SCHEMA, SCHEMA, MoveConfig(k=1))
    assert (moves.users, moves.sample, moves.refitted) == (3, 3, True)
    told = {m.user: (m.entered, m.left, m.kept) for m in moves.examples}
    assert told["user:u"] == (("product:d",), ("product:b",), 0)
    assert told["user:v"] == (("product:b",), ("product:d",), 0)
    assert moves.moved == len([m for m in moves.examples if m.entered]) >= 2
    assert moves.mean_entered == moves.moved / 3
    assert moves.to_dict()["moved"] == moves.moved


def test_the_same_graph_moves_nobody(model: Model) -> None:
    kg = graph("abcd", [*RED, *PINK], EVENTS)
    change = FactChange("product:b", "schema:color", "colour:red", 1.0, 0.9)
    moves = measure_moves(model, impact_on(kg, change), SCHEMA, SCHEMA, MoveConfig(k=2))
    assert (moves.refitted, moves.moved, moves.examples) == (True, 0, ())


def test_what_the_head_does_not_read_is_not_fitted(model: Model) -> None:
    kg = graph("abcd", [*RED, *PINK], EVENTS)
    change = FactChange("product:b", "schema:price", "2", None, 1.0)
    moves = measure_moves(model, impact_on(kg, change), SCHEMA, SCHEMA, MoveConfig(users=2))
    assert (moves.refitted, moves.sample, moves.moved) == (False, 2, 0)


def test_texts_are_kept(model: Model) -> None:
    text = np.eye(4, dtype=np.float32)
    kg = graph("abcd", [*RED, *PINK], EVENTS)
    told = fitted(kg, text=text, min_degree=1)
    change = FactChange("product:b", "schema:color", "colour:red", 1.0, 0.9)
    moves = measure_moves(told, impact_on(kg, change), SCHEMA, SCHEMA, MoveConfig(k=3))
    assert moves.moved == 0
    relations = {i: replace(r, explains=False) for i, r in SCHEMA.relations.items()}
    bare = replace(SCHEMA, relations=relations)
    assert measure_moves(told, impact_on(kg), SCHEMA, bare, MoveConfig(k=3)).refitted
