"""``dataset.toml``: what a shop says about its dataset. Every key is optional, none is guessed at.

In: the path of the file. Out: a frozen `DatasetMeta`. A mistyped key or a value out of bounds is a
`DatasetError` naming the file, the key and the nearest key that exists.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from kg.errors import DatasetError

__all__ = [
    "META_FILE",
    "Columns",
    "DatasetMeta",
    "InteractionColumns",
    "ProductColumns",
    "SplitMeta",
    "TripleColumns",
    "read_meta",
]

META_FILE = "dataset.toml"

Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProductColumns(_Frozen):
    """Names the product file uses, where they differ from Clew's (the keys)."""

    id: Column | None = None
    title: Column | None = None
    description: Column | None = None
    language: Column | None = None
    brand: Column | None = None
    categories: Column | None = None
    price: Column | None = None
    currency: Column | None = None
    stock: Column | None = None
    image: Column | None = None
    attributes: Column | None = None
    translations: Column | None = None


class InteractionColumns(_Frozen):
    """Names the interaction file uses, where they differ from Clew's (the keys)."""

    user_id: Column | None = None
    product_id: Column | None = None
    event: Column | None = None
    timestamp: Column | None = None
    position: Column | None = None
    quantity: Column | None = None
    value: Column | None = None
    split: Column | None = None


class TripleColumns(_Frozen):
    """Names the triple file uses, where they differ from Clew's (the keys)."""

    subject: Column | None = None
    predicate: Column | None = None
    object: Column | None = None


class Columns(_Frozen):
    """Tables ``[columns.products]``, ``[columns.interactions]`` and ``[columns.triples]``."""

    products: ProductColumns = ProductColumns()
    interactions: InteractionColumns = InteractionColumns()
    triples: TripleColumns = TripleColumns()


class SplitMeta(_Frozen):
    """Table ``[split]``: how the dataset wants to be cut for evaluation."""

    cut: date | None = Field(
        default=None,
        description="Interactions before this day (00:00 UTC) train, from it on they test. "
        "None: the split column where there is one, else the evaluation's own default.",
    )


class DatasetMeta(_Frozen):
    """What a dataset says about itself."""

    name: str = Field(
        default="",
        max_length=100,
        description="Name in reports. Empty: the name of the directory or file.",
    )
    languages: tuple[Language, ...] = Field(
        default=(),
        max_length=20,
        description="ISO 639-1 codes of the catalogue's texts, the main one first. "
        "Empty: detected by script, product by product.",
    )
    currency: Currency | None = Field(
        default=None, description="ISO 4217 code of prices where a product states none."
    )
    licence: str = Field(default="", max_length=500, description="Terms the data come under.")
    default_event: Literal["view", "cart", "purchase", "rating"] = Field(
        default="purchase", description="Event of interactions that state none."
    )
    max_reject_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Share of a file's rows that may be bad, unexpectedly, before the load fails.",
    )
    columns: Columns = Columns()
    split: SplitMeta = SplitMeta()


def read_meta(path: Path) -> DatasetMeta:
    """The dataset.toml at ``path``, or the defaults where there is none.

    Raises:
        DatasetError: not readable, not TOML, an unknown key, a value of the wrong kind.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return DatasetMeta()
    except (OSError, UnicodeDecodeError) as exc:
        raise DatasetError(f"{path}: cannot be read: {exc}") from exc
    try:
        return DatasetMeta.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as exc:
        raise DatasetError(f"{path}: not valid TOML: {exc}") from exc
    except ValidationError as exc:
        raise DatasetError(f"{path}: " + "; ".join(_explain(exc))) from exc


def _explain(error: ValidationError) -> list[str]:
    """One sentence per fault pydantic found, with the nearest key for a mistyped one."""
    sentences = []
    for fault in error.errors():
        location = fault["loc"]
        key = ".".join(str(part) for part in location)
        if fault["type"] == "extra_forbidden":
            sentences.append(f"unknown key {key!r}; {_nearest(location)}")
        else:
            sentences.append(f"key {key!r}: {fault['msg']}, not {fault['input']!r}")
    return sentences


def _nearest(location: Sequence[Any]) -> str:
    model: type[BaseModel] = DatasetMeta
    for part in location[:-1]:
        annotation = model.model_fields[str(part)].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    keys = list(model.model_fields)
    near = difflib.get_close_matches(str(location[-1]), keys, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(keys)}"
