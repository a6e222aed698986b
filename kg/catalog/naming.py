"""A file's column names into Clew's: by dataset.toml, by spelling, and by two shorthands.

``attributes.colour`` is the attribute 'colour', ``title@zh`` the Chinese title; delimited files
have no other way to say so than a cell of JSON, which works too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from kg.catalog.files import RawTable
from kg.catalog.meta import META_FILE, ProductColumns
from kg.errors import DatasetError

__all__ = ["ProductNames", "product_names", "rename_table"]

TRANSLATED = re.compile(r"(title|description)@([a-z]{2})")
ATTRIBUTE = re.compile(r"attributes\.(.+)")


@dataclass(frozen=True, slots=True)
class ProductNames:
    """Where in a product row of one file Clew's fields are."""

    fields: Mapping[str, str]  # field -> column
    attributes: Mapping[str, str]  # attribute -> column
    translations: Mapping[tuple[str, str], str]  # (language, title or description) -> column
    ignored: tuple[str, ...]  # columns that are not read

    @property
    def columns(self) -> list[str]:
        """Columns that are read."""
        found = (*self.fields.values(), *self.attributes.values(), *self.translations.values())
        return list(dict.fromkeys(found))

    def rename(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row under Clew's names."""
        renamed = {field: row.get(column) for field, column in self.fields.items()}
        if self.attributes:
            renamed["attributes"] = {key: row.get(col) for key, col in self.attributes.items()}
        if self.translations:
            texts: dict[str, dict[str, Any]] = {}
            for (language, field), column in self.translations.items():
                texts.setdefault(language, {})[field] = row.get(column)
            renamed["translations"] = texts
        return renamed


def product_names(file: Path, present: Iterable[str], columns: ProductColumns) -> ProductNames:
    """Names of a product file with the columns ``present``.

    Raises:
        DatasetError: no column holds ids, or dataset.toml names one that is not there.
    """
    names = set(present)
    fields = _sources(file, names, columns, "products")
    if "id" not in fields:
        raise _missing(file, "id", "products", names)
    attributes: dict[str, str] = {}
    translations: dict[tuple[str, str], str] = {}
    for name in sorted(names - set(fields.values())):
        if "attributes" not in fields and (found := ATTRIBUTE.fullmatch(name)):
            attributes[found[1]] = name
        elif "translations" not in fields and (found := TRANSLATED.fullmatch(name)):
            translations[found[2], found[1]] = name
    all_read = ProductNames(fields, attributes, translations, ())
    return replace(all_read, ignored=tuple(sorted(names - set(all_read.columns))))


def rename_table(
    file: Path, raw: RawTable, columns: BaseModel, table: str, required: Iterable[str]
) -> tuple[RawTable, tuple[str, ...]]:
    """The table under Clew's names, and the columns that are not read.

    Raises:
        DatasetError: a required column is not there, or one that dataset.toml names.
    """
    present = raw.table.column_names
    fields = _sources(file, set(present), columns, table)
    for field in required:
        if field not in fields:
            raise _missing(file, field, table, present)
    renamed = raw.table.select(list(fields.values())).rename_columns(list(fields))
    ignored = tuple(sorted(set(present) - set(fields.values())))
    return RawTable(renamed, raw.lines, raw.rows, raw.rejects), ignored


def _sources(file: Path, present: set[str], columns: BaseModel, table: str) -> dict[str, str]:
    """Column of every field the file has; one named for a field is read as that field alone."""
    sources = {}
    claimed = set(columns.model_dump(exclude_none=True).values())
    for field in type(columns).model_fields:
        named = getattr(columns, field)
        if named is not None and named not in present:
            raise DatasetError(
                f"{file.parent / META_FILE}: [columns.{table}] {field} = {named!r}, but "
                f"{file.name} has no such column; it has {_listed(present)}"
            )
        if named is not None or field in present - claimed:
            sources[field] = named or field
    return sources


def _missing(file: Path, field: str, table: str, present: Iterable[str]) -> DatasetError:
    return DatasetError(
        f"{file}: has no column {field!r}; it has {_listed(present)}. If one of them is meant, "
        f"name it in {META_FILE} under [columns.{table}]"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names)[:30]) or "none"
