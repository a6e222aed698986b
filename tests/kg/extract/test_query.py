"""Searches of a tiny shop, read: what each word is understood as is known by construction."""

import pytest

from kg.errors import QueryError
from kg.extract.query import MAX_CHARS, QueryReader, language_of
from kg.extract.query_terms import Query
from kg.extract.shop_words import ShopWords, Title, name_key
from tests.worlds import SCHEMA


def title(product: str, text: str) -> Title:
    words = frozenset(name_key(text))
    return Title(product, words, words)


SHOP = ShopWords(
    brands={("hearth", "hare"): ("brand:hearth-and-hare",), ("南山",): ("brand:nan-shan",)},
    categories={("gift", "wrap"): ("category:gift-wrap",), ("mug",): ("category:mugs",)},
    codes={"kd-0101": "product:KD-0101", "22423": "product:22423"},
    titles=[
        title("product:KD-0101", "Brown Betty Mug"),
        title("product:22423", "Glass Candle Holder Marrakesh"),
        title("product:3", "Red Mug"),
    ],
    support={"colour:red": 3, "motif:rose": 2},
    spellings={"marrakesh": 1, "betty": 1, "candelabrum": 2},
    currency="GBP",
)
READER = QueryReader(SCHEMA, SHOP)


def ids(query: Query, role: str) -> list[str]:
    return [part.id for part in query.parts if part.role == role]


@pytest.mark.parametrize(
    ("text", "intent", "want", "refused", "about"),
    [
        ("red mugs", "find", ["colour:red", "type:mug"], [], []),
        ("hot-water bottles", "find", ["type:hot-water-bottle"], [], []),
        ("mugs not red", "find", ["type:mug"], ["colour:red"], []),
        ("mugs without rose or glass", "find", ["type:mug"], ["motif:rose", "material:glass"], []),
        ("a mug that isn't red", "find", ["type:mug"], ["colour:red"], []),
        ("glass free candle", "find", ["type:candle"], ["material:glass"], []),
        ("no palm oil candle", "find", [], ["palm oil candle"], []),
        ("candle without palm oil", "find", ["type:candle"], ["palm oil"], []),
        ("red", "browse", ["colour:red"], [], []),
        ("anything pink", "browse", ["colour:pink"], [], []),
        ("what's new", "browse", [], [], []),
        ("hearth & hare", "navigate", ["brand:hearth-and-hare"], [], []),
        ("Hearth and Hare mugs", "find", ["brand:hearth-and-hare", "type:mug"], [], []),
        ("kd-0101", "navigate", ["product:KD-0101"], [], []),
        ("brown betty", "navigate", ["product:KD-0101"], [], []),
        ("red mug", "find", ["colour:red", "type:mug"], [], []),
        ("glass vs wooden box", "compare", [], [], ["material:glass", "material:wood", "type:box"]),
        ("alternative to candles", "substitute", [], [], ["type:candle"]),
        ("things like a lunch bag but red", "substitute", ["colour:red"], [], ["type:lunch-bag"]),
        ("what goes with a mug", "complement", [], [], ["type:mug"]),
        ("saucer for my red mug", "complement", ["type:saucer"], [], ["colour:red", "type:mug"]),
        ("present for children", "gift", ["audience:children"], [], []),
        ("gift wrap", "browse", ["category:gift-wrap"], [], []),
        ("set of 6 mugs", "find", ["measure:6-pieces", "type:mug"], [], []),
        ("红色马克杯", "find", ["colour:red", "type:mug"], [], []),
        ("不要红色的马克杯", "find", ["type:mug"], ["colour:red"], []),
        ("非陶瓷的马克杯", "find", ["type:mug"], ["material:ceramic"], []),
        ("南山", "navigate", ["brand:nan-shan"], [], []),
        ("送儿童的礼物", "gift", ["audience:children"], [], []),
        ("和烛台搭配的马克杯", "complement", ["type:mug"], [], ["type:candle-holder"]),
    ],
)  # fmt: skip
def test_read(
    text: str, intent: str, want: list[str], refused: list[str], about: list[str]
) -> None:
    query = READER.read(text)
    assert query.intent == intent
    assert ids(query, "want") == want
    assert ids(query, "not") == refused
    assert ids(query, "about") == about


def test_words_refused_together_are_one_group() -> None:
    together = READER.read("mugs not red ceramic").role("not")
    assert [part.group for part in together] == [1, 1]
    apart = READER.read("mugs not red or ceramic").role("not")
    assert [part.group for part in apart] == [1, 2]


def test_a_quantity_may_be_a_bound() -> None:
    def bound(text: str) -> tuple[str, str]:
        (part,) = [part for part in READER.read(text).parts if part.kind == "measure"]
        return part.compare, part.id

    assert bound("box at least 30 cm") == (">=", "measure:30-cm")
    assert bound("box 300mm or smaller") == ("<=", "measure:30-cm")
    assert bound("30 cm box") == ("=", "measure:30-cm")


def test_price_cheap_and_stock() -> None:
    query = READER.read("cheap red mugs under £10 in stock")
    assert query.price is not None
    assert query.price.text == "under £10"
    assert query.price.most == 10
    assert query.price.currency == "GBP"
    assert query.cheap
    assert query.in_stock
    assert ids(query, "want") == ["colour:red", "type:mug"]


def test_a_misspelt_word_is_repaired_and_told() -> None:
    query = READER.read("porcelian mug")
    (repair,) = query.repairs
    assert (repair.text, repair.read_as) == ("porcelian", "porcelain")
    assert ids(query, "want") == ["material:porcelain", "type:mug"]
    assert query.parts[0].text == "porcelian"  # as typed


def test_words_the_shop_knows_are_left_alone() -> None:
    query = READER.read("marrakesh box")
    assert not query.repairs
    assert [word.norm for word in query.words] == ["marrakesh"]


def test_spans_cover_every_word_in_order() -> None:
    text = "a red  ceramc mug under £10, not spotty, as a present for my boss"
    query = READER.read(text)
    assert query.text == " ".join(text.split())
    assert [span.text for span in query.spans] == [
        query.text[span.start : span.end] for span in query.spans
    ]
    covered = "".join(span.text for span in query.spans).replace(" ", "")
    assert covered == query.text.replace(" ", "")
    meanings = {span.text: span.meaning for span in query.spans}
    assert meanings["red"] == "want"
    assert meanings["under £10"] == "price"
    assert meanings["not"] == "cue"
    assert meanings["spotty"] == "not"
    assert meanings["boss"] == "word"


def test_a_word_of_two_meanings_keeps_both() -> None:
    (part,) = [part for part in READER.read("orange box").parts if "orange" in part.id]
    assert part.ids == ("colour:orange", "motif:orange")
    assert READER.read("mug").parts[0].also == ("category:mugs",)


def test_language_is_told_by_the_script() -> None:
    assert language_of("red mug") == "en"
    assert language_of("PLA 耗材") == "zh"
    assert READER.read("red mug").language == "en"


@pytest.mark.parametrize(
    ("text", "language", "message"),
    [
        ("", None, "the search '' has no words; type what to look for"),
        ("?!", None, r"the search '\?!' has no words"),
        ("a" * (MAX_CHARS + 1), None, "the search has 301 characters; at most 300 are read"),
        ("rote Tasse", "de", "searches in 'de' are not read; use one of en, zh"),
    ],
)
def test_errors(text: str, language: str | None, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        READER.read(text, language)
