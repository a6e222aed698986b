import pytest

from gnn.words import Names, Narrator
from kg.records import Path
from tests.gnn.graphs import graph, small_schema


@pytest.fixture(scope="module")
def kg():
    return graph(
        ["a", "b", "{odd}"],
        [("product:a", "schema:brand", "brand:x"), ("product:a", "schema:color", "colour:red")],
        [("u", "a")],
    )


@pytest.fixture(scope="module")
def narrator(kg):
    return Narrator.of(kg, small_schema())


def path(evidence, channel, entity=None, history="product:a", **kwargs):
    return Path(evidence, channel, history, "product:b", entity, 1.0, 1.0, (), **kwargs)


@pytest.mark.parametrize(
    ("told", "words", "similar"),
    [
        (
            path("direct", "schema:brand", "brand:x"),
            "You bought “a”, and this is by x too.",
            "Like “a”, this is by x.",
        ),
        (
            path("propagated", "schema:brand", "brand:x"),
            "This is by x, like products related to “a”, which you bought.",
            "This is by x, like products related to “a”.",
        ),
        (
            path("direct", "clew:alsoBought", "product:b"),
            "You bought “a”, and it is often bought by buyers of b.",
            "“a” is often bought by buyers of b.",
        ),
        (
            path("direct", "clew:alsoBought", "product:a"),
            "This is often bought by buyers of a, which you bought.",
            "This is often bought by buyers of a.",
        ),
        (
            path("co_purchase", "co_purchase", buyers=12),
            "12 others who bought “a” also bought this.",
            "12 customers who bought “a” also bought this.",
        ),
        (
            path("text", "text"),
            "This reads like “a”, which you bought.",
            "This reads like “a”.",
        ),
        (path("gnn", "gnn"), "This is near “a”.", "This is near “a”."),
    ],
)
def test_each_kind_of_evidence_has_its_frame(narrator, told, words, similar):
    assert narrator.tell(told) == words
    assert narrator.tell(told, "en", similar=True) == similar


def test_languages_fall_back_to_the_first_of_the_ontology(narrator):
    brand = path("gnn", "gnn")
    assert narrator.tell(brand, "zh") == "这件商品离“a号”很近。"
    assert narrator.tell(brand, "fr") == "This is near “a”."
    assert narrator.tell(path("text", "text"), "zh") == "This reads like “a号”, which you bought."
    assert narrator.rest() == "Smaller reasons make up the rest."
    assert narrator.rest("zh") == "其余部分来自更小的理由。"
    assert narrator.channel("schema:brand") == "has brand"
    assert narrator.channel("text") == "similar wording"


def test_braces_in_names_stay_as_they_are(narrator):
    odd = path("direct", "schema:brand", "brand:{history}", history="product:{odd}")
    assert narrator.tell(odd) == "You bought “{odd}”, and this is by {history} too."


def test_names(kg):
    names = Names(kg.entities)
    assert names.name("brand:x", "en") == "x"
    assert names.name("brand:x", "zh") == "x号"
    assert names.name("brand:caf%C3%A9", "en") == "café"
    assert names.name("user:u", "en") == "u"
