"""The table: Markdown for people, JSON for everything else.

In: an `Entry` per method. Out: text. Figures that were not measured here stand in a table of their
own with their source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.bootstrap import Estimate, paired_differences
from scripts.bench.peers.judge import Judged
from scripts.bench.peers.theirs.handover import Answer

__all__ = ["PUBLISHED", "Entry", "Published", "as_json", "as_markdown"]

MAIN = "ndcg@10"
SHOWN = ("recall@10", "hr@10", "precision@10", "coverage@10")
HEADS = (
    "method", "uses", "NDCG@10 [95 %]", "behind the best [95 %]", "Recall@10", "HR@10",
    "Precision@10", "coverage", "search s", "fit s", "peak MB", "ms a user", "remarks",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A method on one dataset."""

    name: str
    uses: str
    judged: Judged
    answer: Answer
    fitted_on: str
    search_s: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    trials: Sequence[tuple[Mapping[str, Any], float]] = ()
    own: Judged | None = None  # our measure of the lists that ``own_metrics`` are of
    own_metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def remarks(self) -> str:
        """What a reader has to know to read the figures right."""
        told = []
        if self.fitted_on == "train":
            told.append("fitted on train alone")
        if self.answer.stopped == "budget":
            told.append(f"**cut by the budget** after {self.answer.epochs} epochs")
        elif self.answer.epochs > 1:
            told.append(f"{self.answer.epochs} epochs")
        if self.answer.best_valid is not None:
            told.append(f"validation {self.answer.best_valid:.4f}")
        return ", ".join(told)


@dataclass(frozen=True)
class Published:
    """A figure of somebody else's, on the same split."""

    method: str
    figures: Mapping[str, float]  # metric -> value
    source: str


_WORDS = "quoted from memory, not checked; it also reads review words, which are not in this data"
PUBLISHED: Mapping[str, Sequence[Published]] = {
    "amazon-beauty": (
        Published(
            "PGPR",
            {"NDCG@10": 0.05449, "Recall@10": 0.08324, "HR@10": 0.14401, "Precision@10": 0.01707},
            f"Xian et al., SIGIR 2019, table 2; {_WORDS}",
        ),
    )
}
"""By dataset."""


def as_markdown(name: str, facts: Mapping[str, int], entries: Sequence[Entry]) -> str:
    """The section of one dataset, the best method first."""
    ranked = sorted(entries, key=lambda entry: -entry.judged.metrics[MAIN])
    counts = ", ".join(f"{count:,} {what}" for what, count in facts.items())
    lines = [f"## {name}", "", f"{counts}.", "", _row(HEADS), _row(["---"] * len(HEADS))]
    lines += [_row(_cells(entry, ranked[0])) for entry in ranked]
    lines += _published(name) + _checks(entries)
    return "\n".join(lines) + "\n"


def as_json(name: str, facts: Mapping[str, int], entries: Sequence[Entry]) -> dict[str, Any]:
    """The same as plain values, with every setting tried; figures over users, nothing of them."""
    return {
        "dataset": name,
        "facts": dict(facts),
        "methods": [
            {
                "name": entry.name,
                "uses": entry.uses,
                "library": entry.answer.library,
                "metrics": entry.judged.metrics,
                "intervals": {m: asdict(e) for m, e in entry.judged.intervals.items()},
                "settings": dict(entry.settings),
                "trials": [{"settings": s, MAIN: score} for s, score in entry.trials],
                "fitted_on": entry.fitted_on,
                "stopped": entry.answer.stopped,
                "epochs": entry.answer.epochs,
                "validation": entry.answer.best_valid,
                "prepare_s": entry.answer.prepare_s,
                "search_s": entry.search_s,
                "fit_s": entry.answer.fit_s,
                "peak_bytes": entry.answer.peak_bytes,
                "latency_ms": entry.answer.latency_ms,
            }
            for entry in entries
        ],
        "checks": {
            entry.name: {"own": dict(entry.own_metrics), "ours": entry.own.metrics}
            for entry in entries
            if entry.own is not None
        },
        "published": [asdict(figure) for figure in PUBLISHED.get(name, ())],
    }


def _cells(entry: Entry, best: Entry) -> list[str]:
    answer, metrics = entry.answer, entry.judged.metrics
    behind = "–"
    if entry is not best:
        behind = _estimate(_difference(best.judged.of_each, entry.judged.of_each))
    return [
        entry.name,
        entry.uses,
        _estimate(entry.judged.intervals[MAIN]),
        behind,
        *(f"{metrics[name]:.4f}" for name in SHOWN),
        f"{entry.search_s:,.0f}",
        f"{answer.fit_s:,.1f}",
        f"{answer.peak_bytes / 1e6:,.0f}",
        "–" if answer.latency_ms is None else f"{answer.latency_ms:.2f}",
        entry.remarks,
    ]


def _difference(
    best: Mapping[str, NDArray[np.float64]], other: Mapping[str, NDArray[np.float64]]
) -> Estimate:
    return paired_differences(best, {MAIN: other[MAIN]})[MAIN]


def _estimate(estimate: Estimate) -> str:
    return f"{estimate.mean:.4f} [{estimate.low:.4f}, {estimate.high:.4f}]"


def _published(name: str) -> list[str]:
    figures = PUBLISHED.get(name, ())
    if not figures:
        return []
    lines = ["", "Published on the same split, **not measured here**:", ""]
    lines += [_row(["method", "figures", "source"]), _row(["---"] * 3)]
    for figure in figures:
        told = ", ".join(f"{metric} {value:.4f}" for metric, value in figure.figures.items())
        lines.append(_row([figure.method, told, figure.source]))
    return lines


def _checks(entries: Sequence[Entry]) -> list[str]:
    """Our evaluator beside the libraries' own, on the same lists of the models of train."""
    checked = [entry for entry in entries if entry.own is not None]
    if not checked:
        return []
    heads = ("model of train alone", "NDCG@10, the library's own", "NDCG@10, ours")
    lines = ["", "The evaluator checked:", "", _row(heads), _row(["---"] * 3)]
    for entry in checked:
        assert entry.own is not None
        own = entry.own_metrics[MAIN]
        lines.append(_row([entry.name, f"{own:.4f}", f"{entry.own.metrics[MAIN]:.4f}"]))
    return lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
