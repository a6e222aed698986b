"""Why a query found nothing: what it names that the graph does not hold.

In: a graph, a query that found nothing, its parameters. Out: what is missing, in words: an entity
that a parameter names, nodes, relationships, properties that nobody has. A shop without stock has
no answer to what is running out, and should say so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from kg.errors import QueryError, QueryTimeout
from kg.rdf import RdfGraph
from kg.store import GraphStore

__all__ = ["missing_in_cypher", "missing_in_sparql"]

_TIMEOUT_S: Final = 1.0  # of each question asked in turn
_MOST_ASKED: Final = 20  # of them
_ID = re.compile(r"[a-z][\w-]*:\S+")
_CYPHER_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
_NODE = re.compile(r"\(\s*(\w*)\s*:\s*(\w+)")
_RELATIONSHIP = re.compile(r"\[\s*(\w*)\s*:\s*(\w+(?:\s*\|\s*:?\w+)*)")
_PROPERTY = re.compile(r"\b(\w+)\.(\w+)")
_SPARQL_NOISE = re.compile(r"^\s*#.*$|\"[^\"]*\"|<[^<>\s]*>", re.MULTILINE)
_TERM = re.compile(r"(?<![\w:?])([a-z][\w-]*:[A-Za-z][\w-]*)")
_STANDARD: Final = ("rdf:", "rdfs:", "skos:", "xsd:", "owl:")


def missing_in_cypher(store: GraphStore, query: str, params: Mapping[str, Any]) -> list[str]:
    """What a Cypher query names and the graph does not hold, asked in a few short questions."""
    missing = [
        f"entity {value}"
        for value in islice(params.values(), _MOST_ASKED)
        if isinstance(value, str) and _ID.fullmatch(value) and store.get(value) is None
    ]
    text = _CYPHER_COMMENT.sub("", query)
    asked = islice(_named(text), _MOST_ASKED)
    missing += [told for told, counted in asked if _count(store, counted) == 0]
    return list(dict.fromkeys(missing))


def _named(text: str) -> Iterator[tuple[str, str]]:
    """What a query names, in words, and the query that counts it."""
    properties: dict[str, set[str]] = defaultdict(set)
    for variable, name in _PROPERTY.findall(text):
        properties[variable].add(name)
    for variable, label in dict.fromkeys(_NODE.findall(text)):
        yield f"{label} nodes", f"MATCH (n:{label}) RETURN count(n) AS n"
        for name in sorted(properties[variable] - {"id", "name"}):
            yield f"{label} with {name}", f"MATCH (n:{label}) RETURN count(n.{name}) AS n"
    for variable, types in dict.fromkeys(_RELATIONSHIP.findall(text)):
        told = " or ".join(re.findall(r"\w+", types))
        yield f"{told} relationships", f"MATCH ()-[r:{types}]->() RETURN count(r) AS n"
        for name in sorted(properties[variable]):
            counted = f"MATCH ()-[r:{types}]->() RETURN count(r.{name}) AS n"
            yield f"{told} with {name}", counted


def _count(store: GraphStore, query: str) -> int | None:
    """None where the store cannot tell."""
    try:
        [row] = store.cypher(query, timeout_s=_TIMEOUT_S).table.to_pylist()
    except (QueryError, QueryTimeout):
        return None
    return int(row["n"])


def missing_in_sparql(rdf: RdfGraph, query: str) -> list[str]:
    """Terms that a SPARQL query names and no statement has."""
    terms = dict.fromkeys(_TERM.findall(_SPARQL_NOISE.sub(" ", query)))
    asked = [term for term in terms if not term.startswith(_STANDARD)][:_MOST_ASKED]
    return [f"statement with {term}" for term in asked if _is_unsaid(rdf, term)]


def _is_unsaid(rdf: RdfGraph, term: str) -> bool:
    asked = f"ASK {{ {{ ?s {term} ?o }} UNION {{ ?s ?p {term} }} UNION {{ {term} ?p ?o }} }}"
    try:
        [row] = rdf.sparql(asked, timeout_s=_TIMEOUT_S).table.to_pylist()
    except (QueryError, QueryTimeout):
        return False
    return row["boolean"] is False
