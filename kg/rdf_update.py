"""An RDF index brought up to date: the old one, linked, minus and plus some quads.

In: the index of a former build and a `Difference`. Out: an index of the new graph in a directory of
its own; the old one stays as it is. Assumed: both directories are on one file system, and the
structure of the ontology is the same (`kg.difference.structure`).

Oxigraph keeps its data in RocksDB, whose ``.sst`` files are never changed once written: the new
index starts as hard links to them and copies of the rest.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyoxigraph

from kg.difference import Difference, part_of
from kg.errors import StoreError
from kg.facts import KnowledgeGraph
from kg.nquads import lines_of
from kg.ontology_terms import Schema

__all__ = ["update_index"]


def update_index(
    old: Path, new: Path, change: Difference, schemas: tuple[Schema, Schema]
) -> tuple[int, int]:
    """Make the index of the new graph from that of the old one.

    Args:
        old: index directory of the old graph; read only.
        new: directory to make.
        change: from the old graph to the new one.
        schemas: of the old graph and of the new one.

    Returns:
        Number of quads removed and added.

    Raises:
        StoreError: the old index is missing or damaged, or the new one cannot be written.
    """
    subjects = change.subjects
    before = lines_of(*_described(change.old, subjects, schemas[0]))
    after = lines_of(*_described(change.new, subjects, schemas[1]))
    try:
        _link(old, new)
        if before == after:
            return 0, 0
        store = pyoxigraph.Store(str(new))
        for quad in _quads(before - after):
            store.remove(quad)
        store.extend(_quads(after - before))
        store.flush()
        del store
    except (OSError, SyntaxError, ValueError) as exc:
        raise StoreError(f"the RDF index {old} cannot be brought up to date: {exc}") from exc
    return len(before - after), len(after - before)


def _described(
    kg: KnowledgeGraph, subjects: pa.StringArray, schema: Schema
) -> tuple[KnowledgeGraph, Schema, Any]:
    part, mask = part_of(kg, subjects)
    return part, schema, mask


def _quads(lines: set[bytes]) -> Iterable[pyoxigraph.Quad]:
    return pyoxigraph.parse(b"\n".join(sorted(lines)), format=pyoxigraph.RdfFormat.N_QUADS)


def _link(old: Path, new: Path) -> None:
    new.mkdir(parents=True)
    for file in old.iterdir():
        if file.suffix == ".sst":
            os.link(file, new / file.name)
        elif file.name != "LOCK" and not file.name.startswith("LOG"):
            shutil.copy2(file, new / file.name)
