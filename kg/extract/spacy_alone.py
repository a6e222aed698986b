"""spaCy without the deep learning libraries it looks for when it is imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["spacy_alone"]

_HEAVY = ("torch", "tensorflow", "mxnet", "cupy")


@contextmanager
def spacy_alone() -> Iterator[None]:
    """Import spaCy in this block as where these libraries are not installed.

    Those imported before are left to it; the others can be imported afterwards.
    """
    hidden = [name for name in _HEAVY if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # `import` then raises ImportError
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
