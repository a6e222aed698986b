"""A peer trained, chosen, fitted again and asked: one process per model, results kept on disk.

For each setting of its grid a peer is trained on train and measured on valid. The best setting is
fitted again on train and valid together, for as many epochs as were best, and recommends for the
test users. A peer that its budget stopped is not fitted again: its model of train recommends, and
the table says so.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scripts.bench.peers.data import BenchData
from scripts.bench.peers.judge import Judge
from scripts.bench.peers.methods import Method
from scripts.bench.peers.theirs.handover import Answer, Request

__all__ = ["Run", "Runner"]

THEIRS = Path(__file__).resolve().parent / "theirs"
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Run:
    """A peer's final lists and how they came about."""

    answer: Answer
    settings: dict[str, Any]
    trials: list[tuple[dict[str, Any], float]]  # settings, NDCG@10 on validation
    search_s: float  # processor time of all trials
    fitted_on: str  # train and valid, or train alone
    trained: Answer | None = None  # of the chosen trial, with lists for the test users


class Runner:
    """Runs peers on one dataset."""

    def __init__(
        self,
        data: BenchData,
        work: Path,
        python: Path,
        on_valid: Judge,
        budget_s: float,
    ) -> None:
        """Prepare.

        Args:
            data: the dataset.
            work: where results are kept; what is there already is not run again.
            python: interpreter of the peers' environment.
            on_valid: measures lists for validation users, for libraries that do not do so.
            budget_s: of processor time for the trials of one peer.
        """
        self._data, self._work, self._python = data, work, python
        self._on_valid, self._budget_s = on_valid, budget_s
        self._reuse_only = False

    def run(self, method: Method, *, reuse_only: bool = False) -> Run:
        """Choose, fit again, ask; with ``reuse_only`` take what is there and run nothing.

        Raises:
            RuntimeError: a training failed; the message names its log.
            FileNotFoundError: with ``reuse_only``, a result is not there.
        """
        self._reuse_only = reuse_only
        home = self._work / f"{method.library}-{method.model}"
        home.mkdir(parents=True, exist_ok=True)
        found: list[tuple[float, dict[str, Any], Answer]] = []
        tried = method.trials(self._data.name)
        left = self._budget_s
        for at, settings in enumerate(tried):
            budget = left / (len(tried) - at)
            answer = self._ask(method, settings, home / f"trial-{at}", budget_s=budget)
            left -= answer.fit_s
            score = answer.best_valid
            if score is None:
                score = self._on_valid.judge(answer).metrics["ndcg@10"]
            found.append((score, settings, answer))
        best, settings, trained = max(found, key=lambda trial: trial[0])
        search_s = sum(answer.fit_s for _, _, answer in found)
        run = Run(
            answer=replace(trained, best_valid=best),
            settings=settings,
            trials=[(settings, score) for score, settings, _ in found],
            search_s=search_s,
            fitted_on="train",
            trained=trained if method.library == "hopwise" else None,
        )
        if trained.stopped == "budget":
            return run
        final = self._ask(method, settings, home / "final", epochs=trained.best_epoch)
        return replace(run, answer=replace(final, best_valid=best), fitted_on="train + valid")

    def _ask(
        self,
        method: Method,
        settings: dict[str, Any],
        out: Path,
        *,
        budget_s: float = float("inf"),
        epochs: int | None = None,
    ) -> Answer:
        """The answer of one training; of a final one where ``epochs`` are given."""
        final = epochs is not None
        parts = ("fit", "valid", "test") if final else ("train", "valid", "test")
        if method.library == "implicit":
            parts = ("fit", "fit", "test") if final else ("train", "train", "valid")
        request = Request(
            model=method.model,
            data=self._data.theirs,
            parts=parts,
            out=out,
            settings=settings,
            validate=not final,
            **{**method.training, **({"epochs": epochs} if final else {}), "budget_s": budget_s},
        )
        if not self._reuse_only:
            self._run(f"{method.library}_run.py", request)
        return Answer.read(out)

    def _run(self, script: str, request: Request) -> None:
        asked = request.out.with_suffix(".request.json")
        before = asked.read_text() if asked.is_file() else ""
        request.write(asked)
        if request.out.with_suffix(".json").is_file() and _same(before, asked.read_text()):
            return
        with request.out.with_suffix(".log").open("w") as log:
            done = subprocess.run(
                [self._python, THEIRS / script, asked],
                cwd=request.out.parent,
                env={"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), **ENVIRONMENT},
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            asked.unlink()
            raise RuntimeError(f"{script} failed on {request.model}; see {log.name}")


def _same(before: str, now: str) -> bool:
    """Whether two requests ask for the same, whatever their budget was."""
    if not before:
        return False
    one, other = json.loads(before), json.loads(now)
    return bool({**one, "budget_s": 0} == {**other, "budget_s": 0})
