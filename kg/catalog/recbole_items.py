"""RecBole's .item file: which of its columns is what, by name, for no two datasets agree.

The title is the column ``title``, ``name`` or one that ends so (``movie_title``); categories are
``categories``, ``class`` or ``genre``; every other token or token_seq is an attribute. Where that
guess is wrong, dataset.toml names the columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.catalog.delimited import read_delimited
from kg.catalog.files import RawTable
from kg.catalog.meta import META_FILE, DatasetMeta
from kg.catalog.products import MAX_LABEL_CHARS, check_products
from kg.errors import DatasetError
from kg.records import Product, Reject

__all__ = ["read_atomic", "read_items"]

SAME = ("title", "description", "brand", "price", "image", "language", "stock")
CATEGORIES = ("categories", "category", "class", "genres", "genre")
TITLE = re.compile(r"title|name|(?!brand|categ|seller|store|artist|author).+_(title|name)")
# A token_seq is separated by spaces, says RecBole; those of several datasets are not.
SEPARATORS = ("|", ", ", " ")


def read_atomic(file: Path) -> tuple[RawTable, dict[str, str]]:
    """The table without the types in its header, and the type of each column."""
    raw = read_delimited(file, delimiter="\t", quoting=False)
    types = {name.partition(":")[0]: name.partition(":")[2] for name in raw.table.column_names}
    if len(types) < raw.table.num_columns:
        raise DatasetError(f"{file}: the header names a column twice")
    return RawTable(raw.table.rename_columns(list(types)), raw.lines, raw.rows, raw.rejects), types


@dataclass(frozen=True, slots=True)
class ItemColumns:
    """Columns of an .item file by what is made of them."""

    fields: Mapping[str, str]  # Clew's field -> column
    attributes: Mapping[str, bool]  # column -> whether it is a sequence
    ignored: tuple[str, ...]


def item_columns(file: Path, types: Mapping[str, str], meta: DatasetMeta) -> ItemColumns:
    """What each column of the file is.

    Raises:
        DatasetError: there are no ids, or dataset.toml names a column that is not there.
    """
    fields: dict[str, str] = {"id": "item_id", **{name: name for name in SAME if name in types}}
    titles = sorted((name for name in types if TITLE.fullmatch(name)), key=len)
    if titles:
        fields.setdefault("title", titles[0])
    categories = [name for name in CATEGORIES if name in types]
    if categories:
        fields["categories"] = categories[0]
    fields.update(meta.columns.products.model_dump(exclude_none=True))
    missing = [name for name in fields.values() if name not in types]
    if missing:
        raise DatasetError(
            f"{file}: has no column {missing[0]!r}; it has {', '.join(types)}. Name the ones "
            f"meant in {META_FILE} under [columns.products]"
        )
    others = {name: kind for name, kind in types.items() if name not in fields.values()}
    told = {name: kind == "token_seq" for name, kind in others.items() if kind.startswith("token")}
    return ItemColumns(fields, told, tuple(sorted(others.keys() - told.keys())))


def read_items(
    file: Path, meta: DatasetMeta, rows: dict[str, int], ignored: dict[str, tuple[str, ...]]
) -> tuple[list[Product], list[Reject]]:
    """Products of an .item file; puts its number of rows and its unread columns where given.

    Raises:
        DatasetError: it cannot be read, or a column is not there.
    """
    raw, types = read_atomic(file)
    columns = item_columns(file, types, meta)
    rows[file.name] = raw.rows
    if columns.ignored:
        ignored[file.name] = columns.ignored
    is_sequence = types.get(columns.fields.get("categories", "")) == "token_seq"

    def products() -> Iterator[tuple[int, dict[str, Any] | Reject]]:
        yield from ((bad.line, bad) for bad in raw.rejects)
        for line, row in raw.to_rows(raw.table.column_names):
            yield line, _product(row, columns, is_sequence)

    return check_products(file.name, products(), meta)


def _product(row: Mapping[str, str], columns: ItemColumns, is_sequence: bool) -> dict[str, Any]:
    product: dict[str, Any] = {field: row[name] for field, name in columns.fields.items()}
    if is_sequence:
        product["categories"] = _sequence(product["categories"])
    product["attributes"] = {
        name: _sequence(row[name]) if sequence else _single(row[name])
        for name, sequence in columns.attributes.items()
    }
    return product


def _sequence(text: str) -> list[str]:
    separator = next((mark for mark in SEPARATORS if mark in text), " ")
    parts = (part.strip().strip("'\"").strip() for part in text.split(separator))
    return [part for part in parts if 0 < len(part) <= MAX_LABEL_CHARS]


def _single(text: str) -> list[str]:
    return [text] if len(text) <= MAX_LABEL_CHARS else []
