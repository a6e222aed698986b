"""UCI Online Retail: what is a product, what is a purchase, and what is set aside."""

from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kg.catalog import read_dataset
from kg.errors import DatasetError

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
ROW = {
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "WHITE HEART",
    "Quantity": "6",
    "InvoiceDate": "2010-12-01 08:26",
    "UnitPrice": "2.55",
    "CustomerID": "17850",
    "Country": "United Kingdom",
}


def csv(*rows):
    lines = [",".join({**ROW, **row}.values()) for row in rows]
    return "\n".join([HEADER, *lines]) + "\n"


def read(write, *rows, share=0.0):
    return read_dataset(write("retail.csv", csv(*rows)), max_reject_share=share)


def test_one_purchase(write):
    dataset = read(write, {})
    assert dataset.format == "online-retail"
    [product] = dataset.products
    assert (product.id, product.title) == ("85123A", "WHITE HEART")
    assert (product.price, product.currency, product.language) == (Decimal("2.55"), "GBP", "en")
    assert dataset.meta.currency == "GBP"
    assert dataset.interactions.to_pylist() == [
        {
            "user_id": "17850",
            "product_id": "85123A",
            "event": "purchase",
            "timestamp": datetime(2010, 12, 1, 8, 26),
            "position": None,
            "quantity": 6.0,
            "value": 2.55,
            "split": None,
        }
    ]
    assert dataset.ignored == {"retail.csv": ("Country",)}


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"InvoiceNo": "C536379", "Quantity": "-1"}, "invoice", "cancelled order"),
        ({"StockCode": "POST"}, "product_id", "stray code"),
        ({"StockCode": "m"}, "product_id", "stray code"),
        ({"StockCode": "BANK CHARGES", "UnitPrice": "-15"}, "product_id", "stray code"),
        ({"StockCode": "DCGS0003"}, "product_id", "stray code"),
        ({"StockCode": "23444", "Description": "Next Day Carriage"}, "product_id", "stray code"),
        ({"Quantity": "-9", "UnitPrice": "0", "CustomerID": ""}, "quantity", "stock adjustment"),
        ({"Quantity": "0"}, "quantity", "stock adjustment"),
        ({"UnitPrice": "0"}, "value", "zero price"),
        ({"CustomerID": ""}, "user_id", "anonymous sale"),
    ],
)
def test_known_rows_are_set_aside_as_expected(write, row, field, reason):
    dataset = read(write, {}, row)
    [aside] = dataset.rejects
    assert (aside.line, aside.field, aside.reason, aside.expected) == (2, field, reason, True)
    assert dataset.interactions.num_rows == 1


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"InvoiceNo": ""}, "invoice", "missing invoice"),
        ({"StockCode": ""}, "product_id", "missing product"),
        ({"Quantity": "six"}, "quantity", "bad quantity"),
        ({"UnitPrice": "abc"}, "value", "bad value"),
        ({"UnitPrice": "-2"}, "value", "bad value"),
        ({"InvoiceDate": "soon"}, "timestamp", "bad timestamp"),
        ({"InvoiceDate": ""}, "timestamp", "bad timestamp"),
        ({"InvoiceDate": "1900-01-01"}, "timestamp", "timestamp too early"),
        ({"CustomerID": "x" * 300}, "user_id", "too long"),
        ({"StockCode": "10000", "Description": "damaged"}, "title", "missing title"),
        ({"StockCode": "10000", "Description": ""}, "title", "missing title"),
    ],
)
def test_other_bad_rows_count_against_the_file(write, row, field, reason):
    dataset = read(write, {}, row, {}, share=0.5)
    [bad] = dataset.rejects
    assert (bad.line, bad.field, bad.reason, bad.expected) == (2, field, reason, False)
    assert dataset.interactions.num_rows == 2
    with pytest.raises(DatasetError, match=f"1 of 3 rows of retail.csv are bad .*{reason}"):
        read(write, {}, row, {})


def test_codes_that_differ_in_case_only_are_one_product(write):
    dataset = read(write, {}, {"StockCode": "85123a"})
    assert [product.id for product in dataset.products] == ["85123A"]
    assert dataset.interactions["product_id"].to_pylist() == ["85123A"] * 2


def test_title_is_the_most_frequent_that_is_no_note(write):
    titles = ["check", "check", "DAMAGED", "?", "WHITE  HEART ", "WHITE HEART", "IVORY HEART"]
    dataset = read(write, *({"Description": title} for title in titles))
    assert dataset.products[0].title == "WHITE HEART"


def test_of_equally_frequent_titles_the_first_by_alphabet(write):
    dataset = read(write, {"Description": "B HEART"}, {"Description": "A HEART"})
    assert dataset.products[0].title == "A HEART"


@pytest.mark.parametrize(
    "title",
    ["SUNSET CHECK HAMMOCK", "FLOWERS HANDBAG blue and orange", "*USB Office Mirror Ball"],
)
def test_titles_that_only_look_like_notes(write, title):
    assert read(write, {"Description": title}).products[0].title == title


@pytest.mark.parametrize("note", ["wrongly coded 20713", "?? missing", "thrown away-can't sell"])
def test_notes(write, note):
    assert read(write, {"Description": note}, {}).products[0].title == "WHITE HEART"


def test_notes_of_rows_without_a_price_name_nothing(write):
    notes = [{"Description": "SOLD AS SET", "UnitPrice": "0"}] * 3
    assert read(write, {}, *notes).products[0].title == "WHITE HEART"


def test_price_is_the_median_paid_anonymous_sales_too(write):
    prices = [("1.0", ""), ("2.5", "1"), ("9.0", "1"), ("9.5", "")]
    dataset = read(write, *({"UnitPrice": p, "CustomerID": c} for p, c in prices))
    assert dataset.products[0].price == Decimal("2.5")


def test_the_widespread_csv_export(write):
    text = csv({"InvoiceDate": "12/1/2010 8:26", "CustomerID": "17850.0", "Description": "£5 TIN"})
    dataset = read_dataset(write("data.csv", text.encode("latin-1")))
    assert dataset.products[0].title == "£5 TIN"
    row = dataset.interactions.to_pylist()[0]
    assert (row["user_id"], row["timestamp"]) == ("17850", datetime(2010, 12, 1, 8, 26))


def test_parquet_with_typed_columns_in_a_directory(tmp_path):
    table = pa.table(
        {
            "InvoiceNo": ["1", "C2"],
            "StockCode": ["85123A", "85123A"],
            "Description": ["WHITE HEART", "WHITE HEART"],
            "Quantity": [6, -6],
            "InvoiceDate": [datetime(2010, 12, 1, 8, 26)] * 2,
            "UnitPrice": [2.55, 2.55],
            "CustomerID": pa.array([17850.0, None]),
            "Country": ["UK", "UK"],
        }
    )
    pq.write_table(table, tmp_path / "retail.parquet")
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "dataset.toml").write_text('name = "UCI"\nlicence = "CC BY 4.0"')
    dataset = read_dataset(tmp_path)
    assert dataset.meta.licence == "CC BY 4.0"
    assert dataset.interactions["user_id"].to_pylist() == ["17850"]
    assert [item.reason for item in dataset.rejects] == ["cancelled order"]


def test_names_of_the_second_edition(write):
    header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
    text = csv({}).replace(HEADER, header)
    assert read_dataset(write("retail.csv", text)).interactions["value"].to_pylist() == [2.55]


def test_two_files_in_a_directory(write, tmp_path):
    write("a.csv", csv({}))
    write("b.csv", csv({}))
    with pytest.raises(DatasetError, match=r"several files look like .*: a\.csv, b\.csv; name one"):
        read_dataset(tmp_path)
    assert read_dataset(tmp_path / "a.csv").interactions.num_rows == 1


def test_rows_in_are_rows_out(write):
    rows = [{}, {"StockCode": "POST"}, {"UnitPrice": "abc"}, {"CustomerID": ""}, {"Quantity": "0"}]
    dataset = read_dataset(write("r.csv", csv(*rows) + "garbled\n"), max_reject_share=1)
    assert dataset.rows == {"r.csv": 6}
    assert dataset.interactions.num_rows + len(dataset.rejects) == 6
    assert sorted(item.line for item in dataset.rejects) == [2, 3, 4, 5, 6]
