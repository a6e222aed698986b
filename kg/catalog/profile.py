"""What is in a dataset, in figures: for a person who wants to know whether it was read right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg.catalog.base import Dataset
from kg.catalog.quarantine import reasons
from kg.records import Product

__all__ = [
    "DatasetProfile",
    "InteractionProfile",
    "ProductProfile",
    "Quantiles",
    "RejectProfile",
    "TripleProfile",
    "profile",
]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """A distribution of counts or amounts; all 0 where there are none."""

    mean: float = 0.0
    least: float = 0.0
    quarter: float = 0.0
    median: float = 0.0
    three_quarters: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    most: float = 0.0

    @classmethod
    def of(cls, values: Iterable[float]) -> Quantiles:
        """Quantiles with linear interpolation between neighbours, to four decimals."""
        array = np.fromiter(values, dtype=np.float64)
        if not array.size:
            return cls()
        marks = np.quantile(array, (0, 0.25, 0.5, 0.75, 0.9, 0.99, 1))
        return cls(*(round(float(figure), 4) for figure in (array.mean(), *marks)))


@dataclass(frozen=True, slots=True)
class ProductProfile:
    """Products, and how many of them say what."""

    count: int
    untitled: int  # shown under their ids
    described: int
    branded: int
    priced: int
    categorised: int
    with_attributes: int
    with_stock: int
    with_image: int
    languages: Mapping[str, int]  # products by the language of their title
    translations: Mapping[str, int]  # translated products by language
    currencies: Mapping[str, int]  # priced products by currency
    brands: int  # distinct, as spelt
    categories: int  # distinct, as spelt
    duplicate_titles: int  # products whose title another one has too, letter case aside
    price: Quantiles  # in major units, of all currencies together


@dataclass(frozen=True, slots=True)
class InteractionProfile:
    """Interactions, and how they spread over users and products."""

    count: int
    users: int
    products: int  # with at least one
    events: Mapping[str, int]
    splits: Mapping[str, int]  # empty where the dataset brings none
    first: str | None  # ISO 8601, UTC
    last: str | None
    pairs: int  # distinct (user, product)
    density: float  # pairs / (users · products of the catalogue)
    per_user: Quantiles
    per_product: Quantiles  # of products with at least one

    @property
    def sparsity(self) -> float:
        """1 − density."""
        return 1.0 - self.density


@dataclass(frozen=True, slots=True)
class TripleProfile:
    """Facts the dataset brings."""

    count: int
    predicates: Mapping[str, int]
    subjects_outside: int  # triples whose subject is no product of the catalogue
    objects_outside: int  # triples whose object is none


@dataclass(frozen=True, slots=True)
class RejectProfile:
    """Rows set aside."""

    count: int
    expected: Mapping[str, int]  # reason -> rows, known to be in the format
    unexpected: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DatasetProfile:
    """A dataset in figures."""

    name: str
    format: str
    fingerprint: str
    languages: tuple[str, ...]
    licence: str
    rows: Mapping[str, int]  # rows read, by file
    ignored: Mapping[str, tuple[str, ...]]  # columns not read, by file
    products: ProductProfile
    interactions: InteractionProfile
    triples: TripleProfile
    rejects: RejectProfile

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON knows it."""
        plain: dict[str, Any] = asdict(self)
        plain["interactions"]["sparsity"] = self.interactions.sparsity
        return plain


def profile(dataset: Dataset) -> DatasetProfile:
    """The dataset in figures."""
    ids = pa.array([product.id for product in dataset.products], pa.string())
    bad = [item for item in dataset.rejects if not item.expected]
    return DatasetProfile(
        name=dataset.meta.name,
        format=dataset.format,
        fingerprint=dataset.fingerprint,
        languages=dataset.meta.languages,
        licence=dataset.meta.licence,
        rows=dict(dataset.rows),
        ignored=dict(dataset.ignored),
        products=_products(dataset.products),
        interactions=_interactions(dataset.interactions, len(ids)),
        triples=TripleProfile(
            count=dataset.triples.num_rows,
            predicates=_counts(dataset.triples["predicate"]),
            subjects_outside=_outside(dataset.triples["subject"], ids),
            objects_outside=_outside(dataset.triples["object"], ids),
        ),
        rejects=RejectProfile(
            count=len(dataset.rejects),
            expected=reasons(item for item in dataset.rejects if item.expected),
            unexpected=reasons(bad),
        ),
    )


def _products(products: list[Product]) -> ProductProfile:
    titles = Counter(item.title.casefold() for item in products if item.title != item.id)
    priced = [item for item in products if item.price is not None]
    return ProductProfile(
        count=len(products),
        untitled=sum(item.title == item.id for item in products),
        described=sum(bool(item.description) for item in products),
        branded=sum(item.brand is not None for item in products),
        priced=len(priced),
        categorised=sum(bool(item.categories) for item in products),
        with_attributes=sum(bool(item.attributes) for item in products),
        with_stock=sum(item.stock is not None for item in products),
        with_image=sum(item.image is not None for item in products),
        languages=_sorted(Counter(item.language for item in products)),
        translations=_sorted(Counter(code for item in products for code in item.translations)),
        currencies=_sorted(Counter(item.currency or "" for item in priced)),
        brands=len({item.brand for item in products if item.brand is not None}),
        categories=len({name for item in products for name in item.categories}),
        duplicate_titles=sum(count for count in titles.values() if count > 1),
        price=Quantiles.of(float(item.price) for item in priced if item.price is not None),
    )


def _interactions(table: pa.Table, catalogue: int) -> InteractionProfile:
    users = pc.value_counts(table["user_id"]).field("counts")
    products = pc.value_counts(table["product_id"]).field("counts")
    pairs = table.group_by(["user_id", "product_id"]).aggregate([]).num_rows
    span = pc.min_max(table["timestamp"])
    cells = len(users) * catalogue
    return InteractionProfile(
        count=table.num_rows,
        users=len(users),
        products=len(products),
        events=_counts(table["event"]),
        splits=_counts(table["split"]),
        first=_iso(span["min"]),
        last=_iso(span["max"]),
        pairs=pairs,
        density=pairs / cells if cells else 0.0,
        per_user=Quantiles.of(users.to_pylist()),
        per_product=Quantiles.of(products.to_pylist()),
    )


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    counts = pc.value_counts(column.drop_null())
    pairs = zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
    return _sorted(Counter(dict(pairs)))


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _outside(column: pa.ChunkedArray, ids: pa.Array) -> int:
    return int(pc.sum(pc.invert(pc.is_in(column, value_set=ids))).as_py() or 0)


def _iso(time: pa.Scalar) -> str | None:
    return time.as_py().isoformat() if time.is_valid else None
