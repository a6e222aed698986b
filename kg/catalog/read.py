"""A path into a `Dataset`: which format it is, its parts, and whether too much of it is bad."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType

from kg.catalog.amazon import AmazonReader
from kg.catalog.base import Dataset, Parts, Reader
from kg.catalog.clew import ClewReader
from kg.catalog.kgat import KgatReader
from kg.catalog.meta import META_FILE, DatasetMeta, read_meta
from kg.catalog.quarantine import check_share
from kg.catalog.recbole import RecBoleReader
from kg.catalog.retail import RetailReader
from kg.errors import DatasetError
from kg.records import Reject

__all__ = ["READERS", "read_dataset", "sample_path"]

READERS: tuple[Reader, ...] = (
    ClewReader(),
    RetailReader(),
    AmazonReader(),
    RecBoleReader(),
    KgatReader(),
)
"""Every format that is read; a new one is a class and a line here."""

MAX_NAMES_SHOWN = 12


def read_dataset(path: Path, *, max_reject_share: float | None = None) -> Dataset:
    """The dataset at ``path``, a directory or a file in one of the formats of `READERS`.

    ``max_reject_share``: share of a file's rows, in [0, 1], that may be bad unexpectedly; default
    what dataset.toml says, else 0.05.

    Raises:
        DatasetError: no format fits or several do, a file cannot be read, or too many of its rows
            are bad.
        MissingExtraError: a workbook, and the extra for it is not installed.
    """
    path = Path(path)
    if not path.exists():
        raise DatasetError(f"{path}: there is no such file or directory")
    meta = read_meta(path / META_FILE) if path.is_dir() else DatasetMeta()
    try:
        reader = _reader(path)
        parts = reader.read(path, meta)
        fingerprint = _fingerprint(path, parts.files)
    except OSError as exc:
        raise DatasetError(f"{path}: cannot be read: {exc}") from exc
    share = meta.max_reject_share if max_reject_share is None else max_reject_share
    rejects = _in_order(parts)
    check_share(path, parts.rows, rejects, share)
    if not parts.products:
        raise DatasetError(f"{path}: no products were found in {', '.join(parts.rows)}")
    return Dataset(
        meta=_completed(meta, path, parts),
        path=path,
        products=parts.products,
        interactions=parts.interactions,
        triples=parts.triples,
        rejects=rejects,
        fingerprint=fingerprint,
        format=reader.name,
        rows=MappingProxyType(dict(parts.rows)),
        ignored=MappingProxyType(dict(parts.ignored)),
    )


def sample_path() -> Path:
    """Directory of the bilingual sample shop that ships with Clew."""
    return Path(__file__).resolve().parents[1] / "sample"


def _reader(path: Path) -> Reader:
    fitting = [reader for reader in READERS if reader.detects(path)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = " and as ".join(reader.name for reader in fitting)
        raise DatasetError(
            f"{path}: can be read as {names}; move the files of one format elsewhere, "
            f"or name one file"
        )
    looked = "".join(f"\n  {reader.name}: {reader.wants}" for reader in READERS)
    raise DatasetError(f"{path}: no known format. Looked for{looked}\nFound {_found(path)}")


def _found(path: Path) -> str:
    if path.is_file():
        return f"a file of {path.stat().st_size:,} bytes"
    names = sorted(item.name for item in path.iterdir())
    if not names:
        return "an empty directory"
    more = f" and {len(names) - MAX_NAMES_SHOWN} more" if len(names) > MAX_NAMES_SHOWN else ""
    return ", ".join(names[:MAX_NAMES_SHOWN]) + more


def _completed(meta: DatasetMeta, path: Path, parts: Parts) -> DatasetMeta:
    """What the dataset did not say about itself, from what it is."""
    languages = meta.languages
    if not languages:
        counts = Counter(product.language for product in parts.products)
        counts.update(code for product in parts.products for code in product.translations)
        languages = tuple(code for code, _ in sorted(counts.items(), key=lambda c: (-c[1], c[0])))
    return meta.model_copy(
        update={
            "name": meta.name or path.resolve().name.partition(".")[0],
            "languages": languages,
            "currency": meta.currency or parts.currency,
        }
    )


def _in_order(parts: Parts) -> list[Reject]:
    """Rejects by file, as they were read, and row."""
    order = {name: at for at, name in enumerate(parts.rows)}
    return sorted(parts.rejects, key=lambda item: (order[item.file], item.line))


def _fingerprint(path: Path, files: Iterable[Path]) -> str:
    toml = [path / META_FILE] if (path / META_FILE).is_file() else []
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted([*files, *toml]):
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        digest.update(f"{name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
