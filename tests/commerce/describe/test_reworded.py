"""Explanations in a model's words: accepted where every claim is an edge of the path."""

import pyarrow as pa
import pytest

from commerce.describe.reworded import reword
from gnn.words import Names
from kg.records import ENTITY_SCHEMA, Edge, Path
from tests.commerce.describe.shop import describer

WORDS = "You bought “Red Kettle, 2 l”, and this is made of bone china too."
NAMES = Names(
    pa.Table.from_pylist(
        [
            {"id": "product:kettle", "class": "schema:Product", "name": "Red Kettle, 2 l"},
            {"id": "product:mug", "class": "schema:Product", "name": "Spotty Mug"},
            {"id": "material:bone-china", "class": "clew:Material", "name": "bone china"},
        ],
        schema=ENTITY_SCHEMA,
    )
)
PATH = Path(
    "direct", "schema:material", "product:kettle", "product:mug", "material:bone-china", 1.0, 1.0,
    (
        Edge("user:x", "clew:bought", "product:kettle"),
        Edge("product:kettle", "schema:material", "material:bone-china"),
        Edge("product:mug", "schema:material", "material:bone-china"),
    ),
    words=WORDS,
)  # fmt: skip
VERIFIER = describer().verifier("en")
CO_PURCHASE = Path(
    "co_purchase", "co_purchase", "product:kettle", "product:mug", None, 1.0, 1.0,
    (Edge("user:x", "clew:bought", "product:kettle"),), buyers=12,
    words="12 others who bought “Red Kettle, 2 l” also bought this.",
)  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [
        "Like “Red Kettle, 2 l”, which you bought, this is made of bone china."[5:],
        "This is made of bone china, and so is “Red Kettle, 2 l”.",
        "This too is bone china: you bought “Red Kettle, 2 l”.",
    ],
)
def test_the_same_in_other_words_is_taken(answer: str) -> None:
    found = reword(PATH, lambda *_: answer, VERIFIER, NAMES)
    assert (found.words, found.by_model, found.refused) == (answer, True, None)


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        ("This is made of bone china too.", "claim", "the name “Red Kettle, 2 l” is missing"),
        ("You bought “Red Kettle, 2 l”, and this is made of glass.", "claim", "is no fact"),
        ("You bought “Red Kettle, 2 l”, and this is red too.", "claim", "is no fact"),
        ("You bought “Red Kettle, 2 l”. This is the best bone china.", "praise", "“best”"),
        ("You bought “Red Kettle, 2 l”, and this is not bone china.", "negation", "denies"),
        ("You bought “Red Kettle, 2 l” and will love this bone china.", "word", "“will”"),
        ("You bought “Red Kettle, 2 l” and 3 of bone china.", "number", "“3”"),
    ],
)
def test_more_or_less_than_the_path_says_is_refused(answer: str, reason: str, detail: str) -> None:
    found = reword(PATH, lambda *_: answer, VERIFIER, NAMES)
    assert (found.words, found.by_model, found.refused) == (WORDS, False, answer)
    assert found.reason == reason
    assert detail in found.detail


def test_a_count_has_to_stay() -> None:
    kept = "“Red Kettle, 2 l”: 12 others who bought it also bought this."
    assert reword(CO_PURCHASE, lambda *_: kept, VERIFIER, NAMES).by_model
    for answer in ("Others who bought “Red Kettle, 2 l” also bought this.",
                   "13 others who bought “Red Kettle, 2 l” also bought this."):  # fmt: skip
        found = reword(CO_PURCHASE, lambda *_, said=answer: said, VERIFIER, NAMES)
        assert (found.words, found.reason) == (CO_PURCHASE.words, "number")


def test_the_model_is_given_the_words_alone() -> None:
    asked: list[str] = []
    reword(PATH, lambda system, user: asked.append(user) or WORDS, VERIFIER, NAMES)
    assert asked == [WORDS]


def test_silence_is_refused() -> None:
    silent = Path(
        **{**{f: getattr(PATH, f) for f in PATH.__slots__}, "words": "This is bone china."}
    )
    assert reword(silent, lambda *_: "", VERIFIER, NAMES).reason == "empty"
