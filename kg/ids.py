"""Names of things: compact ids (``colour:orange``), IRIs, and row numbers.

Everywhere inside Clew an entity is known by its compact id, ``prefix:local``. RDF sees the IRI,
tensors see the row. ``local`` never needs escaping in an IRI: it is percent-encoded on the way in.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import overload
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from kg.errors import NotFoundError

__all__ = [
    "DATA_PREFIXES",
    "Vocabulary",
    "compact",
    "data_namespace",
    "entity_id",
    "expand",
    "local_part",
    "pseudonym",
    "slug",
]


def data_namespace(prefix: str) -> str:
    """Namespace of entities that come from data."""
    return f"urn:clew:{prefix}:"


DATA_PREFIXES: Mapping[str, str] = {
    prefix: data_namespace(prefix)
    for prefix in ("product", "brand", "category", "measure", "user", "graph")
}
"""Namespaces of what comes from data; those of the ontology are declared in its Turtle files."""

# sub-delims and ':' '@' are legal in an IRI's path; everything else but unreserved is encoded.
_SAFE = "-._~!$&'()*+,;=:@"
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch  # names that stay as they are
_SEPARATORS = re.compile(r"[\W_]+", re.UNICODE)


def entity_id(prefix: str, name: str) -> str:
    """Compact id of the dataset's own name: ``entity_id('product', 'A 1')`` is product:A%201."""
    return f"{prefix}:{name if _PLAIN(name) else quote(name, safe=_SAFE)}"


def local_part(compact_id: str) -> str:
    """The dataset's own name back out of a compact id; the inverse of `entity_id`."""
    return unquote(compact_id.partition(":")[2])


def slug(name: str) -> str:
    """A name folded so that spellings meet: ``slug('3M  Company') == '3m-company'``.

    Unicode NFKC, case folded, runs of anything but letters and digits become one hyphen.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return _SEPARATORS.sub("-", folded).strip("-")


def expand(compact_id: str, prefixes: Mapping[str, str]) -> str:
    """IRI of a compact id.

    Raises:
        NotFoundError: the prefix is declared nowhere.
    """
    prefix, _, local = compact_id.partition(":")
    if prefix not in prefixes:
        raise NotFoundError(
            f"unknown prefix {prefix!r} in {compact_id!r}; declare it in an ontology file"
        )
    return prefixes[prefix] + local


def compact(iri: str, prefixes: Mapping[str, str]) -> str:
    """Compact id of an IRI, by the longest namespace that fits; the IRI itself where none does."""
    best = ""
    for prefix, namespace in prefixes.items():
        if iri.startswith(namespace) and len(namespace) > len(prefixes.get(best, "")):
            best = prefix
    return f"{best}:{iri[len(prefixes[best]) :]}" if best else iri


def pseudonym(user_id: str, key: bytes) -> str:
    """Compact id under which a user stands in the graph: a keyed hash, not reversible without key.

    BLAKE2b with a 16 byte digest; ``key`` is up to 64 bytes.
    """
    digest = hashlib.blake2b(user_id.encode(), key=key, digest_size=16).hexdigest()
    return f"user:{digest}"


class Vocabulary(Sequence[str]):
    """Ids and their rows, both ways, in a fixed order.

    Two vocabularies with the same `fingerprint` number the same ids the same way, so arrays made
    with one may be read with the other.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids: tuple[str, ...] = tuple(ids)
        self._rows = {name: row for row, name in enumerate(self._ids)}
        if len(self._rows) != len(self._ids):
            twice = next(name for row, name in enumerate(self._ids) if self._rows[name] != row)
            raise ValueError(f"id {twice!r} stands twice in a vocabulary of {len(self._ids)} ids")

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> tuple[str, ...]: ...

    def __getitem__(self, row: int | slice) -> str | tuple[str, ...]:
        return self._ids[row]

    def row(self, name: str) -> int:
        """Row of an id.

        Raises:
            NotFoundError: the id is not in the vocabulary.
        """
        try:
            return self._rows[name]
        except KeyError:
            raise NotFoundError(f"{name!r} is not among the {len(self)} ids known here") from None

    def get(self, name: str) -> int | None:
        """Row of an id, or None."""
        return self._rows.get(name)

    def rows(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Rows of many ids, shape (n,); -1 where an id is not known."""
        return np.fromiter((self._rows.get(name, -1) for name in names), dtype=np.int64)

    @property
    def fingerprint(self) -> str:
        """Hash of the ids in their order (hex, 32 characters)."""
        digest = hashlib.blake2b(digest_size=16)
        for name in self._ids:
            digest.update(name.encode())
            digest.update(b"\0")
        return digest.hexdigest()
