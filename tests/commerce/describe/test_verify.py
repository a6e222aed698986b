"""The verifier on a product known by heart: what holds stays with its fact, the rest goes."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commerce.describe import Checked
from kg.errors import NotFoundError
from tests.commerce.describe.shop import describer

SHOP = describer()
MUG = {language: SHOP.known("mug", language) for language in ("en", "zh")}


def check(text: str, language: str = "en") -> Checked:
    return SHOP.verifier(language).check(text, MUG[language])


def facts(text: str, language: str = "en") -> set[tuple[str, str]]:
    return {(claim.relation, claim.object) for claim in check(text, language).claims}


@pytest.mark.parametrize(
    ("text", "relation", "object_", "support"),
    [
        ("It is red.", "schema:color", "colour:red", "value"),
        ("It is made of bone china.", "schema:material", "material:bone-china", "value"),
        ("It is made of porcelain.", "schema:material", "material:bone-china", "broader"),
        ("It has the polka dot motif.", "clew:motif", "motif:polka-dot", "value"),
        ("It is 300 mm.", "clew:size", "measure:30-cm", "value"),
        ("It is by Hearth & Hare Co.", "schema:brand", "brand:hearth-and-hare", "value"),
        ("It is in the category Mugs.", "clew:inCategory", "category:mugs", "value"),
        ("It costs £14.50.", "schema:price", "14.5", "value"),
        ("The price is 14.5 GBP.", "schema:price", "14.5", "value"),
    ],
)
def test_what_the_graph_knows_stays_with_its_fact(
    text: str, relation: str, object_: str, support: str
) -> None:
    checked = check(text)
    assert checked.text == text
    assert not checked.removed
    [claim] = [claim for claim in checked.claims if claim.relation == relation]
    assert (claim.object, claim.support) == (object_, support)
    assert checked.text[claim.start : claim.end] == claim.words
    assert 0 < claim.confidence <= 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("It is pink.", "claim"),
        ("It is made of glass.", "claim"),  # only the saucer it fits is
        ("It is made of porcelain and wood.", "claim"),
        ("It is 40 cm.", "claim"),
        ("It is 30 mm.", "claim"),
        ("It costs £13.50.", "claim"),
        ("It costs $14.50.", "claim"),
        ("It is a lunch bag.", "claim"),
        ("It is by Bosch.", "binding"),
        ("It is by Red.", "binding"),
        ("It comes in 7 ways.", "number"),
        ("It has two handles.", "number"),
        ("It has Bluetooth.", "word"),
        ("It is the best mug.", "praise"),
        ("It is safe.", "praise"),
        ("It is oven safe.", "word"),
        ("It does contain lead.", "word"),  # the shop denies it
        ("It is not red.", "negation"),
        ("It is made without bone china.", "negation"),
        ("It is lead-free.", "negation"),  # said otherwise by the shop
        ("The saucer is dishwasher safe.", "claim"),
        ("It holds dishwasher lead.", "word"),
        ("It holds apart.", "apart"),
        ("Take a closer look at it.", "empty"),
        ("It is in the category Gardens.", "binding"),
    ],
)
def test_what_nothing_supports_goes(text: str, reason: str) -> None:
    checked = check(text)
    assert (checked.text, checked.claims) == ("", ())
    [removed] = checked.removed
    assert (removed.sentence, removed.reason) == (text, reason)
    assert removed.words


@pytest.mark.parametrize(
    "text",
    [
        "It is dishwasher safe.",
        "It does not contain lead.",
        "It is latex-free.",
        "It holds 350 ml.",
        "The mug does not contain lead.",
        "“Red Bone China Mug with Spotty Print, 30 cm” is a mug.",
    ],
)
def test_what_the_shop_says_itself_stays(text: str) -> None:
    checked = check(text)
    assert checked.text == text
    assert {claim.support for claim in checked.claims} & {"stated", "name"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("它是红色的。", True),
        ("它由陶瓷制成。", True),
        ("它规格为30厘米。", True),
        ("它规格为300毫米。", True),
        ("它是Hearth & Hare Co.品牌的。", True),
        ("它是橙色的。", False),
        ("它由玻璃制成。", False),
        ("它规格为31厘米。", False),
        ("它不是红色的。", False),
        ("它不含陶瓷。", False),
        ("它是最好的马克杯。", False),
        ("它是Bosch品牌的。", False),
        ("它每份含六件。", False),
    ],
)
def test_chinese(text: str, holds: bool) -> None:
    checked = check(text, "zh")
    assert checked.text == (text if holds else "")


def test_only_the_false_sentence_goes_and_spans_move_along() -> None:
    checked = check("It is red. It has wings. It is made of bone china.\nIt is 30 cm.")
    assert checked.text == "It is red. It is made of bone china.\nIt is 30 cm."
    assert [removed.sentence for removed in checked.removed] == ["It has wings."]
    assert all(checked.text[c.start : c.end] == c.words for c in checked.claims)
    assert ("schema:material", "material:bone-china") in {
        (c.relation, c.object) for c in checked.claims
    }


def test_checking_what_was_checked_changes_nothing() -> None:
    once = check(
        "It is red. It is blue. “Red Bone China Mug with Spotty Print, 30 cm” costs £14.50."
    )
    assert check(once.text) == Checked(once.text, once.claims, ())


def test_a_brand_that_is_called_like_a_colour_or_a_material_is_a_brand() -> None:
    known = SHOP.known("bag", "en")
    verifier = SHOP.verifier("en")
    assert verifier.check("It is by Green Glass.", known).text
    assert not verifier.check("It is made of glass.", known).text
    assert not verifier.check("It is made of Green Glass.", known).text


def test_a_language_without_words_is_refused_with_those_that_have_some() -> None:
    with pytest.raises(NotFoundError, match=r"not written in 'fr'; they are in en, zh"):
        SHOP.verifier("fr")


def _words(text: str) -> list[str]:
    return text.split()


WORDS = st.sampled_from(
    [
        "It",
        "This",
        "is",
        "has",
        "are",
        "not",
        "no",
        "without",
        "made",
        "of",
        "by",
        "with",
        "the",
        "a",
        "for",
        "in",
        "and",
        "£",
        "$",
        "14.50",
        "30",
        "31",
        "300",
        "cm",
        "mm",
        "ml",
        "red",
        "pink",
        "blue",
        "glass",
        "wooden",
        "bone",
        "china",
        "ceramic",
        "mug",
        "bag",
        "saucer",
        "lead",
        "latex",
        "free",
        "dishwasher",
        "safe",
        "best",
        "Bosch",
        "Hearth",
        "&",
        "Hare",
        "Kitchen",
        "Mugs",
        "category",
        "price",
        ".",
        ".",
        ",",
        "!",
        "“",
        "”",
        "six",
        "6",
        "tray",
        "holds",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=14), st.text(string.printable, max_size=12))
def test_nothing_false_leaves_whatever_is_written(words: list[str], noise: str) -> None:
    """By a rule of its own: none of what is false of the mug is in what leaves."""
    left = check(f"{' '.join(words)} {noise}").text
    assert not {"pink", "blue", "glass", "bag", "Bosch", "31", "best", "six", "6", "$"} & set(
        left.replace(",", " ").replace(".", " ").replace("!", " ").split()
    )
    assert check(left).text == left
