"""A shop of any size, made from a seed: what `scripts/bench/scale.py` is measured on.

In: the number of products, a seed. Out: a `KnowledgeGraph` in the shape of a real one:
    products      popularity by Zipf's law within their category
    taxonomy      3 levels, 3 √n leaf categories, themselves popular by Zipf's law
    facts         about 10 a product: brand, category, 5 values of attributes, 3 links to products
                  of the same category; sizes of vocabularies as in catalogues (30 products a brand)
    users         as many as products, histories of lognormal length (median 5, mean 7), each at
                  home in one to three categories
    text          unit vectors of 384 dimensions: category, brand and noise
Nothing of it is data about anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kg.facts import PRODUCT_SCHEMA, KnowledgeGraph
from kg.records import ENTITY_SCHEMA, FACT_SCHEMA, INTERACTION_SCHEMA

__all__ = ["Shop", "make_shop"]

_ATTRIBUTES = {  # relation: (prefix, size of the vocabulary)
    "schema:color": ("colour", 30),
    "schema:material": ("material", 60),
    "clew:size": ("size", 400),
    "clew:usedFor": ("use", 200),
    "clew:style": ("style", 25),
}
_LINKS = 3
_WIDTH = 384


@dataclass(frozen=True)
class Shop:
    """A graph and the text vectors of its products."""

    kg: KnowledgeGraph
    text: NDArray[np.float32]  # (n, 384) unit rows


def make_shop(num_products: int, seed: int = 0) -> Shop:
    """Make a shop."""
    rng = np.random.default_rng(seed)
    leaves = max(4, int(3 * num_products**0.5))
    leaf = np.sort(_zipf(rng, leaves, num_products))  # products of a category stand together
    brand = _zipf(rng, max(3, num_products // 30), num_products)
    starts = np.searchsorted(leaf, np.arange(leaves + 1))
    users, taken = _events(rng, leaf, starts)
    products = _names("product:p", num_products)
    facts = [
        _facts(products, "schema:brand", _names("brand:b", brand.max() + 1).take(brand)),
        _facts(products, "clew:inCategory", _names("category:l", leaves).take(leaf)),
        *(
            _facts(
                products, relation, _names(f"{prefix}:v", size).take(_zipf(rng, size, num_products))
            )
            for relation, (prefix, size) in _ATTRIBUTES.items()
        ),
        *_links(rng, products, leaf, starts),
        *_taxonomy(leaves),
        _facts(_names("user:u", num_products).take(users), "clew:bought", products.take(taken)),
    ]
    return Shop(
        kg=KnowledgeGraph(
            products=_table(
                PRODUCT_SCHEMA, id=products, title=products, description="", language="en"
            ),
            entities=ENTITY_SCHEMA.empty_table(),
            facts=pa.concat_tables(facts),
            interactions=_table(
                INTERACTION_SCHEMA,
                user_id=_names("user:u", num_products).take(users),
                product_id=products.take(taken),
                event="purchase",
                position=np.arange(len(users)),
            ),
        ),
        text=_text(rng, leaf, brand),
    )


def _zipf(rng: np.random.Generator, size: int, count: int) -> NDArray[np.int64]:
    """``count`` draws from ``size`` ranks with probability 1 / (rank + 3)."""
    share = np.cumsum(1.0 / (np.arange(size) + 3))
    return np.searchsorted(share, rng.random(count) * share[-1]).astype(np.int64)


def _events(
    rng: np.random.Generator, leaf: NDArray[np.int64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Users and the products they bought, in order of time, no product twice."""
    count = len(leaf)
    length = np.clip(np.exp(rng.normal(np.log(5), 0.8, count)), 1, 300).astype(np.int64)
    user = np.repeat(np.arange(count), length)
    # A leaf is somebody's home as often as it has products.
    homes = leaf[rng.integers(0, count, (count, 3))]
    home = homes[user, np.minimum(rng.geometric(0.6, len(user)) - 1, 2)]
    size = starts[home + 1] - starts[home]
    rank = np.floor(np.expm1(rng.random(len(user)) * np.log1p(size))).astype(np.int64)
    product = starts[home] + np.minimum(rank, size - 1)
    order = rng.permutation(len(user))
    pairs = np.unique(user * count + product, return_index=True)[1]
    keep = np.zeros(len(user), dtype=bool)
    keep[pairs] = True
    order = order[keep[order]]
    return user[order], product[order]


def _links(
    rng: np.random.Generator,
    products: pa.StringArray,
    leaf: NDArray[np.int64],
    starts: NDArray[np.int64],
) -> list[pa.Table]:
    """Links to products nearby in the same category."""
    here = np.arange(len(leaf))
    found = []
    for step in range(1, _LINKS + 1):
        other = here + step * rng.integers(1, 4, len(leaf))
        first, size = starts[leaf], starts[leaf + 1] - starts[leaf]
        other = first + (other - first) % size
        found.append(here * len(leaf) + other)
    pairs = np.unique(np.concatenate(found))
    one, other = np.divmod(pairs, len(leaf))
    apart = one != other
    return [_facts(products.take(one[apart]), "clew:alsoViewed", products.take(other[apart]))]


def _taxonomy(leaves: int) -> list[pa.Table]:
    """Leaves under about √leaves middle categories, these under ten departments."""
    middles = max(2, int(leaves**0.5))
    leaf, middle = np.arange(leaves), np.arange(middles)
    names = _names("category:m", middles)
    return [
        _facts(_names("category:l", leaves), "skos:broader", names.take(leaf % middles)),
        _facts(names, "skos:broader", _names("category:d", 10).take(middle % 10)),
    ]


def _text(
    rng: np.random.Generator, leaf: NDArray[np.int64], brand: NDArray[np.int64]
) -> NDArray[np.float32]:
    text = rng.standard_normal((len(leaf), _WIDTH), dtype=np.float32)
    text += 1.5 * rng.standard_normal((leaf.max() + 1, _WIDTH), dtype=np.float32)[leaf]
    text += rng.standard_normal((brand.max() + 1, _WIDTH), dtype=np.float32)[brand]
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    return text


def _names(prefix: str, count: int) -> pa.StringArray:
    return pa.array([f"{prefix}{at:07d}" for at in range(count)], pa.string())


def _facts(subject: pa.StringArray, relation: str, target: pa.StringArray) -> pa.Table:
    source = "events" if relation == "clew:bought" else "catalog"
    return _table(
        FACT_SCHEMA,
        subject=subject,
        relation=relation,
        object=target,
        confidence=1.0,
        source=source,
    )


def _table(schema: pa.Schema, **columns: object) -> pa.Table:
    """A table with the columns given (one value: the same everywhere), the others null."""
    count = next(len(column) for column in columns.values() if not isinstance(column, str | float))
    arrays = []
    for field in schema:
        value = columns.get(field.name)
        if value is None or isinstance(value, str | float):
            arrays.append(pa.repeat(pa.scalar(value, field.type), count))
        else:
            arrays.append(pa.array(value, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)
