"""Descriptions end to end in the tiny shop: the template, writers that lie, what is counted."""

import itertools

import pytest
from pydantic import ValidationError

from commerce.describe import Brief, DescribeConfig
from kg.errors import NotFoundError
from tests.commerce.describe.shop import PRODUCTS, describer

SHOP = describer()


class Says:
    """A writer that says the same thing, or one thing after the other."""

    name = "says"

    def __init__(self, *texts: str) -> None:
        self.texts, self.asked = texts, 0

    def write(self, brief: Brief, attempt: int) -> str:
        self.asked += 1
        return self.texts[min(attempt, len(self.texts) - 1)]


def test_the_template_says_the_facts_in_the_words_of_the_ontology() -> None:
    made = SHOP.describe("mug", DescribeConfig())
    assert made.text == (
        "“Red Bone China Mug with Spotty Print, 30 cm” is a kind of mug by Hearth & Hare Co. "
        "It is red, made of bone china and has the polka dot motif. It is 30 cm and 350 ml. "
        "It is in the categories Kitchen and Mugs and costs 14.50 GBP."
    )
    assert (made.writer, made.removed, made.facts_covered) == ("template", (), 1.0)
    assert made.facts_total == 10


def test_styles_and_lengths_differ() -> None:
    texts = {
        (style, length): SHOP.describe("mug", DescribeConfig(style=style, length=length)).text
        for style, length in itertools.product(
            ("plain", "warm", "list"), ("short", "medium", "long")
        )
    }
    assert len(set(texts.values())) == len(texts)
    assert texts["warm", "short"].startswith("Meet “Red Bone China Mug")
    assert "made of: bone china." in texts["list", "medium"].splitlines()
    assert (
        len(texts["plain", "short"]) < len(texts["plain", "medium"]) < len(texts["plain", "long"])
    )


@pytest.mark.parametrize("product", [product.id for product in PRODUCTS])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_whatever_the_template_writes_holds(product: str, language: str) -> None:
    for style, length in itertools.product(("plain", "warm", "list"), ("short", "medium", "long")):
        config = DescribeConfig(language=language, style=style, length=length)
        made = SHOP.describe(product, config)
        assert made.text
        assert made.removed == ()
        assert all(made.text[c.start : c.end] == c.words for c in made.claims)
        assert made == SHOP.describe(product, config)


def test_a_liar_is_asked_again_and_then_the_template_writes() -> None:
    liar = Says("It is made of glass. It flies.", "It is the best.")
    made = SHOP.describe("mug", DescribeConfig(tries=2), liar)
    assert (made.writer, liar.asked) == ("template", 2)
    assert [removed.sentence for removed in made.removed] == [
        "It is made of glass.", "It flies.", "It is the best."
    ]  # fmt: skip
    assert made.text == SHOP.describe("mug", DescribeConfig()).text


def test_what_is_true_of_a_text_is_kept() -> None:
    half = Says("It is red. It is made of glass.")
    made = SHOP.describe("mug", DescribeConfig(tries=1, complete=False), half)
    assert (made.text, made.writer) == ("It is red.", "says")
    assert made.facts_covered == pytest.approx(1 / 10)


def test_what_a_writer_left_out_the_template_says() -> None:
    half = Says("Say hello to red bone china. It is the best.")
    made = SHOP.describe("mug", DescribeConfig(tries=1), half)
    assert made.text == (
        "Say hello to red bone china. It is a kind of mug and by Hearth & Hare Co. It has the "
        "polka dot motif. It is 30 cm and 350 ml. It is in the categories Kitchen and Mugs and "
        "costs 14.50 GBP."
    )
    assert (made.writer, made.facts_covered) == ("says+template", 1.0)
    assert [removed.reason for removed in made.removed] == ["praise"]


def test_a_good_text_is_not_asked_for_twice() -> None:
    honest = Says("It is red. It is made of bone china.")
    assert SHOP.describe("mug", DescribeConfig(tries=3), honest).writer == "says+template"
    assert honest.asked == 1


def test_unsure_facts_are_not_told() -> None:
    made = SHOP.describe("mug", DescribeConfig(min_confidence=0.99))
    assert "red" not in made.text.replace("“Red", "")
    assert "Hearth & Hare" in made.text


def test_a_product_without_facts_is_called_by_its_name() -> None:
    assert SHOP.describe("bare", DescribeConfig()).text == "“Zorblax 9000”."
    assert SHOP.describe("bare", DescribeConfig()).facts_covered == 1.0


def test_a_product_that_is_not_there() -> None:
    with pytest.raises(NotFoundError, match="no product 'cup' in this snapshot"):
        SHOP.describe("cup", DescribeConfig())


def test_a_mistyped_setting_is_an_error() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        DescribeConfig(styl="warm")  # type: ignore[call-arg]
