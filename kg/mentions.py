"""Mentions kept from build to build, so that only what changed is read again.

In: products, a schema, and the mentions a former build wrote. Out: an extractor like any other. A
product's mentions are known by a hash of its texts; the file says what they were read with
(`kg.reading`). Where only the ontology was edited since, the products that the edit can touch are
read again (`kg.extract.touched`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from kg.errors import StoreError
from kg.ontology_terms import Schema
from kg.reading import reading_fingerprint
from kg.records import Mention, Product

__all__ = [
    "MENTIONS_FILE",
    "FormerMentions",
    "KeptMentions",
    "Reads",
    "product_key",
    "reader_of",
]

MENTIONS_FILE = "tables/mentions.parquet"

_COLUMNS: Final[Mapping[str, Any]] = {
    "field": pa.string(),
    "start": pa.int32(),
    "end": pa.int32(),
    "text": pa.string(),
    "relation": pa.string(),
    "object": pa.string(),
    "confidence": pa.float64(),
    "component": pa.string(),
}
_SCHEMA = pa.schema(
    [
        pa.field("key", pa.binary(16), nullable=False),  # see `product_key`
        *(pa.field(name, pa.list_(kind)) for name, kind in _COLUMNS.items()),
    ]
)
_BATCH = 4096
_READ_WITH: Final = b"clew.read_with"  # in the file's metadata: the fingerprint of the reading


class Reads(Protocol):
    """What reads products; `kg.extract.Extractor` does."""

    def mentions(self, products: Iterable[Product]) -> Iterator[list[Mention]]:
        """One list of mentions per product, in the order of the products."""


@dataclass(frozen=True)
class FormerMentions:
    """What a former build read: its mentions, which need not exist, and its ontology."""

    path: Path
    schema: Schema


class KeptMentions:
    """An extractor that reads only the products whose mentions are not known.

    Known are those of products with the same texts, read by the same code and the same trained
    reader, where the ontology did not change in what they are read by.

    Args:
        schema: the ontology.
        former: what a former build read, if there was one.
        make: makes the extractor for languages and a number of products, when there is something
            to read.
        trained: fingerprint of the trained reader it reads with, if any.

    Raises:
        StoreError: what a former build wrote cannot be read.
    """

    def __init__(
        self,
        schema: Schema,
        former: FormerMentions | None,
        make: Callable[[Schema, Sequence[str], int], Reads],
        trained: bytes = b"",
    ) -> None:
        self._schema, self._make = schema, make
        self._fingerprint = reading_fingerprint(schema, trained)
        self._known = _SCHEMA.empty_table() if former is None else _read(former.path)
        self._edited: Schema | None = None  # the former ontology, where it read otherwise
        read_with = (self._known.schema.metadata or {}).get(_READ_WITH)
        if former is not None and read_with != self._fingerprint:
            self._edited = former.schema
            if read_with != reading_fingerprint(former.schema, trained):
                self._known = _SCHEMA.empty_table()
        self._rows = {key: row for row, key in enumerate(self._known["key"].to_pylist())}
        self._seen: list[pa.Table] = []
        self.num_read = 0
        self.num_kept = 0

    def mentions(self, products: Iterable[Product]) -> Iterator[list[Mention]]:
        """One list of mentions per product, in the order of the products."""
        products = list(products)
        keys = [product_key(product) for product in products]
        self._forget_touched(products, keys)
        unread = [p for p, key in zip(products, keys, strict=True) if key not in self._rows]
        self.num_read, self.num_kept = len(unread), len(products) - len(unread)
        fresh: Iterator[list[Mention]] = iter(())
        if unread:
            languages = sorted({language for product in unread for language in product.texts()})
            fresh = self._make(self._schema, languages, len(unread)).mentions(unread)
        for first in range(0, len(products), _BATCH):
            some = slice(first, first + _BATCH)
            yield from self._batch(products[some], keys[some], fresh)

    def _forget_touched(self, products: Sequence[Product], keys: Sequence[bytes]) -> None:
        """Forget what was read of the products that the edit of the ontology can touch."""
        if self._edited is None or not self._rows:
            return
        from kg.extract.touched import touched_products  # noqa: PLC0415  # imports spaCy

        known = [
            (product, key) for product, key in zip(products, keys, strict=True) if key in self._rows
        ]
        touched = touched_products(self._edited, self._schema, [product for product, _ in known])
        for (_, key), anew in zip(known, touched, strict=True):
            if anew:
                self._rows.pop(key, None)

    def _batch(
        self, products: list[Product], keys: list[bytes], fresh: Iterator[list[Mention]]
    ) -> Iterator[list[Mention]]:
        rows = [self._rows[key] for key in keys if key in self._rows]
        kept = self._known.take(pa.array(rows, pa.int64()))
        unread = [key for key in keys if key not in self._rows]
        read = list(islice(fresh, len(unread)))
        self._seen += [kept, _table(unread, read)]
        lists = zip(*(kept[name].to_pylist() for name in _COLUMNS), strict=True)
        following = iter(read)
        for product, key in zip(products, keys, strict=True):
            if key in self._rows:
                columns = zip(*next(lists), strict=True)
                yield [Mention(product.id, *values) for values in columns]
            else:
                yield next(following)

    def write(self, path: Path) -> None:
        """Write the mentions of all products seen, for the next build."""
        table = pa.concat_tables([_SCHEMA.empty_table(), *self._seen])
        noted = table.replace_schema_metadata({_READ_WITH: self._fingerprint})
        pq.write_table(noted, path, compression="zstd")


def reader_of(
    schema: Schema, former: FormerMentions | None, trained: Path, workers: int = 1
) -> KeptMentions:
    """What reads a store's products, with the mentions kept from before where they still hold.

    Args:
        schema: the ontology.
        former: what a former build read, if there was one.
        trained: directory of the trained reader, which need not exist.
        workers: processes that read a large catalogue.

    Raises:
        StoreError: what a former build wrote cannot be read.
    """

    def make(schema: Schema, languages: Sequence[str], count: int) -> Reads:
        from kg.extract.parallel import extractor  # noqa: PLC0415  # imports spaCy

        return extractor(schema, languages, trained, workers, count)

    fingerprint = b""
    if trained.is_dir():
        from kg.extract.trained import reader_fingerprint  # noqa: PLC0415  # imports spaCy

        fingerprint = reader_fingerprint(trained)
    return KeptMentions(schema, former, make, fingerprint)


def product_key(product: Product) -> bytes:
    """Hash (16 bytes) of what is read of a product: language, title, description, brand,
    categories, attributes and translations.
    """
    texts = {
        code: (text.title, text.description)
        for code, text in product.texts().items()
        if text.title or text.description
    }
    attributes = sorted((name, values) for name, values in product.attributes.items())
    said = (product.language, texts, product.brand, product.categories, attributes)
    packed = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(packed, digest_size=16).digest()


def _table(keys: list[bytes], mentions: list[list[Mention]]) -> pa.Table:
    columns = [
        pa.array([[getattr(m, name) for m in read] for read in mentions], pa.list_(kind))
        for name, kind in _COLUMNS.items()
    ]
    return pa.Table.from_arrays([pa.array(keys, pa.binary(16)), *columns], schema=_SCHEMA)


def _read(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
        return table.cast(_SCHEMA).replace_schema_metadata(table.schema.metadata)
    except FileNotFoundError:
        return _SCHEMA.empty_table()
    except (OSError, pa.ArrowInvalid, ValueError) as exc:
        raise StoreError(
            f"{path} cannot be read: {exc}; build without it: clew build --full"
        ) from exc
