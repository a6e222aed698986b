"""The demo: from a dataset to a served, explained recommendation, as little again as possible.

In: a dataset, a directory to keep stores in. Out: a store with a trained snapshot and a shopper
worth looking at. A second run with the same dataset, ontology and version only opens the store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

import ontology
from gnn.explain import ExplainConfig
from gnn.printing import plain, print_explained
from gnn.teller import Teller
from gnn.train import train
from gnn.tune import TuneConfig
from kg import __version__
from kg.build import build
from kg.catalog import Dataset, read_dataset, sample_path
from kg.cli_support import emit
from kg.ids import slug
from kg.progress import Progress
from kg.snapshot import SnapshotStore

__all__ = ["Ready", "prepare", "tell"]

_STAMP = "demo.json"
_CANDIDATES = 50


@dataclass(frozen=True)
class Ready:
    """A store that can be served."""

    store: Path
    user: str | None  # the dataset's own id; None: a dataset without users


def prepare(
    dataset: Path | None, home: Path, progress: Progress, *, say: Callable[[str], None]
) -> Ready:
    """Build and train, unless it was done before from the same files.

    Raises:
        DatasetError: the dataset cannot be read.
        StoreError: the store cannot be written.
    """
    path = (dataset or sample_path()).resolve()
    root = home / (slug(path.stem) if dataset else "sample")
    stamp = _stamp(path)
    known = root / _STAMP
    if known.is_file():
        found = json.loads(known.read_text(encoding="utf-8"))
        if found.get("stamp") == stamp:
            return Ready(root, found["user"])
    store = SnapshotStore(root)
    say(f"building the graph of {path}")
    report = build(path, store, progress=progress)
    say(
        f"  {report.products:,} products, {report.facts:,} facts, {report.rejects:,} rows set aside"
    )
    say("training")
    train(store, tuning=TuneConfig(), progress=progress)
    user = _someone(read_dataset(path), store)
    known.write_text(json.dumps({"stamp": stamp, "user": user}), encoding="utf-8")
    return Ready(root, user)


def tell(ready: Ready, *, as_json: bool = False) -> None:
    """Print an explained recommendation, in words or as JSON."""
    if ready.user is not None:
        teller = Teller.current(SnapshotStore(ready.store))
        history = teller.user_history(ready.user)
        found = plain(teller, history, teller.recommend(history, 3, "en", ExplainConfig()), "en")
        emit(found, as_json, lambda console: print_explained(console, found))


def _stamp(path: Path) -> str:
    """Changes with any input of a build: the dataset's files, the ontology, the version."""
    digest = hashlib.blake2b(f"{path}\0{__version__}".encode(), digest_size=16)
    for root in (path, ontology.DIRECTORY):
        files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
        for file in files:
            if file.suffix not in {".py", ".pyc"}:
                stat = file.stat()
                digest.update(f"{file.name}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _someone(dataset: Dataset, store: SnapshotStore) -> str | None:
    """A user whose recommendations have the most to tell, among some with 5 to 30 products."""
    pairs = dataset.interactions.group_by("user_id").aggregate([("product_id", "count_distinct")])
    count = pairs["product_id_count_distinct"]
    some = pairs.filter(pc.and_(pc.greater_equal(count, 5), pc.less_equal(count, 30)))
    users = sorted((some if some.num_rows else pairs)["user_id"].to_pylist())
    teller = Teller.current(store)

    def told(user: str) -> float:
        """Share of the three best scores that is shown as direct paths or co-purchases."""
        found = teller.recommend(teller.user_history(user), 3, "en", ExplainConfig())
        kinds = {"direct": 2.0, "co_purchase": 1.0}
        return sum(kinds.get(p.evidence, 0) * p.share for item in found for p in item.paths)

    return max(users[:: 1 + len(users) // _CANDIDATES], key=told, default=None)
