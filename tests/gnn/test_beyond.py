"""What is beyond accuracy, by hand."""

from math import log, log2, sqrt

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from gnn.beyond import (
    attribute_shares,
    calibration,
    entropy,
    exposure_gini,
    intra_list_distance,
    list_matrix,
    novelty,
    unexpectedness,
)
from gnn.channels import ITSELF, Channel
from gnn.likeness import Vectors


def rows(*values: list[float]) -> csr_matrix:
    return csr_matrix(np.array(values, dtype=np.float64))


def vectors(*values: list[float]) -> Vectors:
    """Vectors without words."""
    data = np.array(values, dtype=np.float32)
    return Vectors(csr_matrix(data), np.zeros((len(data), 0), dtype=np.float32))


# Products 0 and 1 are alike, 2 is like neither, 3 stands halfway between 0 and 2.
FOUR = vectors([1, 0], [1, 0], [0, 1], [sqrt(0.5), sqrt(0.5)])


def test_lists_as_a_matrix() -> None:
    found = list_matrix(np.array([[2, 0], [1, -1], [-1, -1]]), 4)
    assert found.toarray().tolist() == [[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_intra_list_distance_is_the_mean_over_pairs() -> None:
    lists = list_matrix(np.array([[0, 1, 2], [0, 3, -1]]), 4)
    # (0, 1): 0; (0, 2), (1, 2): 1 each. (0, 3): 1 − √½.
    assert intra_list_distance(lists, FOUR) == pytest.approx((2 / 3 + 1 - sqrt(0.5)) / 2)


def test_intra_list_distance_against_plain_loops() -> None:
    rng = np.random.default_rng(3)
    graph = rng.normal(size=(9, 4)).astype(np.float32)
    text = rng.normal(size=(9, 3)).astype(np.float32)
    length = np.sqrt((graph**2).sum(1) + (text**2).sum(1))[:, None]
    both = Vectors(csr_matrix(graph / length), text / length)
    chosen = np.array([rng.permutation(9)[:5] for _ in range(4)])
    dense = np.hstack([graph, text]) / length
    wanted = [
        np.mean([1 - dense[i] @ dense[j] for i in mine for j in mine if i < j]) for mine in chosen
    ]
    assert intra_list_distance(list_matrix(chosen, 9), both) == pytest.approx(np.mean(wanted))


def test_a_list_of_one_has_no_pairs() -> None:
    alone = list_matrix(np.array([[2, -1], [0, 2]]), 4)
    assert intra_list_distance(alone, FOUR) == pytest.approx(1.0)
    assert np.isnan(intra_list_distance(alone[:1], FOUR))


def test_what_is_unlike_the_history_is_unexpected_and_a_hit_among_it_serendipitous() -> None:
    lists = list_matrix(np.array([[1, 2]]), 4)
    history = rows([2.0, 0, 0, 0])  # how much it weighs does not matter
    assert unexpectedness(lists, history, FOUR) == pytest.approx((0 + 1) / 2)
    both = rows([1.0, 0, 0, 0.5])
    wanted = ((1 - (1 + sqrt(0.5)) / 2) + (1 - sqrt(0.5) / 2)) / 2
    assert unexpectedness(lists, both, FOUR) == pytest.approx(wanted)
    hit = list_matrix(np.array([[2]]), 4)
    assert unexpectedness(lists, history, FOUR, counted=hit) == pytest.approx(1 / 2)
    expected = list_matrix(np.array([[1]]), 4)
    assert unexpectedness(lists, history, FOUR, counted=expected) == pytest.approx(0)
    nobody = list_matrix(np.array([[-1]]), 4)
    assert unexpectedness(lists, history, FOUR, counted=nobody) == 0


def test_novelty_in_bits() -> None:
    seen = rows([1, 1, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0])
    # p = 1, 1/4, and as if 1/4 for what nobody met.
    lists = list_matrix(np.array([[0, 1], [2, -1]]), 3)
    assert novelty(lists, seen) == pytest.approx(((0 + 2) / 2 + 2) / 2)


def test_gini_of_exposure() -> None:
    assert exposure_gini(list_matrix(np.array([[0, 1], [2, 3]]), 4)) == pytest.approx(0)
    # Exposures 0 0 0 2: (2·4 − 4 − 1) · 2 / (4 · 2)
    assert exposure_gini(list_matrix(np.array([[3], [3]]), 4)) == pytest.approx(3 / 4)
    # Exposures 0 1 1 2: (−1 + 1 + 3·2) / (4 · 4)
    assert exposure_gini(list_matrix(np.array([[3, 1], [3, 2]]), 4)) == pytest.approx(6 / 16)
    assert exposure_gini(list_matrix(np.array([[-1]]), 4)) == 0


def channel() -> Channel:
    """Products 0 to 3 of brands a, a, b, and both; product 4 of none but related to itself."""
    product = np.array([0, 1, 2, 3, 3, 4])
    entity = np.array([0, 0, 1, 0, 1, 1])
    depth = np.array([0, 0, 0, 0, 0, ITSELF], dtype=np.int8)
    ones, zeros = np.ones(6, dtype=np.float32), np.zeros(6, dtype=np.int8)
    return Channel("schema:brand", ("a", "b"), product, entity, ones, depth, ones, ("",), zeros,
                   entity)  # fmt: skip


def test_attribute_shares() -> None:
    wanted = [[1, 0], [1, 0], [0, 1], [0.5, 0.5], [0, 0]]
    assert attribute_shares(channel(), 5).toarray().tolist() == wanted


def test_calibration_is_the_divergence_from_the_history() -> None:
    brands = attribute_shares(channel(), 5)
    history = rows([3.0, 0, 1, 0, 0])  # three quarters a, one quarter b
    same = list_matrix(np.array([[0, 1, 3, 2]]), 5)  # a, a, half and half, b: 5/8, 3/8
    q = 0.99 * 5 / 8 + 0.01 * 3 / 4, 0.99 * 3 / 8 + 0.01 * 1 / 4
    wanted = 3 / 4 * log(3 / 4 / q[0]) + 1 / 4 * log(1 / 4 / q[1])
    assert calibration(same, history, brands) == pytest.approx(wanted)
    only_a = list_matrix(np.array([[0, 1]]), 5)
    q = 0.99 + 0.01 * 3 / 4, 0.01 / 4
    wanted = 3 / 4 * log(3 / 4 / q[0]) + 1 / 4 * log(1 / 4 / q[1])
    assert calibration(only_a, history, brands) == pytest.approx(wanted)
    assert calibration(only_a, rows([1.0, 0, 0, 0, 0]), brands) == pytest.approx(0, abs=1e-12)


def test_calibration_leaves_out_who_has_no_proportions() -> None:
    brands = attribute_shares(channel(), 5)
    lists = list_matrix(np.array([[0], [4], [0]]), 5)
    histories = rows([1.0, 0, 0, 0, 0], [1.0, 0, 0, 0, 0], [0, 0, 0, 0, 1.0])
    assert calibration(lists, histories, brands) == pytest.approx(0, abs=1e-12)
    assert np.isnan(calibration(lists[1:], histories[1:], brands))


def test_entropy_in_bits() -> None:
    brands = attribute_shares(channel(), 5)
    lists = list_matrix(np.array([[0, 2, -1], [0, 1, 2], [4, -1, -1]]), 5)
    third = -(2 / 3 * log2(2 / 3) + 1 / 3 * log2(1 / 3))
    assert entropy(lists, brands) == pytest.approx((1 + third) / 2)
