from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.catalog import read_dataset, sample_path
from kg.errors import ExtractionError
from kg.extract import Extractor, field_text
from kg.extract.languages import blank_pipeline, languages
from kg.schema import load_schema
from tests.worlds import CONCEPTS, SCHEMA, concept, product, schema

EXTRACTOR = Extractor(SCHEMA, ("en", "zh"))


def found(title: str, **fields: object) -> set[str]:
    """Concepts and measures read from one product."""
    [mentions] = EXTRACTOR.mentions([product("1", title, **fields)])
    return {m.object for m in mentions}


@pytest.mark.parametrize(
    ("title", "objects"),
    [
        ("ORANGE MUG", {"colour:orange", "type:mug"}),
        ("Orange Marmalade", {"type:marmalade"}),
        ("Orange slice bag", {"motif:orange", "type:bag"}),
        ("Orange scented candle", {"type:candle"}),
        ("Rose gold candle", {"colour:rose-gold", "type:candle"}),
        ("Rose, gold candle", {"motif:rose", "colour:gold", "type:candle"}),
        ("China mug", {"material:porcelain", "type:mug"}),
        ("Mug made in China", {"type:mug"}),
        ("China tea", set()),
        ("Bone china mug", {"material:bone-china", "type:mug"}),
        ("Glass mug", {"material:glass", "type:mug"}),
        ("Drinking glass", {"type:drinking-glass"}),
        ("Pink glasses", {"colour:pink", "type:drinking-glass"}),
        ("SET OF 6 MUGS", {"measure:6-pieces", "type:mug"}),
        ("MUGS RED", {"type:mug", "colour:red"}),
        ("T LIGHT HOLDERS", {"type:candle-holder"}),
        ("T-Light Holder", {"type:candle-holder"}),
        ("hot-water bottle", {"type:hot-water-bottle"}),
        ("HOT  WATER\tBOTTLE", {"type:hot-water-bottle"}),
        ("Candleholder", {"type:candle-holder"}),
        ("knives", {"type:knife"}),
        ("CHILDRENS BAG", {"audience:children", "type:bag"}),
        ("Children's bag", {"audience:children", "type:bag"}),
        ("polkadott bag", {"motif:polka-dot", "type:bag"}),
        ("polkadot bag", {"motif:polka-dot", "type:bag"}),
        ("mugging", set()),
        ("LUNCH BAG WITH CUTLERY", {"type:lunch-bag"}),
        ("CANDLE BOX", {"type:box"}),
        ("Knife in a box", {"type:knife"}),
        ("Gadget in a box", set()),
        ("Knives, box of 6", {"type:knife", "measure:6-pieces"}),
        ("Knives,  box of 6", {"type:knife", "measure:6-pieces"}),
        ("With box", {"type:box"}),
        ("BAG 500g WOOD", {"measure:500-g", "material:wood"}),
        ("Wood, 50 ml box", {"measure:50-ml", "material:wood"}),
        ("50 cm box", {"measure:50-cm", "type:box"}),
        ("BAG 50cm", {"measure:50-cm", "type:bag"}),
        ("WOODS", {"material:wood"}),
        ("Mug and saucer", {"type:mug", "type:saucer"}),
        ("Box for candles", {"type:box"}),
        ("Mug pink bag", {"type:mug", "colour:pink"}),
        ("Mug bag design", {"type:mug"}),
        ("Knife sharpener", set()),
        ("Candle & pink mug", {"type:mug", "colour:pink"}),
        ("Set of 2 mugs box", {"measure:2-pieces", "type:mug"}),
        ("Set of 2 mug boxes", {"measure:2-pieces", "type:box"}),
        ("Mugs box", {"type:box"}),
        ("Candle without glass", {"type:candle"}),
        ("Candle, glass-free", {"type:candle"}),
        ("Candle, free standing glass", {"type:candle", "material:glass"}),
        ("Wood effect box", {"type:box"}),
        ("Faux wood box", {"type:box"}),
        ("No red box", {"type:box"}),
        ("Holder, fits all candles", set()),
        ("Knife (compatible with wooden box)", {"type:knife"}),
    ],
)
def test_traps(title, objects):
    assert found(title) == objects


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


def test_a_hyphen_after_a_phrase_is_not_part_of_it():
    [mentions] = EXTRACTOR.mentions([product("1", "Holder-red - knife--box wood-")])
    assert [m.text for m in mentions] == ["red", "knife", "wood"]


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


@pytest.mark.parametrize(
    ("title", "objects"),
    [
        ("Glass mug box", {"type:box"}),  # the mug is of glass
        ("Red glass mug box", {"type:box", "colour:red"}),
        ("Candle in a red glass mug", {"type:candle"}),
        ("Candle in red", {"type:candle", "colour:red"}),
    ],
)
def test_what_parts_and_extras_are_like_is_not_said_of_the_whole(title, objects):
    assert found(title) == objects


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


def test_categories_are_context():
    mug = product("1", "Orange", categories=("Food", "Fruit"))
    [mentions] = EXTRACTOR.mentions([mug])
    assert [m.object for m in mentions] == ["motif:orange"]


def test_relations_read_only_their_fields():
    assert found("Thing", description="a red spotty mug, 30 cm") == {"colour:red", "measure:30-cm"}
    assert found("Thing", categories=("Red things", "Mugs")) == {"type:mug"}
    assert found("Thing", attributes={"Color": ("Red", "Pink")}) == {"colour:red", "colour:pink"}
    assert found("Thing", attributes={"pack-size": ("Pack of 6",)}) == {"measure:6-pieces"}
    assert found("Thing", attributes={"motif": ("rose",)}) == set()


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


def test_what_a_concept_implies_is_stated_by_its_words():
    world = schema(
        concepts=[
            concept("type:cot", "cot", implies=["audience:children"]),
            concept("audience:children", "children"),
        ]
    )
    [mentions] = Extractor(world, ["en"]).mentions([product("1", "Oak cot")])
    assert [(m.relation, m.object, m.text, m.component, m.confidence) for m in mentions] == [
        ("clew:productType", "type:cot", "cot", "phrase", 0.95),
        ("clew:suitableFor", "audience:children", "cot", "ontology", 0.855),
    ]


def test_a_bare_number_is_a_count_where_an_attribute_asks_for_one():
    assert found("Thing", attributes={"pack size": ("6",)}) == {"measure:6-pieces"}
    assert found("Thing", attributes={"pack size": ("1",)}) == set()
    assert found("6") == set()


def test_one_product_alone_is_read_as_in_a_batch():
    products = [product(str(i), f"{c} mug set of {i}") for i, c in enumerate(["red", "pink"] * 900)]
    together = list(EXTRACTOR.mentions(products))
    assert together[::300] == [next(EXTRACTOR.mentions([p])) for p in products[::300]]
    assert len(together) == len(products)


def test_no_products_no_mentions():
    assert list(EXTRACTOR.mentions([])) == []


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


WORDS = [
    "red",
    "Orange",
    "MUGS",
    "glass",
    "-",
    ",",
    "  ",
    "set of 6",
    "½ inch",
    "without",
    "é",
    "\t",
]


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), st.text(max_size=30))
def test_spans_index_the_text(title, noise):
    shown = product("1", title + noise, description=noise + title, zh=f"红色{noise}马克杯 6件套")
    [mentions] = EXTRACTOR.mentions([shown])
    for m in mentions:
        assert field_text(shown, m.field)[m.start : m.end] == m.text
        assert m.start < m.end
        assert 0 < m.confidence <= 1


def test_spans_index_the_text_of_the_sample():
    products = read_dataset(sample_path()).products
    ontology = load_schema()
    mentions = list(Extractor(ontology, ("en", "zh")).mentions(products))
    assert sum(map(len, mentions)) > 1000
    for one, found_there in zip(products, mentions, strict=True):
        for m in found_there:
            assert field_text(one, m.field)[m.start : m.end] == m.text
            assert m.product_id == one.id
            assert m.object in ontology.concepts or m.object.startswith("measure:")
