import pytest

from kg.catalog.workbook import read_workbook, workbook_headers
from kg.errors import DatasetError


def test_no_workbook(write):
    path = write("a.xlsx", "no")
    assert workbook_headers(path) == []
    with pytest.raises(DatasetError, match=r"a\.xlsx: cannot be read as a workbook"):
        read_workbook(path, ("A",))


def test_no_sheet_with_the_columns(write, monkeypatch):
    from kg.catalog import workbook

    monkeypatch.setattr(workbook, "_sheets", lambda *_: [[["A", "B"], [1, 2]]])
    with pytest.raises(DatasetError, match="no sheet has the columns A, C"):
        read_workbook(write("a.xlsx", ""), ("A", "C"))
