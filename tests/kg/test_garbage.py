"""What stays is left alone by the collector, what is unused goes."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from kg.garbage import settle


class Loop:
    """An object that holds itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_a_full_collection_after_settling_goes_through_the_new_alone() -> None:
    gc.collect()
    looked_at = len(gc.get_objects())
    settle()
    assert gc.get_freeze_count() >= looked_at // 2
    assert len(gc.get_objects()) < looked_at // 2
    new = weakref.ref(Loop())
    gc.collect()
    assert new() is None


def test_what_was_settled_and_is_unused_goes_when_settled_again() -> None:
    held = Loop()
    seen = weakref.ref(held)
    settle()
    del held
    gc.collect()
    assert seen() is not None  # left alone
    settle()
    assert seen() is None
