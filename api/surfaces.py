"""What a place in the shop asks for where a request says nothing: its defaults.

In: a TOML file, a table for each place, over those built in. Out: options with the gaps filled.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.schemas import ListOptions, Term
from commerce.related import Kind
from kg.errors import NotFoundError, StoreError

__all__ = ["SURFACES", "Defaults", "Surface", "at_place", "place", "read_surfaces", "settled"]

Options = TypeVar("Options", bound=ListOptions)


class Defaults(BaseModel):
    """What is asked for where a request says nothing; what is None is as for every other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    k: int | None = Field(None, ge=1, le=1000, description="how many products")
    paths: int | None = Field(None, ge=0, le=20, description="paths shown of each")
    diversity: float | None = Field(None, ge=0, le=1)
    in_stock: bool | None = None
    term: list[Term] | None = Field(None, max_length=50, description="filters, as in a request")
    min_price: float | None = Field(None, ge=0)
    max_price: float | None = Field(None, ge=0)


class Surface(Defaults):
    """Defaults of one place."""

    kind: Kind | None = Field(None, description="of products shown beside a product")


SURFACES: Mapping[str, Surface] = MappingProxyType(
    {
        "basket": Surface(k=4, kind="complements"),
        "email": Surface(k=6, paths=1, diversity=0.3),
        "home": Surface(k=12, diversity=0.3),
        "product_page": Surface(k=6, kind="substitutes"),
    }
)
"""Places there are where no file says otherwise."""


def read_surfaces(path: Path | None) -> Mapping[str, Surface]:
    """The places a file names, over those built in.

    Raises:
        StoreError: the file cannot be read, or says what no place has.
    """
    if path is None:
        return SURFACES
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {**SURFACES, **{name: Surface.model_validate(said) for name, said in tables.items()}}
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as exc:
        raise StoreError(f"{path} does not name places and their defaults: {exc}") from exc


def place(surfaces: Mapping[str, Surface], name: str) -> Surface:
    """A place by its name.

    Raises:
        NotFoundError: there is none of that name.
    """
    if name not in surfaces:
        raise NotFoundError(f"no place {name!r}; there are: {', '.join(sorted(surfaces))}")
    return surfaces[name]


def at_place(options: Options, surfaces: Mapping[str, Surface]) -> Options:
    """Options with what their place says where they say nothing.

    Raises:
        NotFoundError: there is no such place.
    """
    if options.surface is None:
        return options
    return settled(options, place(surfaces, options.surface))


def settled(options: Options, surface: Defaults) -> Options:
    """Options as they were asked for, and where nothing was asked, as the defaults have them."""
    given = options.model_fields_set
    said = {
        name: value
        for name, value in surface
        if value is not None and name not in given and name in type(options).model_fields
    }
    return options.model_copy(update=said)
