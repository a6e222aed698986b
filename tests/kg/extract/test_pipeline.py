"""What is read from English titles and other fields, and where the words stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.catalog import read_dataset, sample_path
from kg.extract import Extractor, field_text
from kg.schema import load_schema
from tests.kg.extract.reading import EXTRACTOR, found
from tests.worlds import concept, product, schema


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


def test_a_hyphen_after_a_phrase_is_not_part_of_it():
    [mentions] = EXTRACTOR.mentions([product("1", "Holder-red - knife--box wood-")])
    assert [m.text for m in mentions] == ["red", "knife", "wood"]


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
