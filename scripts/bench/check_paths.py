"""Every edge of every path of every user's recommendations, looked up in the property graph.

usage: python scripts/bench/check_paths.py STORE [--users 1000] [-k 10]

Asks the snapshot's Cypher database for each edge the paths name. Prints how many paths and edges
were checked, how many are missing, and the largest |score − Σ terms|.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from gnn.explain import ExplainConfig
from gnn.teller import Teller
from kg.build import GRAPH_FILE
from kg.records import Edge
from kg.snapshot import SnapshotStore
from kg.store import open_store


def main() -> None:
    """Check and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("-k", type=int, default=10)
    options = parser.parse_args()
    teller = Teller.current(SnapshotStore(options.store))
    users = pc.unique(teller.kg.interactions["user_id"]).sort().to_pylist()
    chosen = [
        users[at]
        for at in np.linspace(0, len(users) - 1, min(options.users, len(users))).astype(int)
    ]
    edges: set[Edge] = set()
    paths, answers, worst, told = 0, 0, 0.0, 0
    for user in chosen:
        history = teller.recommender.history(teller.shoppers.events(user), user=user)
        for item in teller.recommend(history, options.k, "en", ExplainConfig(max_paths=5)):
            answers += 1
            told += bool(item.paths)
            paths += len(item.paths)
            total = sum(path.value for path in item.paths) + sum(item.rest.values())
            worst = max(worst, abs(total - item.score) / max(1.0, abs(item.score)))
            edges.update(edge for path in item.paths for edge in path.edges)
    missing = look_up(teller, edges)
    print(f"{len(chosen)} users, {answers} recommendations, {told} with a path, {paths} paths")
    print(f"{len(edges)} different edges looked up in Cypher, {len(missing)} missing")
    for edge in sorted(missing, key=repr)[:10]:
        print("  missing:", edge)
    print(f"largest |score − Σ terms| / max(1, |score|): {worst:.2e}")


def look_up(teller: Teller, edges: set[Edge]) -> set[Edge]:
    """Edges the property graph does not hold."""
    found: set[tuple[str, str, str]] = set()
    with open_store(f"ladybug:{teller.snapshot.path / GRAPH_FILE}") as store:
        for relation in sorted({edge.relation for edge in edges}):
            kind = teller.schema.relations[relation].relationship_type
            pairs = [[e.subject, e.object] for e in edges if e.relation == relation]
            for start in range(0, len(pairs), 1000):
                pattern = f"(a {{id: pair[1]}})-[:{kind}]->(b {{id: pair[2]}})"
                rows = store.cypher(
                    f"UNWIND $pairs AS pair MATCH {pattern} RETURN DISTINCT a.id AS a, b.id AS b",
                    {"pairs": pairs[start : start + 1000]},
                    timeout_s=120,
                    limit=10_000,
                )
                found.update((r["a"], relation, r["b"]) for r in rows.table.to_pylist())
    return {e for e in edges if (e.subject, e.relation, e.object) not in found}


if __name__ == "__main__":
    main()
