"""The process in which a query from outside runs, so that it can be killed.

Run by path, not as part of Clew: it loads an engine and nothing else. It opens a graph read-only,
then answers one JSON line per JSON line:

    in:   {"query", "params", "limit", "timeout_s"}
    out:  {"columns", "types", "rows", "truncated"}  or  {"error", "kind"}

A query still running at its time limit plus a grace ends the process by SIGALRM; one that needs
more than the memory limit ends it with exit code 3; so does the parent's death, with 4.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import itertools
import json
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

OUT_OF_MEMORY, ORPHANED = 3, 4
GRACE_S = 0.25
"""What an engine gets to stop by itself before the process is ended."""

Answer = dict[str, Any]
Evaluate = Callable[[str, dict[str, Any], int, float], Answer]

_XSD = "http://www.w3.org/2001/XMLSchema#"
_INTEGERS = {_XSD + name for name in ("integer", "int", "long", "short", "nonNegativeInteger")}
_FLOATS = {_XSD + name for name in ("decimal", "double", "float")}
_INTERNAL = {"_ID", "_SRC", "_DST", "_LABEL"}
_CONVERT: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (decimal.Decimal, lambda value: float(value) if value.as_tuple().exponent else int(value)),
    (datetime.datetime, datetime.datetime.isoformat),  # before date, which it is too
    (datetime.date, datetime.date.isoformat),
    (datetime.timedelta, datetime.timedelta.total_seconds),
    (bytes, bytes.hex),
    (uuid.UUID, str),
)


def ladybug_evaluator(path: str, memory_bytes: int) -> Evaluate:
    """Cypher on a Ladybug database, which gets three quarters of the memory for its buffers."""
    import ladybug  # noqa: PLC0415

    database = ladybug.Database(path, read_only=True, buffer_pool_size=memory_bytes * 3 // 4)
    connection = ladybug.Connection(database)
    connection.execute("RETURN 1")  # opened for good, not at the first query

    def evaluate(query: str, params: dict[str, Any], limit: int, timeout_s: float) -> Answer:
        connection.set_query_timeout(max(1, round(timeout_s * 1000)))
        try:
            result = connection.execute(query, params)
        except RuntimeError as exc:
            kinds = {"Interrupted": "timeout", "Buffer manager exception": "memory"}
            found = [kind for start, kind in kinds.items() if str(exc).startswith(start)]
            return {"error": str(exc), "kind": "".join(found)}
        if isinstance(result, list):
            return {"error": "more than one statement; send them one at a time"}
        with result:
            listed: Any = itertools.islice(result, limit)
            rows = [plain_row(row) for row in listed]
            return {
                "columns": result.get_column_names(),
                "types": result.get_column_data_types(),
                "rows": rows,
                "truncated": result.has_next(),
            }

    return evaluate


def oxigraph_evaluator(path: str, memory_bytes: int) -> Evaluate:
    """SPARQL on an Oxigraph database, its default graph the union of all named ones."""
    import pyoxigraph  # noqa: PLC0415

    store = pyoxigraph.Store.read_only(path)

    def evaluate(query: str, params: dict[str, Any], limit: int, timeout_s: float) -> Answer:
        try:
            found = store.query(query, prefixes=params, use_default_graph_as_union=True)
            if isinstance(found, pyoxigraph.QueryBoolean):
                return {"columns": ["boolean"], "rows": [[bool(found)]], "truncated": False}
            if isinstance(found, pyoxigraph.QueryTriples):
                names = ["subject", "predicate", "object"]
                table = ([n_triples(part) for part in triple] for triple in found)
            else:
                names = [variable.value for variable in found.variables]
                table = ([term(value) for value in solution] for solution in found)
            rows = list(itertools.islice(table, limit + 1))
        except (SyntaxError, ValueError, RuntimeError, OSError) as exc:
            return {"error": str(exc)}
        truncated = len(rows) > limit
        return {"columns": names, "rows": rows[:limit], "truncated": truncated}

    return evaluate


EVALUATORS = {"cypher": ladybug_evaluator, "sparql": oxigraph_evaluator}


Ids = dict[tuple[int, ...], str]
"""The engine's row number of a node -> its id."""


def plain_row(row: list[Any]) -> list[Any]:
    """Values of a row as JSON; a relationship names those of its ends that stand in the row too."""
    ids: Ids = {}
    _note(row, ids)
    return [plain(value, ids) for value in row]


def _note(value: Any, ids: Ids) -> None:
    """Remember the nodes in a value."""
    if isinstance(value, list):
        for item in value:
            _note(item, ids)
    elif isinstance(value, dict):
        if "_LABEL" in value and "_SRC" not in value:
            ids[tuple(value["_ID"].values())] = value["id"]
        elif "_NODES" in value:
            _note(value["_NODES"], ids)


def plain(value: Any, ids: Ids | None = None) -> Any:
    """A Cypher value as JSON: nodes and relationships without the engine's row numbers."""
    if isinstance(value, dict):
        if "_NODES" in value:
            return _path(value["_NODES"], value["_RELS"])
        if "_LABEL" in value:
            return {**_element(value), **_ends(value, ids or {})}
        return {str(key): plain(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, ids) for item in value]
    for kind, convert in _CONVERT:
        if isinstance(value, kind):
            return convert(value)
    return value


def _element(value: dict[str, Any]) -> dict[str, Any]:
    """A node or relationship: its label and the properties it has."""
    known = {k: plain(v) for k, v in value.items() if v is not None and k not in _INTERNAL}
    return {"label": value["_LABEL"], **known}


def _ends(value: dict[str, Any], ids: Ids) -> dict[str, str]:
    """Ids of a relationship's ends, of those that are known; of a node there are none."""
    sides = {"start": value.get("_SRC"), "end": value.get("_DST")}
    numbers = {side: tuple(row.values()) for side, row in sides.items() if row is not None}
    return {side: ids[number] for side, number in numbers.items() if number in ids}


def _path(nodes: list[Any], relationships: list[Any]) -> dict[str, Any]:
    """A path: its nodes as walked; each relationship with the ids of its start and end."""
    ids: Ids = {}
    _note(nodes, ids)
    return {
        "nodes": [_element(node) for node in nodes],
        "relationships": [{**_element(r), **_ends(r, ids)} for r in relationships],
    }


def n_triples(value: Any) -> str:
    """An RDF term in N-Triples syntax."""
    return f"<<( {value} )>>" if hasattr(value, "predicate") else str(value)


def term(value: Any) -> Any:
    """An RDF term as JSON: an IRI as text, a literal by its datatype, unbound as None."""
    import pyoxigraph  # noqa: PLC0415

    if value is None or isinstance(value, pyoxigraph.NamedNode):
        return value and value.value
    if not isinstance(value, pyoxigraph.Literal):
        return n_triples(value)
    kind = value.datatype.value
    with contextlib.suppress(ValueError):  # an ill-typed literal stays text
        if kind in _INTEGERS:
            return int(value.value)
        if kind in _FLOATS:
            return float(value.value)
    return value.value == "true" if kind == _XSD + "boolean" else value.value


def resident_bytes(pid: int) -> int:
    """Memory a process holds.

    Raises:
        OSError: there is no such process, or a system does not tell.
    """
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def watch(limit_bytes: int, parent: int) -> None:
    """End the process when it holds too much memory or its parent has gone."""
    own = os.getpid()
    while True:
        with contextlib.suppress(FileNotFoundError):  # a system without /proc has no limit
            if resident_bytes(own) > limit_bytes:
                os._exit(OUT_OF_MEMORY)
        if os.getppid() != parent:
            os._exit(ORPHANED)
        time.sleep(0.02)


def serve(evaluate: Evaluate, requests: IO[str], replies: IO[str]) -> None:
    """Answer until the requests end."""
    for line in requests:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, request["timeout_s"] + GRACE_S)
        answer = evaluate(
            request["query"], request["params"], request["limit"], request["timeout_s"]
        )
        reply = json.dumps(answer)
        signal.setitimer(signal.ITIMER_REAL, 0)
        replies.write(reply + "\n")
        replies.flush()


def main() -> None:
    """Read the settings (engine, path, memory_bytes, parent's pid), open the graph, serve."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever an engine prints is not a reply
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    settings = json.loads(sys.stdin.readline())
    limits = (settings["memory_bytes"], settings["parent"])
    threading.Thread(target=watch, args=limits, daemon=True).start()
    try:
        evaluate = EVALUATORS[settings["engine"]](settings["path"], settings["memory_bytes"])
    except (RuntimeError, OSError) as exc:
        replies.write(json.dumps({"error": str(exc)}) + "\n")
        return
    replies.write(json.dumps({"ready": True}) + "\n")
    replies.flush()
    serve(evaluate, sys.stdin, replies)


if __name__ == "__main__":
    main()
