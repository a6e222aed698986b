"""Amazon Reviews of 2014, 2018 and 2023: one small world in the words of each."""

from datetime import datetime
from decimal import Decimal

import pytest

from kg.catalog import read_dataset
from kg.errors import DatasetError

REVIEW_2014 = {
    "reviewerID": "A1",
    "asin": "B1",
    "reviewerName": "x",
    "helpful": [2, 3],
    "reviewText": "Fine",
    "overall": 5.0,
    "unixReviewTime": 1252800000,
    "reviewTime": "09 13, 2009",
}
META_2014 = (
    "{'asin': 'B1', 'title': 'Nike 5\\' \"Dance\" C:\\dir Mug', 'price': 3.17, "
    "'imUrl': 'http://x/1.jpg', 'related': {'also_bought': ['B2', 'X9', 'X9'], "
    "'also_viewed': ['B2'], 'bought_together': ['B2'], 'buy_after_viewing': ['X8']}, "
    "'salesRank': {'Toys': 211836}, 'brand': 'Coxlures', "
    "'categories': [['Sports', 'Other', 'Dance'], ['Sports', 'Gifts']], 'description': None}"
)
TRIPLES_2014 = {
    ("B1", "also_bought", "B2"),
    ("B1", "also_bought", "X9"),
    ("B1", "also_viewed", "B2"),
    ("B1", "bought_together", "B2"),
    ("B1", "buy_after_viewing", "X8"),
}
META_2018 = {
    "asin": "B1",
    "title": "Trot &amp; Mug",
    "description": ["A <b>mug</b>.", "", "Big"],
    "feature": ["Red", "Tin"],
    "price": "$1,003.17",
    "imageURLHighRes": ["http://x/big.jpg"],
    "also_buy": ["B2"],
    "also_view": ["X9"],
    "brand": "by\n  Coxlures",
    "category": ["Sports", "Dance", "</span></span>"],
    "details": {"\n  Weight: \n ": "2 pounds", "ASIN: ": "B1", "Color": "x" * 501},
}
REVIEW_2023 = {
    "rating": 4.0,
    "title": "Good",
    "asin": "B1-red",
    "parent_asin": "B1",
    "user_id": "A1",
    "timestamp": 1588687728923,
}
META_2023 = {
    "main_category": "All Beauty",
    "title": "Howard Mug",
    "features": ["Tin"],
    "description": [],
    "price": None,
    "images": [{"thumb": "http://x/s.jpg", "large": "http://x/l.jpg", "hi_res": None}],
    "store": "Howard",
    "categories": [],
    "details": '{"Brand": "HOWARD", "Size": {"cm": 3}, "Colour": "Red"}',
    "parent_asin": "B1",
    "bought_together": None,
}


def triples(dataset):
    return {tuple(row.values()) for row in dataset.triples.to_pylist()}


def test_2014(write, tmp_path):
    write("reviews_Mugs_5.json.gz", [REVIEW_2014])
    write("meta_Mugs.json.gz", [META_2014, "{'asin': 'B2', 'title': 'Cup', 'price': 2}"])
    dataset = read_dataset(tmp_path)
    assert dataset.format == "amazon-reviews"
    mug, cup = dataset.products
    assert mug.title == 'Nike 5\' "Dance" C:\\dir Mug'
    assert (mug.price, mug.currency, mug.brand) == (Decimal("3.17"), "USD", "Coxlures")
    assert mug.categories == ("Sports", "Other", "Dance", "Gifts")
    assert mug.image == "http://x/1.jpg"
    assert cup.brand is None
    assert triples(dataset) == TRIPLES_2014
    assert dataset.triples.num_rows == len(TRIPLES_2014)
    assert dataset.interactions.to_pylist() == [
        {
            "user_id": "A1",
            "product_id": "B1",
            "event": "rating",
            "timestamp": datetime(2009, 9, 13),
            "position": None,
            "quantity": None,
            "value": 5.0,
            "split": None,
        }
    ]


def test_2018(write, tmp_path):
    write("Mugs_5.json", [REVIEW_2014])
    write("meta_Mugs.json", [META_2018])
    dataset = read_dataset(tmp_path)
    [mug] = dataset.products
    assert mug.title == "Trot & Mug"
    assert mug.description == "A mug . Big Red Tin"
    assert (mug.price, mug.brand) == (Decimal("1003.17"), "Coxlures")
    assert mug.categories == ("Sports", "Dance")
    assert mug.image == "http://x/big.jpg"
    assert mug.attributes == {"Weight": ("2 pounds",)}
    assert triples(dataset) == {("B1", "also_bought", "B2"), ("B1", "also_viewed", "X9")}
    assert dataset.interactions.num_rows == 1


def test_2023(write, tmp_path):
    write("Mugs.jsonl", [REVIEW_2023])
    write("meta_Mugs.jsonl", [META_2023])
    dataset = read_dataset(tmp_path)
    [mug] = dataset.products
    assert (mug.id, mug.title, mug.description) == ("B1", "Howard Mug", "Tin")
    assert (mug.price, mug.currency, mug.brand) == (None, None, "HOWARD")
    assert mug.image == "http://x/l.jpg"
    assert mug.attributes == {"Brand": ("HOWARD",), "Colour": ("Red",)}
    row = dataset.interactions.to_pylist()[0]
    assert (row["product_id"], row["value"]) == ("B1", 4.0)
    assert row["timestamp"] == datetime(2020, 5, 5, 14, 8, 48, 923000)


def test_pictures_by_size(write, tmp_path):
    images = {"hi_res": [None, "b"], "large": ["http://x/l.jpg"]}
    write("meta.jsonl", [{**META_2023, "images": images}])
    assert read_dataset(tmp_path).products[0].image is None
    write("meta.jsonl", [{**META_2023, "images": {**images, "hi_res": None}}])
    assert read_dataset(tmp_path).products[0].image == "http://x/l.jpg"


def test_reviews_alone_are_their_own_catalogue(write, tmp_path):
    path = write("reviews.json", [REVIEW_2014, {**REVIEW_2014, "asin": "B2"}])
    for where in (path, tmp_path):
        dataset = read_dataset(where)
        assert [(item.id, item.title) for item in dataset.products] == [("B1", "B1"), ("B2", "B2")]
        assert dataset.interactions.num_rows == 2


def test_metadata_alone(write):
    dataset = read_dataset(write("meta.jsonl", [META_2018]))
    assert (len(dataset.products), dataset.interactions.num_rows) == (1, 0)


def test_several_files_of_each(write, tmp_path):
    write("a.jsonl", [REVIEW_2023])
    write("b.jsonl", [{**REVIEW_2023, "parent_asin": "B2"}])
    write("meta_a.jsonl", [META_2023])
    write("meta_b.jsonl", [{**META_2023, "parent_asin": "B2"}, META_2023])
    dataset = read_dataset(tmp_path)
    assert [product.id for product in dataset.products] == ["B1", "B2"]
    assert dataset.interactions["product_id"].to_pylist() == ["B1", "B2"]
    assert [(item.file, item.line, item.reason) for item in dataset.rejects] == [
        ("meta_b.jsonl", 2, "duplicate id")
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (META_2018, "duplicate id"),
        ({"asin": "B3", "title": ""}, "missing title"),
        ({"asin": "B3", "title": "var aPageStart = (new Date()).getTime();"}, "page code in title"),
    ],
)
def test_known_faults_are_expected(write, row, reason):
    dataset = read_dataset(write("meta.jsonl", [META_2018, row]), max_reject_share=0)
    [bad] = dataset.rejects
    assert (bad.line, bad.reason, bad.expected) == (2, reason, True)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"asin": None, "title": "Mug"}, "missing id"),
        ({"asin": "B3", "title": "x" * 3000}, "too long"),
        ("{'asin': 'B3', 'title': __import__('os')}", "broken JSON line"),
        ("{'asin': 'B3', 'title': '\\ud800'}", "broken JSON line"),
        ("{'asin': 'B3', 'title': {1, 2}}", "broken JSON line"),
        ("{'asin': " + "(" * 5000, "broken JSON line"),
        ("[]", "not a JSON object"),
    ],
)
def test_other_faults_are_not(write, row, reason):
    path = write("meta.jsonl", [META_2018, row])
    dataset = read_dataset(path, max_reject_share=0.5)
    [bad] = dataset.rejects
    assert (bad.line, bad.reason, bad.expected) == (2, reason, False)
    with pytest.raises(DatasetError, match=reason):
        read_dataset(path)


@pytest.mark.parametrize("price", ["$1.99 - $5.99", ".a-box-inner{", "", True, [3], "from 3.00"])
def test_prices_that_are_none(write, price):
    [mug] = read_dataset(write("meta.jsonl", [{**META_2018, "price": price}])).products
    assert (mug.price, mug.currency) == (None, None)


def test_links_of_rejected_products_go_with_them(write):
    bad = {"asin": "B2", "title": "x" * 3000, "also_buy": ["B1"]}
    dataset = read_dataset(write("meta.jsonl", [META_2018, bad]), max_reject_share=1)
    assert set(dataset.triples["subject"].to_pylist()) == {"B1"}


def test_details_that_are_none(write):
    [mug] = read_dataset(write("meta.jsonl", [{**META_2023, "details": "{"}])).products
    assert mug.attributes == {}
    assert mug.brand == "Howard"


def test_rows_in_are_rows_out(write, tmp_path):
    write("meta.jsonl", [META_2018, META_2018, "{"])
    write("reviews.jsonl", [REVIEW_2014, {**REVIEW_2014, "asin": "B9"}, "{", REVIEW_2014])
    dataset = read_dataset(tmp_path, max_reject_share=1)
    assert dataset.rows == {"meta.jsonl": 3, "reviews.jsonl": 4}
    by_file = {name: sum(item.file == name for item in dataset.rejects) for name in dataset.rows}
    assert len(dataset.products) + by_file["meta.jsonl"] == 3
    assert dataset.interactions.num_rows + by_file["reviews.jsonl"] == 4
