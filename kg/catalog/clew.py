"""Clew's own directory: products.*, and where there are any interactions.* and triples.*."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from kg.catalog.base import Parts
from kg.catalog.delimited import read_delimited
from kg.catalog.files import RawTable, read_json_lines, read_parquet, rows_to_table
from kg.catalog.interactions import check_interactions, check_triples
from kg.catalog.meta import DatasetMeta
from kg.catalog.naming import product_names, rename_table
from kg.catalog.products import check_products
from kg.errors import DatasetError
from kg.records import INTERACTION_SCHEMA, TRIPLE_SCHEMA, Product, Reject

__all__ = ["RESERVED", "ClewReader"]

ENDINGS: Mapping[str, tuple[str, ...]] = {
    "products": (".jsonl", ".jsonl.gz", ".parquet", ".csv"),
    "interactions": (".parquet", ".csv", ".jsonl", ".jsonl.gz"),
    "triples": (".parquet", ".csv"),
}
RESERVED = frozenset(f"{stem}{ending}" for stem, endings in ENDINGS.items() for ending in endings)
"""File names that mean Clew's own format."""


class ClewReader:
    """Reads Clew's own format."""

    name = "clew"
    wants = "a directory with products.jsonl, .jsonl.gz, .parquet or .csv"

    def detects(self, path: Path) -> bool:
        """Whether it is a directory with a product file."""
        return any((path / f"products{ending}").is_file() for ending in ENDINGS["products"])

    def read(self, path: Path, meta: DatasetMeta) -> Parts:
        """Products first, then what happened to them and what is known about them.

        Raises:
            DatasetError: a file cannot be read, two hold the same table, or a column that is
                needed or that dataset.toml names is not there.
        """
        files = {stem: file for stem in ENDINGS if (file := _only(path, stem))}
        rows: dict[str, int] = {}
        ignored: dict[str, tuple[str, ...]] = {}
        products, rejects = _products(files["products"], meta, rows, ignored)
        interactions, triples = INTERACTION_SCHEMA.empty_table(), TRIPLE_SCHEMA.empty_table()
        if (file := files.get("interactions")) is not None:
            needed = ("user_id", "product_id")
            raw = _table(file, meta.columns.interactions, needed, rows, ignored)
            ids = [product.id for product in products]
            interactions, bad = check_interactions(
                file.name, raw, ids, default_event=meta.default_event
            )
            rejects += bad
        if (file := files.get("triples")) is not None:
            raw = _table(file, meta.columns.triples, TRIPLE_SCHEMA.names, rows, ignored)
            triples, bad = check_triples(file.name, raw)
            rejects += bad
        return Parts(
            files=tuple(files.values()),
            rows=rows,
            products=products,
            interactions=interactions,
            triples=triples,
            rejects=rejects,
            ignored=ignored,
        )


def _only(path: Path, stem: str) -> Path | None:
    found = [file for ending in ENDINGS[stem] if (file := path / f"{stem}{ending}").is_file()]
    if len(found) > 1:
        names = " and ".join(file.name for file in found)
        raise DatasetError(f"{path}: {names} hold the same table; keep one of them")
    return found[0] if found else None


def _products(
    file: Path, meta: DatasetMeta, rows: dict[str, int], ignored: dict[str, tuple[str, ...]]
) -> tuple[list[Product], list[Reject]]:
    raw: list[tuple[int, dict[str, Any] | Reject]]
    columns = meta.columns.products
    if ".jsonl" in file.suffixes:
        raw = list(read_json_lines(file))
        present = {name for _, row in raw if isinstance(row, dict) for name in row}
        present = present or {columns.id or "id"}  # a file of bad rows only
        names = product_names(file, present, columns)
    else:
        table = read_parquet(file) if file.suffix == ".parquet" else read_delimited(file)
        names = product_names(file, table.table.column_names, columns)
        raw = [(bad.line, bad) for bad in table.rejects]
        raw += table.to_rows(names.columns)
    rows[file.name] = len(raw)
    if names.ignored:
        ignored[file.name] = names.ignored
    renamed = ((line, row if isinstance(row, Reject) else names.rename(row)) for line, row in raw)
    return check_products(file.name, renamed, meta)


def _table(
    file: Path,
    columns: BaseModel,
    needed: Sequence[str],
    rows: dict[str, int],
    ignored: dict[str, tuple[str, ...]],
) -> RawTable:
    if ".jsonl" in file.suffixes:
        raw = _json_table(file, columns, needed)
    else:
        raw = read_parquet(file) if file.suffix == ".parquet" else read_delimited(file)
    rows[file.name] = raw.rows
    raw, unread = rename_table(file, raw, columns, file.name.partition(".")[0], needed)
    if unread:
        ignored[file.name] = unread
    return raw


def _json_table(file: Path, columns: BaseModel, needed: Sequence[str]) -> RawTable:
    """Every column that any row has."""
    rows = list(read_json_lines(file))
    present = dict.fromkeys(name for _, row in rows if isinstance(row, dict) for name in row)
    wanted = (getattr(columns, field) or field for field in needed)
    return rows_to_table(rows, list(present or wanted))  # wanted: a file of bad rows only
