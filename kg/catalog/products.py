"""Raw product rows into `Product` records.

In: rows (JSON objects, or rows of a table) whose keys bear Clew's names. Out: products, and a
`Reject` for each row that cannot be one. Values are checked, never repaired: a price that is no
price rejects the row, since whatever is wrong with it may be wrong with the rest. Text is kept as
it was written, but for white space around it, in Unicode's form NFC, with control characters
(and, outside descriptions, line breaks) as spaces. A brand that says that none is known is none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from math import isnan
from types import MappingProxyType
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from kg.catalog.base import reject
from kg.catalog.language import detect_language
from kg.catalog.meta import DatasetMeta
from kg.ids import slug
from kg.names import NO_BRANDS
from kg.records import Product, Reject, Text

__all__ = ["LIMITS", "MAX_LABEL_CHARS", "MAX_PRICE", "check_products", "products_of_ids"]

LIMITS: Mapping[str, int] = {
    "id": 256,
    "title": 2_000,
    "description": 100_000,
    "brand": 500,
    "image": 2_000,
}
"""Characters a field may have."""
MAX_LABEL_CHARS = 500  # of a category, an attribute's name or value
MAX_LABELS = 500
MAX_PRICE = Decimal(10) ** 9
MAX_STOCK = 10**12
EMPTY: Mapping[str, Any] = MappingProxyType({})
CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], " ")
IN_DESCRIPTIONS = {code: space for code, space in CONTROLS.items() if chr(code) not in "\t\n\r"}


class _BadFieldError(ValueError):
    """A field does not hold: field, reason, value."""


def check_products(
    file: str,
    rows: Iterable[tuple[int, Mapping[str, Any] | Reject]],
    meta: DatasetMeta,
    seen: set[str] | None = None,
) -> tuple[list[Product], list[Reject]]:
    """Products and rejects; of two rows with one id the first stands.

    ``seen``: ids of products that other files brought; those found here are added.
    """
    products: list[Product] = []
    rejects: list[Reject] = []
    seen = set() if seen is None else seen
    for line, row in rows:
        if isinstance(row, Reject):
            rejects.append(row)
            continue
        try:
            product = _product(row, meta)
            if product.id in seen:
                raise _BadFieldError("id", "duplicate id", product.id)
        except _BadFieldError as bad:
            field, reason, value = bad.args
            rejects.append(reject(file, line, field, reason, value))
            continue
        seen.add(product.id)
        products.append(product)
    return products, rejects


def products_of_ids(ids: pa.ChunkedArray, meta: DatasetMeta) -> list[Product]:
    """Products of which nothing is known but that they are, each under its id, in order."""
    language = meta.languages[0] if meta.languages else "en"
    return [Product(id=name, title=name, language=language) for name in pc.unique(ids).to_pylist()]


def _product(row: Mapping[str, Any], meta: DatasetMeta) -> Product:
    """The product a row describes.

    A row without a title is kept under its id if it says anything else the graph can use (a brand,
    categories, attributes, a description).
    """
    product_id = _id(row)
    title = _text(row, "title")
    description = _text(row, "description")
    brand = _text(row, "brand")
    categories = _categories(row.get("categories"))
    attributes = _attributes(row.get("attributes"))
    if not (title or description or brand or categories or attributes):
        raise _BadFieldError("title", "missing title", "")
    return Product(
        id=product_id,
        title=title or product_id,
        description=description,
        language=_language(row) or detect_language(f"{title} {description}", meta.languages),
        brand=None if slug(brand) in NO_BRANDS else brand or None,
        categories=categories,
        price=_price(row.get("price")),
        currency=_currency(row) or meta.currency,
        stock=_stock(row.get("stock")),
        image=_text(row, "image") or None,
        attributes=attributes,
        translations=_translations(row.get("translations")),
    )


def _id(row: Mapping[str, Any]) -> str:
    """The id, letter by letter: interactions must find it."""
    product_id = _string(row.get("id"), "id", LIMITS["id"])
    if not product_id:
        raise _BadFieldError("id", "missing id", "")
    if product_id.translate(CONTROLS) != product_id:
        raise _BadFieldError("id", "control character", product_id)
    return product_id


def _text(row: Mapping[str, Any], field: str) -> str:
    text = _string(row.get(field), field, LIMITS[field])
    return _clean(text, IN_DESCRIPTIONS if field == "description" else CONTROLS)


def _clean(text: str, controls: Mapping[int, str] = CONTROLS) -> str:
    return unicodedata.normalize("NFC", text.translate(controls)).strip()


def _string(value: object, field: str, limit: int) -> str:
    if value is None or (isinstance(value, float) and isnan(value)):  # NaN: a table's missing text
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _BadFieldError(field, "not text", value)
    text = str(value).strip()
    if len(text) > limit:
        raise _BadFieldError(field, "too long", text)
    return text


def _price(value: object) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        price = Decimal(str(value).strip()) if not isinstance(value, bool) else Decimal("nan")
    except InvalidOperation:
        raise _BadFieldError("price", "bad price", value) from None
    if not price.is_finite() or price < 0 or price > MAX_PRICE:
        raise _BadFieldError("price", "bad price", value)
    return price


def _currency(row: Mapping[str, Any]) -> str | None:
    currency = _string(row.get("currency"), "currency", 100).upper()
    if currency and not re.fullmatch("[A-Z]{3}", currency):
        raise _BadFieldError("currency", "bad currency", currency)
    return currency or None


def _language(row: Mapping[str, Any]) -> str | None:
    """ISO 639-1 of the row's language tag: zh of zh-Hans-CN."""
    tag = _string(row.get("language"), "language", 100)
    if tag and not re.fullmatch(r"[A-Za-z]{2}([-_][A-Za-z0-9]{2,8})*", tag):
        raise _BadFieldError("language", "bad language", tag)
    return tag[:2].lower() or None


def _stock(value: object) -> int | None:
    if value is None or value == "":
        return None
    try:
        stock = Decimal(str(value).strip()) if not isinstance(value, bool) else Decimal("nan")
    except InvalidOperation:
        raise _BadFieldError("stock", "bad stock", value) from None
    if not stock.is_finite() or not 0 <= stock <= MAX_STOCK or stock != int(stock):
        raise _BadFieldError("stock", "bad stock", value)
    return int(stock)


def _parsed(value: object) -> object:
    """JSON in a cell of a delimited file; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return orjson.loads(value)
        except ValueError:
            return value
    return value


def _categories(value: object) -> tuple[str, ...]:
    value = _parsed(value)
    if value is None:
        return ()
    parts = value.split(">") if isinstance(value, str) else value
    return _labels(parts, "categories")


def _labels(values: object, field: str) -> tuple[str, ...]:
    """Names without blanks and repeats, in order."""
    if not isinstance(values, list | tuple) or len(values) > MAX_LABELS:
        raise _BadFieldError(field, f"bad {field}", values)
    try:
        labels = [_clean(_string(value, field, MAX_LABEL_CHARS)) for value in values]
    except _BadFieldError as bad:
        raise _BadFieldError(field, f"bad {field}", bad.args[2]) from None
    return tuple(dict.fromkeys(label for label in labels if label))


def _pairs(value: object, field: str) -> Mapping[Any, Any]:
    """A map, however the file spells it: an object, JSON in a cell, or Arrow's list of pairs."""
    value = _parsed(value)
    if value is None or value == "":
        return EMPTY
    if isinstance(value, list) and all(isinstance(v, tuple) and len(v) == 2 for v in value):
        return dict(value)
    if not isinstance(value, dict):
        raise _BadFieldError(field, f"bad {field}", value)
    return value


def _attributes(value: object) -> Mapping[str, tuple[str, ...]]:
    attributes: dict[str, tuple[str, ...]] = {}
    for name, values in _pairs(value, "attributes").items():
        listed = values if isinstance(values, list | tuple) else [values]
        listed = [str(v).lower() if isinstance(v, bool) else v for v in listed]
        labels = _labels(listed, "attributes")
        key = _labels([name], "attributes")
        if labels and key:
            attributes[key[0]] = labels
    return MappingProxyType(attributes) if attributes else EMPTY


def _translations(value: object) -> Mapping[str, Text]:
    texts: dict[str, Text] = {}
    for tag, said in _pairs(value, "translations").items():
        language = _language({"language": tag})
        if said is None:
            continue
        if not isinstance(said, dict) or not language:
            raise _BadFieldError("translations", "bad translations", said)
        text = Text(_text(said, "title"), _text(said, "description"))
        if text.title:
            texts[language] = text
        elif text.description:
            raise _BadFieldError("translations", "translation without title", said)
    return MappingProxyType(texts) if texts else EMPTY
