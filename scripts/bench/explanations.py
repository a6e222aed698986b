"""Fidelity of the explanations of a store's trained model, over its users.

usage: python scripts/bench/explanations.py STORE [--users 1000] [--necessity 100] [--json]

The model was trained on all events, so histories are whole and nothing is held out: the figures
are about the explanations, not about how well the model predicts.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pyarrow.compute as pc
from rich.console import Console

from gnn.fidelity import FidelityConfig, fidelity
from gnn.printing_reports import print_fidelity
from gnn.teller import Teller
from kg.snapshot import SnapshotStore


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--users", type=int, default=1000, help="0: all")
    parser.add_argument("--necessity", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    teller = Teller.current(SnapshotStore(options.store))
    report = fidelity(
        teller.kg,
        teller.schema,
        teller.recommender.model,
        teller.kg.interactions,
        pc.unique(teller.kg.interactions["user_id"]).to_pylist(),
        FidelityConfig(users=options.users or None, necessity_users=options.necessity),
    ).to_dict()
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        print_fidelity(Console(width=120), report)


if __name__ == "__main__":
    main()
