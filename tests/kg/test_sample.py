"""The sample shop is what its README says, and its shoppers have tastes one can find again."""

import csv
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from kg.catalog import read_dataset
from kg.errors import DatasetError
from kg.sample.shop import DIRECTORY, GOLD_FIELDS, load_shop
from kg.sample.simulate import SimulationConfig, simulate, to_csv

DEPARTMENTS = {
    "KD": "Kitchen & Dining",
    "HD": "Home & Decor",
    "GO": "Garden & Outdoor",
    "PC": "Paper & Craft",
    "FD": "Food & Drink",
    "WL": "Workshop & Lab",
}


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DIRECTORY / name).read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def products() -> list[dict[str, Any]]:
    return lines("products.jsonl")


@pytest.fixture(scope="module")
def gold() -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in lines("gold.jsonl")}


@pytest.fixture(scope="module")
def events() -> list[dict[str, str]]:
    with (DIRECTORY / "interactions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def english(product: dict[str, Any]) -> str:
    text = product if product["language"] == "en" else product["translations"]["en"]
    return f"{text['title']}. {text.get('description', '')}"


def test_every_department_has_its_products(products: list[dict[str, Any]]) -> None:
    ids = [product["id"] for product in products]
    assert len(set(ids)) == len(ids) >= 330
    for product in products:
        assert product["categories"][0] == DEPARTMENTS[product["id"][:2]]
    assert min(Counter(name[:2] for name in ids).values()) >= 55


def test_it_loads_without_a_reject() -> None:
    dataset = read_dataset(DIRECTORY)
    assert dataset.rejects == []
    assert dataset.meta.currency == "GBP"
    assert dataset.interactions.num_rows > 12_000


def test_chinese(products: list[dict[str, Any]]) -> None:
    own = [product for product in products if product["language"] == "zh"]
    translated = [product for product in products if "zh" in product.get("translations", {})]
    assert len(own) >= 5
    assert len(own) + len(translated) >= 0.4 * len(products)
    for product in own:
        assert re.search(r"[\u4e00-\u9fff]", product["title"])
        assert product["translations"]["en"]["title"]
    for product in translated:
        assert re.search(r"[\u4e00-\u9fff]", product["translations"]["zh"]["title"])


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?i)\borange\b",
        r"(?i)\bchina\b",
        r"(?i)\brose\b",
        r"(?i)\bmint\b",
        r"(?i)\bcherry\b",
        r"(?i)\bgold\b",
        r"(?i)\bset of \d+",
        r"(?i)\bpack of \d+",
        r"\b\d x \d+ (ml|g)\b",
        r"\b\d+(\.\d+)?mm\b",
        r"\b\d+ inch\b",
        r"(?i)\b(ceramc|porcelin|chirstmas|filamant|terracota)\b",
        r"^[A-Z0-9 \"&'-]{12,}\.",
    ],
)
def test_the_traps_are_laid(products: list[dict[str, Any]], pattern: str) -> None:
    assert sum(bool(re.search(pattern, english(product))) for product in products) >= 2


def test_words_that_mean_two_things_do(
    products: list[dict[str, Any]], gold: dict[str, dict[str, Any]]
) -> None:
    def named(word: str, field: str, value: str) -> tuple[int, int]:
        with_word = [p["id"] for p in products if re.search(rf"(?i)\b{word}\b", english(p))]
        meant = sum(value in gold[name][field] for name in with_word)
        return meant, len(with_word) - meant

    for word, field, value in [
        ("orange", "colour", "orange"),
        ("china", "material", "bone-china"),
        ("rose", "motif", "rose"),
        ("mint", "colour", "mint-green"),
        ("cherry", "material", "cherry-wood"),
        ("gold", "material", "gold"),
    ]:
        assert min(named(word, field, value)) >= 2, word


@pytest.mark.parametrize("field", ["description", "brand", "price", "stock"])
def test_some_fields_are_missing(products: list[dict[str, Any]], field: str) -> None:
    assert sum(field not in product for product in products) >= 2


def test_some_are_sold_out_and_some_brands_have_two_spellings(
    products: list[dict[str, Any]],
) -> None:
    assert sum(product.get("stock") == 0 for product in products) >= 2
    spellings = defaultdict(set)
    for product in products:
        if brand := product.get("brand"):
            spellings[brand.split()[0].casefold()].add(brand)
    assert len(spellings) == 15
    assert sum(len(names) > 1 for names in spellings.values()) >= 2


def test_gold_covers_the_catalogue(
    products: list[dict[str, Any]], gold: dict[str, dict[str, Any]]
) -> None:
    assert gold.keys() == {product["id"] for product in products}
    for row in gold.values():
        assert row.keys() == {"id", *GOLD_FIELDS, "pack_size"}
        assert row["product_type"], row["id"]
        assert row["pack_size"] is None or row["pack_size"] >= 2
        for field in GOLD_FIELDS:
            assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value) for value in row[field])


def test_gold_knows_the_traps(gold: dict[str, dict[str, Any]]) -> None:
    assert gold["KD-0103"]["colour"] == ["orange"]  # a mug
    assert gold["FD-0501"]["colour"] == []  # marmalade
    assert "orange" not in gold["HD-0201"]["colour"]  # a candle that smells of it
    assert gold["KD-0116"]["material"] == ["bone-china"]
    assert gold["GO-0310"]["motif"] == []  # the rose of a watering can
    assert gold["KD-0105"]["pack_size"] == 4


def test_habits_name_what_the_shop_has() -> None:
    shop = load_shop()
    kinds = {trait.partition(":")[2] for trait in shop.traits if trait.startswith("product_type:")}
    named = set(shop.habits["again"]["product_types"])
    for kind, wanted in shop.habits["complements"].items():
        named |= {kind, *wanted}
    assert named <= kinds
    traits = {t for interest in shop.habits["interests"].values() for t in interest["traits"]}
    assert traits | shop.habits["seasons"].keys() <= set(shop.traits)


def test_gold_and_products_must_agree(tmp_path: Path) -> None:
    (tmp_path / "products.jsonl").write_text('{"id": "A", "categories": ["X"]}\n', "utf-8")
    (tmp_path / "gold.jsonl").write_text('{"id": "B"}\n', "utf-8")
    with pytest.raises(DatasetError, match="in only one of products and gold: A, B"):
        load_shop(tmp_path)


def test_the_simulator_writes_the_file_byte_for_byte() -> None:
    text = to_csv(simulate(load_shop()))
    assert text.encode() == (DIRECTORY / "interactions.csv").read_bytes()
    assert len(text.encode()) < 1_500_000


def test_another_seed_gives_other_events() -> None:
    shop, few = load_shop(), SimulationConfig(shoppers=5)
    assert simulate(shop, few) == simulate(shop, few)
    assert simulate(shop, few) != simulate(shop, few.model_copy(update={"seed": 1}))


def test_a_mistyped_setting_is_an_error() -> None:
    with pytest.raises(ValidationError, match="shopers"):
        SimulationConfig.model_validate({"shopers": 5})


def test_events_are_a_year_in_a_shop(events: list[dict[str, str]]) -> None:
    count = Counter(event["event"] for event in events)
    assert 12_000 <= len(events) <= 20_000
    assert count["view"] > count["cart"] > count["purchase"] > count["rating"] > 300
    times = [event["timestamp"] for event in events]
    assert times == sorted(times)
    assert times[0] >= "2025-09-01"
    assert times[-1] < "2026-09-01"


def test_the_readme_counts_right(
    products: list[dict[str, Any]], events: list[dict[str, str]]
) -> None:
    readme = (DIRECTORY / "README.md").read_text("utf-8")
    shoppers = len({event["user_id"] for event in events})
    assert f"{len(products)} products" in readme
    assert f"{shoppers} simulated shoppers" in readme
    assert f"{len(events):,} events" in readme


def test_christmas_goods_sell_before_christmas(
    events: list[dict[str, str]], gold: dict[str, dict[str, Any]]
) -> None:
    months = [
        event["timestamp"][5:7]
        for event in events
        if event["event"] == "purchase" and "christmas" in gold[event["product_id"]]["occasion"]
    ]
    assert sum(month in {"11", "12"} for month in months) > 0.8 * len(months)


def test_tastes_can_be_found_again(events: list[dict[str, str]]) -> None:
    """Item-item cosine finds a shopper's last purchase, among the first 10, far above chance."""
    histories: dict[str, dict[str, None]] = defaultdict(dict)
    for event in events:
        if event["event"] == "purchase":
            histories[event["user_id"]].setdefault(event["product_id"])
    orders = [list(own) for own in histories.values() if len(own) >= 3]
    rows = {name: row for row, name in enumerate(sorted({p for own in orders for p in own}))}
    X = np.zeros((len(orders), len(rows)))
    for user, own in enumerate(orders):
        X[user, [rows[name] for name in own[:-1]]] = 1.0
    last = np.array([rows[own[-1]] for own in orders])

    def hit_rate(scores: NDArray[np.float64]) -> float:
        masked = np.where(X > 0, -np.inf, scores)
        mine = masked[np.arange(len(last)), last][:, None]
        return float(((masked >= mine).sum(axis=1) <= 10).mean())  # a tie counts against

    together = X.T @ X
    norm = np.sqrt(np.maximum(np.diag(together), 1.0))
    cosine = together / np.outer(norm, norm)
    np.fill_diagonal(cosine, 0.0)
    popular = hit_rate(np.tile(X.sum(axis=0), (len(orders), 1)))
    assert hit_rate(X @ cosine) > max(2.0 * popular, 0.2)
