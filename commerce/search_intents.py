"""What an intent makes of a search: what is filtered, left out, and whose likeness counts.

In: a query, masks, the model. Out: a `Plan`.

- *substitute*: products like those spoken of. A product named is left out itself; a kind named
  alone is left out whole (instead of bubble wrap); with more said of it, what was said is left out
  and the kind stays (plastic plates: plates that are not plastic).
- *complement*: products that go with those spoken of by the model, none of their own kind.
- *compare*: the sides in turns; what is common to them all is wanted of each.
- others: what is wanted is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from commerce.search_filter import match, part_norms
from commerce.search_index import Constraints
from commerce.search_text import Texts
from gnn.history import History
from gnn.score import Recommender
from kg.extract.query_terms import Part, Query

__all__ = ["Plan", "plan_of"]

_ANCHORS = 20  # products that stand for what is spoken of
_OR = frozenset({"or", "/", "或", "或者"})
_N = TypeVar("_N")


@dataclass(frozen=True)
class Plan:
    """How a search is carried out."""

    wanted: tuple[Part, ...]
    excluded: NDArray[np.bool_]  # (n,)
    taste: NDArray[np.float64] | None = (
        None  # (n,) likeness to what is spoken of, for the shopper's
    )
    weights: dict[str, float] = field(default_factory=dict)  # instead of those configured
    sides: tuple[tuple[Part, NDArray[np.bool_]], ...] = ()  # of a comparison
    keep_one: bool = True
    notes: tuple[tuple[str, str], ...] = ()

    def side(self, row: int) -> Part | None:
        """The side of a comparison that a product stands for."""
        return next((part for part, mask in self.sides if mask[row]), None)

    def spread(self, rows: NDArray[np.int64], order: Sequence[int], k: int) -> list[int]:
        """The best ``k``; of a comparison each side's in turns."""
        if not self.sides:
            return list(order[:k])
        lists: list[list[int]] = []
        for part, _ in self.sides:
            lists.append([at for at in order if self.side(int(rows[at])) == part])
        turns = (at for turn in zip_longest(*lists) for at in turn if at is not None)
        return list(turns)[:k]

    def notes_as(self, make: Callable[[str, str], _N]) -> list[_N]:
        """The notes as records."""
        return [make(kind, text) for kind, text in self.notes]


def plan_of(
    query: Query, index: Constraints, texts: Texts, recommender: Recommender | None
) -> Plan:
    """What an intent makes of a query."""
    nothing = np.zeros(index.num_products, dtype=bool)
    wanted = _either(query.role("want"), query.text)
    about = query.role("about")
    plain = Plan(wanted, nothing, keep_one=bool(wanted) and query.intent != "gift")
    if query.intent == "compare":
        return _compare(plain, about, index)
    if query.intent not in ("substitute", "complement"):
        return plain
    anchors = _anchors(about, query, index, texts)
    if not len(anchors):
        known = ("unknown_about", "nothing here is what the search speaks of; its words were used")
        return replace(plain, notes=(known,))
    excluded = _excluded(query, about, anchors, index)
    taste = _likeness(anchors, texts, recommender, goes_with=query.intent == "complement")
    kinds = tuple(part for part in about if part.id.startswith("type:"))
    if query.intent == "substitute" and len(kinds) < len(about) and not _names_product(about):
        wanted = (*wanted, *(replace(part, role="want") for part in kinds))
    weights: dict[str, Any] = {"taste": 2.0}
    return replace(
        plain, wanted=wanted, excluded=excluded, taste=taste, weights=weights, keep_one=False
    )


def _names_product(about: Sequence[Part]) -> bool:
    return any(part.kind == "product" for part in about)


def _either(parts: Sequence[Part], text: str) -> tuple[Part, ...]:
    """Parts of one scheme that *or* joins as one part, which either meets."""
    out: list[Part] = []
    for part in parts:
        last = out[-1] if out else None
        between = "" if last is None else text[last.end : part.start].strip().casefold()
        if last is None or between not in _OR or _scheme(last) != _scheme(part):
            out.append(part)
            continue
        whole = text[last.start : part.end]
        also, norms = (*last.also, *part.ids), (*last.norms, *part.norms)
        out[-1] = replace(last, end=part.end, text=whole, also=also, norms=norms)
    return tuple(out)


def _scheme(part: Part) -> str:
    return part.id.partition(":")[0]


def _compare(plain: Plan, about: Sequence[Part], index: Constraints) -> Plan:
    """Sides are what is named of the kind of thing (colour, material, …) named most often."""
    by_scheme: dict[str, list[Part]] = {}
    for part in about:
        by_scheme.setdefault(_scheme(part), []).append(part)
    sides = max(by_scheme.values(), key=len, default=[])
    if len({part.id for part in sides}) < 2:
        return replace(plain, wanted=(*plain.wanted, *about))
    shared = tuple(part for part in about if part not in sides)
    masks = tuple((part, index.any_of(part.ids)) for part in sides)
    none = ~np.any([mask for _, mask in masks], axis=0)
    return replace(plain, wanted=(*plain.wanted, *shared), sides=masks, excluded=none)


def _anchors(
    about: Sequence[Part], query: Query, index: Constraints, texts: Texts
) -> NDArray[np.int64]:
    """Products that are what a search speaks of, at most a few."""
    everything = np.ones(index.num_products, dtype=bool)
    if about:
        rows = np.flatnonzero(match(about, everything, index, texts, keep_one=True).mask)
        norms = [norm for part in about for norm in part_norms(part)]
    else:
        norms = [word.norm for word in query.words]
        rows = np.flatnonzero(texts.titles.holds(norms))
    scores = texts.titles.scores(norms)[rows]
    return rows[np.argsort(-scores, kind="stable")[:_ANCHORS]]


def _excluded(
    query: Query, about: Sequence[Part], anchors: NDArray[np.int64], index: Constraints
) -> NDArray[np.bool_]:
    excluded = np.zeros(index.num_products, dtype=bool)
    kinds = [part for part in about if part.id.startswith("type:")]
    said = [part for part in about if part not in kinds and part.kind != "product"]
    excluded[anchors[: int(_names_product(about))]] = True
    if query.intent == "substitute" and said:
        both = np.ones(index.num_products, dtype=bool)
        for part in said:
            both &= index.any_of(part.ids)
        return excluded | both
    for part in kinds:
        excluded |= index.any_of(part.ids)
    return excluded


def _likeness(
    anchors: NDArray[np.int64], texts: Texts, recommender: Recommender | None, *, goes_with: bool
) -> NDArray[np.float64]:
    """How well products go with the anchors, or how like they are, (n,)."""
    if recommender is not None and goes_with:
        rows = np.sort(anchors)
        history = History(rows, np.full(len(rows), 1 / len(rows)), ("view",) * len(rows), rows)
        return recommender.scores(history)
    mean = texts.vectors[anchors].mean(axis=0)
    return np.asarray(texts.vectors @ mean, dtype=np.float64)
