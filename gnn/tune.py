"""Settings of the head chosen on validation data: a coordinate search on logarithmic grids.

In: the training part of a split, what users took in its validation part, channels, embeddings.
Out: a `HeadConfig` and the log of what was tried. The procedure, which is deterministic:

1. To be quick, keep the ``max_products`` products bought most in training and a seeded sample of
   ``max_users`` validation users. Channels keep the degrees of the whole catalogue.
2. Try what needs no new fit, on grids: the recency of histories, where times are known their
   half-life, the exponent of the normalisation.
3. Take one setting after the other: λ, the half-life of training events, the weight of all
   relations, of the text, the weight of each relation with many facts.
   Multiply by the step, else divide by it, and go on in the direction that gains, as long as
   NDCG@k gains ``min_gain``.
4. Once more around with the square root of the step, without the settings that made no odds. At
   most ``max_fits`` fits so far.
5. What ranks alike is not told alike: raise the weights of all relations together, then lower the
   text's, as long as the ranking stays as good (`gnn.metrics.as_good`); three steps each at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_matrix

from gnn.channels import Channel
from gnn.fit import TrainingData
from gnn.fusion import HeadConfig
from gnn.metrics import as_good
from gnn.validation import ValidationSample

__all__ = ["Trial", "TuneConfig", "Tuning", "tune"]

_LEAST, _MOST = 1e-3, 1e5
_LOUDEST = 300.0  # weight of a relation
_MOST_SHIFTS = 3  # of each kind, towards the graph
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


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting tried and what it brought."""

    setting: str
    value: float
    ndcg: float


@dataclass(frozen=True)
class Tuning:
    """What the search found."""

    config: HeadConfig
    ndcg: float  # on the search's sample of validation users
    fits: int
    trials: Sequence[Trial] = field(default_factory=tuple)


def tune(
    data: TrainingData,
    truth: csr_matrix,
    channels: Sequence[Channel],
    text: NDArray[np.float32] | None,
    *,
    start: HeadConfig | None = None,
    config: TuneConfig | None = None,
) -> Tuning:
    """Choose the head's settings.

    Args:
        data: the training part.
        truth: users × products in the rows of ``data``: what they took in the validation part.
        channels: from ``read_channels``, with the damping of ``start``.
        text: embeddings of the products, (n, d); None: no text channel.
        start: settings to start from; those not searched stay.
        config: how to search.

    Raises:
        ModelError: no user has both a history and a product in ``truth``.
    """
    start = HeadConfig() if start is None else start
    config = TuneConfig() if config is None else config
    sample = ValidationSample.take(
        data,
        truth,
        channels,
        text,
        max_products=config.max_products,
        max_users=config.max_users,
        seed=config.seed,
    )
    search = _Search(sample, start, config)
    settings = _settings(channels, text, start, config, timed=sample.timed and config.half_lives)
    factor = config.step
    for _ in range(config.rounds):
        # These first: they need no fit, and the rest depends on them.
        search.without_fitting()
        settings = [name for name in settings if search.walk(name, factor)]
        factor = factor**0.5
    search.without_fitting()
    if channels and config.path_price > 0:
        search.hear_the_graph()
    return Tuning(search.best, search.ndcg, search.fits, tuple(search.trials))


class _Search:
    """Where the search stands."""

    def __init__(self, sample: ValidationSample, start: HeadConfig, config: TuneConfig) -> None:
        self._sample = sample
        self._config = config
        self.trials: list[Trial] = []
        self.fits = 0
        self.ndcg = -1.0
        self.best, self._inverse = start, np.zeros((0, 0), dtype=np.float32)
        self._attempt(start, "start")

    def walk(self, setting: str, factor: float) -> bool:
        """Move one setting up, or else down, as long as that gains; False: it makes no odds."""
        started, matters = self.ndcg, False
        for direction in (factor, 1 / factor):
            while self.fits < self._config.max_fits:
                candidate = _stepped(self.best, setting, direction, self._config)
                if candidate is None:
                    break
                gains = self._attempt(candidate, setting)
                matters |= abs(self.trials[-1].ndcg - started) > self._config.min_gain * started
                if not gains:
                    break
            if self.ndcg > started:
                break
        return matters

    def without_fitting(self) -> None:
        """Try the grids of what the best fit so far serves as well."""
        timed = self._sample.timed and self._config.half_lives
        for setting in ("recency", "half_life_days") if timed else ("recency",):
            for value in getattr(self._config, setting):
                history = self.best.history.model_copy(update={setting: value})
                candidate = self.best.model_copy(update={"history": history})
                self._score(candidate, f"history.{setting}", self._inverse)
        for value in self._config.norm_exponent:
            candidate = self.best.model_copy(update={"norm_exponent": value})
            self._score(candidate, "norm_exponent", self._inverse)

    def hear_the_graph(self) -> None:
        """Shift weight from text to relations as far as ``path_price`` allows."""
        best = self._sample.ndcg(self._inverse, self.best, self._config.k)
        for name, shift in _SHIFTS:
            for _ in range(_MOST_SHIFTS):
                candidate = shift(self.best, self._config.step)
                if candidate is None:
                    break
                inverse = self._sample.inverse(candidate)
                of_each = self._sample.ndcg(inverse, candidate, self._config.k)
                ndcg = float(of_each.mean())
                self.fits += 1
                self.trials.append(Trial(f"more graph: {name}", candidate.text_weight, ndcg))
                if not as_good(best, of_each, self._config.path_price):
                    break
                self.best, self.ndcg, self._inverse = candidate, ndcg, inverse

    def _attempt(self, candidate: HeadConfig, setting: str) -> bool:
        """Fit and score a candidate; it becomes the best if it gains."""
        self.fits += 1
        return self._score(candidate, setting, self._sample.inverse(candidate))

    def _score(self, candidate: HeadConfig, setting: str, inverse: NDArray[np.float32]) -> bool:
        ndcg = float(self._sample.ndcg(inverse, candidate, self._config.k).mean())
        self.trials.append(Trial(setting, _value(candidate, setting), ndcg))
        gains = ndcg > self.ndcg * (1 + self._config.min_gain) or self.ndcg < 0
        if gains:
            self.best, self.ndcg, self._inverse = candidate, ndcg, inverse
        return gains


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


_SHIFTS = (("relations", _louder_graph), ("text", _softer_text))

_WEIGHT = "weight of "  # … a relation


def _settings(
    channels: Sequence[Channel],
    text: NDArray[np.float32] | None,
    start: HeadConfig,
    config: TuneConfig,
    *,
    timed: bool,
) -> list[str]:
    """Names of what is searched, in order."""
    by_facts = sorted(channels, key=lambda c: (-len(c.product), c.relation))
    single = [c.relation for c in by_facts if start.weight(c.relation) > 0][: config.relations]
    names = ["regularization"]
    if timed:
        names.append("half_life_days")
    if channels:
        names.append("relation_weight")
    if text is not None and start.text_weight > 0:
        names.append("text_weight")
    return names + ([_WEIGHT + relation for relation in single] if len(channels) > 1 else [])


def _value(config: HeadConfig, setting: str) -> float:
    if setting == "start":
        return 0.0
    if setting.startswith("history."):
        return getattr(config.history, setting.removeprefix("history.")) or 0.0
    if setting.startswith(_WEIGHT):
        return config.weight(setting.removeprefix(_WEIGHT))
    return float(getattr(config, setting) or 0.0)


def _stepped(
    config: HeadConfig, setting: str, direction: float, tuning: TuneConfig
) -> HeadConfig | None:
    """The settings with one of them multiplied; None: out of range."""
    value = _value(config, setting)
    if setting == "half_life_days" and value == 0:
        return config.model_copy(update={setting: _FIRST_HALF_LIFE}) if direction < 1 else None
    value = float(f"{value * direction:.3g}")
    of_relation = setting == "relation_weight" or setting.startswith(_WEIGHT)
    least = tuning.least_relation_weight if of_relation else _LEAST
    if not least <= value <= _MOST:
        return None
    if setting.startswith(_WEIGHT):
        weights = {**config.weights, setting.removeprefix(_WEIGHT): value}
        return config.model_copy(update={"weights": weights})
    return config.model_copy(update={setting: value})
