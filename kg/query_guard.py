"""What a query from outside may say: reading the graph, and nothing else.

Opening a database read-only is not enough. In Ladybug, ``COPY … TO`` writes files, ``LOAD FROM``
reads them (and the variables of the calling Python), ``CALL timeout=0`` lifts the time limit and
``CHECKPOINT`` leaves the file unopenable; in SPARQL, ``SERVICE`` calls any address. So a Cypher
query must begin like a reading query and call only functions listed here, and a SPARQL query must
not name ``SERVICE``.

Whoever tells words from strings and comments must do so exactly as the engine does, or code can be
hidden in what one takes for text and the other does not. Therefore Cypher's block comments, in
which engines differ, are refused; and ``SERVICE`` is looked for in the whole text, strings and
comments included, but only where an address could follow it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kg.errors import QueryError

__all__ = ["check_cypher", "check_sparql", "limited"]

_READING = {"CALL", "MATCH", "OPTIONAL", "RETURN", "UNWIND", "WITH"}
_WRITING = {"CREATE", "DELETE", "DETACH", "DROP", "FOREACH", "INSERT", "MERGE", "REMOVE", "SET"}
"""Refused wherever they stand as words of their own; not every server heeds read access."""
_PREVIEW = {"EXPLAIN", "PROFILE"}
_PROCEDURES = {
    "CURRENT_SETTING",
    "DB.LABELS",
    "DB.PROPERTYKEYS",
    "DB.RELATIONSHIPTYPES",
    "DB_VERSION",
    "SHOW_CONNECTION",
    "SHOW_FUNCTIONS",
    "SHOW_TABLES",
    "TABLE_INFO",
}

_CYPHER_TOKEN = re.compile(
    r"""
    (?P<skip> \s+ | //[^\r\n]* )
  | (?P<quoted> '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `[^`]*` | \$\w+ | \d[\w.]* )
  | (?P<word> [^\W\d]\w* (?: \. [^\W\d]\w* )* )
  | (?P<sign> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_GAP = r"(?:\s|\#[^\r\n]*)*"
_SERVICE = re.compile(
    # not the end of a name or variable; then an IRI, a variable or a prefixed name
    rf"""(?<![\w:?$@-]) SERVICE {_GAP} (?:SILENT {_GAP})? (?: [<?$] | [^\s{{}}()<>"']*: )""",
    re.VERBOSE | re.IGNORECASE,
)
_COMMENT_LINE = re.compile(r"^\s*#.*$", re.MULTILINE)
_FROM = re.compile(
    r"""\bFROM\s+ (?:NAMED\s+)? (?: < | [^\s{}()<>"']*: )""", re.VERBOSE | re.IGNORECASE
)
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    upper: str  # in capitals; "" for what is quoted
    end: int


def check_cypher(query: str, params: Mapping[str, Any] | None = None) -> None:
    """Accept a Cypher query that only reads the graph and has all its parameters.

    Raises:
        QueryError: the query is empty, more than one statement, does something else than read the
            graph, has a block comment or a ``\\u`` escape (which some servers decode first of
            all), or names a parameter that is not given (which some engines take for null) or is
            no JSON value.
    """
    try:
        json.dumps(params, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise QueryError(f"parameters are JSON values: {exc}") from exc
    tokens = _statement(query)
    if not tokens:
        raise QueryError("the query is empty")
    words = [token.upper for token in tokens]
    if ";" in words:
        raise QueryError("more than one statement; send them one at a time")
    if "/*" in query:
        raise QueryError("block comments are refused; begin a comment with //")
    if _ESCAPE.search(query):
        raise QueryError(r"\u escapes are refused; write the character, or pass a parameter")
    start = 1 if words[0] in _PREVIEW and len(words) > 1 else 0
    if words[start] not in _READING:
        raise QueryError(
            f"{tokens[start].text!r} is refused: a query reads the graph and begins with one of "
            + ", ".join(sorted(_READING))
        )
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "LOAD" and following in {"CSV", "EXTENSION", "FROM", "WITH"}:
            raise QueryError("LOAD is refused: a query reads the graph, not files")
        if word == "CALL" and following not in {*_PROCEDURES, "{"}:
            raise QueryError(
                "CALL is refused except for " + ", ".join(sorted(map(str.lower, _PROCEDURES)))
            )
    for token in tokens:
        if token.upper in _WRITING:
            raise QueryError(f"{token.text} is refused: a query only reads the graph")
        if token.text.startswith("$") and token.text[1:] not in (params or {}):
            raise QueryError(f"parameter {token.text} is not given")


def limited(query: str, limit: int) -> str:
    """A checked Cypher query with ``LIMIT`` put at its end, where it has none of its own.

    The engine then stops early instead of computing rows nobody reads. A ``UNION`` or a query
    that is only explained stays as it is; the reader counts rows anyway.
    """
    depth, last, words = 0, -1, []
    tokens = _statement(query)
    for token in tokens:
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if depth == 0:
            words.append(token.upper)
            last = len(words) - 1 if token.upper == "RETURN" else last
    fixed = last < 0 or "LIMIT" in words[last:] or "UNION" in words or words[0] in _PREVIEW
    return query if fixed else f"{query[: tokens[-1].end]}\nLIMIT {limit}"


def check_sparql(query: str) -> None:
    """Accept a SPARQL query that asks no other server. (Updates are no queries to the engine.)

    Raises:
        QueryError: the query calls a ``SERVICE``, or has a ``FROM``, which would be ignored.
    """
    decoded = _ESCAPE.sub(lambda found: chr(int(found.group()[2:], 16)), query)
    if _SERVICE.search(query) or _SERVICE.search(decoded):
        raise QueryError("SERVICE is refused: a query reads this graph and no other server")
    if _FROM.search(_COMMENT_LINE.sub("", query)):
        raise QueryError("FROM is refused: a query sees all graphs; choose with GRAPH <…> { … }")


def _statement(query: str) -> list[_Token]:
    """Tokens of a Cypher query but for white space, comments and closing semicolons."""
    tokens = [
        _Token(found.group(), "" if quoted else found.group().upper(), found.end())
        for found in _CYPHER_TOKEN.finditer(query)
        if (quoted := found.lastgroup == "quoted") or found.lastgroup != "skip"
    ]
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    return tokens
