"""Settings of the head chosen on validation data: a coordinate search on logarithmic grids.

In: the training part of a split, what users took in its validation part, channels, embeddings.
Out: a `HeadConfig` and the log of what was tried. The procedure, which is deterministic:

1. To be quick, keep the ``max_products`` products bought most in training and a seeded sample of
   ``max_users`` validation users. Channels keep the degrees of the whole catalogue.
2. Try what needs no new fit, on grids: the recency of histories, where times are known their
   half-life, the exponent of the normalisation.
3. Take one setting after the other: λ, the half-life of training events, the weight of all
   relations, of the text, of the weaker types of events, of each relation with many facts.
   Multiply by the step, else divide by it, and go on in the direction that gains, as long as
   NDCG@k gains ``min_gain``.
4. Once more around with the square root of the step, without the settings that made no odds. At
   most ``max_fits`` fits so far.
5. What ranks alike is not told alike: raise the weights of all relations and lower the text's, both
   together, then each alone, by the root of the step and then by the root of that, as long as the
   ranking stays as good (`gnn.metrics.as_good`) with what needs no fit tried again; three steps
   each at most.
6. Where step 1 left products out: fit what step 4 found on all of them and try again what needs no
   fit; take what step 5 found only if it is as good there too, for rare products live on the text;
   raise the text's weight as long as that gains more than the price of a path, three steps at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.channels import Channel
from gnn.choice import choose_head
from gnn.fit import TrainingData
from gnn.fusion import HeadConfig
from gnn.metrics import as_good
from gnn.tune_steps import MORE_GRAPH, SHIFTS, TuneConfig, settings_to_search, stepped, value_of
from gnn.validation import ValidationSample

__all__ = ["Trial", "TuneConfig", "Tuning", "tune"]

_MOST_SHIFTS = 3  # of each kind, towards the graph


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
    take = partial(ValidationSample.take, data, truth, channels, text, seed=config.seed)
    sample = take(max_products=config.max_products, max_users=config.max_users)
    search = _Search(sample, start, config)
    settings = settings_to_search(
        channels,
        text,
        start,
        config,
        timed=sample.timed and config.half_lives,
        events=sample.events,
    )
    factor = config.step
    for _ in range(config.rounds):
        # These first: they need no fit, and the rest depends on them.
        search.without_fitting()
        settings = [name for name in settings if search.walk(name, factor)]
        factor = factor**0.5
    search.without_fitting()
    found = search.best
    if channels and config.path_price > 0:
        search.hear_the_graph()
    if text is None or not _worth_a_look_at_all(len(data.products), search.best, config):
        return Tuning(search.best, search.ndcg, search.fits, tuple(search.trials))
    everything = take(max_products=len(data.products), max_users=config.max_users, keep=False)
    whole = _Search(everything, found, config)
    whole.without_fitting()
    if search.best != found:
        whole.prefer(search.best)
    whole.hear_the_text()
    trials = (*search.trials, *whole.trials)
    return Tuning(whole.best, whole.ndcg, search.fits + whole.fits, trials)


def _worth_a_look_at_all(num_products: int, found: HeadConfig, config: TuneConfig) -> bool:
    """Whether the sample left products out, the text counts, and all products fit into memory."""
    if num_products <= config.max_products or not found.text_weight or config.path_price == 0:
        return False
    return choose_head(num_products, found).kind == "dense"


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
                candidate = stepped(self.best, setting, direction, self._config)
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
        for name, shift in SHIFTS:
            for factor in (self._config.step**0.5, self._config.step**0.25):
                for _ in range(_MOST_SHIFTS):
                    candidate = shift(self.best, factor)
                    if candidate is None or not self._as_good(candidate, name, best):
                        break

    def prefer(self, candidate: HeadConfig) -> None:
        """Take settings that rest more on the graph if they are as good."""
        best = self._sample.ndcg(self._inverse, self.best, self._config.k)
        self._as_good(candidate, SHIFTS[0][0], best)

    def _as_good(self, candidate: HeadConfig, name: str, best: NDArray[np.float64]) -> bool:
        """Take a candidate whose NDCG of each user is as good as the best; False: it is not."""
        before = self.best, self._inverse, self.ndcg
        self.ndcg = -1.0
        self._attempt(candidate, MORE_GRAPH + name)
        self.without_fitting()
        of_each = self._sample.ndcg(self._inverse, self.best, self._config.k)
        good = as_good(best, of_each, self._config.path_price)
        if not good:
            self.best, self._inverse, self.ndcg = before
        return good

    def hear_the_text(self) -> None:
        """Raise the weight of the text as long as that gains more than ``path_price``.

        Text helps rare products most, and the sample had none.
        """
        for _ in range(_MOST_SHIFTS):
            candidate = stepped(self.best, "text_weight", self._config.step, self._config)
            if candidate is None:
                return
            needed = self.ndcg * (1 + self._config.path_price)
            best, inverse, ndcg = self.best, self._inverse, self.ndcg
            self._attempt(candidate, "text_weight")
            self.without_fitting()
            if self.ndcg < needed:
                self.best, self._inverse, self.ndcg = best, inverse, ndcg
                return

    def _attempt(self, candidate: HeadConfig, setting: str) -> bool:
        """Fit and score a candidate; it becomes the best if it gains."""
        self.fits += 1
        return self._score(candidate, setting, self._sample.inverse(candidate))

    def _score(self, candidate: HeadConfig, setting: str, inverse: NDArray[np.float32]) -> bool:
        ndcg = float(self._sample.ndcg(inverse, candidate, self._config.k).mean())
        self.trials.append(Trial(setting, value_of(candidate, setting), ndcg))
        gains = ndcg > self.ndcg * (1 + self._config.min_gain) or self.ndcg < 0
        if gains:
            self.best, self.ndcg, self._inverse = candidate, ndcg, inverse
        return gains
