"""Descriptive measures of the explanation paths shown to users, as the field defines them.

In: per user, the selected path of each recommended product. Out: named means over users. None of
these says that an explanation is true (see `gnn.fidelity`); they say what kind of paths are shown.

Definitions: Balloccu, Boratto, Fenu, Marras, "Post Processing Recommender Systems with Knowledge
Graphs for Recency, Popularity, and Diversity of Explanations", SIGIR 2022 (LIR, SEP, ETD), and
hopwise's evaluator (``hopwise/evaluator/metrics.py``: LID, SED, SETD, PTD, PTC, PPT, fidelity, and
the smoothing of LIR and SEP), whose choices are followed so that figures compare. Where Clew
departs is said at each function and in docs/explanations.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.signal import lfilter

from gnn.channels import explaining_relations
from gnn.history import Event
from kg.facts import KnowledgeGraph
from kg.schema import Schema

__all__ = [
    "ShownPath",
    "entity_popularity",
    "path_quality",
    "recencies",
    "recency_of",
    "shared_entity_popularity",
    "simpson",
]


@dataclass(frozen=True, slots=True)
class ShownPath:
    """What the measures look at in one path."""

    linking: str  # history product the path starts from
    entity: str  # what it shares with the recommended product
    entity_type: str  # class of the entity
    path_type: str  # relation of the last step
    pattern: tuple[str, ...]  # relations of all steps, the event first
    recency: float | None = None  # LIR of the linking interaction; None: order not known
    popularity: float | None = None  # SEP of the entity; None: not in the graph


def path_quality(users: Sequence[Sequence[ShownPath]], k: int, path_types: int) -> dict[str, float]:
    """Means over users who have at least one path; fidelity over all users.

    ``lir`` and ``sep`` average over all paths (hopwise) where the value is known. With ``P`` the
    paths of a user: ``lid = |linking products| / |P|``, ``sed = |entities| / |P|``,
    ``setd = |entity types| / |P|``, ``ptd = |types| / min(|P|, path_types)`` (ETD of the paper),
    ``ppt = |patterns| / min(|P|, patterns seen anywhere)``, ``ptc`` and ``ppc`` Simpson's index of
    types and patterns, ``fidelity = |P| / k``.

    Args:
        users: the paths shown to each user, at most one per recommended product.
        k: how many products each user was recommended.
        path_types: how many path types there are.

    Returns:
        NaN where no user has a path (or none with a known value, for lir and sep).
    """
    shown = [paths for paths in users if paths]
    patterns = len({path.pattern for paths in shown for path in paths})

    def mean(values: Iterable[float]) -> float:
        found = list(values)
        return float(np.mean(found)) if found else float("nan")

    def known(values: Iterable[float | None]) -> list[float]:
        return [value for value in values if value is not None]

    return {
        "fidelity": mean(len(paths) / k for paths in users),
        "lir": mean(known(path.recency for paths in shown for path in paths)),
        "sep": mean(known(path.popularity for paths in shown for path in paths)),
        "lid": mean(_distinct(p.linking for p in paths) / len(paths) for paths in shown),
        "sed": mean(_distinct(p.entity for p in paths) / len(paths) for paths in shown),
        "setd": mean(_distinct(p.entity_type for p in paths) / len(paths) for paths in shown),
        "ptd": mean(
            _distinct(p.path_type for p in paths) / min(len(paths), path_types) for paths in shown
        ),
        "ptc": mean(simpson(p.path_type for p in paths) for paths in shown),
        "ppt": mean(
            _distinct(p.pattern for p in paths) / min(len(paths), patterns) for paths in shown
        ),
        "ppc": mean(simpson(p.pattern for p in paths) for paths in shown),
    }


def simpson(kinds: Iterable[Hashable]) -> float:
    """Simpson's index ``1 − Σ n (n − 1) / (N (N − 1))``; 0 below two.

    0: all of one kind, 1: all different (hopwise calls it concentration; it grows as paths spread).
    """
    counts = Counter(kinds)
    total = counts.total()
    if total < 2:
        return 0.0
    return 1.0 - sum(n * (n - 1) for n in counts.values()) / (total * (total - 1))


def recencies(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """LIR of a user's interactions, (m,) in [0, 1], 1 the most recent.

    The paper: ``LIR(1) = t_1``, ``LIR(i) = (1 − β) LIR(i−1) + β t_i`` over the interactions in
    order, then scaled to [0, 1] per user, β left open. Here as in hopwise: β = 2 / (m + 1), the
    mean normalised by its weights; where all moments are one, the order stands for time; a single
    interaction has 0.

    Args:
        moments: (m,) when each happened, ascending; any unit, or the place in the order.
    """
    return _smoothed(moments)


def shared_entity_popularity(degrees: Mapping[str, int]) -> dict[str, float]:
    """SEP of the entities of one class, in [0, 1], 1 the most popular.

    The same smoothing as `recencies`, over in-degrees in ascending order; among equals by id, so
    that the answer does not depend on the order of the facts.

    Args:
        degrees: entity -> number of facts whose object it is.
    """
    ranked = sorted(degrees, key=lambda name: (degrees[name], name))
    values = _smoothed(np.array([degrees[name] for name in ranked], dtype=np.float64))
    return dict(zip(ranked, values.tolist(), strict=True))


def recency_of(events: Sequence[Event]) -> dict[str, float]:
    """LIR of each product of a history, at its last event.

    Args:
        events: of one user, oldest first. Where neither time nor position is known the product has
            no recency.
    """
    moments: dict[str, float] = {}
    for event in events:
        if event.timestamp is not None:
            moments[event.product] = event.timestamp.timestamp()
        elif event.position is not None:
            moments[event.product] = float(event.position)
    ordered = sorted(moments.items(), key=lambda item: item[1])
    values = recencies(np.array([moment for _, moment in ordered], dtype=np.float64))
    return {name: value for (name, _), value in zip(ordered, values.tolist(), strict=True)}


def entity_popularity(
    kg: KnowledgeGraph, schema: Schema
) -> tuple[dict[str, float], dict[str, str]]:
    """SEP of each entity among those of its class, and the class of every entity.

    Degrees count the facts of relations that explain; events are no facts about entities.
    """
    ids = pa.array([relation.id for relation in explaining_relations(schema)], pa.string())
    counted = kg.facts.filter(pc.is_in(kg.facts["relation"], ids))["object"].value_counts()
    names, counts = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    class_of = dict(zip(*(kg.entities[c].to_pylist() for c in ("id", "class")), strict=True))
    by_class: dict[str, dict[str, int]] = {}
    for name, degree in zip(names, counts, strict=True):
        by_class.setdefault(class_of[name], {})[name] = degree
    found: dict[str, float] = {}
    for of_class in by_class.values():
        found |= shared_entity_popularity(of_class)
    return found, class_of


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exponentially weighted mean of ascending values, span = their number, scaled to [0, 1].

    ``y_i = Σ_j (1 − β)^(i−j) x_j / Σ_j (1 − β)^(i−j)`` with ``β = 2 / (m + 1)``.
    """
    m = len(values)
    if m < 2:
        return np.zeros(m)
    if values[0] == values[-1]:
        values = np.arange(m, dtype=np.float64)
    kept = 1.0 - 2.0 / (m + 1.0)
    total = lfilter([1.0], [1.0, -kept], values - values[0])
    mean = total / lfilter([1.0], [1.0, -kept], np.ones(m))
    scaled: NDArray[np.float64] = (mean - mean.min()) / (mean.max() - mean.min())
    return scaled


def _distinct(kinds: Iterable[Hashable]) -> int:
    return len(set(kinds))
