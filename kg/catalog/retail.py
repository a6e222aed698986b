"""UCI Online Retail: one row per invoice line, as the shop's till exported them.

Columns ``InvoiceNo StockCode Description Quantity InvoiceDate UnitPrice CustomerID Country``, in
Parquet, CSV or a workbook. There is no catalogue: products are read out of the sales. A row is a
purchase if it sells a product, at a price, to a known customer. What else the format is known to
carry is set aside as expected: cancelled orders (``C536379``), postage and other stray codes
(``POST``, ``M``), stock adjustments at no price, anonymous sales.

Times are the shop's own clock and taken to be in UTC. A cancelled order does not undo the purchase
it cancels: what was once wanted stays an interest.

Data: Chen, Sain, Guo: Data mining for the online retail industry. Journal of Database Marketing
and Customer Strategy Management 19 (2012).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kg.catalog.base import Parts
from kg.catalog.clew import RESERVED
from kg.catalog.columns import to_float, to_text, to_time
from kg.catalog.delimited import read_delimited
from kg.catalog.files import RawTable, first_line, read_bytes, read_parquet
from kg.catalog.interactions import Checks, check_interactions
from kg.catalog.language import detect_language
from kg.catalog.meta import DatasetMeta
from kg.catalog.workbook import read_workbook, workbook_headers
from kg.errors import DatasetError, MissingExtraError
from kg.records import Product

__all__ = ["RetailReader"]

COLUMNS: Mapping[str, tuple[str, ...]] = {  # Clew's name: those of Online Retail I and II
    "invoice": ("InvoiceNo", "Invoice"),
    "product_id": ("StockCode",),
    "title": ("Description",),
    "quantity": ("Quantity",),
    "timestamp": ("InvoiceDate",),
    "value": ("UnitPrice", "Price"),
    "user_id": ("CustomerID", "Customer ID"),
}
ENDINGS = (".parquet", ".csv", ".xlsx")
CURRENCY = "GBP"
PRODUCT_CODE = r"^\d{5}"
SERVICES = ("23444",)  # next day carriage: a product's code, but postage
US_TIME = "%m/%d/%Y %H:%M"  # of the widespread CSV export
# What the warehouse wrote into the description of rows that are no sales: alone, or in lower case.
NOTE_WORDS = (
    r"(adjust\w*|amazon|check(ed)?|damage[sd]?|dotcom|found|lost|missing|mouldy|rusty|smashed|test|"
    r"thrown?|wet|wrong\w*)"
)
NOTE = re.compile(rf"[\W\d]*({NOTE_WORDS}[\W\d]*)?", re.IGNORECASE)
LOWER_NOTE = re.compile(rf".*\b{NOTE_WORDS}\b.*", re.IGNORECASE)


class RetailReader:
    """Reads UCI Online Retail (I and II)."""

    name = "online-retail"
    wants = (
        "a .parquet, .csv or .xlsx file (or a directory with one) with columns InvoiceNo, "
        "StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID"
    )

    def detects(self, path: Path) -> bool:
        """Whether a file has the columns, or a directory such a file."""
        return bool(_files(path))

    def read(self, path: Path, meta: DatasetMeta) -> Parts:
        """Products and purchases out of one file.

        Raises:
            DatasetError: several such files, or one that cannot be read.
            MissingExtraError: a workbook, and the extra for it is not installed.
        """
        files = _files(path) if path.is_dir() else [path]
        if len(files) > 1:
            names = ", ".join(file.name for file in files)
            raise DatasetError(f"{path}: several files look like Online Retail: {names}; name one")
        file = files[0]
        raw, ignored = _columns(file)
        checks = Checks(file.name, raw)
        sales = _sales(checks)
        products = _products(sales.filter(checks.good), meta)
        ids = [product.id for product in products]
        untitled = pc.invert(pc.is_in(sales["product_id"], pa.array(ids, pa.string())))
        checks.fail(untitled, "title", "missing title", sales["product_id"])
        checks.fail(pc.is_null(sales["user_id"]), "user_id", "anonymous sale", expected=True)
        kept = pc.indices_nonzero(checks.good).to_pylist()
        rest = RawTable(sales.filter(checks.good), [raw.lines[row] for row in kept], len(kept))
        interactions, rejects = check_interactions(file.name, rest, ids)
        return Parts(
            files=(file,),
            rows={file.name: raw.rows},
            products=products,
            interactions=interactions,
            rejects=checks.rejects + rejects,
            ignored={file.name: ignored} if ignored else {},
            currency=CURRENCY,
        )


def _files(path: Path) -> list[Path]:
    candidates = sorted(path.iterdir()) if path.is_dir() else [path]
    return [file for file in candidates if file.suffix in ENDINGS and _fits(file)]


def _fits(file: Path) -> bool:
    try:
        if file.suffix == ".xlsx":
            headers = workbook_headers(file)
        elif file.suffix == ".parquet":
            headers = [pq.read_schema(file).names]
        else:
            headers = [[name.strip('" ') for name in first_line(file).decode("latin-1").split(",")]]
    except MissingExtraError:
        # Only reading can tell, and reading raises; unless the workbook lies beside Clew's files.
        return not any((file.parent / name).exists() for name in RESERVED)
    except (pa.ArrowException, OSError):
        return False
    return any(len(_names(header)) == len(COLUMNS) for header in headers)


def _names(header: list[str]) -> dict[str, str]:
    """Column of the file for each of Clew's names that it has."""
    present = set(header)
    return {field: name for field, names in COLUMNS.items() for name in names if name in present}


def _columns(file: Path) -> tuple[RawTable, tuple[str, ...]]:
    if file.suffix == ".xlsx":
        raw = read_workbook(file, ("StockCode", "Description", "Quantity", "InvoiceDate"))
    elif file.suffix == ".parquet":
        raw = read_parquet(file)
    else:
        raw = read_delimited(file, encoding=_encoding(file))
    names = _names(raw.table.column_names)
    ignored = sorted(set(raw.table.column_names) - set(names.values()))
    table = raw.table.select(list(names.values())).rename_columns(list(names))
    return RawTable(table, raw.lines, raw.rows, raw.rejects), tuple(ignored)


def _encoding(file: Path) -> str:
    """The widespread CSV export is in Latin-1 (its pound signs tell)."""
    try:
        read_bytes(file).decode()
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _sales(checks: Checks) -> pa.Table:
    """All rows, converted, with ``checks`` failing those that sell no product at a price."""
    invoices = checks.identifier("invoice", "missing invoice")
    codes = pc.utf8_upper(checks.identifier("product_id", "missing product"))
    quantities = checks.converted("quantity", to_float)
    prices = checks.converted("value", to_float)
    times = checks.converted("timestamp", _time)
    checks.fail(pc.is_null(times), "timestamp", "bad timestamp")
    cancelled = pc.match_substring_regex(invoices, "^[Cc]")
    checks.fail(cancelled, "invoice", "cancelled order", invoices, expected=True)
    stray = pc.or_(
        pc.invert(pc.match_substring_regex(codes, PRODUCT_CODE)),
        pc.is_in(codes, value_set=pa.array(SERVICES)),
    )
    checks.fail(stray, "product_id", "stray code", codes, expected=True)
    adjusted = pc.less_equal(pc.fill_null(quantities, 0.0), 0.0)
    checks.fail(adjusted, "quantity", "stock adjustment", quantities, expected=True)
    free = pc.equal(pc.fill_null(prices, 0.0), 0.0)
    checks.fail(free, "value", "zero price", prices, expected=True)
    checks.fail(pc.less(prices, 0.0), "value", "bad value", prices)
    customers = pc.replace_substring_regex(to_text(checks.column("user_id")), r"\.0$", "")
    titles = pc.replace_substring_regex(to_text(checks.column("title")), r"\s+", " ")
    return pa.table(
        {
            "user_id": customers,
            "product_id": codes,
            "timestamp": times,
            "quantity": quantities,
            "value": prices,
            "title": titles,
        }
    )


def _time(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    times, bad = to_time(column)
    if pa.types.is_string(column.type) and pc.any(bad).as_py():
        american = pc.strptime(to_text(column), US_TIME, "us", error_is_null=True)
        times = pc.coalesce(times, american)
        bad = pc.and_(bad, pc.is_null(times))
    return times, bad


def _products(sales: pa.Table, meta: DatasetMeta) -> list[Product]:
    """One product per code that was sold, in the order of codes."""
    titles = _titles(sales)
    prices = _median_prices(sales)
    return [
        Product(
            id=code,
            title=titles[code],
            language=detect_language(titles[code], meta.languages),
            price=prices[code],
            currency=meta.currency or CURRENCY,
        )
        for code in sorted(titles)
    ]


def _titles(sales: pa.Table) -> dict[str, str]:
    """By code the most frequent description that is no warehouse note; of equals the least."""
    counts = sales.group_by(["product_id", "title"]).aggregate([([], "count_all")])
    best: dict[str, tuple[int, str]] = {}
    columns = (counts[name].to_pylist() for name in ("product_id", "title", "count_all"))
    for code, title, count in zip(*columns, strict=True):
        if title is None or _is_note(title):
            continue
        best[code] = min(best.get(code, (0, "")), (-count, title))
    return {code: title for code, (_, title) in best.items()}


def _is_note(title: str) -> bool:
    return bool(NOTE.fullmatch(title) or (not title.isupper() and LOWER_NOTE.fullmatch(title)))


def _median_prices(sales: pa.Table) -> dict[str, Decimal]:
    """By code the (lower) median of the prices paid: always one that was in fact paid."""
    codes = pc.unique(sales["product_id"])
    rows = pc.index_in(sales["product_id"], value_set=codes).to_numpy()
    prices = sales["value"].to_numpy()
    order = np.lexsort((prices, rows))
    counts = np.bincount(rows, minlength=len(codes))
    middles = np.cumsum(counts) - counts + (counts - 1) // 2
    medians = prices[order][middles]
    return {
        code: Decimal(str(price))
        for code, price in zip(codes.to_pylist(), medians.tolist(), strict=True)
    }
