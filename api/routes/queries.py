"""Analysts' questions to the graph: Cypher and SPARQL that only read, with limits.

They run in a process of their own that can be killed, over a snapshot that is opened read only.
"""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Response

from api.access import needs
from api.routes.deps import CurrentGraphs, CurrentSettings, refuse
from api.schemas_events import QueryIn, QueryOut
from api.settings import Settings
from api.threads import waits
from kg.query_result import QueryResult

__all__ = ["router"]

router = APIRouter(prefix="/v1/query", tags=["analysts"], dependencies=[needs("analyst")])


@router.post("/cypher", summary="Ask in Cypher", response_model=QueryOut)
@waits
def cypher(graphs: CurrentGraphs, settings: CurrentSettings, body: QueryIn) -> Response:
    """Rows of a Cypher query, or of a saved one by ``@name``."""
    return _answer(
        graphs.cypher(
            body.query,
            body.params,
            timeout_s=_timeout(body, settings),
            limit=_limit(body, settings),
        )
    )


@router.post("/sparql", summary="Ask in SPARQL", response_model=QueryOut)
@waits
def sparql(graphs: CurrentGraphs, settings: CurrentSettings, body: QueryIn) -> Response:
    """Rows of a SPARQL query, or of a saved one by ``@name``; without ``SERVICE`` or ``FROM``."""
    if body.params:
        refuse(("body", "params"), "SPARQL takes none; write the values into the query")
    return _answer(
        graphs.sparql(
            body.query,
            timeout_s=_timeout(body, settings),
            limit=_limit(body, settings),
        )
    )


def _limit(body: QueryIn, settings: Settings) -> int:
    if body.limit is not None and body.limit > settings.query_rows:
        refuse(("body", "limit"), f"is {body.limit}, at most {settings.query_rows} are answered")
    return body.limit or settings.query_rows


def _timeout(body: QueryIn, settings: Settings) -> float:
    most = settings.query_timeout_s
    if body.timeout_s is not None and body.timeout_s > most:
        refuse(("body", "timeout_s"), f"is {body.timeout_s:g}, at most {most:g} s are allowed")
    return body.timeout_s or most


def _answer(result: QueryResult) -> Response:
    table = result.table
    columns = [column.to_pylist() for column in table.columns]
    content = {
        "columns": table.column_names,
        "rows": list(zip(*columns, strict=True)),
        "truncated": result.truncated,
        "seconds": round(result.seconds, 4),
        "missing": result.missing,
    }
    return Response(orjson.dumps(content, default=str), media_type="application/json")
