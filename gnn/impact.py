"""Whose recommendations an edit of the ontology would move, before anything is published.

In: a snapshot with a model, and the graph as it would be (`kg.ontology_impact`). Out: `Moves`. The
head is fitted again on the new graph with the settings, events and texts of the published one; the
graph network's part of the scores stays as it is, since it is not trained again. A list has moved
where a product is in it that was not, and scores more than rounding above what it displaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_matrix

from gnn.channels import explaining_relations
from gnn.fit import TrainingData, fit_model, read_training
from gnn.ranking import batch_size, model_scorer, top_products
from gnn.storage import Model
from kg.ontology_impact import Impact
from kg.schema import Schema

__all__ = ["MoveConfig", "Moved", "Moves", "measure_moves"]

_ROUNDING: Final = 1e-5  # of a score, relative; text vectors went through float32 once more


class MoveConfig(BaseModel):
    """How moves are measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    users: int | None = Field(default=1000, ge=1)
    """Users looked at, drawn at random; None: all."""
    k: int = Field(default=10, ge=1, le=1000)
    """Length of a list."""
    examples: int = Field(default=5, ge=0)
    """Users told of in full, those that moved most first."""
    seed: int = Field(default=0, ge=0)
    """Of the draw."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One user's list, before and after."""

    user: str  # compact id
    entered: tuple[str, ...]  # compact ids of products, best first
    left: tuple[str, ...]
    kept: int  # products in both lists


@dataclass(frozen=True, slots=True)
class Moves:
    """What becomes of the lists."""

    users: int  # with a history
    sample: int  # of them looked at
    moved: int  # of those: at least one product entered
    mean_entered: float  # products that entered, over the sample
    refitted: bool  # False: nothing the head reads has changed
    examples: tuple[Moved, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def measure_moves(
    model: Model,
    impact: Impact,
    old: Schema,
    new: Schema,
    config: MoveConfig | None = None,
) -> Moves:
    """Compare the lists of the published head with those of one fitted on the new graph.

    Args:
        model: the published one.
        impact: of the edit, on the graph the model was trained on.
        old: the ontology it was built under.
        new: the edited one.
        config: how many users, how long lists.

    Raises:
        ModelError: the graph has no usable events.
    """
    config = config or MoveConfig()
    data = read_training(impact.graph.interactions, model.products, model.config)
    histories = data.histories(model.config)
    users = np.flatnonzero(np.diff(histories.indptr))
    sample = users
    if config.users is not None and config.users < len(users):
        rng = np.random.default_rng(config.seed)
        sample = np.sort(rng.choice(users, config.users, replace=False))
    if not _reads_anything_new(impact, old, new):
        return Moves(len(users), len(sample), 0, 0.0, False, ())
    fitted = fit_model(
        impact.graph,
        new,
        impact.graph.interactions,
        text=_text(model),
        config=model.config.model_copy(update={"kind": model.choice.kind}),
    )
    entered = _entered(model, fitted, histories[sample], data.seen[sample], config.k)
    return _told(data, sample, len(users), model, entered, config.examples)


def _reads_anything_new(impact: Impact, old: Schema, new: Schema) -> bool:
    """Whether a relation that explains, or an edge to a broader concept, has changed."""
    before, after = _read_by_the_head(old), _read_by_the_head(new)
    return before != after or any(item.relation in after for item in impact.changes)


def _read_by_the_head(schema: Schema) -> set[str]:
    broader = {r.id for r in schema.relations.values() if "ontology:broader" in r.sources}
    return broader | {relation.id for relation in explaining_relations(schema)}


def _text(model: Model) -> NDArray[np.float32] | None:
    """The text vectors a head was fitted with, (n, d): as far as it keeps them."""
    if model.config.text_weight == 0 or not model.head.text.shape[1]:
        return None
    return np.asarray(model.head.text / np.sqrt(model.config.text_weight), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Lists:
    """Rows of products that entered and left each list, best first."""

    entered: list[list[int]]
    left: list[list[int]]
    length: list[int]


def _entered(
    before: Model, after: Model, histories: csr_matrix, seen: csr_matrix, k: int
) -> _Lists:
    score_before = model_scorer(before.head, before.gnn)
    score_after = model_scorer(after.head, before.gnn)
    old = top_products(score_before, histories, seen, k)
    new = top_products(score_after, histories, seen, k)
    found = _Lists([], [], [])
    step = batch_size(histories.shape[1])
    for start in range(0, len(old), step):
        scores = np.asarray(score_after(histories[start : start + step]))
        for at, row in enumerate(scores, start):
            was, now = old[at][old[at] >= 0], new[at][new[at] >= 0]
            entered = now[~np.isin(now, was)]
            left = was[~np.isin(was, now)]
            if len(entered) and len(left):
                margin = _ROUNDING * max(1.0, float(np.abs(row[now]).max()))
                entered = entered[row[entered] > row[left].max() + margin]
                left = left[: len(entered)] if len(entered) < len(left) else left
            found.entered.append(entered.tolist())
            found.left.append(left.tolist() if len(entered) else [])
            found.length.append(len(now))
    return found


def _told(
    data: TrainingData,
    sample: NDArray[np.int64],
    users: int,
    model: Model,
    lists: _Lists,
    examples: int,
) -> Moves:
    counts = np.array([len(entered) for entered in lists.entered])
    most = [int(at) for at in np.argsort(-counts, kind="stable")[:examples] if counts[at]]

    def names(rows: Sequence[int]) -> tuple[str, ...]:
        return tuple(model.products[row] for row in rows)

    return Moves(
        users=users,
        sample=len(sample),
        moved=int((counts > 0).sum()),
        mean_entered=float(counts.mean()) if len(counts) else 0.0,
        refitted=True,
        examples=tuple(
            Moved(
                user=data.users[int(sample[at])],
                entered=names(lists.entered[at]),
                left=names(lists.left[at]),
                kept=lists.length[at] - len(lists.entered[at]),
            )
            for at in most
        ),
    )
