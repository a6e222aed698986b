"""Answers given a short while ago, to be given again to who asks the same.

A list depends on the snapshot, the history, the options and the rules and on nothing else, so a
kept one is the one that would be computed. It is forgotten after a minute, used or not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from cachetools import TTLCache

__all__ = ["Answers"]

KEPT_S = 60.0

Answer = TypeVar("Answer")


class Answers:
    """Answers by what they depend on. Safe to share between threads."""

    def __init__(self, count: int) -> None:
        """Keep so many at most, those asked for last; 0: none."""
        self._kept: TTLCache[Hashable, Any] = TTLCache(count, KEPT_S)
        self._lock = threading.Lock()

    def of(self, key: Hashable, make: Callable[[], Answer]) -> Answer:
        """The answer kept under a key, else a new one."""
        with self._lock:
            kept: Answer | None = self._kept.get(key)
        if kept is not None:
            return kept
        made = make()
        with self._lock:
            if self._kept.maxsize:
                self._kept[key] = made
        return made
