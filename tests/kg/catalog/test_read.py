"""Telling formats apart, names, fingerprints."""

import pytest

from kg.catalog import READERS, read_dataset, sample_path
from kg.errors import DatasetError

RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
SALE = "536365,85123A,WHITE HEART,6,2010-12-01 08:26,2.55,17850,United Kingdom\n"


def test_the_table_of_readers():
    names = [reader.name for reader in READERS]
    assert names == ["clew", "online-retail", "amazon-reviews", "recbole", "kgat"]
    assert all(reader.wants for reader in READERS)


def test_nothing_there(tmp_path):
    with pytest.raises(DatasetError, match="nowhere: there is no such file or directory"):
        read_dataset(tmp_path / "nowhere")


def test_no_format_fits(write, tmp_path):
    write("notes.txt", "hello")
    with pytest.raises(DatasetError, match="no known format") as caught:
        read_dataset(tmp_path)
    message = str(caught.value)
    assert all(f"{reader.name}: {reader.wants}" in message for reader in READERS)
    assert message.endswith("Found notes.txt")
    with pytest.raises(DatasetError, match="Found a file of 5 bytes"):
        read_dataset(tmp_path / "notes.txt")


def test_what_was_found_is_listed(tmp_path):
    with pytest.raises(DatasetError, match="Found an empty directory"):
        read_dataset(tmp_path)
    for at in range(20):
        (tmp_path / f"{at:02}.txt").touch()
    with pytest.raises(DatasetError, match=r"Found 00.txt, .*11.txt and 8 more"):
        read_dataset(tmp_path)


def test_two_formats_fit(write, tmp_path):
    write("products.csv", "id,title\n1,Mug\n")
    write("sales.csv", RETAIL + SALE)
    with pytest.raises(DatasetError, match="can be read as clew and as online-retail; move the"):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"\xff\xfe\x00"),
        ("a.parquet", b"PAR1"),
        ("a.xlsx", b"PK\x03\x04"),
        ("a.json", b"[[[["),
        ("a.jsonl.gz", b"\x1f\x8b\x08"),
        ("a.json", b"{'asin': __import__('os')}"),
        ("a.jsonl", b'{"asin": "1"}'),
        ("train.txt", b"1 2 3"),
    ],
)
def test_detection_never_raises(write, tmp_path, name, content):
    path = write(f"d/{name}", content)
    assert not any(reader.detects(path) or reader.detects(path.parent) for reader in READERS)


def test_fingerprint(write, tmp_path):
    write("a/products.csv", "id,title\n1,Mug\n")
    write("b/products.csv", "id,title\n1,Mug\n")
    first = read_dataset(tmp_path / "a").fingerprint
    assert len(first) == 32
    assert read_dataset(tmp_path / "b").fingerprint == first
    write("b/notes.md", "not read")
    assert read_dataset(tmp_path / "b").fingerprint == first
    write("b/products.csv", "id,title\n1,Cup\n")
    second = read_dataset(tmp_path / "b").fingerprint
    write("b/dataset.toml", 'name = "b"')
    assert len({first, second, read_dataset(tmp_path / "b").fingerprint}) == 3


def test_a_file_that_may_not_be_read(write, tmp_path, monkeypatch):
    write("products.csv", "id,title\n1,Mug\n")

    def refuse(*_):
        raise PermissionError("no")

    monkeypatch.setattr("kg.catalog.read._fingerprint", refuse)
    with pytest.raises(DatasetError, match="cannot be read: no"):
        read_dataset(tmp_path)


def test_name_of_a_file(write):
    assert read_dataset(write("Online Retail.csv", RETAIL + SALE)).meta.name == "Online Retail"


def test_the_sample():
    dataset = read_dataset(sample_path())
    assert dataset.meta.languages == ("en", "zh")
    assert dataset.meta.currency == "GBP"
    assert len(dataset.products) > 300
    assert any("zh" in product.translations for product in dataset.products)
    assert not dataset.rejects
    assert not dataset.ignored
