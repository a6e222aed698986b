"""What the search for settings moves, and by how much: its configuration, names and steps.

In: settings of the head. Out: the same with one of them changed, or None where that would be out of
range. The search itself is `gnn.tune`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from gnn.channels import Channel
from gnn.fusion import HeadConfig
from kg.records import EVENTS

__all__ = ["MORE_GRAPH", "SHIFTS", "TuneConfig", "settings_to_search", "stepped", "value_of"]

_LEAST, _MOST = 1e-3, 1e5
_LOUDEST = 300.0  # weight of a relation
_FIRST_HALF_LIFE = 360.0  # days; tried where there was none


class TuneConfig(BaseModel):
    """How the search runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    k: int = Field(default=10, ge=1, le=1000, description="chosen by NDCG at this cut-off")
    max_fits: int = Field(default=40, ge=1, description="fits at most")
    max_users: int = Field(default=5000, ge=1, description="validation users scored per fit")
    max_products: int = Field(default=5000, ge=2, description="products kept in the search")
    relations: int = Field(
        default=6, ge=0, description="so many relations, those with most facts, are weighted singly"
    )
    least_relation_weight: float = Field(
        default=1.0,
        gt=0,
        description="no relation is weighted less, so that the graph is heard in explanations",
    )
    path_price: float = Field(
        default=0.01,
        ge=0,
        le=0.1,
        description="relative loss of NDCG always allowed for scores that rest more on the graph; "
        "0: the step is left out",
    )
    step: float = Field(default=3.0, gt=1, le=100, description="factor of the first round")
    rounds: int = Field(default=2, ge=1, le=5, description="each with the root of the step before")
    min_gain: float = Field(default=1e-3, ge=0, le=1, description="relative gain worth a change")
    recency: tuple[float, ...] = Field(
        default=(1.0, 0.95, 0.9, 0.8, 0.7, 0.6), description="values tried"
    )
    half_life_days: tuple[float | None, ...] = Field(
        default=(None, 480.0, 240.0, 120.0, 60.0), description="of histories, values tried"
    )
    norm_exponent: tuple[float, ...] = Field(
        default=(1.0, 0.75, 1.25, 1.5, 1.75, 2.0, 2.5), description="values tried"
    )
    half_lives: bool = Field(
        default=True, description="whether half-lives are searched at all, where times are known"
    )
    seed: int = Field(default=0, ge=0, description="of the sample of users")


def _louder_graph(config: HeadConfig, factor: float) -> HeadConfig | None:
    """All relations weighted ``factor`` times; None: out of range."""
    weights = {name: value * factor for name, value in config.weights.items()}
    if max(config.relation_weight * factor, *weights.values(), 0.0) > _LOUDEST:
        return None
    update = {"relation_weight": config.relation_weight * factor, "weights": weights}
    return config.model_copy(update=update)


def _softer_text(config: HeadConfig, factor: float) -> HeadConfig | None:
    """The text weighted ``1 / factor`` times; None: out of range."""
    if config.text_weight / factor < _LEAST:
        return None
    return config.model_copy(update={"text_weight": config.text_weight / factor})


def _both(config: HeadConfig, factor: float) -> HeadConfig | None:
    louder = _louder_graph(config, factor)
    return None if louder is None else _softer_text(louder, factor)


SHIFTS = (
    ("relation_weight and text_weight", _both),
    ("relation_weight", _louder_graph),
    ("text_weight", _softer_text),
)
"""Towards scores that rest more on the graph, with the settings they move."""


_WEIGHT = "weight of "  # … a relation
MORE_GRAPH = "more graph: "  # … a setting moved for the sake of explanations
_HISTORY = "history."  # … weight of an event type, recency, half-life


def settings_to_search(
    channels: Sequence[Channel],
    text: NDArray[np.float32] | None,
    start: HeadConfig,
    config: TuneConfig,
    *,
    timed: bool,
    events: Collection[str],
) -> list[str]:
    """Names of what is searched, in order.

    Args:
        channels: what the graph says.
        text: embeddings; None: no text channel.
        start: where the search starts; what is left out there stays out.
        config: how to search.
        timed: whether times are known.
        events: types of the training events; with two or more, the weight of each but the one
            that weighs most is searched.
    """
    by_facts = sorted(channels, key=lambda c: (-len(c.product), c.relation))
    single = [c.relation for c in by_facts if start.weight(c.relation) > 0][: config.relations]
    names = ["regularization"]
    if timed:
        names.append("half_life_days")
    if channels:
        names.append("relation_weight")
    if text is not None and start.text_weight > 0:
        names.append("text_weight")
    weights = {event: getattr(start.history, event) for event in EVENTS if event in events}
    strongest = max(weights.values(), default=0.0)
    names += [_HISTORY + event for event, weight in weights.items() if 0 < weight < strongest]
    return names + ([_WEIGHT + relation for relation in single] if len(channels) > 1 else [])


def value_of(config: HeadConfig, setting: str) -> float:
    """Value of a setting by its name in the search."""
    if setting == "start":
        return 0.0
    setting = setting.removeprefix(MORE_GRAPH).partition(" and ")[0]
    if setting.startswith(_HISTORY):
        return getattr(config.history, setting.removeprefix(_HISTORY)) or 0.0
    if setting.startswith(_WEIGHT):
        return config.weight(setting.removeprefix(_WEIGHT))
    return float(getattr(config, setting) or 0.0)


def stepped(
    config: HeadConfig, setting: str, direction: float, tuning: TuneConfig
) -> HeadConfig | None:
    """The settings with one of them multiplied; None: out of range."""
    value = value_of(config, setting)
    if setting == "half_life_days" and value == 0:
        return config.model_copy(update={setting: _FIRST_HALF_LIFE}) if direction < 1 else None
    value = float(f"{value * direction:.3g}")
    of_relation = setting == "relation_weight" or setting.startswith(_WEIGHT)
    least = tuning.least_relation_weight if of_relation else _LEAST
    most = 1.0 if setting.startswith(_HISTORY) else _MOST
    if not least <= value <= most:
        return None
    if setting.startswith(_HISTORY):
        history = config.history.model_copy(update={setting.removeprefix(_HISTORY): value})
        return config.model_copy(update={"history": history})
    if setting.startswith(_WEIGHT):
        weights = {**config.weights, setting.removeprefix(_WEIGHT): value}
        return config.model_copy(update={"weights": weights})
    return config.model_copy(update={setting: value})
