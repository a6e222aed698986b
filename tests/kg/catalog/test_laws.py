"""Laws that hold for any input: round trips, and no row lost whatever it is."""

import csv
import io
import json
import tempfile
import unicodedata
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.catalog import READERS, read_dataset
from kg.catalog.meta import DatasetMeta
from kg.records import EVENTS, INTERACTION_SCHEMA, TRIPLE_SCHEMA, Product, Text

QUICK = settings(max_examples=60, deadline=None)

# Any text that survives trimming: what a shop writes, not what a terminal prints.
words = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=12
).filter(lambda text: text == text.strip() and unicodedata.is_normalized("NFC", text))
ids = words
labels = st.lists(words.filter(lambda text: ">" not in text), max_size=3, unique=True).map(tuple)
prices = st.none() | st.decimals(0, 10**6, places=2).map(lambda value: Decimal(str(value)))
texts = st.builds(Text, words, st.just("") | words)

products = st.builds(
    Product,
    id=ids,
    title=words,
    description=st.just("") | words,
    language=st.sampled_from(["en", "zh", "fr"]),
    brand=st.none() | words,
    categories=labels,
    price=prices,
    currency=st.sampled_from([None, "GBP", "CNY"]),
    stock=st.none() | st.integers(0, 10**6),
    image=st.none() | words,
    attributes=st.dictionaries(words, labels.filter(bool), max_size=3),
    translations=st.dictionaries(st.sampled_from(["zh", "de"]), texts, max_size=2),
)
catalogues = st.lists(products, min_size=1, max_size=5, unique_by=lambda product: product.id)
times = st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2025, 1, 1))
positive = st.none() | st.floats(0.001, 1e6)


@st.composite
def shops(draw):
    catalogue = draw(catalogues)
    names = [product.id for product in catalogue]
    rows = draw(
        st.lists(
            st.tuples(
                ids,
                st.sampled_from(names),
                st.sampled_from(EVENTS),
                times,
                st.none() | st.integers(0, 10**9),
                positive,
                positive,
                st.sampled_from([None, "train", "valid", "test"]),
            ),
            max_size=6,
        )
    )
    triples = draw(st.lists(st.tuples(ids, ids, ids), max_size=4))
    return catalogue, rows, triples


def as_json(product):
    row = {
        "id": product.id,
        "title": product.title,
        "description": product.description,
        "language": product.language,
        "brand": product.brand,
        "categories": list(product.categories),
        "price": None if product.price is None else str(product.price),
        "currency": product.currency,
        "stock": product.stock,
        "image": product.image,
        "attributes": {key: list(values) for key, values in product.attributes.items()},
        "translations": {
            code: {"title": text.title, "description": text.description}
            for code, text in product.translations.items()
        },
    }
    return {key: value for key, value in row.items() if value not in (None, "", [], {})}


def write_csv(path, names, rows):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode())


def columns(rows, schema):
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


@QUICK
@given(shops(), st.sampled_from(["parquet", "csv"]))
def test_a_dataset_written_is_the_dataset_read(shop, ending):
    catalogue, rows, triples = shop
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        lines = (json.dumps(as_json(product), ensure_ascii=False) for product in catalogue)
        (path / "products.jsonl").write_text("\n".join(lines), "utf-8")
        if ending == "parquet":
            pq.write_table(columns(rows, INTERACTION_SCHEMA), path / "interactions.parquet")
            pq.write_table(columns(triples, TRIPLE_SCHEMA), path / "triples.parquet")
        else:
            write_csv(path / "interactions.csv", INTERACTION_SCHEMA.names, rows)
            write_csv(path / "triples.csv", TRIPLE_SCHEMA.names, triples)
        dataset = read_dataset(path, max_reject_share=0)
    assert dataset.products == catalogue
    assert [tuple(row.values()) for row in dataset.interactions.to_pylist()] == rows
    assert [tuple(row.values()) for row in dataset.triples.to_pylist()] == triples


GOOD = '{"id": "1", "title": "Mug", "price": 3}'
junk = st.binary(min_size=1, max_size=40) | st.builds(
    lambda at, bit: GOOD.encode()[:at] + bit + GOOD.encode()[at + 1 :],
    st.integers(0, len(GOOD) - 1),
    st.binary(min_size=1, max_size=3),
)


def lines_of(data: bytes) -> int:
    return sum(bool(line.strip()) for line in data.split(b"\n"))


@QUICK
@given(st.lists(junk, max_size=5))
def test_garbled_products_in_json_lines(garbage):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        data = b"\n".join([GOOD.encode(), *garbage])
        (path / "products.jsonl").write_bytes(data)
        dataset = read_dataset(path, max_reject_share=1)
    assert dataset.rows["products.jsonl"] == lines_of(data)
    assert len(dataset.products) + len(dataset.rejects) == lines_of(data)
    assert dataset.products[0].title == "Mug"


@QUICK
@given(
    st.lists(st.binary(max_size=30) | st.text(',"u1\n', max_size=12).map(str.encode), max_size=6)
)
def test_garbled_interactions_in_csv(garbage):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        (path / "products.csv").write_text("id,title\n1,Mug\n")
        good = [b"user_id,product_id", b"u,1"]
        (path / "interactions.csv").write_bytes(b"\n".join([*good, *garbage]))
        dataset = read_dataset(path, max_reject_share=1)
    rows = dataset.rows["interactions.csv"]
    assert dataset.interactions.num_rows + len(dataset.rejects) == rows
    assert dataset.interactions["product_id"].to_pylist().count("1") >= 1
    assert [item.line for item in dataset.rejects] == sorted(item.line for item in dataset.rejects)


cells = st.none() | st.booleans() | st.integers() | st.floats() | words | st.just([]) | st.just({})


@QUICK
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(Product.__slots__, cells)), max_size=5))
def test_products_of_any_kind_of_value(rows):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        text = "\n".join([GOOD, *(json.dumps(row, allow_nan=True) for row in rows)])
        (path / "products.jsonl").write_text(text)
        dataset = read_dataset(path, max_reject_share=1)
    assert len(dataset.products) + len(dataset.rejects) == len(rows) + 1


@QUICK
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(INTERACTION_SCHEMA.names, cells)), max_size=5))
def test_interactions_of_any_kind_of_value(rows):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        (path / "products.jsonl").write_text(GOOD)
        text = "\n".join(json.dumps(row) for row in rows)
        (path / "interactions.jsonl").write_text(text)
        dataset = read_dataset(path, max_reject_share=1)
    assert dataset.interactions.schema == INTERACTION_SCHEMA
    assert dataset.interactions.num_rows + len(dataset.rejects) == len(rows)


NAMES = {
    "amazon-reviews": "meta.json",
    "recbole": "x.inter",
    "kgat": "train.txt",
    "online-retail": "retail.csv",
}
STARTS = {
    "amazon-reviews": b'{"asin": "B1", "title": "Mug"}\n',
    "recbole": b"user_id:token\titem_id:token\nu\t1\n",
    "kgat": b"1 2 3\n",
    "online-retail": b"InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n"
    b"1,85123A,WHITE HEART,6,2010-12-01,2.55,17850\n",
}


@QUICK
@given(st.sampled_from(sorted(NAMES)), st.lists(st.binary(max_size=40), max_size=4))
def test_garbled_lines_of_other_formats(name, garbage):
    reader = next(reader for reader in READERS if reader.name == name)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        (path / NAMES[name]).write_bytes(STARTS[name] + b"\n".join(garbage))
        (path / "test.txt").write_text("1 2\n")
        parts = reader.read(path, DatasetMeta())
    kept = len(parts.products) if name == "amazon-reviews" else parts.interactions.num_rows
    assert kept + len(parts.rejects) == sum(parts.rows.values())
