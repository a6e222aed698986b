"""What a query answered, as a file: CSV, JSON, Parquet; GraphML and pictures of what is a graph.

In: the Arrow table of an answer. Out: bytes. A graph is drawn of the nodes, relationships and paths
that stand in the table; return the ends of a relationship beside it, or it cannot be drawn.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, get_args

import networkx as nx
import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from kg.draw import graphml, picture
from kg.errors import QueryError, StoreError

__all__ = ["BINARY", "FORMATS", "Format", "answer_graph", "encode", "write_answer"]

Format = Literal["csv", "json", "parquet", "graphml", "png", "svg"]
FORMATS: Final = get_args(Format)
BINARY: Final = frozenset({"parquet", "png"})


def encode(table: pa.Table, kind: Format) -> bytes:
    """A table in a format. In CSV whatever is no plain value stands as JSON.

    Raises:
        QueryError: a graph is asked for and there are no nodes in the table.
        MissingExtraError: a picture is asked for and pygraphviz is not installed.
    """
    if kind == "json":
        return orjson.dumps(table.to_pylist(), option=orjson.OPT_INDENT_2) + b"\n"
    if kind == "graphml":
        return graphml(answer_graph(table))
    if kind in ("png", "svg"):
        return picture(answer_graph(table), kind)
    buffer = io.BytesIO()
    if kind == "csv":
        pyarrow.csv.write_csv(_flat(table), buffer)
    else:
        pyarrow.parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def write_answer(table: pa.Table, kind: Format, path: Path) -> None:
    """Write a table to a file; see `encode`.

    Raises:
        StoreError: the file cannot be written.
    """
    data = encode(table, kind)
    try:
        path.write_bytes(data)
    except OSError as exc:
        raise StoreError(f"{path} cannot be written: {exc.strerror}") from exc


def answer_graph(table: pa.Table) -> nx.MultiDiGraph[str]:
    """The nodes and relationships of an answer, each once.

    Nodes have ``label``, ``name`` and their other plain properties; edges run as the facts do and
    have ``relation`` (the relationship type) and theirs.

    Raises:
        QueryError: there is no node among the values.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    elements = list(_elements(table.to_pylist()))
    for element in elements:
        if "id" in element:
            graph.add_node(element["id"], **_plain(element))
    for element in elements:
        start, end = element.get("start", ""), element.get("end", "")
        if start in graph and end in graph:
            told = {"relation": element["label"], **_plain(element)}
            graph.add_edge(start, end, key=element["label"], **told)
    if not graph:
        raise QueryError(
            "the answer holds no nodes to draw; return nodes and relationships, or paths: "
            "MATCH (a)-[r]->(b) RETURN a, r, b"
        )
    return graph


def _elements(value: Any) -> Iterator[dict[str, Any]]:
    """Nodes and relationships anywhere in a value: whatever has a label."""
    if isinstance(value, list):
        for item in value:
            yield from _elements(item)
    elif isinstance(value, dict):
        if isinstance(value.get("label"), str):
            yield value
        else:
            yield from _elements(list(value.values()))


def _plain(element: dict[str, Any]) -> dict[str, Any]:
    """Properties GraphML can hold."""
    skipped = {"id"} if "id" in element else {"label", "start", "end"}
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in element.items()
        if value is not None and name not in skipped and not isinstance(value, dict)
    }


def _flat(table: pa.Table) -> pa.Table:
    """Nested columns as JSON text."""
    for place, field in enumerate(table.schema):
        if pa.types.is_nested(field.type):
            texts = [
                None if value is None else json.dumps(value, ensure_ascii=False)
                for value in table[field.name].to_pylist()
            ]
            table = table.set_column(place, field.name, pa.array(texts, pa.string()))
    return table
