"""Which head a catalogue gets: the dense one where its n × n arrays fit, else the one of low rank.

In: the number of products, `HeadConfig`, the memory there is. Out: the `HeadChoice`, with its
reason in words. The memory is what the machine or its container *has*, not what is free just now,
so that the same catalogue gets the same head on the same machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gnn.fusion import HeadConfig

__all__ = ["HeadChoice", "choose_head", "dense_bytes", "machine_memory"]

_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class HeadChoice:
    """Which head, and why."""

    kind: Literal["dense", "low_rank"]
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"kind": self.kind, "reason": self.reason}


def choose_head(num_products: int, config: HeadConfig) -> HeadChoice:
    """The head for a catalogue.

    Args:
        num_products: n.
        config: ``kind`` decides, or where it is auto, n and ``memory_bytes``.
    """
    if config.kind != "auto":
        return HeadChoice(config.kind, f"asked for by HeadConfig.kind = {config.kind!r}")
    given = config.memory_bytes is not None
    memory = config.memory_bytes if config.memory_bytes is not None else machine_memory()
    need = dense_bytes(num_products)
    fits = need <= _SHARE * memory
    reason = (
        f"the dense head of {num_products} products takes {need / 1e9:.2f} GB to fit, "
        f"{'at most' if fits else 'more than'} half of the {memory / 1e9:.2f} GB "
        f"{'of HeadConfig.memory_bytes' if given else 'of memory here'}"
    )
    return HeadChoice("dense" if fits else "low_rank", reason)


def dense_bytes(num_products: int) -> int:
    """Memory of a dense fit at its worst: G in float64 beside P in float32, 12 n²."""
    return 12 * num_products**2


def machine_memory(limits: Iterable[Path] = _LIMITS) -> int:
    """Bytes of memory the machine has, or its container may use (cgroup versions 2 and 1)."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in limits:
        try:
            found.append(int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):  # no such file, or "max": no limit
            continue
    return min(found)
