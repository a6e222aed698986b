"""A shop of a million products, ten million facts: how long each stage of a build takes.

usage: python scripts/bench/large.py make DIRECTORY [--products 1000000]
       python scripts/bench/large.py {read,rdf,graph,shacl,hops} DIRECTORY
       python scripts/bench/large.py all DIRECTORY [--products 1000000]

``make`` writes a made-up dataset: titles from the ontology's own labels, brands, categories,
prices, links, purchases. The stages are those of `kg.build.build`, each in a process of its own, so
that each tells its own peak of memory; `read` is reading, extraction and facts. ``hops`` asks for
products three steps away: other buyers' other purchases.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kg.catalog import read_dataset
from kg.extract.parallel import ParallelExtractor
from kg.facts import KnowledgeGraph, build_graph
from kg.garbage import collector_paused
from kg.mentions import KeptMentions
from kg.rdf import index_rdf, write_nquads
from kg.schema import load_schema
from kg.store import load_ladybug, open_store
from kg.validate import validate

HOPS = (
    "MATCH (:Product {id: $id})<-[:BOUGHT]-(:User)-[:BOUGHT]->(:Product)-[:IN_CATEGORY]->(c) "
    "RETURN c.id, count(*) AS n ORDER BY n DESC LIMIT 20"
)
ASKED = 200


def make(directory: Path, count: int) -> None:
    """Write the dataset."""
    rng = np.random.default_rng(0)
    labels: dict[str, list[str]] = {}
    for concept in load_schema().concepts.values():
        if "en" in concept.pref:
            labels.setdefault(concept.scheme, []).append(concept.pref["en"])
    parts = [
        np.array(labels[scheme], dtype=object)[rng.integers(0, len(labels[scheme]), count)]
        for scheme in ("colour", "material", "motif", "type")
    ]
    directory.mkdir(parents=True)
    ids = [f"p{number:07d}" for number in range(count)]
    leaf = _popular(rng, max(4, int(3 * count**0.5)), count)
    table = pa.table(
        {
            "id": ids,
            "title": [" ".join(words) for words in zip(*parts, strict=True)],
            "brand": [f"Brand {b}" for b in _popular(rng, max(3, count // 30), count)],
            "categories": [[f"Department {x % 10}", f"Shelf {x}"] for x in leaf],
            "price": [f"{cents / 100:.2f}" for cents in rng.integers(100, 10_000, count)],
        }
    )
    pq.write_table(table, directory / "products.parquet")
    bought = _popular(rng, count, 3 * count)
    events = {
        "user_id": [f"u{u}" for u in rng.integers(0, count // 3, 3 * count)],
        "product_id": [ids[row] for row in bought],
        "event": ["purchase"] * len(bought),
        "position": np.arange(len(bought)),
    }
    pq.write_table(pa.table(events), directory / "interactions.parquet")
    (directory / "dataset.toml").write_text('languages = ["en"]\ncurrency = "GBP"\n')


def _popular(rng: np.random.Generator, size: int, count: int) -> np.ndarray:
    """Draws from ``size`` ranks with probability 1 / (rank + 3), ranks shuffled."""
    share = np.cumsum(1.0 / (np.arange(size) + 3))
    drawn = np.searchsorted(share, rng.random(count) * share[-1])
    return rng.permutation(size)[drawn]


def read(directory: Path) -> None:
    """Dataset to tables."""
    dataset = timed("read", lambda: read_dataset(directory / "data"))
    schema = load_schema()
    workers = len(os.sched_getaffinity(0))
    reader = KeptMentions(
        schema,
        None,
        lambda s, codes, _: ParallelExtractor(s, codes, workers),
    )
    kg = timed(
        "extraction and facts",
        lambda: build_graph(dataset, schema, reader, pseudonym_key=b"benchmark"),
    )
    timed("tables", lambda: kg.write(directory / "tables"))
    timed("mentions", lambda: reader.write(directory / "mentions.parquet"))
    print(
        f"  {dataset.fingerprint}: {kg.products.num_rows:,} products, "
        f"{kg.entities.num_rows:,} entities, {kg.facts.num_rows:,} facts"
    )


def rdf(directory: Path) -> None:
    """Tables to N-Quads to an index."""
    kg, schema = KnowledgeGraph.read(directory / "tables"), load_schema()
    target = directory / "graph.nq.gz"
    quads = timed("N-Quads", lambda: write_nquads(kg, schema, target))
    print(f"  {quads:,} quads")
    timed("RDF index", lambda: index_rdf(target))


def graph(directory: Path) -> None:
    """Tables to Ladybug."""
    kg, schema = KnowledgeGraph.read(directory / "tables"), load_schema()
    timed("property graph", lambda: load_ladybug(kg, schema, directory / "graph.lbdb"))


def shacl(directory: Path) -> None:
    """Tables to a report."""
    kg, schema = KnowledgeGraph.read(directory / "tables"), load_schema()
    report = timed("SHACL", lambda: validate(kg, schema))
    print(f"  {len(report.violations):,} results")


def hops(directory: Path) -> None:
    """Three steps from random products."""
    rng = np.random.default_rng(1)
    products = pq.read_table(directory / "tables" / "products.parquet", columns=["id"])["id"]
    asked = [products[int(row)].as_py() for row in rng.integers(0, len(products), ASKED)]
    spent = []
    with open_store(f"ladybug:{directory / 'graph.lbdb'}") as store:
        store.cypher(HOPS, {"id": asked[0]}, timeout_s=60)
        for name in asked:
            began = time.perf_counter()
            store.cypher(HOPS, {"id": name}, timeout_s=60)
            spent.append(time.perf_counter() - began)
    low, high = np.percentile(spent, [50, 99]) * 1000
    print(f"3 hops, {ASKED} products: p50 {low:.1f} ms, p99 {high:.1f} ms")


def timed(name: str, work: Callable[[], Any]) -> Any:
    """Run, print seconds, CPU seconds of all processes and peak memory so far, return."""
    began, cpu = time.perf_counter(), _cpu_s()
    with collector_paused():
        result = work()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    seconds = time.perf_counter() - began
    print(
        f"{name:22}{seconds:9.2f} s  CPU {_cpu_s() - cpu:8.2f} s  peak {own / 2**20:6.2f} GiB"
        f" (largest child {children / 2**20:.2f})",
        flush=True,
    )
    return result


def _cpu_s() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


STAGES: dict[str, Callable[[Path], None]] = {
    "read": read,
    "rdf": rdf,
    "graph": graph,
    "shacl": shacl,
    "hops": hops,
}


def main() -> None:
    """Run a stage, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=["make", "all", *STAGES])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--products", type=int, default=1_000_000)
    options = parser.parse_args()
    if options.stage in {"make", "all"}:
        make(options.directory / "data", options.products)
    if options.stage in STAGES:
        STAGES[options.stage](options.directory)
    if options.stage == "all":
        for stage in STAGES:
            command = [sys.executable, __file__, stage, str(options.directory)]
            subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": os.getcwd()})


if __name__ == "__main__":
    main()
