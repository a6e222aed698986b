"""UCI Online Retail as it is downloaded: an Excel workbook."""

import builtins
import sys
import zipfile
from datetime import datetime
from xml.sax.saxutils import escape

import pytest

from kg.catalog import read_dataset
from kg.errors import DatasetError, MissingExtraError
from tests.kg.catalog.test_retail import HEADER


def workbook(path, sheets):
    """A workbook with inline strings, numbers and one date style; a list of rows per sheet."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rels = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kinds = "http://schemas.openxmlformats.org/package/2006/content-types"

    def cell(value):
        if value is None:
            return "<c/>"
        if isinstance(value, datetime):
            days = (value - datetime(1899, 12, 30)).total_seconds() / 86400
            return f'<c s="1"><v>{days!r}</v></c>'
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        count = range(1, len(sheets) + 1)
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{kinds}"><Default Extension="xml" ContentType="text/xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{rels}"><Relationship Id="r" Type="{office}/officeDocument" '
            f'Target="xl/workbook.xml"/></Relationships>',
        )
        names = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n in count)
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>',
        )
        links = "".join(
            f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/s{n}.xml"/>'
            for n in count
        )
        styles = f'<Relationship Id="s" Type="{office}/styles" Target="styles.xml"/>'
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{rels}">{links}{styles}</Relationships>',
        )
        book.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{main}"><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs>'
            f"</styleSheet>",
        )
        for n, rows in zip(count, sheets, strict=True):
            body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            book.writestr(
                f"xl/worksheets/s{n}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
            )
    return path


SALES = [
    [536365, "85123A", "WHITE HEART", 6, datetime(2010, 12, 1, 8, 26), 2.55, 17850, "UK"],
    ["C536366", 71053, "METAL LANTERN", -1, datetime(2010, 12, 1, 8, 28), 3.39, None, "UK"],
    [536367, 71053, "METAL LANTERN", 1, datetime(2010, 12, 1, 8, 34), 3.39, 17850, "UK"],
]


def test_workbook(tmp_path):
    path = workbook(tmp_path / "Online Retail.xlsx", [[HEADER.split(","), *SALES]])
    dataset = read_dataset(path)
    assert [product.id for product in dataset.products] == ["71053", "85123A"]
    assert dataset.interactions["timestamp"].to_pylist() == [
        datetime(2010, 12, 1, 8, 26),
        datetime(2010, 12, 1, 8, 34),
    ]
    assert dataset.interactions["user_id"].to_pylist() == ["17850"] * 2
    assert [(item.line, item.reason) for item in dataset.rejects] == [(2, "cancelled order")]


def test_all_sheets_with_the_columns_are_read(tmp_path):
    header = HEADER.split(",")
    sheets = [[header, SALES[0]], [["Notes"], ["hello"]], [header, SALES[2]], [header]]
    dataset = read_dataset(workbook(tmp_path / "retail.xlsx", sheets))
    assert dataset.interactions["product_id"].to_pylist() == ["85123A", "71053"]
    assert dataset.rows == {"retail.xlsx": 2}


def test_workbook_without_the_extra(tmp_path, monkeypatch):
    path = workbook(tmp_path / "retail.xlsx", [[HEADER.split(","), *SALES]])
    plain = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "python_calamine":
            raise ImportError(name)
        return plain(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "python_calamine", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    for where in (path, tmp_path):
        with pytest.raises(MissingExtraError, match=r"pip install 'clew\[xlsx\]'"):
            read_dataset(where)
    # … but a workbook beside a dataset of Clew's own is nobody's business
    (tmp_path / "products.csv").write_text("id,title\n1,Mug\n")
    assert read_dataset(tmp_path).format == "clew"


def test_workbook_of_something_else(tmp_path):
    path = workbook(tmp_path / "retail.xlsx", [[["a", "b"], [1, 2]]])
    with pytest.raises(DatasetError, match="no known format"):
        read_dataset(path)
