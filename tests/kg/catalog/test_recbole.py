"""RecBole's atomic files."""

from datetime import datetime
from decimal import Decimal

import pytest

from kg.catalog import read_dataset
from kg.errors import DatasetError

INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
EVENTS = INTER + "196\t1\t3\t881250949\n186\t2\t-1\t891717742\n"
ITEMS = (
    "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\tscore:float\n"
    "1\tToy Story\t1995\tAnimation Children's Comedy\t0.5\n"
    '2\t5" GoldenEye\t\t\t\n'
)


def test_interactions_alone(write, tmp_path):
    path = write("ml/ml.inter", EVENTS)
    for where in (path, tmp_path / "ml"):
        dataset = read_dataset(where)
        assert dataset.format == "recbole"
        assert [(item.id, item.title) for item in dataset.products] == [("1", "1"), ("2", "2")]
        rows = dataset.interactions.to_pylist()
        assert rows[0]["timestamp"] == datetime(1997, 12, 4, 15, 55, 49)
        assert [row["event"] for row in rows] == ["rating"] * 2
        assert [row["value"] for row in rows] == [3.0, -1.0]


def test_items(write, tmp_path):
    write("ml.inter", EVENTS)
    write("ml.item", ITEMS)
    dataset = read_dataset(tmp_path)
    toy, eye = dataset.products
    assert toy.title == "Toy Story"
    assert toy.categories == ("Animation", "Children's", "Comedy")
    assert toy.attributes == {"release_year": ("1995",)}
    assert (eye.title, eye.categories, eye.attributes) == ('5" GoldenEye', (), {})
    assert dataset.ignored == {"ml.item": ("score",)}


def test_a_shop_s_items(write, tmp_path):
    write("shop.inter", "user_id:token\titem_id:token\nu\tB1\n")
    write(
        "shop.item",
        "item_id:token\ttitle:token_seq\tprice:float\tbrand:token\tcategories:token_seq\ttags:token_seq\n"
        "B1\tMug\t3.5\tHare\t'Home', 'Mugs & Cups'\tred|big one\nB2\tCup\t\t\t\t\n",
    )
    dataset = read_dataset(tmp_path)
    mug, cup = dataset.products
    assert (mug.price, mug.brand) == (Decimal("3.5"), "Hare")
    assert mug.categories == ("Home", "Mugs & Cups")
    assert mug.attributes == {"tags": ("red", "big one")}
    assert (cup.price, cup.brand) == (None, None)
    assert dataset.interactions["event"].to_pylist() == ["purchase"]


def test_knowledge_graph_with_links(write, tmp_path):
    write("ml.inter", EVENTS)
    write("ml.item", ITEMS)
    write(
        "ml.kg",
        "head_id:token\trelation_id:token\ttail_id:token\nm.1\tactor\tm.9\nm.9\tfilm\tm.2\n",
    )
    write("ml.link", "item_id:token\tentity_id:token\n1\tm.1\n2\tm.2\n3\tm.2\n\tm.4\n")
    dataset = read_dataset(tmp_path, max_reject_share=0.5)
    assert [tuple(row.values()) for row in dataset.triples.to_pylist()] == [
        ("1", "actor", "m.9"),
        ("m.9", "film", "2"),
    ]
    assert [(item.file, item.line, item.reason) for item in dataset.rejects] == [
        ("ml.link", 4, "missing product")
    ]


def test_knowledge_graph_without_links(write, tmp_path):
    write("ml.inter", EVENTS)
    write("ml.kg", "head_id:token\trelation_id:token\ttail_id:token\nm.1\tactor\tm.9\n")
    assert read_dataset(tmp_path).triples.num_rows == 1


def test_splits_of_its_own(write, tmp_path):
    for split in ("test", "train", "valid"):
        write(f"ml.{split}.inter", INTER + f"1\t{split}\t3\t881250949\n")
    dataset = read_dataset(tmp_path)
    assert dataset.interactions["split"].to_pylist() == ["train", "valid", "test"]
    assert dataset.interactions["product_id"].to_pylist() == ["train", "valid", "test"]


def test_dataset_toml_names_columns_and_the_event(write, tmp_path):
    write("s.inter", "uid:token\titem_id:token\trating:float\tts:float\nu\t1\t5\t881250949\n")
    write("s.item", "item_id:token\tmovie_title:token_seq\tname:token_seq\n1\tToy\tRight\n")
    write(
        "dataset.toml",
        'default_event = "view"\n[columns.interactions]\nuser_id = "uid"\ntimestamp = "ts"\n'
        '[columns.products]\ntitle = "name"\n',
    )
    dataset = read_dataset(tmp_path)
    assert dataset.products[0].title == "Right"
    row = dataset.interactions.to_pylist()[0]
    assert (row["user_id"], row["event"], row["value"]) == ("u", "view", 5.0)
    assert row["timestamp"] is not None


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.inter": EVENTS, "b.inter": EVENTS}, r"several RecBole datasets \(a, b\); give each"),
        (
            {"a.inter": "user_id:token\n1\n"},
            r"a\.inter: has no column 'product_id'; it has 'user_id'",
        ),
        ({"a.inter": EVENTS, "a.item": "id:token\n1\n"}, r"a\.item: has no column 'item_id'"),
        ({"a.inter": "u:token\tu:float\n"}, r"a\.inter: the header names a column twice"),
        (
            {"a.inter": EVENTS, "a.item": ITEMS, "dataset.toml": '[columns.products]\nbrand = "b"'},
            r"a\.item: has no column 'b'; it has item_id, movie_title",
        ),
    ],
)
def test_what_stops_a_load(write, tmp_path, files, message):
    for name, text in files.items():
        write(name, text)
    with pytest.raises(DatasetError, match=message):
        read_dataset(tmp_path)


def test_rows_in_are_rows_out(write, tmp_path):
    write("ml.inter", EVENTS + "garbled\n7\t9\t1\t881250949\n7\t1\tx\t881250949\n")
    write("ml.item", ITEMS + "3\n")
    dataset = read_dataset(tmp_path, max_reject_share=1)
    assert dataset.rows == {"ml.item": 3, "ml.inter": 5}
    assert [(item.file, item.line, item.reason) for item in dataset.rejects] == [
        ("ml.item", 3, "wrong number of columns"),
        ("ml.inter", 3, "wrong number of columns"),
        ("ml.inter", 4, "unknown product"),
        ("ml.inter", 5, "bad value"),
    ]
    assert (len(dataset.products), dataset.interactions.num_rows) == (2, 2)
