"""How fast the same graph goes into each store, is compared, and answers three hops.

usage: python scripts/bench/graph_stores.py STORE [--url bolt://…] [--no-bolt] [--queries 200]

STORE is a directory of snapshots; its current one is loaded into a Ladybug file and over Bolt, into
the server of ``--url`` (whose labels of the ontology it overwrites) or into an ArcadeDB started for
it. A fact is a node, a relationship or a property taken from the fact table. Three hops are asked
of random products or customers, warm, one at a time, through the same door as anybody's queries.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kg.build import graph_of, schema_of
from kg.facts import KnowledgeGraph
from kg.graph_diff import diff
from kg.schema import Schema
from kg.snapshot import SnapshotStore
from kg.store import GraphStore, open_store

SERVER = Path(__file__).parents[2] / "tests" / "contract" / "bolt_server.py"
AROUND = "MATCH (p:Product {id: $id})-[]-(a)-[]-(b)-[]-(c) RETURN c.id AS id LIMIT 100"
ALIKE = """
MATCH (p:Product {id: $id})-[:HAS_BRAND|HAS_COLOR|MADE_OF|IS_A|HAS_MOTIF]->(e)
  <-[:HAS_BRAND|HAS_COLOR|MADE_OF|IS_A|HAS_MOTIF]-(q:Product)-[:IN_CATEGORY]->(c)
RETURN c.id AS id, count(*) AS n ORDER BY n DESC, id LIMIT 20
"""
FOR_USER = """
MATCH (u:User {id: $id})-[:BOUGHT]->(:Product)-[:HAS_BRAND|HAS_COLOR|MADE_OF|IS_A|HAS_MOTIF]->(e)
  <-[:HAS_BRAND|HAS_COLOR|MADE_OF|IS_A|HAS_MOTIF]-(q:Product)
RETURN q.id AS id, count(*) AS n ORDER BY n DESC, id LIMIT 20
"""
HOPS = {
    "any three hops, first 100": ("schema:Product", AROUND),
    "three hops to categories, counted": ("schema:Product", ALIKE),
    "three hops from a customer, counted": ("clew:User", FOR_USER),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--url")
    parser.add_argument("--no-bolt", action="store_true")
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    snapshot = SnapshotStore(options.store).current()
    kg, schema = graph_of(snapshot), schema_of(snapshot)
    print(f"{kg.facts.num_rows:,} facts, {kg.entities.num_rows:,} entities")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        urls = {"Ladybug": f"ladybug:{name}/graph.lbdb"}
        if not options.no_bolt:
            urls["Bolt"] = options.url or stack.enter_context(arcadedb(Path(name)))
        for kind, url in urls.items():
            with open_store(url, schema) as store:
                measure(kind, store, kg, schema)
                for title, (class_, query) in HOPS.items():
                    three_hops(f"{kind}: {title}", store, kg, class_, query, options.queries)


def measure(kind: str, store: GraphStore, kg: KnowledgeGraph, schema: Schema) -> None:
    """Load, load again, compare."""
    rows = kg.facts.num_rows
    timed(f"{kind}: load", rows, lambda: store.load(kg, schema))
    done = timed(f"{kind}: load again", rows, lambda: store.load(kg, schema))
    print(f"{'':44}{done}")
    found = timed(f"{kind}: diff", rows, lambda: diff(kg, schema, store))
    print(f"{'':44}{'equal' if found.equal else 'DIFFERENT'}")


def three_hops(
    title: str, store: GraphStore, kg: KnowledgeGraph, class_: str, query: str, count: int
) -> tuple[float, float]:
    """Median and 99th percentile, in milliseconds, of a query asked of random entities."""
    rows = zip(kg.entities["id"].to_pylist(), kg.entities["class"].to_pylist(), strict=True)
    ids = [name for name, kind in rows if kind == class_]
    if not ids:
        print(f"{title:<44}no {class_}")
        return (0.0, 0.0)
    chosen = random.Random(0).choices(ids, k=count + 5)
    spent = []
    for name in chosen:
        began = time.perf_counter()
        store.cypher(query, {"id": name}, timeout_s=120)
        spent.append(1000 * (time.perf_counter() - began))
    middle, high = (float(np.percentile(spent[5:], q)) for q in (50, 99))
    print(f"{title:<44}p50 {middle:9.1f} ms   p99 {high:9.1f} ms", flush=True)
    return middle, high


def timed(title: str, rows: int, work: Callable[[], Any]) -> Any:
    """Run, print and return."""
    began = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    print(f"{title:<44}{seconds:9.2f} s {rows / seconds:14,.0f} facts/s", flush=True)
    return result


@contextlib.contextmanager
def arcadedb(directory: Path) -> Iterator[str]:
    """An ArcadeDB server with one empty database; its URL."""
    ports = []
    for _ in range(2):
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            ports.append(str(found.getsockname()[1]))
    server = subprocess.Popen(
        [sys.executable, str(SERVER), str(directory / "arcadedb"), *ports, "only-a-test"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=directory,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdout.readline()
    print("clew", file=server.stdin, flush=True)
    server.stdout.readline()
    try:
        yield f"bolt://root:only-a-test@127.0.0.1:{ports[0]}/clew"
    finally:
        server.kill()
        server.communicate()


if __name__ == "__main__":
    main()
