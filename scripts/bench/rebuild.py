"""What a rebuild costs after nothing, one product, 1 % of the products changed; and a full build.

usage: python scripts/bench/rebuild.py DATASET [--shares 0 0.01 0.1] [--work DIRECTORY]

DATASET is a directory in Clew's own format or UCI Online Retail. Its copy is edited: that share of
the products, or one of them for a share of 0, gets another title (the words of another product
added). Every build runs in a process of its own; the last one is compared with a full build, table
by table and count by count. Seconds of CPU, of the whole command, do not depend on what else runs.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kg.build import GRAPH_FILE, RDF_FILE, graph_of, schema_of
from kg.rdf import open_rdf
from kg.snapshot import SnapshotStore
from kg.store import open_store
from kg.validate import agreement


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.01, 0.1])
    parser.add_argument("--work", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        measure(options.dataset, Path(name), options.shares)


def measure(dataset: Path, work: Path, shares: Sequence[float]) -> None:
    """Full build, rebuild of the same, rebuilds of edited copies, comparison."""
    data, store = work / "data", work / "store"
    shutil.copytree(dataset, data)
    for file in data.rglob("*"):
        file.chmod(0o644)
    full = told("full", build(data, store))
    least = told("nothing changed", build(data, store), full)
    for share in shares:
        shutil.rmtree(data)
        shutil.copytree(dataset, data)
        for file in data.rglob("*"):
            file.chmod(0o644)
        count = edit(data, share)
        now = told(f"{share:.1%}, {count:,} products", build(data, store), full)
        beyond = (now["cpu"] - least["cpu"]) / full["cpu"]
        print(f"  beyond what nothing costs: {beyond:.1%} of a full build, in CPU", flush=True)
    other = work / "other"
    other.mkdir()
    shutil.copy(store / "pseudonym.key", other)
    told("full again", build(data, other), full)
    compare(store, other)


def build(data: Path, store: Path) -> dict[str, Any]:
    """Run the command; what it printed, with its peak memory."""
    command = [sys.executable, "-m", "api.cli", "build", str(data), "--store", str(store), "--json"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer: dict[str, Any] = json.loads(done.stdout)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**answer, "cpu": cpu}


def told(name: str, report: dict[str, Any], full: dict[str, Any] | None = None) -> dict[str, Any]:
    """Print the stages of a build."""
    seconds = report["seconds"]
    total = sum(seconds.values())
    beside = f"{total / sum(full['seconds'].values()):7.1%} of full" if full else ""
    speed = report["facts"] / total
    print(f"{name:28}{total:8.2f} s  CPU {report['cpu']:7.2f} s {speed:9,.0f} facts/s {beside}")
    print("  " + "  ".join(f"{stage} {spent:.2f}" for stage, spent in seconds.items()))
    made = {k: v for k, v in report["made"].items() if k not in {"code", "from"} and v is not None}
    print("  " + "  ".join(f"{key} {value}" for key, value in made.items()))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"  peak so far {peak:.2f} GiB", flush=True)
    return report


def edit(data: Path, share: float) -> int:
    """Give a share of the products another title; returns how many."""
    if (data / "products.jsonl.gz").exists():
        with gzip.open(data / "products.jsonl.gz", "rt", encoding="utf-8") as file:
            products = [json.loads(line) for line in file]
        step = round(1 / share) if share else len(products)
        for at in range(0, len(products), step):
            products[at]["title"] += " " + products[at - 1]["title"]
        with gzip.open(data / "products.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(product) + "\n" for product in products)
        return len(range(0, len(products), step))
    path = data / "online_retail.parquet"
    table = pq.read_table(path)
    codes = sorted(pc.unique(table["StockCode"]).to_pylist())
    step = round(1 / share) if share else len(codes)
    chosen = pa.array(codes[::step], table.schema.field("StockCode").type)
    longer = pc.binary_join_element_wise(
        table["Description"],
        pa.scalar("PINK CERAMIC", pa.large_string()),
        pa.scalar(" ", pa.large_string()),
    )
    title = pc.if_else(pc.is_in(table["StockCode"], chosen), longer, table["Description"])
    at = table.schema.get_field_index("Description")
    pq.write_table(table.set_column(at, "Description", title), path)
    return len(chosen)


def compare(one: Path, other: Path) -> None:
    """Hold an updated snapshot against a full one."""
    snapshots = [SnapshotStore(root).current() for root in (one, other)]
    graphs = [graph_of(snapshot) for snapshot in snapshots]
    same = {
        name: getattr(graphs[0], name).equals(getattr(graphs[1], name))
        for name in ("products", "entities", "facts", "interactions")
    }
    files = [RDF_FILE, "shacl.json"]
    same |= {f: len({(s.path / f).read_bytes() for s in snapshots}) == 1 for f in files}
    schema, path = schema_of(snapshots[0]), snapshots[0].path
    with (
        open_rdf(path / RDF_FILE, schema) as rdf,
        open_store(f"ladybug:{path / GRAPH_FILE}") as store,
    ):
        wrong = agreement(graphs[1], rdf=rdf.counts(), store=store.counts())
    print("the same: " + "  ".join(f"{k} {'yes' if v else 'NO'}" for k, v in same.items()))
    print(f"{len(wrong)} relations counted otherwise in RDF or property graph")


if __name__ == "__main__":
    main()
