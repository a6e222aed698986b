"""Figures of two groups against published examples, against scipy's own, and against chance."""

import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from commerce.comparison import mean, mean_difference, mismatch, share, share_difference


def test_wilsons_interval_as_published() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 857, table I: 81 of 263, 15 of 148, 0 of 20.
    for count, of, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605),
                                 (0, 20, 0.0, 0.1611)):  # fmt: skip
        found = share(count, of)
        assert found.value == count / of
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_newcombes_interval_as_published() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 873, table II, method 10.
    for counts, of, low, high in (
        ((48, 56), (80, 70), 0.0524, 0.3339),
        ((3, 9), (10, 10), 0.1705, 0.8090),
        ((0, 10), (10, 10), 0.6075, 1.0),
        ((0, 0), (10, 10), -0.2775, 0.2775),
    ):
        found = share_difference(counts, of)
        assert found.value == pytest.approx(counts[1] / of[1] - counts[0] / of[0])
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_p_values_of_shares() -> None:
    # pooled z of 120/2000 and 150/1900, by hand: 2.3299…, two-sided
    pooled = 270 / 3900
    z = (150 / 1900 - 120 / 2000) / math.sqrt(pooled * (1 - pooled) * (1 / 1900 + 1 / 2000))
    by_hand = math.erfc(abs(z) / math.sqrt(2))
    assert share_difference((120, 150), (2000, 1900)).p_value == pytest.approx(by_hand)
    # few: Fisher's, 2 · 1/C(6,3) by hand
    assert share_difference((0, 3), (3, 3)).p_value == pytest.approx(0.1)
    assert share_difference((0, 0), (10, 20)).p_value == 1
    assert share_difference((10, 20), (10, 20)).p_value == 1


def test_means() -> None:
    values = np.array([0.0, 0.0, 4.0, 8.0])
    found = mean(values)
    interval = ttest_1samp(values, 0).confidence_interval()
    assert found == pytest.approx((3.0, interval.low, interval.high))
    assert mean(np.array([2.0])) == (2.0, -math.inf, math.inf)
    # Welch by hand: means 3 and 1, variances 44/3 and 2/3, n = 4 and 3
    less = mean_difference(np.array([0.0, 1.0, 2.0]) * (2 / 3) ** 0.5 + 1 - (2 / 3) ** 0.5, values)
    assert less.value == pytest.approx(2.0)
    assert (less.low + less.high) / 2 == pytest.approx(2.0)
    error = math.sqrt(44 / 3 / 4 + 2 / 3 / 3)
    freedom = error**4 / ((44 / 12) ** 2 / 3 + (2 / 9) ** 2 / 2)
    from scipy.stats import t

    assert less.high - 2 == pytest.approx(error * t.ppf(0.975, freedom))
    assert less.p_value == pytest.approx(2 * t.sf(2 / error, freedom))


def test_means_without_spread_or_people() -> None:
    same = np.zeros(3)
    assert mean_difference(same, same) == (0, 0, 0, 1)
    assert mean_difference(same, same + 2) == (2, 2, 2, 0)
    assert mean_difference(same[:1], same + 2) == (2, -math.inf, math.inf, 1)


def test_mismatch_of_shares() -> None:
    assert mismatch([50, 50], [0.5, 0.5]) == 1
    # chi-square of 1, one degree of freedom: P(|z| > 1)
    assert mismatch([55, 45], [0.5, 0.5]) == pytest.approx(math.erfc(1 / math.sqrt(2)))
    assert mismatch([90, 10], [0.9, 0.1]) == 1
    assert mismatch([500, 650], [0.5, 0.5]) < 0.001


@pytest.mark.parametrize("rate", [0.02, 0.3])
def test_intervals_hold_the_truth_as_often_as_they_say(rate: float) -> None:
    random = np.random.default_rng(7)
    held = sum(
        found.low <= 0.02 <= found.high
        for one, other in zip(
            random.binomial(400, rate, 500), random.binomial(500, rate + 0.02, 500), strict=True
        )
        if (found := share_difference((int(one), int(other)), (400, 500)))
    )
    assert 0.92 <= held / 500 <= 0.98
