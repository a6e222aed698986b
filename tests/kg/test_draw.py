from collections.abc import Iterator
from pathlib import Path as File

import networkx as nx
import pytest

from kg.draw import neighbourhood, paths_graph, write_graphml
from kg.errors import NotFoundError, StoreError
from kg.records import Edge, Path
from kg.store import GraphStore, load_ladybug, open_store
from tests.tables import ENTITIES, FACTS, SHOP
from tests.worlds import SCHEMA


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    path = tmp_path_factory.mktemp("draw") / "graph.lbdb"
    load_ladybug(SHOP, SCHEMA, path)
    with open_store(f"ladybug:{path}") as store:
        yield store


def facts_around(entities: set[str]) -> set[tuple[str, str, str]]:
    return {
        (f.subject, f.object, f.relation)
        for f in FACTS
        if f.datatype is None and entities & {f.subject, f.object}
    }


def test_one_step_around_an_entity(store: GraphStore) -> None:
    found = neighbourhood(store, "brand:acme")
    assert set(found.edges(keys=True)) == facts_around({"brand:acme"})
    assert dict(found.nodes(data=True)) == {
        "brand:acme": {"label": "Brand", "name": "Acme's"},
        "product:mug": {"label": "Product", "name": "orange mug"},
        "product:a%20b": {"label": "Product", "name": 'the "big"\nbox \\ 3'},
    }


def test_edges_carry_the_fact(store: GraphStore) -> None:
    found = neighbourhood(store, "colour:orange")
    assert found.edges["product:a%20b", "colour:orange", "schema:color"] == {
        "relation": "schema:color",
        "confidence": 0.5,
        "source": "phrase",
    }


def test_two_steps_are_one_step_around_the_first(store: GraphStore) -> None:
    found = neighbourhood(store, "brand:acme", depth=2)
    near = {"brand:acme", "product:mug", "product:a%20b"}
    assert set(found.edges(keys=True)) == facts_around(near)
    assert all(data["name"] == ENTITIES[node][1] for node, data in found.nodes(data=True))


def test_everything_reached_in_the_end(store: GraphStore) -> None:
    found = neighbourhood(store, "brand:acme", depth=9)
    assert set(found.edges(keys=True)) == facts_around(set(ENTITIES))


def test_depth_zero_is_the_entity_alone(store: GraphStore) -> None:
    found = neighbourhood(store, "product:mug", depth=0)
    assert (list(found.nodes), found.number_of_edges()) == (["product:mug"], 0)


def test_the_limit_counts_facts(store: GraphStore) -> None:
    found = neighbourhood(store, "product:mug", depth=3, limit=4)
    assert found.number_of_edges() == 4
    assert all("name" in data for _, data in found.nodes(data=True))


def test_nobody_has_no_neighbourhood(store: GraphStore) -> None:
    with pytest.raises(NotFoundError, match="'brand:no' is not in the graph; ids look like"):
        neighbourhood(store, "brand:no")


BOUGHT = Edge("user:u1", "clew:bought", "product:a", 1.0, "events")
PATHS = [
    Path("direct", "schema:color", "product:a", "product:b", "colour:red", 0.3, 0.6,
         (BOUGHT, Edge("product:a", "schema:color", "colour:red", 0.9, "phrase"),
          Edge("product:b", "schema:color", "colour:red", 0.8, "phrase"))),
    Path("propagated", "schema:brand", "product:a", "product:b", "brand:x", -0.1, -0.2,
         (BOUGHT, Edge("product:b", "schema:brand", "brand:x"))),
    Path("text", "text", "product:a", "product:b", None, 0.25, 0.5, (BOUGHT,)),
    Path("direct", "clew:alsoBought", "product:c", "product:b", "product:c", 0.05, 0.1,
         (Edge("product:b", "clew:alsoBought", "product:c"),
          Edge("product:a", "clew:alsoBought", "product:c"))),
]  # fmt: skip


def test_paths_share_their_edges() -> None:
    found = paths_graph(PATHS, {"colour:red": "red", "product:a": "a mug"})
    assert found.number_of_edges() == 6
    purchase = found.edges["user:u1", "product:a", "clew:bought"]
    assert purchase["value"] == pytest.approx(0.3 - 0.1 + 0.25)
    assert purchase["source"] == "events"
    assert found.edges["product:b", "brand:x", "schema:brand"]["value"] == -0.1
    assert {node: data["name"] for node, data in found.nodes(data=True)} == {
        "user:u1": "user:u1",
        "product:a": "a mug",
        "product:b": "product:b",
        "product:c": "product:c",
        "colour:red": "red",
        "brand:x": "brand:x",
    }


def test_roles_do_not_depend_on_the_order_of_paths() -> None:
    expected = {
        "user:u1": "user",
        "product:a": "history",
        "product:b": "recommended",
        "product:c": "history",
        "colour:red": "shared",
        "brand:x": "shared",
    }
    for paths in (PATHS, PATHS[::-1]):
        assert dict(paths_graph(paths).nodes(data="role")) == expected


def test_no_paths_no_graph() -> None:
    assert len(paths_graph([])) == 0


def test_graphml_round_trip_of_paths(tmp_path: File) -> None:
    graph = paths_graph(PATHS)
    write_graphml(graph, tmp_path / "paths.graphml")
    _same(graph, tmp_path / "paths.graphml")


def test_graphml_round_trip_of_a_neighbourhood(store: GraphStore, tmp_path: File) -> None:
    graph = neighbourhood(store, "product:mug", depth=2)
    write_graphml(graph, tmp_path / "mug.graphml")
    _same(graph, tmp_path / "mug.graphml")


def _same(graph: "nx.MultiDiGraph[str]", path: File) -> None:
    read = nx.read_graphml(path, force_multigraph=True)
    assert isinstance(read, nx.MultiDiGraph)
    assert dict(read.nodes(data=True)) == dict(graph.nodes(data=True))
    edges = [(a, b, data) for a, b, data in graph.edges(data=True)]
    assert sorted(read.edges(data=True), key=str) == sorted(edges, key=str)
    ids = [key for _, _, key in read.edges(keys=True)]
    assert len(set(ids)) == len(ids)


def test_characters_xml_cannot_hold_are_replaced(tmp_path: File) -> None:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    graph.add_node("product:x", name="a\x00b\x0bc\ufffe橙🍊")
    write_graphml(graph, tmp_path / "x.graphml")
    read = nx.read_graphml(tmp_path / "x.graphml")
    assert read.nodes["product:x"]["name"] == "a�b�c�橙🍊"


def test_a_file_that_cannot_be_written_is_named(tmp_path: File) -> None:
    with pytest.raises(StoreError, match=r"no/x\.graphml cannot be written: No such file"):
        write_graphml(nx.MultiDiGraph(), tmp_path / "no" / "x.graphml")
