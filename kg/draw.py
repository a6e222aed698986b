"""Parts of the graph as networkx graphs, to be drawn or taken to another tool.

In: a graph store, or the paths of an explanation. Out: a ``nx.MultiDiGraph`` whose nodes are
compact ids, whose edges run like the facts they are (subject to object, keyed by relation), and
whose attributes are text and numbers only, so that GraphML can hold them.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path as File
from typing import Any, Literal, cast

import networkx as nx

from kg.errors import MissingExtraError, NotFoundError, StoreError
from kg.records import Edge, Path
from kg.store.base import GraphStore

__all__ = [
    "canvas",
    "graphml",
    "label_lines",
    "neighbourhood",
    "paths_graph",
    "picture",
    "wrapped",
    "write_graphml",
]

_FONT = "sans-serif"
_WIDTH = 26  # letters in a line of a node
_COLOURS = ("#dbe9f6", "#fdf3d1", "#d6eed6", "#f6dbe4", "#e6dff5", "#fbe3cf", "#d8f0f0", "#e8e8e8")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def neighbourhood(
    store: GraphStore, entity: str, depth: int = 1, limit: int = 100
) -> nx.MultiDiGraph[str]:
    """What stands around an entity, walked breadth first, facts in either direction.

    Args:
        entity: compact id of the entity in the middle.
        depth: how many facts away, ≥ 0.
        limit: largest number of facts; nearer ones first, then in the order of their ids.

    Returns:
        Nodes with ``label`` and ``name``; edges keyed by relation id with ``relation``,
        ``confidence`` and ``source``.

    Raises:
        NotFoundError: the entity is not in the graph.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    middle = store.get(entity)
    if middle is None:
        raise NotFoundError(f"{entity!r} is not in the graph; ids look like product:85123A")
    graph.add_node(entity, label=middle["label"], name=middle["name"])
    ring = [entity]
    for _ in range(depth):
        reached = []
        for node in ring:
            for edge in store.neighbours(node, limit=limit):
                if graph.number_of_edges() == limit:
                    break
                reached += [end for end in (edge.subject, edge.object) if end not in graph]
                _add(graph, edge)
        ring = sorted(set(reached))
        for node in ring:
            known = store.get(node) or {"label": "", "name": node}
            graph.add_node(node, label=known["label"], name=known["name"])
    return graph


def paths_graph(
    paths: Iterable[Path], names: Mapping[str, str] | None = None
) -> nx.MultiDiGraph[str]:
    """The facts behind an explanation, as one graph.

    Args:
        paths: of one explanation.
        names: what to call an entity, by compact id; by default its id.

    Returns:
        Nodes with ``name`` and ``role`` (user, recommended, history, kin or shared); edges keyed by
        relation id with ``relation``, ``confidence``, ``source`` and ``value``: the sum of the
        terms that rest on that fact, in score units. A term without facts (text, GNN) shows as
        its purchase alone.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for path in paths:
        roles = {path.history_product: "history", path.product: "recommended"}
        if path.kin is not None:
            roles.setdefault(path.kin, "kin")
        for edge in path.edges:
            for end in (edge.subject, edge.object):
                role = "user" if end.startswith("user:") else roles.get(end, "shared")
                if role != "shared" or end not in graph:  # a product may be both
                    graph.add_node(end, name=(names or {}).get(end, end), role=role)
            _add(graph, edge)
            told = graph.edges[edge.subject, edge.object, edge.relation]
            told["value"] = told.get("value", 0.0) + path.value
    return graph


def write_graphml(graph: nx.MultiDiGraph[str], path: File) -> None:
    """Write GraphML 1.0, UTF-8; read it with ``nx.read_graphml(path, force_multigraph=True)``.

    Raises:
        StoreError: the file cannot be written.
    """
    try:
        path.write_bytes(graphml(graph))
    except OSError as exc:
        raise StoreError(f"{path} cannot be written: {exc.strerror}") from exc


def graphml(graph: nx.MultiDiGraph[str]) -> bytes:
    """A graph as GraphML 1.0, UTF-8.

    Edges are numbered in the file; their relation is an attribute. Characters XML cannot hold are
    replaced by U+FFFD.
    """
    clean: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node, data in graph.nodes(data=True):
        clean.add_node(node, **_clean(data))
    for number, (start, end, data) in enumerate(graph.edges(data=True)):
        clean.add_edge(start, end, key=f"e{number}", **_clean(data))  # ids unique in the file
    buffer = io.BytesIO()
    nx.write_graphml(clean, buffer, encoding="utf-8", prettyprint=True)
    return buffer.getvalue()


def picture(graph: nx.MultiDiGraph[str], kind: Literal["png", "svg"] = "png") -> bytes:
    """A graph as a picture: nodes by ``name``, one colour per ``label``, edges by ``relation``.

    Raises:
        MissingExtraError: pygraphviz is not installed.
    """
    drawn = canvas()
    labels = sorted({data.get("label", "") for _, data in graph.nodes(data=True)})
    for node, data in graph.nodes(data=True):
        colour = _COLOURS[labels.index(data.get("label", "")) % len(_COLOURS)]
        drawn.add_node(node, label=label_lines(data.get("name", node)), fillcolor=colour)
    for number, (start, end, data) in enumerate(graph.edges(data=True)):
        drawn.add_edge(start, end, key=str(number), label=label_lines(data.get("relation", "")))
    return cast(bytes, drawn.draw(format=kind, prog="dot"))


def canvas() -> Any:
    """An empty pygraphviz drawing in the house's look, from left to right, 144 dots per inch.

    Raises:
        MissingExtraError: pygraphviz is not installed.
    """
    try:
        from pygraphviz import AGraph  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise MissingExtraError("pygraphviz", "draw") from exc
    drawn = AGraph(directed=True, strict=False, rankdir="LR", fontname=_FONT, dpi="144")
    drawn.graph_attr.update(labelloc="b", nodesep="0.35", ranksep="0.9", bgcolor="white")
    drawn.node_attr.update(fontname=_FONT, fontsize="11", style="filled,rounded", color="#606060")
    drawn.edge_attr.update(fontname=_FONT, fontsize="9", color="#404040")
    return drawn


def label_lines(text: str) -> str:
    """Short lines that Graphviz takes as they are: no escapes, and no HTML for what looks so."""
    lines = "\n".join(wrapped(text, _WIDTH)).replace("\\", "\\\\")
    return f"{lines} " if lines.startswith("<") else lines


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most so many letters; of half as many where they are Chinese."""
    wide = sum(ord(letter) > 0x2E7F for letter in text)  # CJK letters take two places
    return textwrap.wrap(text, width if wide < len(text) / 4 else width // 2 + 1)


def _add(graph: nx.MultiDiGraph[str], edge: Edge) -> None:
    told = {"relation": edge.relation, "confidence": edge.confidence, "source": edge.source}
    graph.add_edge(edge.subject, edge.object, key=edge.relation, **told)


def _clean(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else value
        for name, value in data.items()
    }
