from math import log2

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from gnn.metrics import METRICS, as_good, ndcg_of_each, ranking_metrics
from kg.errors import ModelError


def truth(*users, products=10):
    rows = [row for row, taken in enumerate(users) for _ in taken]
    columns = [product for taken in users for product in taken]
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(users), products))


def test_one_user_by_hand():
    found = ranking_metrics(np.array([[4, 7, 2, 9]]), truth([7, 9, 1]), [2, 4])
    assert found["recall@2"] == pytest.approx(1 / 3)
    assert found["precision@2"] == pytest.approx(1 / 2)
    assert found["hr@2"] == 1.0
    assert found["mrr@2"] == pytest.approx(1 / 2)
    # One hit at rank 2; a perfect list of two has hits at ranks 1 and 2.
    assert found["ndcg@2"] == pytest.approx((1 / log2(3)) / (1 + 1 / log2(3)))
    # Hits at ranks 2 and 4; a perfect list of four has min(4, 3) hits.
    ideal = 1 + 1 / log2(3) + 1 / log2(4)
    assert found["ndcg@4"] == pytest.approx((1 / log2(3) + 1 / log2(5)) / ideal)
    assert found["recall@4"] == pytest.approx(2 / 3)
    assert found["coverage@2"] == pytest.approx(2 / 10)
    assert found["coverage@4"] == pytest.approx(4 / 10)


def test_means_are_over_users():
    found = ranking_metrics(np.array([[0, 1], [2, 3]]), truth([0], [9]), [1, 2])
    assert found["hr@1"] == pytest.approx(0.5)
    assert found["ndcg@1"] == pytest.approx(0.5)
    assert found["mrr@2"] == pytest.approx(0.5)


def test_a_perfect_list_is_worth_one_and_a_useless_one_nothing():
    perfect = ranking_metrics(np.array([[3, 5, 6]]), truth([5, 3, 6, 7]), [3])
    assert perfect["ndcg@3"] == pytest.approx(1.0)
    assert perfect["precision@3"] == 1.0
    useless = ranking_metrics(np.array([[0, 1, 2]]), truth([5]), [3])
    assert {useless[f"{name}@3"] for name in METRICS if name != "coverage"} == {0.0}


def test_short_lists_count_their_gaps_as_misses():
    found = ranking_metrics(np.array([[5, -1, -1]]), truth([5, 9]), [3])
    assert found["precision@3"] == pytest.approx(1 / 3)
    assert found["coverage@3"] == pytest.approx(1 / 10)


def test_what_does_not_fit():
    lists = np.array([[0, 1]])
    with pytest.raises(ModelError, match="1 lists but the truth of 2 users"):
        ranking_metrics(lists, truth([0], [1]), [1])
    with pytest.raises(ModelError, match=r"cut-offs \[3\] do not fit lists of 2 products"):
        ranking_metrics(lists, truth([0]), [3])
    with pytest.raises(ModelError, match="every user measured needs at least one product"):
        ranking_metrics(lists, truth([]), [1])


def test_ndcg_of_each_averages_to_the_metric() -> None:
    recommended = np.array([[0, 1, 2], [3, 2, -1]])
    truth = csr_matrix(np.array([[0, 1, 0, 1], [1, 0, 0, 1]]))
    of_each = ndcg_of_each(recommended, truth, 3)
    ideal = 1 + 1 / np.log2(3)
    assert of_each == pytest.approx([(1 / np.log2(3)) / ideal, 1 / ideal])
    assert ranking_metrics(recommended, truth, [3])["ndcg@3"] == pytest.approx(of_each.mean())


def test_as_good_by_one_standard_error_of_the_paired_differences() -> None:
    better = np.array([1.0, 0.0, 1.0, 0.0])
    # Losses 1, -1, 1, 0: mean .25, standard error .4787.
    assert as_good(better, np.array([0.0, 1.0, 0.0, 0.0]), 0.0)
    # Losses .1 each: mean .1, no spread at all.
    assert not as_good(better, better - 0.1, 0.1)
    assert as_good(better, better - 0.1, 0.2)
    assert as_good(better, better, 0.0)
    assert as_good(better[:1], better[:1], 0.0)
