"""A build on top of a snapshot makes what a full build makes, whatever was edited.

``CLEW_EDITS=200`` runs that many random edits instead of a few.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.build import build
from kg.snapshot import SnapshotStore
from tests.kg.edited_shop import Shop, made

CHAIN = 5
EDITS = int(os.environ.get("CLEW_EDITS", "5"))


@pytest.fixture(scope="module", autouse=True)
def always_updated() -> None:
    """In a shop this small every edit is a large share: update the projections nevertheless."""
    import kg.project

    patch = pytest.MonkeyPatch()
    patch.setattr(kg.project, "MOST_CHANGES", 1e9)
    patch.setattr(kg.project, "MOST_QUADS", 1e9)
    yield
    patch.undo()


@settings(
    max_examples=max(1, EDITS // CHAIN),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(0, 10**9))
def test_it_equals_a_full_build(seed: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        shop = Shop(root, seed)
        store = SnapshotStore(root / "store")
        shop.write()
        build(shop.data, store, ontology_directory=shop.ontology)
        for _ in range(CHAIN):
            edit = shop.edit()
            shop.write()
            before = store.current()
            report = build(shop.data, store, ontology_directory=shop.ontology)
            assert report.made["from"] == before.id
            other = SnapshotStore(root / "full")
            shutil.rmtree(other.root, ignore_errors=True)
            other.root.mkdir()
            shutil.copy(store.root / "pseudonym.key", other.root)
            build(shop.data, other, ontology_directory=shop.ontology, full=True)
            updated, full = made(store.current()), made(other.current())
            for part in full:
                assert updated[part] == full[part], f"{part} after: {edit} ({report.made})"
            before.verify()
            store.current().verify()
