"""Amazon Reviews, JSON lines, as published in 2014, 2018 and 2023.

A file of reviews, a file of product metadata, or a directory with any number of each. Reviews
become rating events. Without metadata the products reviewed are the catalogue, each under its id.
What the editions call things, and their known faults: `kg.catalog.amazon_meta`.

Data: McAuley et al. (SIGIR 2015), Ni et al. (EMNLP 2019), Hou et al. (arXiv:2403.03952).
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import orjson
import pyarrow as pa

from kg.catalog.amazon_meta import CURRENCY, META_FIELDS, Links, catalogue
from kg.catalog.base import Parts
from kg.catalog.clew import RESERVED
from kg.catalog.files import first_line, read_json_lines, rows_to_table
from kg.catalog.interactions import check_interactions
from kg.catalog.meta import DatasetMeta
from kg.catalog.products import products_of_ids
from kg.records import INTERACTION_SCHEMA, Reject

__all__ = ["AmazonReader"]

ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
REVIEW_FIELDS: Mapping[str, tuple[str, ...]] = {  # Clew's name: the editions', the best first
    "user_id": ("user_id", "reviewerID"),
    "product_id": ("parent_asin", "asin"),
    "value": ("rating", "overall"),
    "timestamp": ("timestamp", "unixReviewTime"),
}
Kind = Literal["reviews", "meta"]


class AmazonReader:
    """Reads Amazon Reviews of 2014, 2018 and 2023."""

    name = "amazon-reviews"
    wants = (
        "a .json or .jsonl file, or .gz of one (or a directory with some), whose lines have "
        "reviewerID or user_id (reviews), or asin or parent_asin (products)"
    )

    def detects(self, path: Path) -> bool:
        """Whether a file's first line is a review or a product's metadata."""
        return bool(_files(path))

    def read(self, path: Path, meta: DatasetMeta) -> Parts:
        """Metadata first, then reviews.

        Raises:
            DatasetError: a file cannot be read or unpacked.
        """
        files = _files(path)
        rows: dict[str, int] = {}
        links = Links()
        metas = [file for file, kind in files.items() if kind == "meta"]
        products, rejects = catalogue(
            ((file, read_loose(file)) for file in metas), meta, links, rows
        )
        known = [product.id for product in products] if metas else None
        tables = [INTERACTION_SCHEMA.empty_table()]
        for file in (file for file, kind in files.items() if kind == "reviews"):
            raw = rows_to_table(_reviews(file), list(REVIEW_FIELDS))
            table, bad = check_interactions(file.name, raw, known, default_event="rating")
            tables.append(table)
            rejects += bad
            rows[file.name] = raw.rows
        interactions = pa.concat_tables(tables)
        return Parts(
            files=tuple(files),
            rows=rows,
            products=products if metas else products_of_ids(interactions["product_id"], meta),
            interactions=interactions,
            triples=links.table({product.id for product in products}),
            rejects=rejects,
            currency=CURRENCY,
        )


def read_loose(file: Path) -> Iterator[tuple[int, dict[str, Any] | Reject]]:
    """Lines of JSON, or of Python literals as in the metadata of 2014."""
    return read_json_lines(file, _loads)


def _loads(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        if not line.lstrip().startswith(b"{'"):
            raise
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a backslash in a title is no escape
            value = ast.literal_eval(line.decode().strip())
        return orjson.loads(orjson.dumps(value))  # no tuples, sets or half characters from here on
    except (SyntaxError, TypeError) as exc:
        raise ValueError(str(exc)) from exc


def _files(path: Path) -> dict[Path, Kind]:
    """Files of the format at ``path`` and what they hold, in the order of their names."""
    candidates = sorted(path.iterdir()) if path.is_dir() else [path]
    kinds = {
        file: _kind(file)
        for file in candidates
        if file.name.endswith(ENDINGS) and (file == path or file.name not in RESERVED)
    }
    return {file: kind for file, kind in kinds.items() if kind is not None}


def _kind(file: Path) -> Kind | None:
    try:
        row = _loads(first_line(file))
    except (ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(row, dict) or not ({"asin", "parent_asin"} & row.keys()):
        return None
    if {"reviewerID", "user_id"} & row.keys():
        return "reviews"
    return "meta" if META_FIELDS & row.keys() else None


def _reviews(file: Path) -> Iterator[tuple[int, dict[str, Any] | Reject]]:
    for line, row in read_loose(file):
        if isinstance(row, Reject):
            yield line, row
            continue
        yield (
            line,
            {
                field: next((row[name] for name in names if row.get(name) is not None), None)
                for field, names in REVIEW_FIELDS.items()
            },
        )
