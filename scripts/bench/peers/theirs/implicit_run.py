"""One of implicit's models, and the lists it gives the users of a part.

usage: python implicit_run.py REQUEST.json       (in the peers' environment)

In: a request (see `theirs.handover.Request`); ``parts`` are what to train on, what to leave out
besides, and whose users to recommend for. Out: the lists and what it took. One thread.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import implicit
import numpy as np
from handover import Answer, Request
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import CosineRecommender
from scipy.sparse import csr_matrix

MODELS = {
    "ALS": AlternatingLeastSquares,
    "BPR": BayesianPersonalizedRanking,
    "Cosine": CosineRecommender,
}
LATENCY_SAMPLE = 50


def main(request: Request) -> None:
    """Train, recommend, hand over."""
    pairs = {part: _read(request.data, part) for part in request.parts}
    names = [np.unique(np.concatenate([p[at] for p in pairs.values()])) for at in (0, 1)]
    fit, met, ask = (_matrix(pairs[part], *names) for part in request.parts)
    settings = dict(request.settings)
    alpha = settings.pop("alpha", 1.0)
    if request.model != "Cosine":
        settings["random_state"] = 2024
    began = time.process_time()
    model = MODELS[request.model](num_threads=1, **settings)
    model.fit(fit * np.float32(alpha), show_progress=False)
    seconds = time.process_time() - began
    users = np.flatnonzero(np.diff(ask.indptr))
    seen = csr_matrix(fit + met)
    items, _ = model.recommend(users, fit[users], N=request.k + _most(seen, fit))
    Answer(
        users=names[0][users],
        items=_lists(items, seen[users], names[1], request.k),
        prepare_s=began,
        fit_s=seconds,
        epochs=settings.get("iterations", 1),
        best_epoch=settings.get("iterations", 1),
        latency_ms=_latency(model, fit, users),
        library=f"implicit {implicit.__version__}",
    ).write(request.out)


def _read(data: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Users and items of a part of the dataset."""
    lines = (data / f"{data.name}.{part}.inter").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t")[:2] for line in lines[1:]]
    users, items = zip(*rows, strict=True)
    return np.array(users), np.array(items)


def _matrix(
    pairs: tuple[np.ndarray, np.ndarray], users: np.ndarray, items: np.ndarray
) -> csr_matrix:
    rows, columns = np.searchsorted(users, pairs[0]), np.searchsorted(items, pairs[1])
    ones = np.ones(len(rows), dtype=np.float32)
    matrix = csr_matrix((ones, (rows, columns)), shape=(len(users), len(items)))
    matrix.data[:] = 1.0
    return matrix


def _most(seen: csr_matrix, fit: csr_matrix) -> int:
    """How many products any user met that the library does not leave out itself."""
    return int((np.diff(seen.indptr) - np.diff(fit.indptr)).max())


def _lists(items: np.ndarray, seen: csr_matrix, names: np.ndarray, k: int) -> np.ndarray:
    lists = np.full((len(items), k), "", dtype=names.dtype)
    for at, found in enumerate(items):
        met = set(seen.indices[seen.indptr[at] : seen.indptr[at + 1]])
        kept = [item for item in found if item >= 0 and item not in met][:k]
        lists[at, : len(kept)] = names[kept]
    return lists


def _latency(model: object, fit: csr_matrix, users: np.ndarray) -> float:
    """Median milliseconds of one user's ten."""
    spent = []
    for user in users[:LATENCY_SAMPLE]:
        since = time.process_time()
        model.recommend(user, fit[user], N=10)  # type: ignore[attr-defined]
        spent.append(time.process_time() - since)
    return float(np.median(spent) * 1000)


if __name__ == "__main__":
    main(Request.read(Path(sys.argv[1])))
