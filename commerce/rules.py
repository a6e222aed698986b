"""A shop's rules: pin, boost, bury, exclude, each while it is valid.

In: rules and a moment. Out: a `Ruling`: which products are left out, whose scores are multiplied
when the list is put in order, and what stands at a fixed place. No rule touches a score that is
shown or a path: the answer says which rules moved a product, and its rank by score alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from commerce.selection import Selector
from kg.errors import NotFoundError

__all__ = ["Action", "Rule", "Ruling", "order", "ruling"]

Action = Literal["pin", "boost", "bury", "exclude"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What shall happen to products."""

    id: str
    action: Action
    target: str  # compact id of a product or of anything products carry
    amount: float = 1.0  # boost, bury: the factor; pin: the place, from 1
    starts: datetime | None = None  # with time zone
    ends: datetime | None = None
    note: str = ""

    def valid(self, now: datetime) -> bool:
        """Whether it applies at a moment: from ``starts`` on, before ``ends``."""
        begun = self.starts is None or self.starts <= now
        return begun and (self.ends is None or now < self.ends)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the valid rules say about one snapshot's products."""

    excluded: NDArray[np.bool_]  # (n,)
    factors: NDArray[np.float64]  # (n,) > 0; 1 where no rule moves a product
    pins: Mapping[int, int]  # place from 0 -> product row
    movers: Mapping[int, tuple[str, ...]]  # product row -> ids of the rules that move it


def ruling(rules: Sequence[Rule], selector: Selector, n: int, now: datetime) -> Ruling | None:
    """What the rules valid at a moment say; None where none is. Rules apply in order of their ids.

    A rule whose target is in no snapshot (any more) does nothing.
    """
    excluded = np.zeros(n, dtype=np.bool_)
    factors = np.ones(n)
    pins: dict[int, int] = {}
    movers: dict[int, tuple[str, ...]] = {}
    valid = [rule for rule in sorted(rules, key=lambda rule: rule.id) if rule.valid(now)]
    for rule in valid:
        try:
            touched = selector.of_term(rule.target)
        except NotFoundError:
            continue
        if rule.action == "exclude":
            excluded |= touched
            continue
        rows = np.flatnonzero(touched).tolist()
        if rule.action == "pin":
            rows = rows[:1]
            pins.update(dict.fromkeys([int(rule.amount) - 1], rows[0]) if rows else {})
        else:
            factors[touched] *= rule.amount
        movers |= {row: (*movers.get(row, ()), rule.id) for row in rows}
    return Ruling(excluded, factors, pins, movers) if valid else None


def order(
    scores: NDArray[np.float64], allowed: NDArray[np.bool_], ruling: Ruling, k: int
) -> list[int]:
    """Rows of the ``k`` products to show, in order.

    A positive score is multiplied by the product's factor, a negative one divided; equal ones stay
    in the catalogue's order. Pinned products then take their places.

    Args:
        scores: (n,).
        allowed: (n,) True where a product may be shown; what rules exclude never is.
        ruling: of the rules.
        k: how many.
    """
    free = allowed & ~ruling.excluded
    moved = np.where(scores > 0, scores * ruling.factors, scores / ruling.factors)
    pins = {
        place: row for place, row in sorted(ruling.pins.items()) if place < k and bool(free[row])
    }
    free = free.copy()
    free[list(pins.values())] = False
    rows = np.flatnonzero(free)
    listed: list[int] = rows[np.argsort(-moved[rows], kind="stable")[:k]].tolist()
    for place, row in pins.items():
        listed.insert(min(place, len(listed)), row)
    return listed[:k]
