"""The texts of a product that are read, each under the name its mentions carry.

A field is ``title``, ``description``, ``categories`` or ``attributes.<name>``; in another language
than the product's own, ``title@zh`` or ``description@zh``. Lists are read as one text, their values
joined by `SEPARATOR`, so that a mention's span always indexes one string: ``field_text``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from kg.ids import slug
from kg.records import Product

__all__ = ["SEPARATOR", "FieldText", "field_setting", "field_text", "field_texts"]

SEPARATOR = " | "


class FieldText(NamedTuple):
    """One text of a product."""

    field: str  # as in a mention: title@zh, attributes.Colour
    setting: str  # as in a relation's fields: title, attributes.colour
    language: str
    text: str


def field_setting(name: str) -> str:
    """A relation's field as it is compared: names of attributes by their slug."""
    kind, dot, attribute = name.partition(".")
    return f"{kind}.{slug(attribute)}" if dot else kind


def field_texts(product: Product, wanted: Collection[str]) -> Iterator[FieldText]:
    """The texts of a product that the ``wanted`` settings ask for; empty ones are left out."""
    own = product.language
    for name in ("title", "description"):
        text = getattr(product, name)
        if name in wanted and text:
            yield FieldText(name, name, own, text)
    for language, translation in sorted(product.translations.items()):
        for name in ("title", "description"):
            text = getattr(translation, name)
            if name in wanted and text:
                yield FieldText(f"{name}@{language}", name, language, text)
    if "categories" in wanted and product.categories:
        yield FieldText("categories", "categories", own, SEPARATOR.join(product.categories))
    for attribute, values in sorted(product.attributes.items()):
        setting = f"attributes.{slug(attribute)}"
        if setting in wanted and values:
            yield FieldText(f"attributes.{attribute}", setting, own, SEPARATOR.join(values))


def field_text(product: Product, field: str) -> str:
    """The text a mention's span indexes: ``field_text(p, m.field)[m.start:m.end] == m.text``.

    Raises:
        KeyError: the product has no such field.
    """
    if field == "categories":
        return SEPARATOR.join(product.categories)
    if field.startswith("attributes."):
        return SEPARATOR.join(product.attributes[field.partition(".")[2]])
    name, _, language = field.partition("@")
    if name not in ("title", "description"):
        raise KeyError(field)
    source = product.translations[language] if language else product
    text: str = getattr(source, name)
    return text
