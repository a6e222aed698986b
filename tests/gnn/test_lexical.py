import numpy as np
import pytest

from gnn.lexical import beside, text_channel, word_vectors
from gnn.text import HashingEncoder, TextConfig
from tests.gnn.graphs import graph


def products(*titles: str):
    table = graph([f"p{at}" for at in range(len(titles))]).products
    return table.set_column(table.column_names.index("title"), "title", [list(titles)])


WORDS = products(
    "steel dissecting forceps", "curved forceps of steel", "amber glass bottle", "glass bottle", "x"
)


def test_products_with_the_same_rare_words_are_alike():
    vectors = word_vectors(WORDS, 3)
    assert vectors.dtype == np.float32
    assert vectors.shape == (5, 3)
    cosine = vectors @ vectors.T
    assert np.diag(cosine)[:4] == pytest.approx(1)
    assert cosine[0, 1] > 0.9
    assert cosine[2, 3] > 0.9
    assert abs(cosine[0, 2]) < 0.1
    assert not vectors[4].any()  # its only word is nobody else's
    assert (vectors == word_vectors(WORDS, 3)).all()


def test_nothing_in_common_gives_no_dimension():
    assert word_vectors(products("one", "two"), 8).shape == (2, 0)
    assert word_vectors(products("", ""), 8).shape == (2, 0)


def test_the_cosine_of_both_is_the_blend_of_cosines():
    rng = np.random.default_rng(0)
    first, second = (rng.normal(size=(4, d)).astype(np.float32) for d in (3, 5))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    both = beside(first, second, 0.25)
    assert both @ both.T == pytest.approx(0.75 * first @ first.T + 0.25 * second @ second.T)
    assert beside(first, second[:, :0], 0.25) is first
    assert beside(first, second, 0.0) is first


def test_the_text_channel_is_meaning_beside_words():
    encoder = HashingEncoder(32)
    channel = text_channel(WORDS, encoder, TextConfig(words_dim=3, words_share=0.5))
    assert channel.shape == (5, 35)
    assert np.linalg.norm(channel[:4], axis=1) == pytest.approx(1)
    assert text_channel(WORDS, encoder, TextConfig(words_share=0.0)).shape == (5, 32)
