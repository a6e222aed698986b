"""What routes share: the service of this request, common query parameters."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.exceptions import RequestValidationError

from api.schemas import ListOptions
from api.service import Live, Service
from api.settings import Settings

__all__ = ["CurrentService", "Language", "Options", "check_k"]


def _service(request: Request) -> Service:
    live: Live = request.app.state.live
    return live.service


CurrentService = Annotated[Service, Depends(_service)]
Options = Annotated[ListOptions, Query()]
Language = Annotated[
    str, Query(pattern="^[a-z]{2}$", description="language of the words, ISO 639-1")
]


def check_k(k: int, settings: Settings, where: str) -> None:
    """Refuse to list more products than the operator allows.

    Raises:
        RequestValidationError: ``k`` is above ``Settings.max_k``.
    """
    if k > settings.max_k:
        limit = {"loc": (where, "k"), "msg": f"is {k}, at most {settings.max_k} are listed at once"}
        raise RequestValidationError([limit])
