"""Calibration: what share of the mentions with a confidence are right.

In: raw confidences and whether each was right, of texts nothing was learned from. Out: a
`Calibration`, a monotone function from raw confidence to the share expected right, by isotonic
regression (Zadrozny, Elkan 2002; scikit-learn); and the measure of how far off a confidence is,
the expected calibration error (Naeini et al. 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bin", "Calibration", "calibration_error", "reliability"]

_LEAST, _MOST = 0.01, 0.99


@dataclass(frozen=True)
class Calibration:
    """A piecewise linear, monotone function; without knots the identity."""

    raw: tuple[float, ...] = ()
    share: tuple[float, ...] = ()

    def __call__(self, confidence: float) -> float:
        """The share of mentions of this raw confidence that are expected right."""
        if not self.raw:
            return confidence
        return float(np.interp(confidence, self.raw, self.share))

    @classmethod
    def fit(cls, raw: Sequence[float], right: Sequence[bool]) -> Calibration:
        """The calibration that fits best, in least squares, among the monotone ones."""
        from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - seconds to import

        if len(set(right)) < 2:
            return cls()
        model = IsotonicRegression(y_min=_LEAST, y_max=_MOST, out_of_bounds="clip")
        model.fit(np.asarray(raw), np.asarray(right, dtype=float))
        return cls(
            tuple(round(float(x), 6) for x in model.X_thresholds_),
            tuple(round(float(y), 6) for y in model.y_thresholds_),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"raw": list(self.raw), "share": list(self.share)}

    @classmethod
    def from_dict(cls, said: dict[str, Any]) -> Calibration:
        """What `to_dict` gave."""
        return cls(tuple(said["raw"]), tuple(said["share"]))


class Bin(NamedTuple):
    """Mentions of like confidence."""

    confidence: float  # mean
    share: float  # right
    size: int


def reliability(
    confidence: Sequence[float] | NDArray[np.float64], right: Sequence[bool], bins: int = 10
) -> list[Bin]:
    """Mentions in ``bins`` parts of [0, 1] of equal width; empty ones are left out."""
    sure, is_right = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    return [
        Bin(float(sure[chosen].mean()), float(is_right[chosen].mean()), int(chosen.sum()))
        for chosen in (place == number for number in range(bins))
        if chosen.any()
    ]


def calibration_error(
    confidence: Sequence[float] | NDArray[np.float64], right: Sequence[bool], bins: int = 10
) -> float:
    """Expected calibration error: the mean of |share right − mean confidence|, by bin size.

    Raises:
        ValueError: there is nothing to measure.
    """
    if len(confidence) == 0:
        raise ValueError("no confidences: the calibration error of nothing is not defined")
    found = reliability(confidence, right, bins)
    return sum(b.size * abs(b.share - b.confidence) for b in found) / len(confidence)
