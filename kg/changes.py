"""What a shop says of products after the dataset was written: new ones, and changes of others.

In: fields as a catalogue's rows have them (`kg.catalog.products`), for whole products or parts.
Out: `Product` records, for a service that serves them at once and for the next build, which finds
them in ``additions/products.jsonl`` of the store. What was said last wins over the dataset, until
it is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import orjson

from kg.additions import replace_file, writing_addition
from kg.catalog.base import Dataset
from kg.catalog.meta import DatasetMeta
from kg.catalog.products import check_products
from kg.errors import DatasetError, StoreError
from kg.records import Product

__all__ = ["ProductChange", "changed", "read_changes", "with_changes", "write_changes"]

CHANGES_FILE: Final = "products.jsonl"


@dataclass(frozen=True, slots=True)
class ProductChange:
    """What was said of one product."""

    product: str  # the shop's own id
    revision: int  # grows with each change
    whole: bool  # all of the product; else only the fields given
    fields: Mapping[str, Any]  # as in a catalogue's row, without the id


def changed(before: Product | None, change: ProductChange, meta: DatasetMeta) -> Product:
    """The product after a change.

    Args:
        before: as it was; None: there was none.
        change: what was said.
        meta: the catalogue's languages and currency, where the change names none.

    Raises:
        DatasetError: a field does not hold, or a part was given of a product there is not.
    """
    row = {"id": change.product, **change.fields}
    if not change.whole:
        if before is None:
            raise DatasetError(f"{change.product!r} is not known, so no part of it can be changed")
        row.setdefault("title", before.title)
        row.setdefault("language", before.language)
    made, rejects = check_products("change", [(1, row)], meta)
    if rejects:
        first = rejects[0]
        raise DatasetError(f"{change.product!r}: {first.field}: {first.reason} ({first.value})")
    if before is None or change.whole:
        return made[0]
    given = {field.name for field in fields(Product)} & change.fields.keys()
    return replace(before, **{name: getattr(made[0], name) for name in given})


def with_changes(dataset: Dataset, changes: Iterable[ProductChange]) -> Dataset:
    """A dataset with changed products in their places and new ones after the others.

    Parts of a product the dataset no longer has are passed over.

    Raises:
        DatasetError: as `changed`.
    """
    known = {product.id: product for product in dataset.products}
    for change in sorted(changes, key=lambda change: change.revision):
        before = known.get(change.product)
        if change.whole or before is not None:
            known[change.product] = changed(before, change, dataset.meta)
    return replace(dataset, products=list(known.values()))


def write_changes(root: Path, changes: Sequence[ProductChange]) -> None:
    """Replace what the next build is told of products; synced when this returns.

    Raises:
        StoreError: the file cannot be written.
    """
    with writing_addition(root, CHANGES_FILE) as path:
        replace_file(path, b"".join(_line(change) for change in changes))


def read_changes(root: Path) -> list[ProductChange]:
    """What the next build is told of products.

    Raises:
        StoreError: the file cannot be read.
    """
    path = root / "additions" / CHANGES_FILE
    try:
        lines = path.read_bytes().splitlines() if path.exists() else []
        return [ProductChange(**orjson.loads(line)) for line in lines]
    except (OSError, ValueError, TypeError) as exc:
        raise StoreError(f"{path} cannot be read: {exc}; restore it from a backup") from exc


def _line(change: ProductChange) -> bytes:
    return orjson.dumps(asdict(change), option=orjson.OPT_APPEND_NEWLINE)
