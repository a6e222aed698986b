import pytest

from kg.extract.words import english_norm, is_plural, plain_norm


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MUGS", "mug"),
        ("CANDLES", "candle"),
        ("boxes", "Box"),
        ("cherries", "cherry"),
        ("knives", "knife"),
        ("children's", "CHILDREN"),
        ("childrens", "child"),
        ("Women’s", "woman"),
        ("MENS", "man"),
        ("ladies'", "lady"),
        ("snowmen", "snowman"),
        ("cookies", "cookie"),
        ("tomatoes", "tomato"),
        ("shoes", "shoe"),
        ("vases", "vase"),
        ("dresses", "dress"),
        ("glasses", "glass"),
        ("watches", "watch"),
        ("lenses", "lens"),
        ("scarves", "scarf"),
        ("buses", "bus"),
        ("ties", "tie"),
        ("axes", "axe"),
        ("DÉCOR", "decor"),
        ("Ｍug", "mug"),
        ("mice", "mouse"),
        ("horses", "horse"),
        ("buddies", "buddy"),
        ("brownies", "brownie"),
        ("toes", "toe"),
    ],
)
def test_spellings_of_one_word_meet(one, other):
    assert english_norm(one) == english_norm(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("brass", "bra"),
        ("ass", "as"),
        ("clothes", "cloth"),
        ("glass", "gla"),
        ("christmas", "christma"),
        ("news", "new"),
        ("mug", "mud"),
        ("base", "bass"),
    ],
)
def test_other_words_stay_apart(one, other):
    assert english_norm(one) != english_norm(other)


@pytest.mark.parametrize("word", ["mugs", "knives", "boxes", "men", "cherries", "feet"])
def test_plural_is_seen(word):
    assert is_plural(word)
    assert is_plural(word.upper())


@pytest.mark.parametrize(
    "word", ["mug", "glass", "child's", "canvas", "iris", "cactus", "us", "红"]
)
def test_singular_is_not_a_plural(word):
    assert not is_plural(word)


def test_norm_leaves_other_scripts_alone():
    assert plain_norm("马克杯") == "马克杯"
    assert plain_norm("ガラス") == "ガラス"
    assert english_norm("3D") == "3d"


def test_norm_is_never_empty():
    assert plain_norm("'") == "'"
    assert english_norm("'s") == "'s"
