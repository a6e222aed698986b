"""Comparing two groups of people: how many did something, what each spent, and how sure that is.

In: counts, or one number for each person. Out: estimates with intervals, and p-values of the
difference from nothing. People are taken to be independent of each other, so the unit is the
person, never the event.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, chi2_contingency, chisquare, fisher_exact, t, ttest_ind

__all__ = [
    "Difference",
    "Estimate",
    "mean",
    "mean_difference",
    "mismatch",
    "share",
    "share_difference",
]

_FEW = 5  # expected in a cell: with fewer, Fisher's exact test takes the place of chi-square


class Estimate(NamedTuple):
    """A figure and its confidence interval."""

    value: float
    low: float
    high: float


class Difference(NamedTuple):
    """What one figure has over another, with its interval and the p-value of none at all."""

    value: float
    low: float
    high: float
    p_value: float


def share(count: int, of: int, level: float = 0.95) -> Estimate:
    """The share of people who did something, with Wilson's score interval.

    Args:
        count: who did.
        of: all, at least 1.
        level: confidence, in (0, 1).
    """
    interval = binomtest(count, of).proportion_ci(level, method="wilson")
    return Estimate(count / of, float(interval.low), float(interval.high))


def share_difference(
    counts: tuple[int, int], of: tuple[int, int], level: float = 0.95
) -> Difference:
    """The second group's share less the first's.

    Interval: Newcombe's hybrid score (Statistics in Medicine 17, 1998, method 10), from both
    groups' Wilson intervals. P-value: chi-square without correction, which is the pooled z-test;
    Fisher's exact test where fewer than five are expected in a cell.

    Args:
        counts: who did something, of each group.
        of: people of each group, at least 1.
        level: confidence, in (0, 1).
    """
    one, other = (share(count, all_, level) for count, all_ in zip(counts, of, strict=True))
    value = other.value - one.value
    return Difference(
        value,
        value - math.hypot(other.value - other.low, one.high - one.value),
        value + math.hypot(other.high - other.value, one.value - one.low),
        _p_of_shares(counts, of),
    )


def mean(values: NDArray[np.float64], level: float = 0.95) -> Estimate:
    """The mean of one number for each person, with Student's interval; n of one: all numbers.

    Args:
        values: (n,), at least one.
        level: confidence, in (0, 1).
    """
    value, count = float(values.mean()), len(values)
    if count < 2:
        return Estimate(value, -math.inf, math.inf)
    half = float(t.ppf((1 + level) / 2, count - 1)) * float(values.std(ddof=1)) / math.sqrt(count)
    return Estimate(value, value - half, value + half)


def mean_difference(
    first: NDArray[np.float64], second: NDArray[np.float64], level: float = 0.95
) -> Difference:
    """The second group's mean less the first's, by Welch's t-test.

    Args:
        first: (n,) one number for each person.
        second: (m,) alike.
        level: confidence, in (0, 1).
    """
    value = float(second.mean() - first.mean())
    if min(len(first), len(second)) < 2:
        return Difference(value, -math.inf, math.inf, 1.0)
    if not np.ptp(first) and not np.ptp(second):  # no spread to judge by
        return Difference(value, value, value, 0.0 if value else 1.0)
    tested = ttest_ind(second, first, equal_var=False)
    interval = tested.confidence_interval(level)
    return Difference(value, float(interval.low), float(interval.high), float(tested.pvalue))


def mismatch(counts: Sequence[int], shares: Sequence[float]) -> float:
    """P-value of groups this unequal, had people been drawn by these shares (chi-square).

    Args:
        counts: people of each group, at least one in all.
        shares: of the groups; they add up to 1.
    """
    expected = np.asarray(shares) * sum(counts)
    return float(chisquare(counts, expected).pvalue)


def _p_of_shares(counts: tuple[int, int], of: tuple[int, int]) -> float:
    table = np.array([[count, all_ - count] for count, all_ in zip(counts, of, strict=True)])
    if not sum(counts) or sum(counts) == sum(of):
        return 1.0
    expected = min(sum(counts), sum(of) - sum(counts)) * min(of) / sum(of)
    if expected < _FEW:
        return float(fisher_exact(table).pvalue)
    return float(chi2_contingency(table, correction=False).pvalue)
