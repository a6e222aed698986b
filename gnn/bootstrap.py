"""Confidence intervals of means over users, by resampling the users.

In: measures of the same users, one value each. Out: an `Estimate` per measure. The percentile
bootstrap of Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. All
measures are resampled together, so the difference of two methods is estimated on pairs: what is
hard for one user is hard for both. Users are the sample; products and training data are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kg.errors import ModelError

__all__ = ["Estimate", "estimates", "paired_differences"]

_CHUNK = 2_000_000  # drawn users held at once


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over users and its confidence interval."""

    mean: float
    low: float
    high: float

    @property
    def is_apart_from_zero(self) -> bool:
        """Whether zero lies outside the interval."""
        return self.low > 0 or self.high < 0


def estimates(
    of_each: Mapping[str, NDArray[np.floating]],
    *,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Mean and percentile interval of each measure.

    Args:
        of_each: measure -> value of each user, (users,), all in the same order of users.
        resamples: how often the users are drawn, with replacement, as many as there are.
        confidence: share of the resampled means inside the interval, (0, 1).
        seed: of the draws; the same users get the same draws whatever is measured.

    Raises:
        ModelError: there are no users, the measures are of unlike numbers of users, or a setting
            is out of range.
    """
    if resamples < 1 or not 0 < confidence < 1:
        raise ModelError(
            f"{resamples} resamples at confidence {confidence:g}; give at least 1, and a "
            "confidence between 0 and 1"
        )
    sizes = {len(values) for values in of_each.values()}
    if not of_each:
        return {}
    if len(sizes) != 1 or 0 in sizes:
        raise ModelError(
            f"measures of {sorted(sizes)} users cannot be resampled together; each needs one "
            "value of every user, and at least one user"
        )
    values = np.column_stack([np.asarray(v, dtype=np.float64) for v in of_each.values()])
    means = _resampled_means(values, resamples, seed)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, (tail, 1 - tail), axis=0)
    return {
        name: Estimate(float(values[:, at].mean()), float(low[at]), float(high[at]))
        for at, name in enumerate(of_each)
    }


def paired_differences(
    of_each: Mapping[str, NDArray[np.floating]],
    reference: Mapping[str, NDArray[np.floating]],
    *,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Estimate]:
    """`estimates` of ``of_each − reference``, user by user, for every measure of the reference.

    Raises:
        ModelError: as `estimates`; or a measure is missing, or is of other users.
    """
    differences = {}
    for name, values in reference.items():
        if name not in of_each or len(of_each[name]) != len(values):
            raise ModelError(f"{name} is not measured on the same users by both methods")
        differences[name] = of_each[name] - values
    return estimates(differences, resamples=resamples, confidence=confidence, seed=seed)


def _resampled_means(values: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    """Means of the columns over each draw of the rows, (resamples, columns)."""
    users = len(values)
    rng = np.random.default_rng(seed)
    means = np.empty((resamples, values.shape[1]))
    at_once = max(1, _CHUNK // users)
    for start in range(0, resamples, at_once):
        stop = min(start + at_once, resamples)
        drawn = rng.integers(users, size=(stop - start, users))
        drawn += users * np.arange(stop - start)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=users * (stop - start))
        means[start:stop] = counts.reshape(stop - start, users) @ values / users
    return means
