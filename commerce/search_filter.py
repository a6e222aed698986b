"""Which products meet a search, and what is given up where none meets all of it.

In: a query and the masks of `Constraints`. Out: a mask and the `Relaxation` records behind it.
Refusals, prices and stock always hold. Each thing that is wanted may be met in four ways, each
dearer than the one before: a fact of the graph states it; the product's title says the words; a
fact states what it falls under; it is given up. The cheapest sum that leaves a product is taken, so
nothing is given up that need not be, and sizes go before colours, kinds of product last.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from commerce.search_index import Constraints
from commerce.search_text import Texts
from kg.extract.query_terms import Part, Query

__all__ = ["Matched", "Relaxation", "Way", "match", "part_norms", "refused"]

Mask = NDArray[np.bool_]

Way = Literal["fact", "words", "broader", "dropped"]

_COSTS: Final = {  # of giving up what a scheme says
    "size": 1.0,
    "measure": 1.2,
    "style": 1.4,
    "use": 1.6,
    "category": 1.7,
    "flavour": 1.8,
    "audience": 1.9,
    "occasion": 2.0,
    "motif": 2.1,
    "material": 2.3,
    "colour": 2.4,
    "brand": 3.0,
    "type": 5.0,
    "product": 6.0,
}
_OTHER_COST: Final = 1.5
_WORDS: Final = 0.15  # of the cost of giving up
_BROADER: Final = 0.5
_TRIED: Final = 512
_JOINS: Final = frozenset({"a", "an", "and", "of", "the"})


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Something wanted that was met in a lesser way, or given up."""

    part: Part
    way: Way
    broader: tuple[str, ...] = ()  # compact ids met instead


@dataclass(frozen=True, slots=True)
class Matched:
    """What a search leaves."""

    mask: Mask  # (n,)
    ways: tuple[Way, ...]  # of each part wanted
    relaxed: tuple[Relaxation, ...]


def part_norms(part: Part) -> list[str]:
    """The norms of a part's words, without those that join."""
    return [word for word in part.norms if word.isalnum() and word not in _JOINS]


def refused(query: Query, index: Constraints, texts: Texts) -> Mask:
    """Products a search refuses, (n,): by a fact, or because their titles say it."""
    groups: dict[int, Mask] = {}
    for part in query.role("not"):
        mask = _stated(part, index)
        if part.kind == "text":
            mask |= texts.all.holds(part.id.split())
        elif part.kind != "measure":
            mask |= texts.titles.holds(part_norms(part))
        groups[part.group] = mask & groups.get(part.group, np.True_)
    out = np.zeros(index.num_products, dtype=bool)
    for mask in groups.values():
        out |= mask
    return out


def match(
    parts: Sequence[Part], allowed: Mask, index: Constraints, texts: Texts, *, keep_one: bool
) -> Matched:
    """The products that meet as much as any can.

    Args:
        parts: what is wanted.
        allowed: (n,) products that may come at all.
        index: masks.
        texts: titles.
        keep_one: whether one part at least must be met; then the mask may be empty.
    """
    levels = [_levels(part, index, texts) for part in parts]
    heap: list[tuple[float, tuple[int, ...]]] = [(0.0, (0,) * len(parts))]
    seen = {heap[0][1]}
    for _ in range(_TRIED):
        if not heap:
            break
        cost, at = heapq.heappop(heap)
        chosen = [levels[row][level] for row, level in enumerate(at)]
        given_up = bool(parts) and all(level.way == "dropped" for level in chosen)
        mask = allowed.copy()
        for level in chosen:
            if level.mask is not None:
                mask &= level.mask
        if mask.any() and not (given_up and keep_one):
            relaxed = tuple(
                Relaxation(part, level.way, level.broader)
                for part, level in zip(parts, chosen, strict=True)
                if level.way != "fact"
            )
            return Matched(mask, tuple(level.way for level in chosen), relaxed)
        for step, more in _steps(at, levels):
            if step not in seen:
                seen.add(step)
                heapq.heappush(heap, (cost + more, step))
    nothing = np.zeros(index.num_products, dtype=bool)
    dropped: Way = "dropped"
    return Matched(nothing, (dropped,) * len(parts), ())


def _steps(
    at: tuple[int, ...], levels: Sequence[Sequence[_Level]]
) -> Iterator[tuple[tuple[int, ...], float]]:
    """Each part met in its next way, and what that costs more."""
    for row, now in enumerate(at):
        if now + 1 < len(levels[row]):
            more = levels[row][now + 1].cost - levels[row][now].cost
            yield (*at[:row], now + 1, *at[row + 1 :]), more


@dataclass(frozen=True, slots=True)
class _Level:
    cost: float
    way: Way
    mask: Mask | None  # None: all products
    broader: tuple[str, ...] = ()


def _levels(part: Part, index: Constraints, texts: Texts) -> list[_Level]:
    """The ways a part may be met, cheapest first; those that leave nothing are left out."""
    price = _COSTS.get(part.id.partition(":")[0], _OTHER_COST)
    stated = _stated(part, index)
    levels = [_Level(0.0, "fact", stated)]
    if part.kind in ("concept", "brand", "category"):
        said = stated | texts.titles.holds(part_norms(part))
        levels.append(_Level(_WORDS * price, "words", said))
        broader = tuple(dict.fromkeys(b for i in part.ids for b in index.broader(i)))
        if broader:
            levels.append(
                _Level(_BROADER * price, "broader", said | index.any_of(broader), broader)
            )
    kept = levels[:1] + [
        level for level in levels[1:] if level.mask is not None and level.mask.any()
    ]
    return [*kept, _Level(price, "dropped", None)]


def _stated(part: Part, index: Constraints) -> Mask:
    if part.kind == "text":
        return np.zeros(index.num_products, dtype=bool)
    return index.measured(part) if part.kind == "measure" else index.any_of(part.ids)
