"""Every field of a product: what it may be, and the reason where it is not."""

from decimal import Decimal

import pytest

from kg.catalog.meta import DatasetMeta
from kg.catalog.products import check_products
from kg.records import Reject, Text

META = DatasetMeta(languages=("en", "zh"), currency="GBP")


def check(*rows, meta=META):
    return check_products("products.jsonl", enumerate(rows, start=1), meta)


def one(**fields):
    products, rejects = check({"id": "1", "title": "Mug", **fields})
    assert not rejects
    return products[0]


def rejected(**fields):
    products, [bad] = check({"id": "1", "title": "Mug", **fields})
    assert not products
    assert (bad.file, bad.line, bad.expected) == ("products.jsonl", 1, False)
    return bad.field, bad.reason, bad.value


def test_the_least_a_product_is():
    product = one()
    assert (product.id, product.title, product.language) == ("1", "Mug", "en")
    assert product.currency == "GBP"
    assert product.price is product.stock is product.brand is product.image is None
    assert product.categories == ()
    assert dict(product.attributes) == dict(product.translations) == {}


def test_all_fields():
    product = one(
        id=" 85123A ",
        description="  White. ",
        brand="Hare",
        categories="Kitchen > Mugs > Kitchen",
        price="14.50",
        currency="eur",
        stock="3.0",
        image="https://example.org/1.jpg",
        language="zh-Hans",
        attributes={"colour": "red", "material": ["tin", "wood", "tin"], "pieces": 6, "x": None},
        translations={"zh-CN": {"title": "杯", "description": "白"}, "en": {"title": "Cup"}},
    )
    assert (product.id, product.description) == ("85123A", "White.")
    assert product.categories == ("Kitchen", "Mugs")
    assert (product.price, product.currency, product.stock) == (Decimal("14.50"), "EUR", 3)
    assert product.language == "zh"
    assert product.attributes == {"colour": ("red",), "material": ("tin", "wood"), "pieces": ("6",)}
    assert product.translations == {"zh": Text("杯", "白"), "en": Text("Cup")}


@pytest.mark.parametrize("price", [None, "", "0", 0, 12, 1.1, "1e2", Decimal("3.5")])
def test_prices(price):
    assert one(price=price).price == (None if price in (None, "") else Decimal(str(price)))


@pytest.mark.parametrize("price", ["abc", -1, "-0.01", "NaN", float("nan"), "inf", True, [1], 1e10])
def test_bad_prices(price):
    assert rejected(price=price) == ("price", "bad price", str(price))


@pytest.mark.parametrize("stock", ["many", -1, 2.5, "nan", True, 1e15])
def test_bad_stock(stock):
    assert rejected(stock=stock)[:2] == ("stock", "bad stock")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"id": None}, ("id", "missing id", "")),
        ({"id": "  "}, ("id", "missing id", "")),
        ({"id": "x" * 257}, ("id", "too long", "x" * 200)),
        ({"id": ["1"]}, ("id", "not text", "['1']")),
        ({"id": "a\nb"}, ("id", "control character", "a\nb")),
        ({"title": None}, ("title", "missing title", "")),
        ({"title": " \t"}, ("title", "missing title", "")),
        ({"title": "x" * 2001}, ("title", "too long", "x" * 200)),
        ({"title": {"en": "Mug"}}, ("title", "not text", "{'en': 'Mug'}")),
        ({"title": True}, ("title", "not text", "True")),
        ({"description": "x" * 100_001}, ("description", "too long", "x" * 200)),
        ({"brand": "x" * 501}, ("brand", "too long", "x" * 200)),
        ({"image": "x" * 2001}, ("image", "too long", "x" * 200)),
        ({"currency": "pounds"}, ("currency", "bad currency", "POUNDS")),
        ({"language": "English"}, ("language", "bad language", "English")),
        ({"categories": 7}, ("categories", "bad categories", "7")),
        ({"categories": ["a", ["b"]]}, ("categories", "bad categories", "['b']")),
        ({"categories": ["x" * 501]}, ("categories", "bad categories", "x" * 200)),
        ({"categories": ["x"] * 501}, ("categories", "bad categories", str(["x"] * 501)[:200])),
        ({"attributes": "red"}, ("attributes", "bad attributes", "red")),
        ({"attributes": ["red"]}, ("attributes", "bad attributes", "['red']")),
        ({"attributes": {"a": {"b": 1}}}, ("attributes", "bad attributes", "{'b': 1}")),
        ({"translations": {"zh": "杯"}}, ("translations", "bad translations", "杯")),
        (
            {"translations": {"": {"title": "x"}}},
            ("translations", "bad translations", "{'title': 'x'}"),
        ),
        (
            {"translations": {"zh": {"description": "白"}}},
            ("translations", "translation without title", "{'description': '白'}"),
        ),
    ],
)
def test_reasons(fields, expected):
    assert rejected(**fields) == expected


@pytest.mark.parametrize("brand", ["Unknown", "GENERIC", "n/a", "No Brand", "无品牌"])
def test_a_brand_that_says_there_is_none_is_none(brand):
    assert one(brand=brand).brand is None
    assert one(brand=f"{brand} Supply").brand == f"{brand} Supply"


@pytest.mark.parametrize(
    "told", [{"brand": "Hare"}, {"categories": ["Mugs"]}, {"attributes": {"a": "b"}}]
)
def test_a_product_without_title_that_says_something_goes_by_its_id(told):
    assert one(title=None, **told).title == "1"


def test_the_first_of_two_with_one_id_stands():
    products, rejects = check({"id": 1, "title": "Mug"}, {"id": "1", "title": "Cup"})
    assert [product.title for product in products] == ["Mug"]
    assert rejects == [Reject("products.jsonl", 2, "id", "duplicate id", "1")]


def test_rejects_of_the_file_pass_through():
    broken = Reject("products.jsonl", 2, "", "broken JSON line", "{")
    products, rejects = check({"id": 1, "title": "Mug"}, broken)
    assert (len(products), rejects) == (1, [broken])


def test_text_is_kept_but_for_controls_and_composition():
    product = one(
        title="Cafe\u0301\x00 mug\nred\x0b",
        description="one\ntwo\x0b three",
        categories=["A\tB"],
        brand="Ha\u0308re",
    )
    assert product.title == "Caf\u00e9  mug red"
    assert product.description == "one\ntwo  three"
    assert product.categories == ("A B",)
    assert product.brand == "H\u00e4re"
    assert one(id="Cafe\u0301").id == "Cafe\u0301"


def test_attributes_that_hold_or_not():
    assert one(attributes={"washable": True, "odd": [False]}).attributes == {
        "washable": ("true",),
        "odd": ("false",),
    }


def test_empty_spellings_of_nothing():
    product = one(
        categories=None, attributes="", translations={"zh": None}, stock="", language=None, brand=""
    )
    assert (product.categories, product.brand) == ((), None)
    assert product.translations == {}
    assert one(translations={"zh": {"title": None}}).translations == {}
    assert one(brand=float("nan")).brand is None


def test_json_in_a_cell_and_arrow_maps():
    assert one(attributes='{"colour": ["red"]}').attributes == {"colour": ("red",)}
    assert one(categories='["A", "B"]').categories == ("A", "B")
    assert one(categories="[draft").categories == ("[draft",)
    assert one(attributes=[("colour", "red")]).attributes == {"colour": ("red",)}


@pytest.mark.parametrize(
    ("title", "declared", "expected"),
    [
        ("Stoneware mug", (), "en"),
        ("跳兔粗陶马克杯", (), "zh"),
        ("跳兔粗陶马克杯", ("en",), "en"),
        ("跳兔粗陶马克杯", ("fr", "zh"), "zh"),
        ("Tasse", ("zh", "fr"), "fr"),
        ("Nan Shan 南山 porcelain tea mug with infuser", ("en", "zh"), "en"),
        ("Anker 充电宝 20000mAh", ("en", "zh"), "zh"),
        ("1234", ("zh",), "zh"),
    ],
)
def test_language_by_script(title, declared, expected):
    products, _ = check({"id": "1", "title": title}, meta=DatasetMeta(languages=declared))
    assert products[0].language == expected
