"""What routes share: the service of this request, what is kept, common query parameters.

The dependencies are coroutines though they wait for nothing: others cost a thread each.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError

from api.live import Live
from api.parts import Parts
from api.schemas import ListOptions
from api.service import Service
from api.settings import Settings

__all__ = [
    "CurrentParts",
    "CurrentService",
    "CurrentSettings",
    "Language",
    "Options",
    "SessionId",
    "UserId",
    "check_k",
    "refuse",
]


async def _service(request: Request) -> Service:
    live: Live = request.app.state.live
    return live.service


async def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


CurrentService = Annotated[Service, Depends(_service)]
CurrentParts = Annotated[Parts, Depends(_parts)]
CurrentSettings = Annotated[Settings, Depends(_settings)]
Options = Annotated[ListOptions, Query()]
Language = Annotated[
    str, Query(pattern="^[a-z]{2}$", description="language of the words, ISO 639-1")
]
UserId = Annotated[
    str,
    Path(min_length=1, max_length=200, description="the shop's own user id", examples=["u0184"]),
]
SessionId = Annotated[
    str, Path(min_length=1, max_length=200, description="the shop's own session id")
]


def check_k(k: int, settings: Settings, where: str) -> None:
    """Refuse to list more products than the operator allows.

    Raises:
        RequestValidationError: ``k`` is above ``Settings.max_k``.
    """
    if k > settings.max_k:
        refuse((where, "k"), f"is {k}, at most {settings.max_k} are listed at once")


def refuse(where: tuple[str, ...], message: str) -> None:
    """Answer that a field is not valid.

    Raises:
        RequestValidationError: always.
    """
    raise RequestValidationError([{"loc": where, "msg": message}])
