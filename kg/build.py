"""From a dataset to a published snapshot: read, extract, project, check, publish.

In: a dataset's path and an ontology directory. Out: a snapshot with the tables, the RDF, the
property graph, the SHACL report, the rejects and a copy of the ontology it was built under.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

import ontology
from kg import __version__
from kg.catalog import Dataset, read_dataset, write_rejects
from kg.conflicts import CONFLICTS_FILE, write_conflicts
from kg.curated import read_curated, written
from kg.extract import Extractor
from kg.facts import KnowledgeGraph, build_graph
from kg.progress import Passing, Progress
from kg.rdf import index_rdf, write_nquads
from kg.schema import Schema, load_schema
from kg.snapshot import Draft, Snapshot, SnapshotStore
from kg.store import load_ladybug
from kg.validate import Report, validate

__all__ = [
    "CURATED_FILE",
    "GRAPH_FILE",
    "RDF_FILE",
    "BuildReport",
    "build",
    "graph_of",
    "languages_of",
    "schema_of",
]

RDF_FILE = "rdf/graph.nq.gz"
GRAPH_FILE = "graph/graph.lbdb"
CURATED_FILE = "curated.csv"


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
    progress: Progress | None = None,
) -> BuildReport:
    """Build a dataset's graph and publish it.

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
    dataset = read_dataset(path)
    watch.stage("extract", len(dataset.products))
    key = store.pseudonym_key()
    extractor = Extractor(schema, languages_of(dataset))
    curated = read_curated([directory, path], schema)
    kg = build_graph(dataset, schema, extractor, pseudonym_key=key, curated=curated, progress=watch)
    with store.writing(__version__) as draft:
        report = _write(kg, schema, dataset, directory, draft, watch)
        write_conflicts(kg.conflicts, draft.path / CONFLICTS_FILE)
        (draft.path / CURATED_FILE).write_text(written(curated), encoding="utf-8")
        draft.dataset = {
            "name": dataset.meta.name,
            "format": dataset.format,
            "fingerprint": dataset.fingerprint,
        }
        draft.ontology = schema.fingerprint
        draft.counts = _counts(kg)
        watch.stop()
        draft.seconds = dict(watch.seconds)
    return BuildReport(
        snapshot=store.current(),
        dataset=dataset.meta.name,
        products=kg.products.num_rows,
        interactions=kg.interactions.num_rows,
        rejects=len(dataset.rejects),
        facts=kg.facts.num_rows,
        facts_by_relation=_by_relation(kg),
        entities=kg.entities.num_rows,
        unmapped=dict(kg.unmapped),
        violations=len(report.violations),
        curated=len(curated),
        conflicts=dict(Counter(conflict.kind for conflict in kg.conflicts)),
        seconds={name: round(seconds, 3) for name, seconds in watch.seconds.items()},
    )


def _write(
    kg: KnowledgeGraph,
    schema: Schema,
    dataset: Dataset,
    directory: Path,
    draft: Draft,
    watch: Progress,
) -> Report:
    """Fill a draft; returns the SHACL report that is also written."""
    watch.stage("tables")
    kg.write(draft.path / "tables")
    write_rejects(dataset.rejects, draft.path / "rejects.jsonl")
    shutil.copytree(
        directory, draft.path / "ontology", ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )
    watch.stage("rdf")
    (draft.path / RDF_FILE).parent.mkdir()
    write_nquads(kg, schema, draft.path / RDF_FILE)
    index_rdf(draft.path / RDF_FILE)
    watch.stage("property graph")
    (draft.path / GRAPH_FILE).parent.mkdir()
    load_ladybug(kg, schema, draft.path / GRAPH_FILE)
    watch.stage("shacl")
    report = validate(kg, schema, directory)
    (draft.path / "shacl.json").write_text(
        json.dumps(report.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8"
    )
    watch.stage("publish")
    return report


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
