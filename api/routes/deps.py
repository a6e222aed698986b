"""What routes share: the service of this request, what is kept, common query parameters.

The dependencies are coroutines though they wait for nothing: others cost a thread each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NoReturn, TypeVar

from fastapi import Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError

from api.live import Live
from api.metrics import Metrics
from api.parts import Parts
from api.schemas import ListOptions
from api.service import Service
from api.settings import Settings
from api.showing import Asked, Showing
from api.surfaces import Surface, at_place
from kg.errors import NotFoundError
from kg.query_open import OpenGraphs

__all__ = [
    "CurrentGraphs",
    "CurrentLive",
    "CurrentMetrics",
    "CurrentParts",
    "CurrentService",
    "CurrentSettings",
    "CurrentShowing",
    "CurrentSurfaces",
    "Language",
    "Options",
    "SessionId",
    "UserId",
    "Wanted",
    "asked_by",
    "at_surface",
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


async def _live(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


async def _surfaces(request: Request) -> Mapping[str, Surface]:
    surfaces: Mapping[str, Surface] = request.app.state.surfaces
    return surfaces


async def _graphs(request: Request) -> OpenGraphs:
    graphs: OpenGraphs = request.app.state.graphs
    return graphs


async def _showing(request: Request) -> Showing:
    showing: Showing = request.app.state.showing
    return showing


async def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


CurrentGraphs = Annotated[OpenGraphs, Depends(_graphs)]
CurrentLive = Annotated[Live, Depends(_live)]
CurrentMetrics = Annotated[Metrics, Depends(_metrics)]
CurrentService = Annotated[Service, Depends(_service)]
CurrentParts = Annotated[Parts, Depends(_parts)]
CurrentSettings = Annotated[Settings, Depends(_settings)]
CurrentShowing = Annotated[Showing, Depends(_showing)]
CurrentSurfaces = Annotated[Mapping[str, Surface], Depends(_surfaces)]


AnyOptions = TypeVar("AnyOptions", bound=ListOptions)


def at_surface(options: AnyOptions, surfaces: Mapping[str, Surface], where: str) -> AnyOptions:
    """Options with what their surface says where they say nothing.

    Raises:
        RequestValidationError: there is no such surface.
    """
    try:
        return at_place(options, surfaces)
    except NotFoundError as exc:
        refuse((where, "surface"), str(exc))


def asked_by(showing: Showing, options: ListOptions, subject: str, where: str) -> Asked:
    """How to answer a list for a shopper (`api.showing`).

    Raises:
        RequestValidationError: there is no such surface.
    """
    try:
        return showing.asked(options, subject)
    except NotFoundError as exc:
        refuse((where, "surface"), str(exc))


Wanted = Annotated[ListOptions, Query()]


async def _options(surfaces: CurrentSurfaces, options: Wanted) -> ListOptions:
    return at_surface(options, surfaces, "query")


Options = Annotated[ListOptions, Depends(_options)]
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


def refuse(where: tuple[str, ...], message: str) -> NoReturn:
    """Answer that a field is not valid.

    Raises:
        RequestValidationError: always.
    """
    raise RequestValidationError([{"loc": where, "msg": message}])
