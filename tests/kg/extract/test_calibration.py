import numpy as np
import pytest

from kg.extract.calibration import Bin, Calibration, calibration_error, reliability


def test_error_by_hand() -> None:
    # two mentions at .9, one right; two at .3, none right: (2·.4 + 2·.3) / 4
    assert calibration_error([0.9, 0.9, 0.3, 0.3], [True, False, False, False]) == pytest.approx(
        0.35
    )
    bins = reliability([0.9, 0.9, 0.3, 1.0], [True, False, False, True])
    assert [b.size for b in bins] == [1, 3]
    assert bins[0] == Bin(pytest.approx(0.3), 0.0, 1)


def test_overconfidence_is_mended() -> None:
    random = np.random.default_rng(0)
    truth = random.uniform(0.2, 0.9, 4_000)
    right = list(random.uniform(size=4_000) < truth)
    raw = truth**0.25  # far too sure
    calibration = Calibration.fit(raw[:2_000], right[:2_000])
    mended = [calibration(x) for x in raw[2_000:]]
    assert calibration_error(raw[2_000:], right[2_000:]) > 0.2
    assert calibration_error(mended, right[2_000:]) < 0.05
    assert sorted(mended) == [calibration(x) for x in sorted(raw[2_000:])]


def test_without_both_kinds_nothing_is_changed() -> None:
    assert Calibration.fit([0.2, 0.4], [True, True])(0.3) == 0.3


def test_it_survives_json() -> None:
    calibration = Calibration.fit([0.1, 0.5, 0.9, 0.95], [False, False, True, True])
    assert Calibration.from_dict(calibration.to_dict()) == calibration


def test_nothing_has_no_error() -> None:
    with pytest.raises(ValueError, match="calibration error of nothing is not defined"):
        calibration_error([], [])
