"""Everybody on one dataset after the other; writes docs/benchmarks/<dataset>.md and .json."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from kg.catalog import Dataset, read_dataset
from scripts.bench.peers.data import DATASETS, BenchData, Sources
from scripts.bench.peers.judge import Judge
from scripts.bench.peers.methods import METHODS
from scripts.bench.peers.report import Entry, as_json, as_markdown
from scripts.bench.peers.running import ENVIRONMENT, Runner
from scripts.bench.peers.theirs.handover import Answer

ROOT = Path(__file__).resolve().parents[3]
OURS = {
    "head": "events, KG, text",
    "gnn": "events, KG, text",
    "head+gnn": "events, KG, text",
    "popularity": "events",
}


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="scripts/bench/peers/run", description=__doc__)
    parser.add_argument("datasets", nargs="*", default=list(DATASETS), help="by default all")
    parser.add_argument(
        "--only",
        help="run only methods whose name holds this (e.g. LightGCN, or Clew); "
        "'' runs none. The others keep what was measured before",
    )
    parser.add_argument(
        "--budget-minutes", type=float, default=20, help="of processor time for one peer's trials"
    )
    parser.add_argument("--work", type=Path, default=ROOT / ".bench", help="scratch directory")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--peers", type=Path, default=ROOT / ".bench-venv" / "bin" / "python")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    options = parser.parse_args()
    options.peers = options.peers.absolute()  # not resolved: it would leave its environment
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.datasets:
        if name not in DATASETS:
            parser.error(f"no dataset {name!r}; there are {', '.join(DATASETS)}")
        data = DATASETS[name](Sources(options.work.resolve(), options.shared, options.peers))
        _measure(data, options)


def _measure(data: BenchData, options: argparse.Namespace) -> None:
    """One dataset: every method, then the table."""
    dataset = read_dataset(data.ours)
    on_test = Judge(dataset, met=("train", "valid"), wanted="test")
    results = options.work.resolve() / "results" / data.name
    runner = Runner(
        data,
        results,
        options.peers,
        Judge(dataset, met=("train",), wanted="valid"),
        options.budget_minutes * 60,
    )
    entries = _ours(data, results, options, on_test)
    for method in METHODS:
        if data.name not in method.datasets:
            continue
        try:
            run = runner.run(method, reuse_only=not _wanted(method.name, options.only))
        except (RuntimeError, FileNotFoundError) as exc:
            print(f"{data.name}: {method.name} is left out: {exc}", file=sys.stderr)
            continue
        entries.append(
            Entry(
                name=method.name,
                uses=method.uses,
                judged=on_test.judge(run.answer),
                answer=run.answer,
                fitted_on=run.fitted_on,
                search_s=run.search_s,
                settings=run.settings,
                trials=run.trials,
                own=on_test.judge(run.trained) if run.trained else None,
                own_metrics=run.trained.own_metrics if run.trained else {},
            )
        )
        print(f"{data.name}: {method.name}: {entries[-1].judged.intervals['ndcg@10']}", flush=True)
    facts = _facts(dataset, on_test)
    (options.out / f"{data.name}.md").write_text(as_markdown(data.name, facts, entries))
    told = json.dumps(as_json(data.name, facts, entries), indent=1)
    (options.out / f"{data.name}.json").write_text(told + "\n")


def _ours(
    data: BenchData, results: Path, options: argparse.Namespace, on_test: Judge
) -> list[Entry]:
    """Clew's own methods, run where they were not before."""
    out = results / "clew"
    results.mkdir(parents=True, exist_ok=True)
    if not out.with_name("clew-head.json").is_file() and _wanted("Clew", options.only):
        command = [sys.executable, "-m", "scripts.bench.peers.ours", data.ours, out]
        command += ["--cache", options.work.resolve() / "text-cache.sqlite"]
        command += ["--ontology", data.ontology] if data.ontology else []
        subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, **ENVIRONMENT})
    entries = []
    for method, uses in OURS.items():
        if not out.with_name(f"clew-{method}.json").is_file():
            print(f"{data.name}: Clew's {method} is left out: not measured yet", file=sys.stderr)
            continue
        answer = Answer.read(out.with_name(f"clew-{method}"))
        judged = on_test.judge(answer)
        name = "popularity" if method == "popularity" else f"**Clew**, {method}"
        entries.append(Entry(name, uses, judged, answer, "train + valid", answer.search_s or 0.0))
    return entries


def _wanted(name: str, only: str | None) -> bool:
    return only is None or (only != "" and only.lower() in name.lower())


def _facts(dataset: Dataset, judge: Judge) -> dict[str, int]:
    return {
        "products": len(dataset.products),
        "users": len(set(dataset.interactions["user_id"].to_pylist())),
        "events": dataset.interactions.num_rows,
        "triples": dataset.triples.num_rows,
        "users measured": len(judge.users),
    }


if __name__ == "__main__":
    main()
