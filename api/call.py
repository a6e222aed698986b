"""A call of the service: what is asked, and how its answer is read; `api.client` sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel

from api.schemas import Problem
from kg.errors import ClewError

__all__ = [
    "RETRIED",
    "Call",
    "Nothing",
    "ServiceError",
    "headers_of",
    "in_path",
    "read_answer",
    "request_of",
    "wait_s",
]

Answer = TypeVar("Answer", bound=BaseModel)

RETRIED = frozenset({429, 503})
"""Statuses of a busy service, which is asked again."""
_MOST_WAIT_S = 30.0


class ServiceError(ClewError):
    """The service refused or failed; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.problem = problem


class Nothing(BaseModel):
    """An answer without a body."""


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """What to ask, and as what record the answer is read."""

    method: str
    path: str
    answer: type[Answer]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def in_path(name: str) -> str:
    """A name as it stands in a path."""
    return quote(name, safe="")


def headers_of(key: str | None) -> dict[str, str]:
    """Headers that bear a key."""
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def request_of(call: Call[Any]) -> dict[str, Any]:
    """A call as httpx sends it."""
    return {
        "method": call.method,
        "url": call.path,
        "params": dict(call.query),
        "json": call.body,
        "headers": dict(call.headers),
    }


def wait_s(answer: httpx.Response | None, tried: int) -> float:
    """Seconds until the next try: what the service says, else doubling from a tenth."""
    said = "" if answer is None else answer.headers.get("Retry-After", "")
    return min(float(said) if said.isdigit() else 0.05 * 2**tried, _MOST_WAIT_S)


def read_answer(call: Call[Answer], answer: httpx.Response) -> Answer:
    """The record an answer is.

    Raises:
        ServiceError: it is a refusal or a failure.
    """
    if answer.is_success:
        return call.answer.model_validate_json(answer.content or b"{}")
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValueError:
        detail = f"{call.method} {call.path} was answered with no problem document"
        problem = Problem(title=answer.reason_phrase, status=answer.status_code, detail=detail)
    raise ServiceError(problem)
