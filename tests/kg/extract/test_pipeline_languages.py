"""Texts in other languages than English, and translations."""

from dataclasses import replace

import pytest

from kg.errors import ExtractionError
from kg.extract import Extractor
from kg.extract.languages import blank_pipeline, languages
from tests.kg.extract.reading import EXTRACTOR, found
from tests.worlds import CONCEPTS, SCHEMA, concept, product, schema


@pytest.mark.parametrize(
    ("title", "objects"),
    [
        (
            "红色陶瓷马克杯 6件套",
            {"colour:red", "material:ceramic", "type:mug", "measure:6-pieces"},
        ),
        ("波点烛台", {"motif:polka-dot", "type:candle-holder"}),
        ("不含陶瓷 马克杯", {"type:mug"}),
        ("儿童马克杯 300毫升", {"audience:children", "type:mug", "measure:300-ml"}),
    ],
)
def test_chinese_titles(title, objects):
    assert found(title, language="zh") == objects


def test_translations_are_read_under_their_own_field():
    mug = product("1", "Mug", zh="红色马克杯")
    [mentions] = EXTRACTOR.mentions([mug])
    assert {(m.field, m.object, m.text) for m in mentions} == {
        ("title", "type:mug", "Mug"),
        ("title@zh", "colour:red", "红色"),
        ("title@zh", "type:mug", "马克杯"),
    }


def test_a_translation_names_no_other_thing_than_the_title():
    world = schema(
        concepts=[
            concept("type:mug", "mug", zh=["马克杯"]),
            concept("type:cup", "cup", zh=["杯"], implies=["audience:children"]),
            concept("audience:children", "children"),
        ]
    )
    extractor = Extractor(world, ["en", "zh"])

    def objects(title: str) -> list[str]:
        [mentions] = extractor.mentions([product("1", title, zh="搪瓷 杯")])
        return [m.object for m in mentions]

    assert objects("Enamel mug") == ["type:mug"]
    assert objects("Enamel thing") == ["type:cup", "audience:children"]


def test_a_text_in_another_language_is_left_unread():
    assert found("Rote Mug", language="de") == set()


def test_languages_with_spaces_need_no_code():
    world = schema(concepts=[c for c in CONCEPTS if c.id == "type:mug"])
    [mentions] = Extractor(world, ["de"]).mentions([product("1", "Mug 30cm", language="de")])
    assert [m.object for m in mentions] == ["measure:30-cm"]


@pytest.mark.parametrize(
    ("language", "label", "title"),
    [
        ("ja", "赤い", "とても赤いマグカップ"),
        ("th", "แดง", "แก้วสีแดงใหญ่"),
        ("ko", "빨간", "예쁜 빨간 머그"),
        ("vi", "đỏ", "cốc đỏ lớn"),
    ],
)
def test_languages_for_which_spacy_wants_packages_are_read_without(language, label, title):
    world = schema(concepts=[replace(concept("colour:red", "red"), pref={language: label})])
    [mentions] = Extractor(world, [language]).mentions([product("1", title, language=language)])
    assert [m.object for m in mentions] == ["colour:red"]


def test_every_language_told_has_a_pipeline():
    assert {"de", "en", "zh"} <= set(languages())
    assert all(len(blank_pipeline(language)("12 mugs")) > 1 for language in languages())


def test_unknown_language_is_an_error():
    with pytest.raises(ExtractionError, match="no pipeline for language 'xx_no'"):
        Extractor(SCHEMA, ["xx_no"])
