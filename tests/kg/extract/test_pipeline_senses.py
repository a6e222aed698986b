"""Which sense of a phrase is meant, and how sure that is."""

import pytest

from kg.extract import Extractor
from tests.worlds import concept, product, schema


def test_joined_phrases_keep_company():
    world = schema(
        concepts=[
            concept("colour:red", "red"),
            concept("colour:gold", "gold", prior=0.6),
            concept("material:gold", "gold", prior=0.7),
            concept("material:brass", "brass"),
        ]
    )
    titles = ["Gold thing", "Red and gold thing", "gold/brass", "red, gold", "red gold"]
    mentions = Extractor(world, ["en"]).mentions([product("1", title) for title in titles])
    assert [[m.object for m in each if "gold" in m.object] for each in mentions] == [
        ["material:gold"],
        ["colour:gold"],
        ["material:gold"],
        ["colour:gold"],
        ["material:gold"],
    ]


def test_a_phrase_inside_a_thing_not_sold_is_heard():
    world = schema(
        concepts=[
            concept("type:hanging-heart", ["hanging heart"]),
            concept("type:wine-glass", ["wine glass"]),
            concept("type:lamp", "lamp"),
            concept("motif:heart", "heart"),
            concept("material:glass", "glass"),
        ]
    )
    titles = ["Hanging heart", "Hanging heart lamp", "Wine glass lamp"]
    mentions = Extractor(world, ["en"]).mentions([product("1", title) for title in titles])
    assert [[m.object for m in each] for each in mentions] == [
        ["type:hanging-heart"],
        ["motif:heart", "type:lamp"],
        ["type:lamp"],
    ]


def test_a_phrase_inside_one_that_is_not_meant_is_not_meant_either():
    world = schema(
        concepts=[
            concept("motif:gingerbread-man", "gingerbread man", not_near=["mix"]),
            concept("audience:children", ["children", "man"]),
        ]
    )
    titles = ["Gingerbread man", "Gingerbread man mix", "man mix"]
    mentions = Extractor(world, ["en"]).mentions([product("1", title) for title in titles])
    assert [[m.object for m in each] for each in mentions] == [
        ["motif:gingerbread-man"],
        [],
        ["audience:children"],
    ]


def test_confidence_is_that_of_field_spelling_and_prior():
    world = schema(
        concepts=[
            concept("colour:red", "red", hidden=["rad"]),
            concept("colour:gold", "gold", prior=0.8, near=["ring"], not_near=["rush"]),
            concept("colour:sky", "sky", prior=0.6),
            concept("motif:sky", "sky", prior=0.5),
        ]
    )
    extractor = Extractor(world, ["en"])

    def confidence(title: str, description: str = "") -> list[float]:
        [mentions] = extractor.mentions([product("1", title, description=description)])
        return [m.confidence for m in mentions]

    assert confidence("red") == [0.95]
    assert confidence("rad") == [pytest.approx(0.95 * 0.95, abs=1e-4)]
    assert confidence("x", "red") == [0.8]
    assert confidence("gold") == [0.76]
    assert confidence("gold ring") == [0.95]
    assert confidence("gold rush") == []
    assert confidence("gold ring rush") == [0.76]
    assert confidence("reds") == [0.95]
    assert confidence("sky") == [pytest.approx(0.95 * 0.6 * 0.9, abs=1e-4)]


def test_a_material_has_no_plural_unless_a_label_has():
    world = schema(
        concepts=[
            concept("material:marble", "marble", prior=0.8),
            concept("material:bead", ["beads"], prior=0.8),
        ]
    )
    titles = ["marble", "marbles", "beads", "bead"]
    mentions = Extractor(world, ["en"]).mentions([product("1", title) for title in titles])
    assert [[m.confidence for m in each] for each in mentions] == [[0.76], [], [0.76], [0.76]]


def test_only_ambiguous_labels_are_in_doubt():
    world = schema(
        concepts=[
            concept(
                "colour:mint",
                ["mint", "mint green"],
                prior=0.6,
                not_near=["tea"],
                ambiguous=["mint"],
            )
        ]
    )
    titles = ["mint mug", "mint green mug", "mint tea", "mint green tea"]
    found_there = Extractor(world, ["en"]).mentions([product("1", title) for title in titles])
    assert [[m.confidence for m in each] for each in found_there] == [[0.57], [0.95], [], [0.95]]
