"""Mentions kept from build to build, so that only what changed is read again.

In: products, a schema, and the mentions a former build wrote. Out: an extractor like any other. A
product's mentions are known by a key: a hash of its texts, of the part of the ontology that reading
them depends on, and of the code that reads. Products with a known key are not read.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from kg.errors import StoreError
from kg.ontology_terms import Concept, Schema
from kg.records import Mention, Product

__all__ = ["MENTIONS_FILE", "KeptMentions", "Reads", "product_key", "reading_fingerprint"]

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
_READ_WITH: Final = ("quantities.py", "ids.py", "names.py")  # besides the package extract


class Reads(Protocol):
    """What reads products; `kg.extract.Extractor` does."""

    def mentions(self, products: Iterable[Product]) -> Iterator[list[Mention]]:
        """One list of mentions per product, in the order of the products."""


class KeptMentions:
    """An extractor that reads only the products whose mentions are not known.

    Args:
        schema: the ontology.
        languages: ISO 639-1 codes of the texts to read.
        known: what a former build wrote; it need not exist.
        make: makes the extractor for so many products, when there is something to read.
        trained: fingerprint of the trained reader it reads with, if any.

    Raises:
        StoreError: what a former build wrote cannot be read.
    """

    def __init__(
        self,
        schema: Schema,
        languages: Sequence[str],
        known: Path | None,
        make: Callable[[Schema, Sequence[str], int], Reads],
        trained: bytes = b"",
    ) -> None:
        self._trained = trained
        self._schema, self._languages, self._make = schema, languages, make
        self._known = _SCHEMA.empty_table() if known is None else _read(known)
        self._rows = {key: row for row, key in enumerate(self._known["key"].to_pylist())}
        self._seen: list[pa.Table] = []
        self.num_read = 0
        self.num_kept = 0

    def mentions(self, products: Iterable[Product]) -> Iterator[list[Mention]]:
        """One list of mentions per product, in the order of the products."""
        products = list(products)
        fingerprint = reading_fingerprint(self._schema, self._languages, self._trained)
        keys = [product_key(product, fingerprint) for product in products]
        unread = [p for p, key in zip(products, keys, strict=True) if key not in self._rows]
        self.num_read, self.num_kept = len(unread), len(products) - len(unread)
        fresh: Iterator[list[Mention]] = iter(())
        if unread:
            fresh = self._make(self._schema, self._languages, len(unread)).mentions(unread)
        for first in range(0, len(products), _BATCH):
            some = slice(first, first + _BATCH)
            yield from self._batch(products[some], keys[some], fresh)

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
        pq.write_table(table, path, compression="zstd")


def product_key(product: Product, fingerprint: bytes) -> bytes:
    """Hash (16 bytes) of what a product's mentions depend on: the rest of the arguments apart,
    its id, language, title, description, brand, categories, attributes and translations.
    """
    texts = {code: (text.title, text.description) for code, text in product.texts().items()}
    attributes = list(product.attributes.items())
    said = (product.id, product.language, texts, product.brand, product.categories, attributes)
    digest = hashlib.blake2b(orjson.dumps(said), key=fingerprint, digest_size=16)
    return digest.digest()


def reading_fingerprint(schema: Schema, languages: Sequence[str], trained: bytes = b"") -> bytes:
    """Hash (32 bytes) of what reading depends on besides the product.

    Labels in languages that are not read, explanation templates, shapes, classes and relations
    nothing is read for do not count.
    """
    relations = [
        (relation.id, relation.sources, relation.fields)
        for relation in schema.relations.values()
        if any(
            source.startswith(("phrase:", "measure:", "trained:")) for source in relation.sources
        )
    ]
    concepts = [_read_of(concept, languages) for concept in schema.concepts.values()]
    units = [
        (unit.id, _sorted(unit.labels), unit.dimension, unit.factor)
        for unit in schema.units.values()
    ]
    said = (sorted(languages), relations, concepts, units, schema.languages, trained.hex())
    return hashlib.blake2b(orjson.dumps(said), key=_code(), digest_size=32).digest()


def _read_of(concept: Concept, languages: Sequence[str]) -> tuple[Any, ...]:
    spoken = set(languages)
    labels = [
        {code: words for code, words in sorted(by_language.items()) if code in spoken}
        for by_language in (concept.pref, concept.alt, concept.hidden, concept.ambiguous)
    ]
    doubts = _sorted(concept.near), _sorted(concept.not_near), concept.prior
    return concept.id, concept.scheme, labels, doubts, concept.implies


def _sorted(by_language: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(by_language.items())


@functools.cache
def _code() -> bytes:
    """Hash of the code that reads, and the versions of the libraries it reads with."""
    here = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=32)
    for path in [*sorted((here / "extract").glob("*.py")), *(here / n for n in _READ_WITH)]:
        digest.update(path.read_bytes())
    for library in ("spacy", "rjieba", "python-crfsuite"):
        digest.update(importlib.metadata.version(library).encode())
    return digest.digest()


def _table(keys: list[bytes], mentions: list[list[Mention]]) -> pa.Table:
    columns = [
        pa.array([[getattr(m, name) for m in read] for read in mentions], pa.list_(kind))
        for name, kind in _COLUMNS.items()
    ]
    return pa.Table.from_arrays([pa.array(keys, pa.binary(16)), *columns], schema=_SCHEMA)


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path).cast(_SCHEMA)
    except FileNotFoundError:
        return _SCHEMA.empty_table()
    except (OSError, pa.ArrowInvalid, ValueError) as exc:
        raise StoreError(
            f"{path} cannot be read: {exc}; build without it: clew build --full"
        ) from exc
