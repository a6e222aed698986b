import numpy as np
import pyarrow as pa
import pytest

from gnn.channels import ITSELF, broader_edges, explaining_relations, read_channels
from gnn.features import fuse
from kg.ids import Vocabulary
from tests.gnn.graphs import graph, small_schema

PRODUCTS = Vocabulary(["product:a", "product:b", "product:c"])


def carried(channel):
    """(product, entity) -> (value, depth, via)"""
    return {
        (PRODUCTS[int(p)], channel.entities[int(e)]): (
            pytest.approx(float(v)),
            int(d),
            channel.entities[int(via)] if via >= 0 else None,
        )
        for p, e, v, d, via in zip(
            channel.product,
            channel.entity,
            channel.value,
            channel.depth,
            channel.via,
            strict=True,
        )
    }


def channels(facts, damping=0.5):
    found = read_channels(graph(list("abc"), facts), small_schema(), PRODUCTS, damping=damping)
    return {channel.relation: channel for channel in found}


def test_only_relations_from_products_to_entities_that_explain():
    ids = [relation.id for relation in explaining_relations(small_schema())]
    assert ids == sorted(ids)
    assert {"schema:brand", "schema:color", "clew:alsoBought"} <= set(ids)
    assert not {"schema:price", "clew:bought", "skos:broader", "clew:theme"} & set(ids)


def test_a_product_carries_its_values_and_damped_what_they_fall_under():
    found = channels(
        [
            ("product:a", "schema:color", "colour:pink"),
            ("product:b", "schema:color", "colour:red"),
            ("colour:pink", "skos:broader", "colour:red"),
            ("colour:red", "skos:broader", "colour:warm"),
        ]
    )
    assert carried(found["schema:color"]) == {
        ("product:a", "colour:pink"): (1.0, 0, "colour:pink"),
        ("product:a", "colour:red"): (0.5, 1, "colour:pink"),
        ("product:a", "colour:warm"): (0.25, 2, "colour:pink"),
        ("product:b", "colour:red"): (1.0, 0, "colour:red"),
        ("product:b", "colour:warm"): (0.5, 1, "colour:red"),
    }


def test_of_several_ways_to_an_entity_the_shortest_counts():
    found = channels(
        [
            ("product:a", "schema:color", "colour:pink"),
            ("product:a", "schema:color", "colour:red"),
            ("colour:pink", "skos:broader", "colour:red"),
            ("colour:pink", "skos:broader", "colour:warm"),
            ("colour:red", "skos:broader", "colour:warm"),
        ]
    )
    assert carried(found["schema:color"])["product:a", "colour:red"][1:] == (0, "colour:red")
    assert carried(found["schema:color"])["product:a", "colour:warm"][1:] == (1, "colour:pink")


def test_a_circle_of_broader_concepts_ends():
    found = channels(
        [
            ("product:a", "schema:color", "colour:pink"),
            ("colour:pink", "skos:broader", "colour:red"),
            ("colour:red", "skos:broader", "colour:pink"),
        ]
    )
    assert len(carried(found["schema:color"])) == 2


def test_without_damping_there_are_no_ancestors():
    facts = [
        ("product:a", "schema:color", "colour:pink"),
        ("colour:pink", "skos:broader", "colour:red"),
    ]
    assert list(carried(channels(facts, damping=0)["schema:color"])) == [
        ("product:a", "colour:pink")
    ]


def test_linked_products_carry_each_other_and_themselves():
    found = channels(
        [
            ("product:a", "clew:alsoBought", "product:b"),
            ("product:c", "clew:alsoBought", "reference:r"),
        ]
    )
    assert carried(found["clew:alsoBought"]) == {
        ("product:a", "product:b"): (1.0, 0, "product:b"),
        ("product:b", "product:b"): (1.0, ITSELF, None),
        ("product:c", "reference:r"): (1.0, 0, "reference:r"),
    }


def test_facts_of_unknown_products_and_literals_are_left_out():
    kg = graph(list("abcd"), [("product:d", "schema:brand", "brand:x")])
    assert read_channels(kg, small_schema(), PRODUCTS, damping=0.5) == []
    facts = graph(list("abc"), [("product:a", "schema:brand", "brand:x")]).facts
    literal = facts.set_column(3, "datatype", pa.array(["xsd:string"]))
    kg = type(kg)(kg.products, kg.entities, literal, kg.interactions)
    assert read_channels(kg, small_schema(), PRODUCTS, damping=0.5) == []


def test_broader_edges_are_facts_with_their_source():
    kg = graph(["a"], [("colour:pink", "skos:broader", "colour:red")])
    (edge,) = broader_edges(kg, small_schema())["colour:pink"]
    assert (edge.relation, edge.object, edge.source) == ("skos:broader", "colour:red", "catalog")


def test_features_are_scaled_by_weight_and_degree():
    found = channels(
        [
            ("product:a", "schema:brand", "brand:x"),
            ("product:b", "schema:brand", "brand:x"),
            ("product:b", "schema:color", "colour:red"),
            ("product:c", "schema:color", "colour:red"),
        ]
    )
    names = sorted(found)
    features = fuse(
        [found[name] for name in names],
        3,
        weights={"schema:brand": 4.0, "schema:color": 9.0},
        degree_exponent=0.5,
        min_degree=1,
    )
    half = 1 / np.sqrt(2)
    assert features.matrix().toarray() == pytest.approx(
        np.array([[2 * half, 0], [2 * half, 3 * half], [0, 3 * half]])
    )
    assert features.relations == ("schema:brand", "schema:color")
    assert features.entities == ("brand:x", "colour:red")
    assert features.channel.tolist() == [0, 1]


def test_rare_entities_and_channels_without_weight_are_left_out():
    found = channels(
        [
            ("product:a", "schema:brand", "brand:x"),
            ("product:b", "schema:brand", "brand:y"),
            ("product:c", "schema:brand", "brand:y"),
            ("product:a", "schema:color", "colour:red"),
        ]
    )
    features = fuse(
        list(found.values()),
        3,
        weights={"schema:brand": 1.0, "schema:color": 0.0},
        degree_exponent=0.0,
        min_degree=2,
    )
    assert features.entities == ("brand:y",)
    assert features.matrix().toarray().tolist() == [[0.0], [1.0], [1.0]]
    nothing = fuse([], 3, weights={}, degree_exponent=0.5, min_degree=2)
    assert nothing.matrix().shape == (3, 0)
