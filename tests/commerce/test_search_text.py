"""BM25 and meaning on texts small enough to count by hand."""

import numpy as np
import pyarrow as pa
import pytest

from commerce.search_text import Texts, WordIndex
from kg.extract.shop_words import text_norms
from kg.facts import product_table
from tests.worlds import product


def test_rarer_words_count_more_and_unknown_ones_nothing() -> None:
    index = WordIndex([["red", "mug"], ["red", "bag"], ["red", "box", "large"]])
    rare, common = index.scores(["mug"]), index.scores(["red"])
    assert rare[0] > common[0] > 0
    assert rare[1] == rare[2] == 0
    assert common[0] > common[2]  # a shorter text
    assert not index.scores(["zebra"]).any()
    assert index.scores(["red", "mug"])[0] == pytest.approx(rare[0] + common[0])


def test_rows_that_hold_words() -> None:
    index = WordIndex([["red", "mug"], ["mug"], ["red"]])
    assert index.rows("red").tolist() == [0, 2]
    assert index.holds(["red", "mug"]).tolist() == [True, False, False]
    assert not index.holds([]).any()
    assert not index.holds(["mug", "zebra"]).any()


def test_an_empty_index_answers_nothing() -> None:
    index = WordIndex([[], []])
    assert index.scores(["red"]).tolist() == [0, 0]
    assert not index.rows("red").size


@pytest.fixture
def table() -> pa.Table:
    return product_table(
        [
            product("a", "Sofa cushion", brand="Larkrise"),
            product("b", "Velvet cushion"),
            product("c", "Velvet pillow"),
            product("d", "Steel screw"),
        ]
    )


def test_words_mean_what_their_products_do(table: pa.Table) -> None:
    vectors = np.array([[1, 0.1], [1, 0], [1, 0.2], [0, 1]], dtype=np.float32)
    texts = Texts(table, text_norms, vectors)
    near = texts.near(("cushion",))
    assert near[2] > near[3]  # the pillow is near, though it is never called a cushion
    assert near.argmax() in (0, 1)
    assert not texts.near(("zebra",)).any()


def test_brands_are_in_the_long_text_alone(table: pa.Table) -> None:
    texts = Texts(table, text_norms, np.zeros((4, 0), dtype=np.float32))
    assert texts.all.holds(text_norms("Larkrise")).tolist() == [True, False, False, False]
    assert not texts.titles.holds(text_norms("Larkrise")).any()
    assert not texts.near(("cushion",)).any()  # no vectors, no meaning
