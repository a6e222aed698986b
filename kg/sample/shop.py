"""The sample's catalogue as its simulator sees it: traits, prices, what goes with what.

In: ``products.jsonl``, ``gold.jsonl`` and ``shoppers.toml`` of one directory. Out: a `Shop` of
arrays, its rows in catalogue order. A trait is ``field:value``: a gold attribute, or the
product's brand, department (first category) or aisle (second).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.errors import DatasetError
from kg.ids import slug

__all__ = ["DIRECTORY", "GOLD_FIELDS", "Floats", "Shop", "load_shop"]

DIRECTORY = Path(__file__).parent
GOLD_FIELDS = (
    "colour",
    "material",
    "product_type",
    "motif",
    "occasion",
    "audience",
    "style",
    "use",
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shop:
    """The catalogue as the simulator sees it; n products, m traits."""

    ids: tuple[str, ...]
    prices: tuple[float | None, ...]
    traits: tuple[str, ...]
    has: Floats  # n × m, 1.0 where the product has the trait
    log_price: Floats  # n, the median where no price is known
    again: NDArray[np.bool_]  # n, bought again when used up
    complements: Floats  # n × n, 1.0 where row's purchase makes the column wanted
    habits: Mapping[str, Any]  # shoppers.toml


def load_shop(directory: Path = DIRECTORY) -> Shop:
    """Reads catalogue, gold and habits.

    Raises:
        DatasetError: gold.jsonl and products.jsonl name different products.
    """
    products = _json_lines(directory / "products.jsonl")
    gold = {row["id"]: row for row in _json_lines(directory / "gold.jsonl")}
    if missing := sorted(gold.keys() ^ {product["id"] for product in products}):
        raise DatasetError(f"{directory}: in only one of products and gold: {', '.join(missing)}")
    habits = tomllib.loads((directory / "shoppers.toml").read_text(encoding="utf-8"))
    traits_of = [_traits(product, gold[product["id"]]) for product in products]
    traits = tuple(sorted({trait for traits in traits_of for trait in traits}))
    has = np.array([[float(trait in own) for trait in traits] for own in traits_of])
    prices = tuple(product.get("price") for product in products)
    known = np.log([price for price in prices if price is not None])
    fill = float(np.median(known))
    types = [gold[product["id"]]["product_type"] for product in products]
    return Shop(
        ids=tuple(product["id"] for product in products),
        prices=prices,
        traits=traits,
        has=has,
        log_price=np.array([fill if p is None else float(np.log(p)) for p in prices]),
        again=np.array([bool(set(own) & set(habits["again"]["product_types"])) for own in types]),
        complements=_complements(types, habits["complements"], has, traits),
        habits=habits,
    )


def _json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _traits(product: Mapping[str, Any], gold: Mapping[str, Any]) -> set[str]:
    """Gold attributes, brand by its first word (so that its spellings meet), and category."""
    traits = {f"{field}:{value}" for field in GOLD_FIELDS for value in gold[field]}
    categories = product["categories"]
    traits.add(f"department:{slug(categories[0])}")
    if len(categories) > 1:
        traits.add(f"aisle:{slug(categories[1])}")
    if product.get("brand"):
        traits.add(f"brand:{slug(product['brand']).split('-')[0]}")
    return traits


def _complements(
    types: Sequence[Sequence[str]],
    wanted: Mapping[str, Sequence[str]],
    has: Floats,
    traits: Sequence[str],
) -> Floats:
    """n × n: 0 or 1 by product type, half as much again for every motif in common, at most 2."""
    after = [{after for kind in own for after in wanted.get(kind, ())} for own in types]
    fits = np.array([[float(bool(want & set(own))) for own in types] for want in after])
    motifs = has[:, [trait.startswith("motif:") for trait in traits]]
    return np.minimum(fits * (1.0 + 0.5 * (motifs @ motifs.T)), 2.0)
