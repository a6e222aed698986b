"""Product metadata of Amazon Reviews, in the spellings of 2014, 2018 and 2023.

Faults the data are known for are set aside as expected: repeated products, products without any
text, titles that are page code. A price that is a range or noise is left out, and so is an
attribute too long to be one: the product's other fields are sound.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from kg.catalog.base import reject
from kg.catalog.meta import DatasetMeta
from kg.catalog.products import LIMITS, MAX_LABEL_CHARS, check_products
from kg.records import TRIPLE_SCHEMA, Product, Reject

__all__ = ["CURRENCY", "META_FIELDS", "Links", "catalogue"]

CURRENCY = "USD"
META_FIELDS = frozenset(
    {"title", "price", "imUrl", "related", "categories", "category", "also_buy", "also_view"}
    | {"main_cat", "main_category", "salesRank", "rank", "brand", "store", "description"}
    | {"feature", "features", "details"}
)
"""A line with an id and one of these is a product's metadata."""
PREDICATES: Mapping[str, str] = {
    "also_bought": "also_bought",
    "also_viewed": "also_viewed",
    "bought_together": "bought_together",
    "buy_after_viewing": "buy_after_viewing",
    "also_buy": "also_bought",  # as 2018 calls them
    "also_view": "also_viewed",
}
PAGE = "page code in title"
EXPECTED = ("duplicate id", "missing title", PAGE)
PRICE = re.compile(r"\$?\s*(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)")
TAG = re.compile(r"</?[a-zA-Z][^<>]{0,1000}>")
PAGE_CODE = re.compile(r"getTime|<script|</span|function\s*\(")
OF_THE_PAGE = re.compile(r"rank|review|asin|date first|discontinued", re.IGNORECASE)

Rows = Iterable[tuple[int, dict[str, Any] | Reject]]


@dataclass(slots=True)
class Links:
    """Product to product links, a column each."""

    subjects: list[str] = field(default_factory=list)
    predicates: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)

    def add(self, subject: str, row: Mapping[str, Any]) -> None:
        """Links of one product; repeats within it once."""
        related = row.get("related")
        for name, predicate in PREDICATES.items():
            found = related.get(name) if isinstance(related, dict) else row.get(name)
            if not isinstance(found, list):
                continue
            for other in dict.fromkeys(item for item in found if isinstance(item, str)):
                if 0 < len(other) <= LIMITS["id"]:
                    self.subjects.append(subject)
                    self.predicates.append(predicate)
                    self.objects.append(other)

    def table(self, products: set[str]) -> pa.Table:
        """Links of the ``products`` as `TRIPLE_SCHEMA`; their objects may be any."""
        columns = [self.subjects, self.predicates, self.objects]
        table = pa.table([pa.array(column, pa.string()) for column in columns], TRIPLE_SCHEMA)
        kept = pc.is_in(table["subject"], pa.array(sorted(products), pa.string()))
        return table.filter(kept).combine_chunks()


def catalogue(
    files: Iterable[tuple[Path, Rows]], meta: DatasetMeta, links: Links, counts: dict[str, int]
) -> tuple[list[Product], list[Reject]]:
    """Products of all metadata files; of a repeated one the first stands.

    Puts their links into ``links`` and each file's number of rows into ``counts``.
    """
    products: list[Product] = []
    rejects: list[Reject] = []
    seen: set[str] = set()
    for file, rows in files:
        found, bad = check_products(file.name, _plain(file.name, rows, links, seen), meta, seen)
        products += found
        rejects += [replace(item, expected=item.reason in EXPECTED) for item in bad]
        counts[file.name] = len(found) + len(bad)
    return products, rejects


def _plain(file: str, rows: Rows, links: Links, seen: set[str]) -> Iterator[tuple[int, Any]]:
    """Rows under Clew's names, in plain text."""
    for line, row in rows:
        if isinstance(row, Reject):
            yield line, row
            continue
        product_id = row.get("parent_asin") or row.get("asin")
        title = row.get("title")
        if isinstance(title, str) and PAGE_CODE.search(title):
            yield line, reject(file, line, "title", PAGE, title)
            continue
        if isinstance(product_id, str) and product_id not in seen:
            links.add(product_id, row)
        yield line, {"id": product_id, "title": _text(title), **_fields(row)}


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    details = _details(row)
    price = _price(row.get("price"))
    said = [row.get(name) for name in ("description", "features", "feature")]
    return {
        "description": _text(said),
        "brand": _brand(row, details),
        "categories": _categories(row),
        "price": price,
        "currency": CURRENCY if price else None,
        "image": _image(row),
        "attributes": details,
    }


def _text(value: object) -> str | None:
    """Text without markup; of a list its parts, one after the other."""
    if isinstance(value, list):
        return " ".join(part for item in value if (part := _text(item))) or None
    if not isinstance(value, str):
        return None
    return " ".join(TAG.sub(" ", html.unescape(value)).split())


def _brand(row: Mapping[str, Any], details: Mapping[str, str]) -> str | None:
    brand = _text(row.get("brand")) or details.get("Brand") or _text(row.get("store")) or ""
    brand = brand.removeprefix("by ").strip()
    return brand if len(brand) <= LIMITS["brand"] else None


def _categories(row: Mapping[str, Any]) -> list[str]:
    """Names of all paths, without repeats."""
    found = row.get("categories") or row.get("category") or []
    paths = found if isinstance(found, list) else []
    flat = [name for path in paths for name in (path if isinstance(path, list) else [path])]
    names = [_text(name) for name in flat if isinstance(name, str) and "</" not in name]
    return [name for name in names if name and len(name) <= MAX_LABEL_CHARS]


def _details(row: Mapping[str, Any]) -> dict[str, str]:
    """What the table of details says about the product (not about its page)."""
    details = row.get("details")
    if isinstance(details, str):
        try:
            details = orjson.loads(details)
        except ValueError:
            return {}
    found = {}
    for name, value in (details if isinstance(details, dict) else {}).items():
        key = (_text(name) or "").strip(" :")
        text = _text(value)
        if not key or not text or OF_THE_PAGE.search(key):
            continue
        if len(key) <= MAX_LABEL_CHARS and len(text) <= MAX_LABEL_CHARS:
            found[key] = text
    return found


def _price(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = PRICE.fullmatch(str(value).strip())
    return found[1].replace(",", "") if found else None


def _image(row: Mapping[str, Any]) -> str | None:
    """Address of the first picture, the largest where there are sizes."""
    for name in ("imUrl", "imageURLHighRes", "imageURL", "images"):
        found = row.get(name)
        if isinstance(found, dict):  # sizes, each with a list of pictures
            found = found.get("hi_res") or found.get("large")
        if isinstance(found, list) and found:
            found = found[0]
        if isinstance(found, dict):  # a picture in several sizes
            found = found.get("hi_res") or found.get("large")
        if isinstance(found, str) and 0 < len(found) <= LIMITS["image"]:
            return found
    return None
