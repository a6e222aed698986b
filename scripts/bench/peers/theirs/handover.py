"""What is asked of a peer and what it hands over: plain files between two environments.

A request is a JSON file. An answer is ``OUT.npz`` (``users`` (u,) and ``items`` (u, k), the
dataset's own ids, best first, ``""`` where a list is shorter) and ``OUT.json`` (what it took).
Times are processor times, for the clock on the wall also counts whoever else is at work.
"""

from __future__ import annotations

import json
import platform
import resource
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Answer", "Request"]


@dataclass(frozen=True)
class Request:
    """One model to train and to ask for lists."""

    model: str  # by the library's own name
    data: Path  # directory of NAME.<part>.inter and the other atomic files; its name is NAME
    parts: tuple[str, str, str]  # parts to train on, to validate on, to recommend for
    out: Path  # of the answer, without ending
    settings: dict[str, Any] = field(default_factory=dict)  # by the library's own names
    validate: bool = True  # choose the epoch on validation; else ``epochs`` are trained
    epochs: int = 300  # at most
    patience: int = 10  # validations without a better one
    validate_every: int = 1  # epochs
    budget_s: float = 600.0  # of processor time
    pretrain: str = ""  # model whose embeddings this one stands on
    pretrain_settings: dict[str, Any] = field(default_factory=dict)
    pretrain_epochs: int = 0
    k: int = 20
    eval_batch: int = 1_000_000  # user-item pairs scored at once

    def write(self, path: Path) -> None:
        """Write the request."""
        path.write_text(json.dumps(asdict(self), default=str, indent=1))

    @classmethod
    def read(cls, path: Path) -> Request:
        """Read what `write` wrote."""
        told = json.loads(path.read_text())
        paths = {name: Path(told[name]) for name in ("data", "out")}
        return cls(**{**told, **paths, "parts": tuple(told["parts"])})


@dataclass(frozen=True)
class Answer:
    """Lists and what they took."""

    users: NDArray[np.str_]  # (u,)
    items: NDArray[np.str_]  # (u, k)
    fit_s: float  # processor time of model and training, validation included
    library: str  # and its version
    prepare_s: float = 0.0  # processor time before that: imports, reading the data
    search_s: float | None = None  # of choosing settings, where the library does it itself
    epochs: int = 1
    best_epoch: int = 1
    best_valid: float | None = None  # NDCG@10
    stopped: str = "all epochs"  # or early stopping, budget
    latency_ms: float | None = None  # median of one recommendation
    own_metrics: dict[str, float] = field(default_factory=dict)  # as the library counts them
    peak_bytes: int = 0  # largest resident set of the process
    python: str = ""

    def write(self, out: Path) -> None:
        """Write the answer; adds the process's peak memory."""
        np.savez_compressed(
            out.with_suffix(".npz"),
            users=np.asarray(self.users, dtype=np.str_),
            items=np.asarray(self.items, dtype=np.str_),
        )
        told = {k: v for k, v in self.__dict__.items() if k not in {"users", "items"}}
        told["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        told["python"] = platform.python_version()
        out.with_suffix(".json").write_text(json.dumps(told, indent=1))

    @classmethod
    def read(cls, out: Path) -> Answer:
        """Read what `write` wrote."""
        arrays = np.load(out.with_suffix(".npz"), allow_pickle=False)
        return cls(**arrays, **json.loads(out.with_suffix(".json").read_text()))
