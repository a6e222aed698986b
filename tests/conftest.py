"""What tests of several rooms share: the sample shop built and trained once, the real datasets."""

import os
from pathlib import Path

import pytest
from filelock import FileLock

from kg.snapshot import SnapshotStore

DATA = Path(os.environ.get("CLEW_DATA", Path(__file__).parent.parent / ".." / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Directory of the real datasets; skips where there is none."""
    if not DATA.is_dir():
        pytest.skip(f"no real datasets in {DATA}; set CLEW_DATA to the directory that has them")
    return DATA


@pytest.fixture(scope="session")
def sample_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the sample shop built and trained, once for all workers. Do not write to it."""
    from gnn.gnn_config import GnnConfig
    from gnn.train import train
    from gnn.tune import TuneConfig
    from kg.build import build
    from kg.catalog import sample_path

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    root = shared / "sample-store"
    with FileLock(shared / "sample-store.lock"):
        store = SnapshotStore(root)
        if not (root / "ready").exists():
            build(sample_path(), store)
            train(store, tuning=TuneConfig(max_fits=6), network=GnnConfig(epochs=1))
            (root / "ready").touch()
    return root
