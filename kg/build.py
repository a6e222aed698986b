"""From a dataset to a published snapshot: read, extract, project, check, publish.

In: a dataset's path and an ontology directory. Out: a snapshot with the tables, the RDF, the
property graph, the SHACL report, the rejects and a copy of the ontology it was built under.
"""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow.compute as pc

import ontology
from kg import __version__
from kg.additions import Additions, read_additions
from kg.catalog import Dataset, read_dataset, write_rejects
from kg.changes import ProductChange, read_changes, with_changes
from kg.conflicts import CONFLICTS_FILE, write_conflicts
from kg.curated import CuratedFact, read_curated, written
from kg.facts import KnowledgeGraph, build_graph
from kg.garbage import collector_paused
from kg.mentions import MENTIONS_FILE, FormerMentions, KeptMentions, reader_of
from kg.progress import Passing, Progress
from kg.project import GRAPH_FILE, RDF_FILE, Projection
from kg.reuse import Former, code_fingerprint, former
from kg.schema import Schema, load_schema
from kg.snapshot import Draft, Snapshot, SnapshotStore

__all__ = [
    "CURATED_FILE",
    "GRAPH_FILE",
    "RDF_FILE",
    "SPELLINGS_FILE",
    "BuildReport",
    "build",
    "graph_of",
    "languages_of",
    "schema_of",
]

CURATED_FILE = "curated.csv"
SPELLINGS_FILE = "spellings.json"
"""Brands by id, and their spellings in the catalogue where there are several."""


@dataclass(frozen=True)
class BuildReport:
    """What a build did."""

    snapshot: Snapshot
    dataset: str
    products: int
    interactions: int
    rejects: int
    facts: int
    facts_by_relation: dict[str, int]
    entities: int
    unmapped: dict[str, int]
    violations: int
    made: dict[str, Any]  # what was taken over from the snapshot before
    curated: int
    conflicts: dict[str, int]  # kind -> number
    seconds: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "snapshot": self.snapshot.id}


def build(
    path: Path,
    store: SnapshotStore,
    *,
    ontology_directory: Path | None = None,
    full: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> BuildReport:
    """Build a dataset's graph and publish it.

    Args:
        path: of the dataset.
        store: where the snapshot is published.
        ontology_directory: by default the ontology that ships with Clew.
        full: take nothing over from the snapshot before. Otherwise only products that changed,
            or whose part of the ontology did, are read again, and projections are brought up to
            date where that is cheaper; the result is the same.
        workers: processes that read a large catalogue; more than one are spawned, so the main
            module must be importable.
        progress: told of the stages.

    Raises:
        DatasetError: the dataset cannot be read.
        OntologyError: the ontology is malformed.
        StoreError: the store is held by another build or cannot be written.
    """
    directory = ontology_directory or ontology.DIRECTORY
    watch = Passing(progress)
    watch.stage("ontology")
    schema = load_schema(directory)
    watch.stage("read")
    changes = read_changes(store.root)
    with collector_paused():
        dataset = with_changes(read_dataset(path), changes)
    curated = read_curated([directory, path], schema)
    with store.writing(__version__) as draft:
        watch.stage("former")
        before = former(store, directory, schema) if not full else "a full build was asked for"
        key = store.pseudonym_key()
        known = None
        if isinstance(before, Former):
            known = FormerMentions(before.snapshot.path / MENTIONS_FILE, before.schema)
        reads = reader_of(schema, known, store.reader, workers)
        heard = read_additions(store.root)
        with collector_paused():
            kg = _graph(dataset, schema, reads, before, key, draft, watch, curated, heard)
        projection = Projection(kg, schema, directory, draft, watch)
        write_rejects(dataset.rejects, draft.path / "rejects.jsonl")
        report = projection.write(before)
        write_conflicts(kg.conflicts, draft.path / CONFLICTS_FILE)
        (draft.path / SPELLINGS_FILE).write_bytes(orjson.dumps(kg.spellings))
        (draft.path / CURATED_FILE).write_text(written(curated), encoding="utf-8")
        _describe(draft, dataset, schema, kg, changes)
        watch.stop()
        draft.seconds = dict(watch.seconds)
        draft.made["peak_memory_bytes"] = _peak_memory()
    return _report(store.current(), dataset, kg, len(report.violations), draft, curated, watch)


def _describe(
    draft: Draft,
    dataset: Dataset,
    schema: Schema,
    kg: KnowledgeGraph,
    changes: Sequence[ProductChange],
) -> None:
    """Write into the manifest what the snapshot was made from."""
    draft.dataset = {
        "name": dataset.meta.name,
        "format": dataset.format,
        "fingerprint": dataset.fingerprint,
        "products_revision": str(max((change.revision for change in changes), default=0)),
    }
    draft.ontology = schema.fingerprint
    draft.counts = _counts(kg)


def _report(
    snapshot: Snapshot,
    dataset: Dataset,
    kg: KnowledgeGraph,
    violations: int,
    draft: Draft,
    curated: Sequence[CuratedFact],
    watch: Passing,
) -> BuildReport:
    return BuildReport(
        snapshot=snapshot,
        dataset=dataset.meta.name,
        products=kg.products.num_rows,
        interactions=kg.interactions.num_rows,
        rejects=len(dataset.rejects),
        facts=kg.facts.num_rows,
        facts_by_relation=_by_relation(kg),
        entities=kg.entities.num_rows,
        unmapped=dict(kg.unmapped),
        violations=violations,
        made=draft.made,
        curated=len(curated),
        conflicts=dict(Counter(conflict.kind for conflict in kg.conflicts)),
        seconds={name: round(seconds, 3) for name, seconds in watch.seconds.items()},
    )


def _graph(
    dataset: Dataset,
    schema: Schema,
    reader: KeptMentions,
    before: Former | str,
    key: bytes,
    draft: Draft,
    watch: Progress,
    curated: Sequence[CuratedFact],
    heard: Additions,
) -> KnowledgeGraph:
    watch.stage("extract", len(dataset.products))
    kg = build_graph(
        dataset,
        schema,
        reader,
        pseudonym_key=key,
        curated=curated,
        additions=heard,
        progress=watch,
    )
    watch.stage("tables")
    written = (
        (before.graph, before.snapshot.path / "tables") if isinstance(before, Former) else None
    )
    kg.write(draft.path / "tables", written)
    reader.write(draft.path / MENTIONS_FILE)
    draft.made = {
        "code": code_fingerprint(),
        "from": before.snapshot.id if isinstance(before, Former) else None,
        "why_anew": before if isinstance(before, str) else None,
        "products_read": reader.num_read,
        "products_kept": reader.num_kept,
    }
    return kg


def graph_of(snapshot: Snapshot) -> KnowledgeGraph:
    """The tables of a snapshot."""
    return KnowledgeGraph.read(snapshot.path / "tables")


def schema_of(snapshot: Snapshot) -> Schema:
    """The ontology a snapshot was built under."""
    return load_schema(snapshot.path / "ontology")


def languages_of(dataset: Dataset) -> Sequence[str]:
    """Languages the products are written in, declared or found."""
    declared = list(dataset.meta.languages)
    found = sorted({language for product in dataset.products for language in product.texts()})
    return [*declared, *(language for language in found if language not in declared)]


def _peak_memory() -> int:
    """The most memory this process held so far (resident, Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _by_relation(kg: KnowledgeGraph) -> dict[str, int]:
    counted = pc.value_counts(kg.facts["relation"]).to_pylist()
    return dict(sorted((row["values"], row["counts"]) for row in counted))


def _counts(kg: KnowledgeGraph) -> dict[str, int]:
    counts = Counter(
        products=kg.products.num_rows,
        entities=kg.entities.num_rows,
        facts=kg.facts.num_rows,
        interactions=kg.interactions.num_rows,
    )
    return {**counts, **_by_relation(kg)}
