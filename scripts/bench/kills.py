"""Builds of the sample shop killed at random moments: does the store still serve a whole snapshot?

usage: python scripts/bench/kills.py [--kills 50] [--seed 0]

Every build is the command as a user types it, killed with SIGKILL at a random moment of the time
a build takes, every second one a full build. After each kill the current snapshot is verified, file
by file, and asked in Cypher and SPARQL. At the end a build must succeed and agree with itself.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kg.build import GRAPH_FILE, RDF_FILE, build, graph_of, schema_of
from kg.catalog import sample_path
from kg.rdf import open_rdf
from kg.snapshot import SnapshotStore
from kg.store import open_store
from kg.validate import agreement


def main() -> None:
    """Kill, look, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run(Path(name), options.kills, random.Random(options.seed))


def run(work: Path, kills: int, rng: random.Random) -> None:
    """All of it, in a directory."""
    data, store = work / "data", SnapshotStore(work / "store")
    shutil.copytree(sample_path(), data, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    build(data, store)
    usual = {full: timed(data, store, full, rng) for full in (True, False)}
    print(f"a full build takes {usual[True]:.1f} s, a rebuild {usual[False]:.1f} s")
    finished = leftovers = 0
    for number in range(kills):
        full = number % 2 == 0
        edit(data, rng)
        before = store.current().id
        process = subprocess.Popen(command(data, store, full), stdout=subprocess.DEVNULL)
        try:
            process.wait(rng.uniform(0, 1.1 * usual[full]))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        leftovers += any((store.root / "drafts").glob("*/*"))
        shutil.rmtree(store.root / "drafts", ignore_errors=True)  # or it is counted again
        finished += store.current().id != before
        check(store)
    report = build(data, store)
    check(store)
    print(f"{kills} kills: {finished} builds had published before, {leftovers} left half a draft")
    made = report.made
    print(
        "the current snapshot was whole after each; the next build read "
        f"{made['products_read']} products and kept {made['products_kept']}"
    )
    assert not (store.root / "drafts").exists()


def timed(data: Path, store: SnapshotStore, full: bool, rng: random.Random) -> float:
    """Seconds a build takes."""
    edit(data, rng)
    began = time.perf_counter()
    subprocess.run(command(data, store, full), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def command(data: Path, store: SnapshotStore, full: bool) -> list[str]:
    """What a user types."""
    build = [sys.executable, "-m", "api.cli", "build", str(data), "--store", str(store.root)]
    return build + ["--full"] * full


def edit(data: Path, rng: random.Random) -> None:
    """Give five products another price and another word in their titles."""
    path = data / "products.jsonl"
    products = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for product in rng.sample(products, 5):
        product["title"] += rng.choice([" blue", " ceramic", " large"])
    path.write_text("\n".join(map(json.dumps, products)), encoding="utf-8")


def check(store: SnapshotStore) -> None:
    """The current snapshot is whole, and its projections agree with its tables."""
    current = store.current()
    current.verify()
    with (
        open_rdf(current.path / RDF_FILE, schema_of(current)) as rdf,
        open_store(f"ladybug:{current.path / GRAPH_FILE}") as graph,
    ):
        wrong = agreement(graph_of(current), rdf=rdf.counts(), store=graph.counts())
    assert not wrong, wrong


if __name__ == "__main__":
    main()
