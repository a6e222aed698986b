"""An explanation as a picture: facts as solid arrows, bare numbers as dashed lines, words below.

In: an `Explanation` and who can name things. Out: Graphviz source (DOT), or PNG or SVG bytes.
Graphviz comes inside the wheel of pygraphviz (extra ``draw``); letters come from the system's
fonts, for Chinese from any CJK font fontconfig finds. A fact is drawn once however many terms rest
on it; its percentage is their sum. Arrows run as the facts do, subject to object.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Literal, cast

from gnn.explain import Explanation
from gnn.words import Narrator
from kg.draw import canvas, label_lines, paths_graph, wrapped
from kg.fact_index import FactIndex
from kg.records import Edge, Path

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["dot_source", "picture"]

_LOOK = {
    "user": {"shape": "ellipse", "fillcolor": "#e8e8e8"},
    "history": {"shape": "box", "fillcolor": "#dbe9f6"},
    "kin": {"shape": "box", "fillcolor": "#eee6f6"},
    "shared": {"shape": "ellipse", "fillcolor": "#fdf3d1"},
    "recommended": {"shape": "box", "fillcolor": "#d6eed6", "penwidth": "2.5"},
}
_WORDS_WIDTH = 96  # letters in a line of the words below


def picture(
    explanation: Explanation,
    narrator: Narrator,
    facts: FactIndex,
    language: str,
    kind: Literal["png", "svg"] = "png",
) -> bytes:
    """The picture as a file's bytes.

    Args:
        explanation: of one product.
        narrator: names entities, relations and channels.
        facts: say which words each fact was read from.
        language: of the names and labels; the paths' words are as they were told.
        kind: png (144 dots per inch) or svg.

    Raises:
        MissingExtraError: pygraphviz is not installed.
    """
    drawn = _drawing(explanation, narrator, facts, language)
    return cast(bytes, drawn.draw(format=kind, prog="dot"))


def dot_source(
    explanation: Explanation, narrator: Narrator, facts: FactIndex, language: str
) -> str:
    """The picture as Graphviz source; arguments and errors as `picture`."""
    return str(_drawing(explanation, narrator, facts, language).to_string())


def _drawing(explanation: Explanation, narrator: Narrator, facts: FactIndex, language: str) -> Any:
    drawn = canvas()
    graph = paths_graph(explanation.paths)
    graph.add_node(explanation.product, role="recommended")
    for path in explanation.paths:  # those without facts stand in the picture too
        graph.add_node(path.history_product, role="history")
        if path.kin is not None and path.kin not in graph:
            graph.add_node(path.kin, role="kin")
    for node, data in graph.nodes(data=True):
        user = data["role"] == "user"
        name = f"{node[:11]}…" if user else label_lines(narrator.name(node, language))
        drawn.add_node(node, label=name, **_LOOK[data["role"]])
    score = explanation.score
    for edge, back in _facts(explanation.paths).items():
        _add_fact(drawn, graph, edge, back, score, narrator, facts, language)
    for number, path in enumerate(explanation.paths):
        _add_number(drawn, path, number, narrator, language)
    drawn.graph_attr["label"] = _told(explanation, narrator, language)
    return drawn


def _facts(paths: tuple[Path, ...]) -> dict[Edge, bool]:
    """Facts of the paths; True where the fact is walked from its object to its subject."""
    found: dict[Edge, bool] = {}
    for path in paths:
        back = False
        for edge in path.edges:
            back = back or edge.subject == path.product  # from here on it is the product's side
            found.setdefault(edge, back)
    return found


def _add_fact(
    drawn: Any,
    graph: nx.MultiDiGraph[str],
    edge: Edge,
    back: bool,
    score: float,
    narrator: Narrator,
    facts: FactIndex,
    language: str,
) -> None:
    value: float = graph.edges[edge.subject, edge.object, edge.relation]["value"]
    fact = facts.find(edge.subject, edge.relation, edge.object)
    label = [narrator.channel(edge.relation, language)]
    if fact is not None and fact.text:
        label.append(label_lines(f"“{fact.text}”" + (f" ({fact.field})" if fact.field else "")))
    label.append(_percent(value, score))
    start, end = (edge.object, edge.subject) if back else (edge.subject, edge.object)
    drawn.add_edge(
        start,
        end,
        key=f"{edge.subject} {edge.relation} {edge.object}",
        label="\n".join(label),
        dir="back" if back else "forward",
        penwidth=f"{_pen(value, score):.2f}",
    )


def _add_number(drawn: Any, path: Path, number: int, narrator: Narrator, language: str) -> None:
    """A term that is no chain of facts, as a dashed line between the products or the entity."""
    if path.evidence == "direct" or (path.kin == path.history_product and path.entity):
        return
    end = cast(str, path.kin or path.entity) if path.evidence in ("propagated", "kin") else ""
    end = path.product if end in ("", path.history_product) else end
    label = "⋯" if path.evidence == "propagated" else narrator.channel(path.channel, language)
    count = "" if path.buyers is None else f" ({path.buyers})"
    drawn.add_edge(
        path.history_product,
        end,
        key=f"term {number}",
        label=f"{label}{count}\n{100 * path.share:.1f} %",
        style="dashed",
        arrowhead="none",
        penwidth=f"{_pen(path.share, 1.0):.2f}",
    )


def _told(explanation: Explanation, narrator: Narrator, language: str) -> str:
    """The words and the sum, as an HTML-like label."""
    rows = [(_percent(path.value, explanation.score), path.words) for path in explanation.paths]
    if explanation.rest:
        rest = sum(explanation.rest.values())
        parts = sorted(explanation.rest.items(), key=lambda part: -abs(part[1]))
        names = "; ".join(f"{narrator.channel(n, language)} {value:+.4f}" for n, value in parts)
        rows.append((_percent(rest, explanation.score), f"{narrator.rest(language)} ({names})"))
    cells = "".join(
        f'<TR><TD ALIGN="RIGHT" VALIGN="TOP">{share}</TD><TD ALIGN="LEFT">{_html(words)}</TD></TR>'
        for share, words in rows
    )
    title = _html(f"{narrator.name(explanation.product, language)}: {explanation.score:.4f}")
    head = f'<TR><TD COLSPAN="2" ALIGN="LEFT"><B>{title}</B></TD></TR>'
    return f'<<TABLE BORDER="0" CELLSPACING="3">{head}{cells}</TABLE>>'


def _html(text: str) -> str:
    lines = wrapped(text, _WORDS_WIDTH)
    return '<BR ALIGN="LEFT"/>'.join(escape(line) for line in lines) + '<BR ALIGN="LEFT"/>'


def _percent(value: float, score: float) -> str:
    return f"{100 * value / score:.1f} %" if score else ""


def _pen(value: float, score: float) -> float:
    """Width of a line, points."""
    return 0.8 + 6.0 * min(1.0, abs(value / score)) if score else 0.8
