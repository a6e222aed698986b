"""The tensors say what the tables say."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from gnn.graph import edge_counts, node_features, node_vocabularies, to_hetero
from gnn.text import HashingEncoder
from kg.build import graph_of, schema_of
from kg.errors import ModelError
from kg.facts import KnowledgeGraph
from kg.records import FACT_SCHEMA, INTERACTION_SCHEMA
from kg.snapshot import SnapshotStore
from tests.gnn.graphs import graph, small_schema

FACTS = [
    ("product:mug", "schema:color", "colour:orange"),
    ("product:cup", "schema:color", "colour:red"),
    ("colour:orange", "skos:broader", "colour:red"),
    ("product:mug", "clew:alsoBought", "product:cup"),
    ("product:mug", "clew:alsoBought", "reference:far"),
]
EVENTS = [("ann", "mug"), ("ann", "cup"), ("bob", "cup", "view"), ("ann", "mug")]


@pytest.fixture(scope="module")
def world() -> KnowledgeGraph:
    return graph(["mug", "cup", "plate"], FACTS, EVENTS)


def test_nodes_are_numbered_as_in_the_catalogue(world: KnowledgeGraph) -> None:
    nodes = node_vocabularies(world, small_schema())
    assert list(nodes) == ["Colour", "Product", "ProductReference", "User"]
    assert list(nodes["Product"]) == ["product:mug", "product:cup", "product:plate"]
    assert list(nodes["Colour"]) == ["colour:orange", "colour:red"]


def test_edges_are_those_of_the_facts(world: KnowledgeGraph) -> None:
    data = to_hetero(world, small_schema(), {})
    edges = {key: store.edge_index.tolist() for key, store in data.edge_items()}
    assert edges == {
        ("Product", "HAS_COLOR", "Colour"): [[0, 1], [0, 1]],
        ("Colour", "BROADER", "Colour"): [[0], [1]],
        ("Product", "ALSO_BOUGHT", "Product"): [[0], [1]],
        ("Product", "ALSO_BOUGHT", "ProductReference"): [[0], [0]],
        ("User", "BOUGHT", "Product"): [[0, 0], [0, 1]],
        ("User", "VIEWED", "Product"): [[1], [1]],
    }
    data.validate(raise_on_error=True)


def test_counts_equal_the_fact_table_relation_by_relation(sample_store: Path) -> None:
    snapshot = SnapshotStore(sample_store).current()
    shop = graph_of(snapshot)
    data = to_hetero(shop, schema_of(snapshot), {})
    stated = shop.facts.filter(pc.is_null(shop.facts["datatype"]))
    expected = {
        row["values"]: row["counts"] for row in stated["relation"].value_counts().to_pylist()
    }
    assert edge_counts(data) == expected
    assert len(expected) > 10


def test_features_stand_at_their_nodes(world: KnowledgeGraph) -> None:
    encoder = HashingEncoder(32)
    features = node_features(world, small_schema(), encoder)
    assert features.keys() == {"Product", "Colour"}
    np.testing.assert_array_equal(features["Product"], encoder.encode(["mug", "cup", "plate"]))
    np.testing.assert_array_equal(features["Colour"], encoder.encode(["orange", "red"]))
    data = to_hetero(world, small_schema(), features)
    assert data["Colour"].x.tolist() == features["Colour"].tolist()
    assert "x" not in data["User"]


def test_labels_speak_the_language_asked_for(world: KnowledgeGraph) -> None:
    encoder = HashingEncoder(32)
    features = node_features(world, small_schema(), encoder, "zh")
    np.testing.assert_array_equal(features["Colour"], encoder.encode(["orange号", "red号"]))


def test_only_interactions_passed_in_are_seen(world: KnowledgeGraph) -> None:
    data = to_hetero(world, small_schema(), {}, world.interactions.slice(0, 1))
    assert edge_counts(data)["clew:bought"] == 1
    assert "clew:viewed" not in edge_counts(data)
    assert data["User"].num_nodes == 2


def test_no_interactions_and_no_facts() -> None:
    data = to_hetero(graph(["mug"]), small_schema(), {}, INTERACTION_SCHEMA.empty_table())
    assert edge_counts(data) == {}
    assert data["Product"].num_nodes == 1


def test_order_of_the_tables_changes_nothing(world: KnowledgeGraph) -> None:
    mixed = KnowledgeGraph(
        products=world.products,
        entities=world.entities,
        facts=world.facts.take(np.random.default_rng(0).permutation(len(world.facts))),
        interactions=world.interactions.take([3, 1, 0, 2]),
    )
    one, other = (to_hetero(kg, small_schema(), {}) for kg in (world, mixed))
    assert one.edge_types == other.edge_types
    for key, store in one.edge_items():
        assert store.edge_index.equal(other[key].edge_index)
        assert store.edge_weight.equal(other[key].edge_weight)


def test_confidence_is_the_weight_of_an_edge(world: KnowledgeGraph) -> None:
    at = FACT_SCHEMA.get_field_index("confidence")
    half = pa.array(np.full(len(world.facts), 0.5, dtype=np.float32))
    kg = KnowledgeGraph(
        products=world.products,
        entities=world.entities,
        facts=world.facts.set_column(at, FACT_SCHEMA.field(at), half),
        interactions=world.interactions,
    )
    data = to_hetero(kg, small_schema(), {})
    assert data["Product", "HAS_COLOR", "Colour"].edge_weight.tolist() == [0.5, 0.5]
    assert data["User", "BOUGHT", "Product"].edge_weight.tolist() == [1, 1]


def test_features_of_another_graph_are_refused(world: KnowledgeGraph) -> None:
    with pytest.raises(
        ModelError, match=r"features of Colour have shape \(3, 4\), the graph has 2"
    ):
        to_hetero(world, small_schema(), {"Colour": np.zeros((3, 4), dtype=np.float32)})


def test_an_interaction_with_a_stranger_is_refused(world: KnowledgeGraph) -> None:
    other = graph(["lamp"], events=[("ann", "lamp")]).interactions
    with pytest.raises(ModelError, match="'product:lamp' is not among the graph's entities"):
        to_hetero(world, small_schema(), {}, other)


def test_a_class_the_ontology_does_not_have(world: KnowledgeGraph) -> None:
    odd = world.entities.set_column(1, "class", pa.array(["clew:Planet"] * len(world.entities)))
    kg = KnowledgeGraph(world.products, odd, world.facts, world.interactions)
    with pytest.raises(ModelError, match="'colour:orange' is of class 'clew:Planet'"):
        node_vocabularies(kg, small_schema())


def test_a_relation_the_ontology_does_not_have() -> None:
    kg = graph(["mug"], [("product:mug", "clew:orbits", "colour:orange")])
    with pytest.raises(
        ModelError, match="relation 'clew:orbits' of the facts is not in the ontology"
    ):
        to_hetero(kg, small_schema(), {})
