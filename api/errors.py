"""Errors as problem documents (RFC 9457): one shape, one media type, a clear detail."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.replays import ConflictError
from api.schemas import Problem
from kg.errors import ClewError, ModelError, NotFoundError, QueryError, QueryTimeout, StoreError

__all__ = ["PROBLEM_RESPONSES", "install_error_handlers", "problem"]

_log = logging.getLogger(__name__)

_STATUS: dict[type[ClewError], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    QueryTimeout: HTTPStatus.REQUEST_TIMEOUT,
    QueryError: HTTPStatus.BAD_REQUEST,
    ModelError: HTTPStatus.SERVICE_UNAVAILABLE,
    ConflictError: HTTPStatus.CONFLICT,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
}

PROBLEM_RESPONSES: dict[int | str, dict[str, object]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
    }
    for status in (400, 401, 403, 404, 408, 409, 413, 422, 429, 503)
}
"""For the OpenAPI document of every route."""


def problem(
    status: int,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem document as a response."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors)
    return JSONResponse(
        body.model_dump(exclude_none=True), status, headers, media_type="application/problem+json"
    )


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error of the application with a problem document."""

    @app.exception_handler(ClewError)
    async def _clew(request: Request, exc: ClewError) -> JSONResponse:
        for kind in type(exc).__mro__:
            if kind in _STATUS:
                return problem(_STATUS[kind], str(exc))
        _log.error("unexpected error at %s", _route(request), exc_info=exc)
        return problem(500, "the service failed; the operator finds the cause in its log")

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, exc: RequestValidationError) -> JSONResponse:
        errors = [
            {"field": ".".join(str(part) for part in error["loc"]), "message": error["msg"]}
            for error in exc.errors()
        ]
        named = "; ".join(f"{error['field']}: {error['message']}" for error in errors[:3])
        return problem(422, f"the request is not valid: {named}", errors)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, exc: HTTPException) -> JSONResponse:
        where = f"{request.method} {request.url.path}"
        return problem(exc.status_code, f"{where}: {exc.detail}", headers=exc.headers)

    @app.exception_handler(Exception)
    async def _bug(request: Request, exc: Exception) -> JSONResponse:
        _log.error("unexpected error at %s", _route(request), exc_info=exc)
        return problem(500, "the service failed; the operator finds the cause in its log")


def _route(request: Request) -> str:
    """The route's template: its path may name a shopper, which no log shall."""
    return str(getattr(request.scope.get("route"), "path_format", "no route"))
