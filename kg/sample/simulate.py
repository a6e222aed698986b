"""Shoppers of the sample shop: a seeded simulator of one year of events.

In: ``products.jsonl``, ``gold.jsonl`` and ``shoppers.toml`` of this directory. Out: the rows of
``interactions.csv``; the same settings give the same bytes. ``python -m kg.sample.simulate``
writes the file again.

A shopper looks at products by a multinomial logit (McFadden 1974), drawn without replacement by
the Gumbel top-k trick (Yellott 1977). Utility of product j for shopper u on day t:

    U(u, j, t) = taste_u · traits_j                        interests, liked motifs, brands …
               − sensitivity_u · |ln price_j − budget_u|   what they like to spend
               + popularity_j                              appeal that no attribute explains
               + season_u(j, t)                            Christmas goods sell before Christmas
               + complement_u(j, t)                        after a teapot, tea and cups
               + repeat_u(j)                               few things are bought twice
               + Gumbel noise

Of what was looked at, some goes into the cart, by a logistic of its utility; most of that is
bought; some of that is rated. One visit in eight is a stray: taste says
nothing there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kg.sample.shop import DIRECTORY, Floats, Shop, load_shop

__all__ = ["COLUMNS", "SimulationConfig", "simulate", "to_csv", "write"]

COLUMNS = ("user_id", "product_id", "event", "timestamp", "quantity", "value")
LIKED_FIELDS = ("colour", "material", "motif", "style", "brand")  # tastes besides the interests

Row = tuple[str, str, str, datetime, int | None, float | None]


class SimulationConfig(BaseModel):
    """How many shoppers, when, and how strongly each part of the utility speaks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 20250901
    shoppers: int = Field(default=600, ge=1)
    first_day: date = date(2025, 9, 1)
    days: int = Field(default=365, ge=1)
    visits: float = Field(default=5.5, gt=0, description="Mean number of visits per shopper.")
    views: float = Field(default=3.1, ge=1, description="Mean number of products seen per visit.")
    stray: float = Field(default=0.12, ge=0, le=1, description="Share of visits off taste.")
    taste: float = Field(default=1.15, ge=0, description="Weight of interests and likings.")
    appeal: float = Field(default=0.5, ge=0, description="Standard deviation of popularity.")
    complement: float = Field(default=2.0, ge=0, description="Boost right after a purchase.")
    complement_half_life_days: float = Field(default=21.0, gt=0)
    cart_bar: float = Field(default=2.7, description="Utility at which half of the views cart.")
    buy: float = Field(default=0.78, ge=0, le=1, description="Share of cart lines bought.")
    rate: float = Field(default=0.22, ge=0, le=1, description="Share of purchases rated.")


@dataclass(frozen=True)
class Shopper:
    """One shopper's lasting habits."""

    id: str
    taste: Floats  # n, utility of each product by its traits and its price
    keeps: frozenset[str]  # seasonal traits that move them
    impulse: float  # readiness to buy, added before the cart's bar


def simulate(shop: Shop, config: SimulationConfig | None = None) -> list[Row]:
    """All events of all shoppers within the days simulated, in the order of time."""
    config = config or SimulationConfig()
    rng = np.random.default_rng(config.seed)
    appeal = rng.normal(0.0, config.appeal, len(shop.ids))
    rows: list[Row] = []
    for number in range(1, config.shoppers + 1):
        shopper = _shopper(f"u{number:04d}", shop, config, rng)
        rows.extend(_year(shopper, shop, appeal, config, rng))
    end = datetime.combine(config.first_day + timedelta(days=config.days), time())
    rows = [row for row in rows if row[3] < end]
    rows.sort(key=lambda row: (row[3], row[0]))
    return rows


def to_csv(rows: Sequence[Row]) -> str:
    """Rows as the text of interactions.csv: times in UTC, empty where nothing is known."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for user, product, event, when, quantity, value in rows:
        shown = "" if value is None else f"{value:g}"
        number = "" if quantity is None else str(quantity)
        writer.writerow((user, product, event, when.isoformat(), number, shown))
    return out.getvalue()


def write(directory: Path = DIRECTORY) -> Path:
    """Simulates with the default settings and writes interactions.csv; returns its path."""
    path = directory / "interactions.csv"
    path.write_text(to_csv(simulate(load_shop(directory))), encoding="utf-8", newline="\n")
    return path


def _shopper(name: str, shop: Shop, config: SimulationConfig, rng: np.random.Generator) -> Shopper:
    """Draws interests, likings, budget and the days this shopper keeps."""
    column = {trait: i for i, trait in enumerate(shop.traits)}
    weights = np.zeros(len(shop.traits))
    interests = list(shop.habits["interests"].values())
    share = np.array([interest["share"] for interest in interests])
    count = int(rng.choice([1, 2, 3], p=[0.35, 0.45, 0.2]))
    for pick in rng.choice(len(interests), size=count, replace=False, p=share / share.sum()):
        strength = rng.uniform(0.7, 1.3)
        for trait, weight in interests[pick]["traits"].items():
            if trait in column:
                weights[column[trait]] += strength * weight
    for field in LIKED_FIELDS:
        own = [i for i, trait in enumerate(shop.traits) if trait.startswith(f"{field}:")]
        common = np.sqrt(shop.has[:, own].sum(axis=0))
        liked = rng.choice(len(own), size=2, replace=False, p=common / common.sum())
        weights[[own[i] for i in liked]] += rng.gamma(2.0, 0.3, size=2)
    budget = rng.normal(float(shop.log_price.mean()), 0.5)
    sensitivity = rng.gamma(2.0, 0.2)
    keeps = {s for s, rule in shop.habits["seasons"].items() if rng.random() < rule["keepers"]}
    taste = config.taste * np.minimum(shop.has @ weights, 4.0)
    taste -= sensitivity * np.abs(shop.log_price - budget)
    return Shopper(name, taste, frozenset(keeps), float(rng.normal(0.0, 0.5)))


def _visit_days(config: SimulationConfig, rng: np.random.Generator) -> list[int]:
    """Days (0-based) of one shopper's visits, in order; November and December are busy."""
    days = [config.first_day + timedelta(days=day) for day in range(config.days)]
    weight = np.array([{11: 1.7, 12: 1.9, 1: 0.7}.get(day.month, 1.0) for day in days])
    count = 1 + int(rng.negative_binomial(2.0, 2.0 / (2.0 + config.visits - 1.0)))
    return sorted(rng.choice(config.days, size=count, p=weight / weight.sum()).tolist())


def _season(shop: Shop, keeps: frozenset[str], day: date) -> Floats:
    """What the day of the year adds to each product's utility, shape (n,)."""
    effect = np.zeros(len(shop.ids))
    today = f"{day:%m-%d}"
    for trait, rule in shop.habits["seasons"].items():
        if trait not in shop.traits:
            continue
        inside = any(
            start <= today <= end if start <= end else today >= start or today <= end
            for start, end in rule["windows"]
        )
        move = (rule["inside"] if trait in keeps else 0.0) if inside else rule["outside"]
        effect += move * shop.has[:, shop.traits.index(trait)]
    return effect


def _year(
    shopper: Shopper,
    shop: Shop,
    appeal: Floats,
    config: SimulationConfig,
    rng: np.random.Generator,
) -> Iterator[Row]:
    """One shopper's visits: what was bought moves what is wanted next."""
    bought_on: dict[int, int] = {}  # product row -> day of the last purchase
    for day in _visit_days(config, rng):
        today = config.first_day + timedelta(days=day)
        utility = appeal + _season(shop, shopper.keeps, today)
        if rng.random() >= config.stray:
            utility = utility + shopper.taste
        for row, when in bought_on.items():
            fade = 0.5 ** ((day - when) / config.complement_half_life_days)
            utility = utility + config.complement * fade * shop.complements[row]
        for row, when in bought_on.items():
            utility[row] += (0.4 if day - when > 14 else -2.0) if shop.again[row] else -4.0
        views = min(1 + int(rng.poisson(config.views - 1)), len(shop.ids))
        seen = np.argsort(-(utility + rng.gumbel(size=len(utility))), kind="stable")[:views]
        hour = float(np.clip(rng.normal(16.5, 3.2), 6.0, 22.0))
        now = datetime.combine(today, time()) + timedelta(seconds=round(3600 * hour))
        for row in seen.tolist():
            now += timedelta(seconds=int(rng.integers(15, 240)))
            item = (shop.ids[row], shop.prices[row], bool(shop.again[row]))
            events = _look(shopper, item, float(utility[row]), now, config=config, rng=rng)
            if any(event[2] == "purchase" for event in events):
                bought_on[row] = day
            yield from events


def _look(
    shopper: Shopper,
    item: tuple[str, float | None, bool],
    utility: float,
    when: datetime,
    *,
    config: SimulationConfig,
    rng: np.random.Generator,
) -> list[Row]:
    """A view of an item (id, price, bought again), and what follows from it."""
    user, (product, price, again) = shopper.id, item
    events: list[Row] = [(user, product, "view", when, None, None)]
    ready = 1.0 / (1.0 + np.exp(config.cart_bar - utility - shopper.impulse))
    if rng.random() >= ready:
        return events
    quantity = 1 + int(rng.poisson(0.35 if again else 0.08))
    events.append((user, product, "cart", when + timedelta(seconds=9), quantity, None))
    if rng.random() >= config.buy:
        return events
    paid = when + timedelta(minutes=14)
    events.append((user, product, "purchase", paid, quantity, price))
    if rng.random() < config.rate:
        stars = float(np.clip(np.rint(rng.normal(3.2 + 0.25 * utility, 0.9)), 1, 5))
        rated = paid + timedelta(days=int(rng.integers(3, 15)), minutes=int(rng.integers(0, 600)))
        events.append((user, product, "rating", rated, None, stars))
    return events


if __name__ == "__main__":
    write()
