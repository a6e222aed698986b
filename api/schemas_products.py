"""What goes over the wire about products that are put and changed."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from api.schemas import ProductDetail
from kg.catalog.products import LIMITS, MAX_PRICE, MAX_STOCK

__all__ = ["ProductIn", "ProductPart", "ProductStored", "TextIn"]

_SEEN: JsonDict = {"pattern": r"[^\s\x00-\x1f\x7f-\x9f]"}  # the catalogue's reader says it plainer
Label = Annotated[str, Field(min_length=1, max_length=500)]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TextIn(_Wire):
    """What a product says in another language."""

    title: str = Field(min_length=1, max_length=LIMITS["title"], json_schema_extra=_SEEN)
    description: str = Field("", max_length=LIMITS["description"])


class ProductPart(_Wire):
    """Fields of a product; those that are not given stay as they are."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    title: str | None = Field(
        None, min_length=1, max_length=LIMITS["title"], json_schema_extra=_SEEN
    )
    description: str | None = Field(None, max_length=LIMITS["description"])
    language: str | None = Field(
        None, pattern="^[a-z]{2}$", description="of title and description; told by script if absent"
    )
    brand: str | None = Field(None, max_length=LIMITS["brand"])
    categories: list[Label] | None = Field(
        None, max_length=50, description="from general to special"
    )
    price: float | None = Field(
        None, ge=0, le=float(MAX_PRICE), allow_inf_nan=False, description="in major units"
    )
    currency: str | None = Field(
        None, pattern="^[A-Z]{3}$", description="ISO 4217; the catalogue's if absent"
    )
    stock: int | None = Field(None, ge=0, le=MAX_STOCK, description="units on hand")
    image: str | None = Field(None, max_length=LIMITS["image"])
    attributes: dict[Label, list[Label]] | None = Field(
        None, max_length=100, description="by name, as a catalogue has them"
    )
    translations: dict[str, TextIn] | None = Field(
        None, max_length=20, description="by language, ISO 639-1"
    )

    @model_validator(mode="after")
    def _says_something(self) -> ProductPart:
        if not self.model_fields_set:
            raise ValueError("give at least one field to change")
        return self


class ProductIn(ProductPart):
    """A whole product."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Stoneware mug with hares, sage green",
                    "brand": "Kittiwake & Down",
                    "categories": ["Kitchen", "Mugs"],
                    "price": 14.5,
                    "stock": 120,
                    "attributes": {"material": ["stoneware"]},
                }
            ]
        }
    )

    title: str = Field(min_length=1, max_length=LIMITS["title"], json_schema_extra=_SEEN)


class ProductStored(_Wire):
    """A product as it is kept and served from now on."""

    new: bool = Field(description="whether it was not served before")
    revision: int = Field(description="answers name the last one they rest on")
    product: ProductDetail
