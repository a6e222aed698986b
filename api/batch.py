"""Recommendations for many users at once, as a Parquet file: for e-mail, or a cache elsewhere.

In: the shop's own user ids, a service, the log. Out: a file of `BATCH_SCHEMA`, a row for each user
and product, whole or not there at all. Each answer is the one the HTTP API gives at that moment:
fresh events, feedback, rules and stock count. Erased users, and those of whom nothing is known, are
left out. The file bears the shop's own user ids: whoever keeps it must delete it when they are
erased (docs/privacy.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from api.history import user_history
from api.parts import Parts
from api.schemas import ListOptions, Recommendations
from api.service import Service
from kg.errors import NotFoundError, StoreError
from kg.progress import Progress

__all__ = ["BATCH_SCHEMA", "BatchReport", "recommend_all"]

BATCH_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),  # the shop's own
        pa.field("rank", pa.int32(), nullable=False),  # from 1
        pa.field("product_id", pa.string(), nullable=False),  # the shop's own
        pa.field("title", pa.string(), nullable=False),
        pa.field("price", pa.float64()),  # in major units of currency
        pa.field("currency", pa.string()),
        pa.field("image", pa.string()),
        pa.field("score", pa.float64(), nullable=False),
        pa.field(
            "reasons", pa.list_(pa.string()), nullable=False
        ),  # words of paths, strongest first
    ]
)
"""Columns of the file; its metadata name the snapshot."""

_USERS = 1000  # whose rows are written at once


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What was written."""

    users: int
    left_out: int  # erased, or nothing is known of them
    rows: int


def recommend_all(
    service: Service,
    parts: Parts,
    users: Iterable[str],
    options: ListOptions,
    out: Path,
    progress: Progress | None = None,
) -> BatchReport:
    """Write the recommendations of some users.

    Args:
        service: answers.
        parts: the log, the rules.
        users: the shop's own ids.
        options: of each list.
        out: the file, replaced where there is one; readable by its owner only.
        progress: advanced once per user.

    Raises:
        NotFoundError: a term that is filtered by is not in the snapshot.
        StoreError: the file cannot be written, or the log not be read.
    """
    aside = out.with_name(f"{out.name}.new")
    told = written = left_out = 0
    info = service.info
    note = {b"clew.snapshot": info.id.encode(), b"clew.revision": b"%d" % info.products_revision}
    try:
        os.close(os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        with pq.ParquetWriter(aside, BATCH_SCHEMA.with_metadata(note), compression="zstd") as file:
            for some in _batches(users):
                rows: list[dict[str, Any]] = []
                for user in some:
                    found = _answer(service, parts, user, options)
                    left_out += found is None
                    told += found is not None
                    rows += [] if found is None else _rows(user, found)
                    if progress is not None:
                        progress.advance()
                file.write_table(pa.Table.from_pylist(rows, schema=BATCH_SCHEMA))
                written += len(rows)
        os.replace(aside, out)
    except OSError as exc:
        raise StoreError(f"cannot write {out}: {exc.strerror or exc}") from exc
    finally:
        aside.unlink(missing_ok=True)
    return BatchReport(told, left_out, written)


def _batches(users: Iterable[str]) -> Iterator[list[str]]:
    """Users a thousand at a time; one empty batch where there are none."""
    left = iter(users)
    some = list(islice(left, _USERS))
    yield some
    while some := list(islice(left, _USERS)):
        yield some


def _answer(
    service: Service, parts: Parts, user: str, options: ListOptions
) -> Recommendations | None:
    try:
        shopper = user_history(service.teller, parts.log, parts.people, user)
    except NotFoundError:
        return None
    return service.recommend(shopper.history, options, parts.rules.all(), shopper.wishes)


def _rows(user: str, found: Recommendations) -> list[dict[str, Any]]:
    return [
        {
            "user_id": user,
            "rank": item.rank,
            "product_id": item.product.id,
            "title": item.product.title,
            "price": item.product.price,
            "currency": item.product.currency,
            "image": item.product.image,
            "score": item.score,
            "reasons": [path.words for path in item.paths],
        }
        for item in found.recommendations
    ]
