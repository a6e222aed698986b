"""Values of an answer as a reader of a table wants them: nodes, relationships and paths as one
draws them, numbers without noise.

In: a value of an answer. Out: text. Whoever goes on computing takes JSON or Parquet instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["value_text"]


def value_text(value: Any) -> str:
    """A value as text: ``(:Colour colour:red "red")``, ``a -[:HAS_COLOR]-> b``, ``2.5``.

    Properties that are not known are left out, and so are names in single languages.
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return ", ".join(map(value_text, value))
    return _element(value) if isinstance(value, Mapping) else str(value)


def _number(value: float) -> str:
    """At most three decimals, or four digits that count where there is less than 1."""
    if abs(value) < 1:
        return f"{value:.4g}"
    return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else f"{value:.10g}"


def _element(value: Mapping[str, Any]) -> str:
    """A node, a relationship, a path or any other properties."""
    if value.keys() == {"nodes", "relationships"}:
        return _path(value["nodes"], value["relationships"])
    if not isinstance(value.get("label"), str):
        return _properties(value)
    if "id" in value:
        return _node(value)
    told = _properties(value, "label", "start", "end")
    said = f"[:{value['label']}{f' {told}' if told else ''}]"
    return f"{value['start']} -{said}-> {value['end']}" if "start" in value else said


def _node(node: Mapping[str, Any], *, short: bool = False) -> str:
    named = f' "{node["name"]}"' if node.get("name") not in (None, "") else ""
    told = "" if short else _properties(node, "label", "id", "name")
    return f"(:{node['label']} {node['id']}{named}{f' {told}' if told else ''})"


def _path(nodes: list[Any], relationships: list[Any]) -> str:
    parts = [_node(nodes[0], short=True)] if nodes else []
    for before, node, between in zip(nodes, nodes[1:], relationships, strict=False):
        said = f"[:{between['label']}]"
        forward = between["start"] == before["id"]
        parts += [f"-{said}->" if forward else f"<-{said}-", _node(node, short=True)]
    return " ".join(parts)


def _properties(values: Mapping[str, Any], *without: str) -> str:
    told = {
        name: value_text(value)
        for name, value in values.items()
        if value is not None and name not in without and not name.startswith("name_")
    }
    return "{" + ", ".join(f"{name}: {text}" for name, text in told.items()) + "}" if told else ""
