"""Clew's own format, in every spelling of its files."""

import gzip
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kg.catalog import read_dataset
from kg.errors import DatasetError
from kg.records import INTERACTION_SCHEMA, TRIPLE_SCHEMA, Text

PRODUCTS = [
    {"id": "1", "title": "Red mug", "brand": "Hare", "price": 14.5, "categories": ["A", "B"]},
    {"id": "2", "title": "Blue mug", "attributes": {"colour": ["blue"]}},
]
EVENTS = [
    {"user_id": "u", "product_id": "1", "event": "view", "timestamp": "2011-12-01T08:26:00"},
    {"user_id": "u", "product_id": "2", "event": "purchase", "timestamp": "2011-12-02T08:26:00"},
]


def csv(rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(names)]
    lines += [",".join(str(row.get(name, "")) for name in names) for row in rows]
    return "\n".join(lines) + "\n"


def parquet(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path)


def test_products_alone(write, tmp_path):
    write("shop/products.jsonl", PRODUCTS)
    dataset = read_dataset(tmp_path / "shop")
    assert dataset.format == "clew"
    assert dataset.meta.name == "shop"
    assert dataset.meta.languages == ("en",)
    assert [product.id for product in dataset.products] == ["1", "2"]
    assert dataset.products[0].price == Decimal("14.5")
    assert dataset.products[0].categories == ("A", "B")
    assert dataset.interactions.schema == INTERACTION_SCHEMA
    assert dataset.triples.schema == TRIPLE_SCHEMA
    assert (dataset.interactions.num_rows, dataset.triples.num_rows) == (0, 0)
    assert dict(dataset.rows) == {"products.jsonl": 2}


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl", "jsonl.gz"])
def test_interactions_in_every_ending(write, tmp_path, ending):
    write("products.jsonl.gz", PRODUCTS)
    if ending == "parquet":
        parquet(tmp_path / "interactions.parquet", EVENTS)
    else:
        write(f"interactions.{ending}", csv(EVENTS) if ending == "csv" else EVENTS)
    dataset = read_dataset(tmp_path)
    assert dataset.interactions["event"].to_pylist() == ["view", "purchase"]
    assert dataset.interactions["timestamp"].null_count == 0
    assert not dataset.rejects


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_triples_in_every_ending(write, tmp_path, ending):
    write("products.jsonl", PRODUCTS)
    triples = [{"subject": "1", "predicate": "also_bought", "object": "9"}]
    if ending == "parquet":
        parquet(tmp_path / "triples.parquet", triples)
    else:
        write("triples.csv", csv(triples))
    assert read_dataset(tmp_path).triples.to_pylist() == triples


def test_products_in_csv_with_shorthands(write, tmp_path):
    write(
        "products.csv",
        "id,title,title@zh,description@zh,attributes.colour,attributes.size,categories,price\n"
        '1,"Mug, red",杯,白,red,,Kitchen > Mugs,14.50\n'
        "2,Cup,,,,L,,\n",
    )
    one, two = read_dataset(tmp_path).products
    assert one.title == "Mug, red"
    assert one.translations == {"zh": Text("杯", "白")}
    assert one.attributes == {"colour": ("red",)}
    assert (one.categories, one.price) == (("Kitchen", "Mugs"), Decimal("14.50"))
    assert two.translations == {}
    assert two.attributes == {"size": ("L",)}
    assert two.price is None


def test_products_in_parquet_with_a_map(tmp_path):
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int64()),
            "title": ["Mug", "Cup"],
            "attributes": pa.array(
                [[("colour", ["red"])], None], pa.map_(pa.string(), pa.list_(pa.string()))
            ),
            "price": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
        }
    )
    pq.write_table(table, tmp_path / "products.parquet")
    one, two = read_dataset(tmp_path).products
    assert (one.id, one.price) == ("1", Decimal("1.50"))
    assert one.attributes == {"colour": ("red",)}
    assert two.attributes == {}


def test_times_that_python_has_not(tmp_path):
    table = pa.table(
        {
            "id": ["1"],
            "title": ["Mug"],
            "made": pa.array([123456789], pa.timestamp("ns")),
            "attributes.sold": pa.array([2**62], pa.timestamp("us")),
        }
    )
    pq.write_table(table, tmp_path / "products.parquet")
    [product] = read_dataset(tmp_path).products
    assert "sold" in product.attributes


def test_columns_by_other_names(write, tmp_path):
    write("products.csv", "sku,name,title\n1,Mug,ignored\n")
    write("interactions.csv", "who,sku,when\nu,1,2011-12-01\n")
    write("triples.csv", "s,predicate,object\n1,also_bought,2\n")
    write(
        "dataset.toml",
        """
        [columns.products]
        id = "sku"
        title = "name"
        [columns.interactions]
        user_id = "who"
        product_id = "sku"
        timestamp = "when"
        [columns.triples]
        subject = "s"
        """,
    )
    dataset = read_dataset(tmp_path)
    assert dataset.products[0].title == "Mug"
    assert dataset.interactions["user_id"].to_pylist() == ["u"]
    assert dataset.triples["subject"].to_pylist() == ["1"]
    assert dataset.ignored == {"products.csv": ("title",)}


def test_a_column_named_for_one_field_is_no_other(write, tmp_path):
    write("products.csv", "id,title\n1,Mug\n")
    write("interactions.csv", "user_id,product_id,timestamp\nu,1,7\n")
    write("dataset.toml", '[columns.interactions]\nposition = "timestamp"\n')
    [row] = read_dataset(tmp_path).interactions.to_pylist()
    assert (row["position"], row["timestamp"]) == (7, None)


def test_columns_that_are_not_read_are_named(write, tmp_path):
    write("products.jsonl", [{"id": 1, "title": "Mug", "pirce": 3}])
    write("interactions.csv", "user_id,product_id,when\nu,1,2011-12-01\n")
    assert read_dataset(tmp_path).ignored == {
        "products.jsonl": ("pirce",),
        "interactions.csv": ("when",),
    }


def test_meta_fills_what_products_leave_out(write, tmp_path):
    write("products.jsonl", [{"id": 1, "title": "Mug", "price": 2}])
    write("interactions.csv", "user_id,product_id\nu,1\n")
    write("dataset.toml", 'name = "S"\ncurrency = "GBP"\ndefault_event = "view"\n')
    dataset = read_dataset(tmp_path)
    assert dataset.products[0].currency == dataset.meta.currency == "GBP"
    assert dataset.interactions["event"].to_pylist() == ["view"]


def test_interactions_with_unknown_products_are_rejected(write, tmp_path):
    write("products.jsonl", PRODUCTS)
    write("interactions.csv", "user_id,product_id\nu,1\nu,7\nu,2\n")
    dataset = read_dataset(tmp_path, max_reject_share=0.5)
    assert dataset.interactions["product_id"].to_pylist() == ["1", "2"]
    [bad] = dataset.rejects
    assert (bad.file, bad.line, bad.reason) == ("interactions.csv", 2, "unknown product")


def test_rejects_are_in_the_order_of_files_and_lines(write, tmp_path):
    write("products.jsonl", [PRODUCTS[0], "{", {"id": 2}, PRODUCTS[1]])
    write("interactions.jsonl", [{"user_id": "u", "product_id": "1"}, "[]", {"product_id": "1"}])
    dataset = read_dataset(tmp_path, max_reject_share=1)
    assert [(item.file, item.line, item.reason) for item in dataset.rejects] == [
        ("products.jsonl", 2, "broken JSON line"),
        ("products.jsonl", 3, "missing title"),
        ("interactions.jsonl", 2, "not a JSON object"),
        ("interactions.jsonl", 3, "missing user"),
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"products.csv": "sku,title\n1,Mug\n"},
            r"products\.csv: has no column 'id'; it has 'sku'",
        ),
        ({"products.jsonl": '{"sku": 1}'}, r"products\.jsonl: has no column 'id'; it has 'sku'"),
        (
            {"products.csv": "id,title\n1,Mug\n", "interactions.csv": "user,product_id\nu,1\n"},
            r"interactions\.csv: has no column 'user_id'; .* under \[columns.interactions\]",
        ),
        (
            {"products.csv": "id,title\n1,Mug\n", "interactions.jsonl": '{"user_id": "u"}'},
            r"interactions\.jsonl: has no column 'product_id'",
        ),
        (
            {"products.csv": "id,title\n1,Mug\n", "triples.csv": "s,p,o\n1,2,3\n"},
            r"triples\.csv: has no column 'subject'",
        ),
        (
            {"products.csv": "id,title\n1,Mug\n", "products.jsonl": '{"id": 1}'},
            r"products\.jsonl and products\.csv hold the same table; keep one",
        ),
        (
            {"products.csv": "id,t\n1,M\n", "dataset.toml": '[columns.products]\ntitle = "name"'},
            r"dataset\.toml: \[columns.products\] title = 'name', but products\.csv has no such",
        ),
        ({"products.csv": "id,title\n"}, r"no products were found in products\.csv"),
        ({"products.jsonl": ""}, r"no products were found in products\.jsonl"),
        ({"products.parquet": "no"}, r"products\.parquet: cannot be read as Parquet"),
    ],
)
def test_what_stops_a_load(write, tmp_path, files, message):
    for name, text in files.items():
        write(name, text)
    with pytest.raises(DatasetError, match=message):
        read_dataset(tmp_path)


def test_files_of_bad_rows_only_are_judged_by_their_share(write, tmp_path):
    write("products.jsonl", [PRODUCTS[0]])
    write("interactions.jsonl", ["{"])
    with pytest.raises(DatasetError, match=r"1 of 1 rows of interactions\.jsonl are bad"):
        read_dataset(tmp_path)
    assert read_dataset(tmp_path, max_reject_share=1).interactions.num_rows == 0
    write("products.jsonl", ["{", "{"])
    with pytest.raises(DatasetError, match=r"2 of 2 rows of products\.jsonl are bad"):
        read_dataset(tmp_path)


def test_gzipped_or_not_is_the_same(write, tmp_path):
    plain = write("a/products.jsonl", PRODUCTS)
    (tmp_path / "b").mkdir()
    (tmp_path / "b/products.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert read_dataset(tmp_path / "a").products == read_dataset(tmp_path / "b").products


def test_translations_and_language(write, tmp_path):
    rows = [
        {"id": 1, "title": "跳兔马克杯", "translations": {"en": {"title": "Leaping hare mug"}}},
        {"id": 2, "title": "Mug", "translations": json.loads('{"zh": {"title": "杯"}}')},
        {"id": 3, "title": "Tasse", "language": "fr"},
    ]
    write("products.jsonl", rows)
    dataset = read_dataset(tmp_path)
    assert [product.language for product in dataset.products] == ["zh", "en", "fr"]
    assert list(dataset.products[0].texts()) == ["zh", "en"]
    assert dataset.meta.languages == ("en", "zh", "fr")
