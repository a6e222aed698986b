"""How long work tells how far it is: stages with an optional count, and the seconds each took.

Library code calls ``stage`` and ``advance`` on whatever it is given; `Stopwatch` only measures,
the command line draws a bar on top of it.
"""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Passing", "Progress", "Stopwatch"]


class Progress(Protocol):
    """Receives the progress of long work."""

    def stage(self, name: str, total: int | None = None) -> None:
        """Begin a stage; the one before it ends. ``total`` is how often `advance` will count."""

    def advance(self, steps: int = 1) -> None:
        """Count steps of the present stage."""


class Stopwatch:
    """A `Progress` that shows nothing and remembers the seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage: str | None = None
        self._since = 0.0

    def stage(self, name: str, total: int | None = None) -> None:
        """Begin a stage; see `Progress`."""
        self.stop()
        self._stage, self._since = name, time.perf_counter()

    def advance(self, steps: int = 1) -> None:
        """Count steps; nothing is shown."""

    def stop(self) -> None:
        """End the present stage."""
        if self._stage is not None:
            spent = time.perf_counter() - self._since
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + spent
            self._stage = None


class Passing(Stopwatch):
    """A `Stopwatch` that passes everything on to another `Progress`, if there is one."""

    def __init__(self, other: Progress | None) -> None:
        super().__init__()
        self._other = other

    def stage(self, name: str, total: int | None = None) -> None:
        """Begin a stage; see `Progress`."""
        super().stage(name, total)
        if self._other is not None:
            self._other.stage(name, total)

    def advance(self, steps: int = 1) -> None:
        """Count steps of the present stage."""
        if self._other is not None:
            self._other.advance(steps)
