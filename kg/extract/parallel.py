"""Extraction in several processes, for catalogues where that pays.

In: as for `Extractor`. Out: the same mentions in the same order. Each process makes its own
pipelines, which takes some seconds: below `WORTH` products one process reads them all.
"""

from __future__ import annotations

import copyreg
import gc
import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kg.extract.pipeline import Extractor
from kg.ontology_terms import Schema
from kg.records import Mention, Product

__all__ = ["WORTH", "ParallelExtractor", "extractor"]

WORTH = 20_000
"""Products from which on several processes are quicker than one."""

_CHUNK = 1_000  # products handed to a process at once


def extractor(
    schema: Schema, languages: Sequence[str], trained: Path | None, workers: int, count: int
) -> Extractor | ParallelExtractor:
    """What reads ``count`` products soonest with so many processes at hand."""
    if workers > 1 and count >= WORTH:
        return ParallelExtractor(schema, languages, workers, trained)
    return Extractor(schema, languages, trained)


class ParallelExtractor:
    """An `Extractor` in as many processes as there are workers.

    The processes are spawned, so the program's main module must be importable.
    """

    def __init__(
        self,
        schema: Schema,
        languages: Sequence[str],
        workers: int,
        trained: Path | None = None,
    ) -> None:
        self._made_with = schema, tuple(languages), trained
        self._workers = workers

    def mentions(self, products: Iterable[Product]) -> Iterator[list[Mention]]:
        """One list of mentions per product, in the order of the products."""
        context = multiprocessing.get_context("spawn")
        with context.Pool(self._workers, _start, self._made_with) as pool:
            for read in pool.imap(_read, _chunks(products)):
                yield from read


def _proxy(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(values)


# Records hold read-only mappings, which Python cannot send to another process by itself.
copyreg.pickle(MappingProxyType, lambda mapping: (_proxy, (dict(mapping),)))

_extractors: list[Extractor] = []  # of this process


def _start(schema: Schema, languages: Sequence[str], trained: Path | None) -> None:
    gc.disable()  # what is read here makes no cycles, see `kg.garbage`
    _extractors.append(Extractor(schema, languages, trained))


def _read(products: list[Product]) -> list[list[Mention]]:
    return list(_extractors[0].mentions(products))


def _chunks(products: Iterable[Product]) -> Iterator[list[Product]]:
    products = iter(products)
    while chunk := list(islice(products, _CHUNK)):
        yield chunk
