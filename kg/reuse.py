"""What a build takes over from the snapshot before it.

In: a store. Out: a `Former` where its current snapshot may be built on: it is whole (checksums),
and was made by this code with these libraries. Then its mentions are kept, and its projections
brought up to date where that costs less than making them.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import kg
from kg.errors import ClewError, ManifestError, StoreError
from kg.facts import KnowledgeGraph
from kg.ontology_files import ontology_files, shapes_file
from kg.ontology_terms import Schema
from kg.schema import load_schema
from kg.snapshot import Snapshot, SnapshotStore
from kg.validate import Report

__all__ = ["Former", "code_fingerprint", "former"]

_LIBRARIES = ("ladybug", "pyoxigraph", "rdflib", "pyshacl", "spacy", "rjieba", "python-crfsuite")


@dataclass(frozen=True)
class Former:
    """The snapshot before this one."""

    snapshot: Snapshot
    graph: KnowledgeGraph
    schema: Schema
    report: Report

    def same_shapes(self, directory: Path) -> bool:
        """Whether an ontology directory says the same of classes and shapes."""
        then, now = (
            [path for path in (shapes_file(base), *ontology_files(base)) if path.parent == base]
            for base in (self.snapshot.path / "ontology", directory)
        )
        return _same_files(then, now)


def _same_files(some: Sequence[Path], others: Sequence[Path]) -> bool:
    def contents(paths: Sequence[Path]) -> list[tuple[str, bytes]]:
        return sorted((path.name, path.read_bytes()) for path in paths)

    return contents(some) == contents(others)


def former(store: SnapshotStore, directory: Path, schema: Schema) -> Former | str:
    """The current snapshot where it may be built on, else the reason why not.

    Args:
        store: where the snapshot is.
        directory: the ontology of the build to come.
        schema: what it says; also what the snapshot's says, where the files are the same.
    """
    try:
        snapshot = store.current()
    except ManifestError as exc:
        return str(exc)
    except StoreError:
        return "there is no snapshot yet"
    if snapshot.manifest.made.get("code") != code_fingerprint():
        return f"{snapshot.id} was made by another version"
    try:
        snapshot.verify()
        own = snapshot.path / "ontology"
        same = _same_files(ontology_files(own), ontology_files(directory))
        report = json.loads((snapshot.path / "shacl.json").read_text(encoding="utf-8"))
        return Former(
            snapshot,
            KnowledgeGraph.read(snapshot.path / "tables"),
            schema if same else load_schema(own),
            Report.from_dict(report),
        )
    except (ClewError, OSError, ValueError, KeyError) as exc:
        return f"{snapshot.id} cannot be built on: {exc}"


@functools.cache
def code_fingerprint() -> str:
    """Hash (32 hex digits) of the code of this package and the versions of what it writes with."""
    digest = hashlib.blake2b(digest_size=16)
    root = Path(kg.__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    for library in _LIBRARIES:
        digest.update(f"{library} {importlib.metadata.version(library)}\0".encode())
    return digest.hexdigest()
