"""Answers as files."""

import io
from pathlib import Path

import networkx as nx
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from kg.errors import QueryError, StoreError
from kg.query_output import answer_graph, encode, write_answer

MUG = {"label": "Product", "id": "product:mug", "name": "mug", "price": 2.5}
RED = {"label": "Colour", "id": "colour:red", "name": "red", "price": None}
EDGE = {
    "label": "HAS_COLOR",
    "confidence": 0.5,
    "start": "product:mug",
    "end": "colour:red",
    "weeks": ["2026-W01", "2026-W02"],
}
GRAPH = pa.table({"a": [MUG], "r": [EDGE], "b": [RED]})
PLAIN = pa.table({"name": ["café", None], "n": [1, 2], "tags": [["x", "y"], None]})


def test_csv_holds_nested_values_as_json() -> None:
    data = encode(PLAIN, "csv")
    assert data.decode() == '"name","n","tags"\n"café",1,"[""x"", ""y""]"\n,2,\n'
    assert pyarrow.csv.read_csv(io.BytesIO(data))["n"].to_pylist() == [1, 2]


def test_json_and_parquet_hold_all() -> None:
    assert encode(PLAIN, "json").startswith(b'[\n  {\n    "name": "caf\xc3\xa9"')
    assert pq.read_table(io.BytesIO(encode(PLAIN, "parquet"))).equals(PLAIN)


def test_a_graph_is_what_stands_in_the_rows() -> None:
    graph = answer_graph(GRAPH)
    assert dict(graph.nodes(data=True)) == {
        "product:mug": {"label": "Product", "name": "mug", "price": 2.5},
        "colour:red": {"label": "Colour", "name": "red"},
    }
    told = {"relation": "HAS_COLOR", "confidence": 0.5, "weeks": "2026-W01, 2026-W02"}
    assert list(graph.edges(data=True)) == [("product:mug", "colour:red", told)]


def test_a_path_is_a_graph_and_each_element_stands_once() -> None:
    path = {"nodes": [MUG, RED], "relationships": [EDGE]}
    graph = answer_graph(pa.table({"p": [path, path], "n": [1, 2]}))
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (2, 1)


def test_graphml_and_pictures(tmp_path: Path) -> None:
    write_answer(GRAPH, "graphml", tmp_path / "a.graphml")
    read = nx.read_graphml(tmp_path / "a.graphml", force_multigraph=True)
    assert set(read) == {"product:mug", "colour:red"}
    pytest.importorskip("pygraphviz", reason="pip install 'clew[draw]'")
    assert encode(GRAPH, "png").startswith(b"\x89PNG")
    svg = encode(GRAPH, "svg").decode()
    assert ">mug<" in svg
    assert ">HAS_COLOR<" in svg


def test_an_answer_without_nodes_cannot_be_drawn() -> None:
    with pytest.raises(QueryError, match=r"no nodes to draw; .*RETURN a, r, b"):
        encode(PLAIN, "graphml")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"a\.csv cannot be written: No such file"):
        write_answer(PLAIN, "csv", tmp_path / "none" / "a.csv")
