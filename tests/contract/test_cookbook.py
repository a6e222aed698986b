"""The cookbook on the sample shop: the same answers from every store, and the right ones.

Right means computed a second time, from the tables, in plain Python.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import combinations
from statistics import fmean
from typing import Any

import pytest

from kg.facts import KnowledgeGraph
from kg.graph_diff import diff
from kg.query_saved import saved_queries
from kg.schema import Schema
from kg.store import GraphStore

QUERIES = {name: q for name, q in saved_queries().items() if q.language == "cypher"}
Rows = list[dict[str, Any]]
ALIKE = ("schema:color", "schema:material", "clew:motif", "clew:style", "clew:usedFor")


class Shop:
    """The sample's tables as plain sets and dicts."""

    def __init__(self, kg: KnowledgeGraph) -> None:
        self.objects: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.values: dict[str, dict[str, str]] = defaultdict(dict)
        self.confidence: dict[tuple[str, str, str], float] = {}
        for fact in kg.facts.to_pylist():
            subject, relation, thing = fact["subject"], fact["relation"], fact["object"]
            if fact["datatype"]:
                self.values[relation][subject] = thing
            else:
                self.objects[relation][subject].add(thing)
                self.confidence[subject, relation, thing] = round(fact["confidence"], 6)
        self.products = set(kg.products["id"].to_pylist())
        self.buyers: dict[str, set[str]] = defaultdict(set)
        for user, bought in self.objects["clew:bought"].items():
            for product in bought:
                self.buyers[product].add(user)
        self.weeks: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.times: Counter[tuple[str, str]] = Counter()
        self.spent: Counter[tuple[str, str]] = Counter()
        self.first: dict[tuple[str, str], str] = {}
        for row in kg.interactions.to_pylist():
            if row["event"] == "purchase":
                pair = (row["user_id"], row["product_id"])
                year, week, _ = row["timestamp"].isocalendar()
                self.weeks[pair].add(f"{year}-W{week:02}")
                self.times[pair] += 1
                self.spent[pair] += (row["quantity"] or 1) * (row["value"] or 0)
                day = row["timestamp"].date().isoformat()
                self.first[pair] = min(day, self.first.get(pair, day))

    def of(self, relation: str, product: str) -> set[str]:
        return self.objects[relation][product]

    def price(self, product: str) -> float:
        return float(self.values["schema:price"].get(product, 0))

    def stock(self, product: str) -> int:
        return int(self.values["clew:stock"].get(product, 0))

    def customers(self, relation: str, thing: str) -> set[str]:
        """Who bought a product that is said to be something."""
        some = (self.buyers[p] for p in self.products if thing in self.of(relation, p))
        return set().union(*some)


@pytest.fixture(scope="session")
def shop(sample: tuple[KnowledgeGraph, Schema]) -> Shop:
    return Shop(sample[0])


CHECKS: dict[str, Callable[[Shop, Rows], bool]] = {}


def right(check: Callable[[Shop, Rows], bool]) -> Callable[[Shop, Rows], bool]:
    """What makes the answer of the query of that name the right one."""
    CHECKS[check.__name__] = check
    return check


@pytest.mark.parametrize("name", QUERIES)
def test_a_saved_query_answers_the_same_and_the_right_thing(
    name: str, sample_stores: tuple[GraphStore, GraphStore], shop: Shop
) -> None:
    query = QUERIES[name]
    local, remote = (
        store.cypher(query.text, query.values({}), timeout_s=60).table.to_pylist()
        for store in sample_stores
    )
    assert local
    assert [_rounded(row) for row in remote] == [_rounded(row) for row in local]
    assert CHECKS[name](shop, local)


def test_both_stores_hold_the_sample(
    sample: tuple[KnowledgeGraph, Schema], sample_stores: tuple[GraphStore, GraphStore]
) -> None:
    for store in sample_stores:
        found = diff(*sample, store)
        assert found.equal
        assert sum(table.same for table in found.tables) > 20_000
    local, remote = sample_stores
    assert local.counts() == remote.counts()


def test_there_are_enough() -> None:
    assert len(QUERIES) >= 25
    assert CHECKS.keys() == QUERIES.keys()


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, 9) if isinstance(value, float) else value


def near(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(1, abs(other))


# ── what sells together ────────────────────────────────────────────────────────────────────────


def together(shop: Shop, among: set[str]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for bought in shop.objects["clew:bought"].values():
        found.update(combinations(sorted(bought & among), 2))
    return found


def best_sold(shop: Shop, products: set[str], count: int) -> set[str]:
    return set(sorted(products, key=lambda p: (-len(shop.buyers[p]), p))[:count])


@right
def bought_together(shop: Shop, rows: Rows) -> bool:
    counts = together(shop, best_sold(shop, shop.products, 200))
    best = sorted(counts.values(), reverse=True)[: len(rows)]
    pairs = [counts[row["one"], row["other"]] for row in rows]
    return pairs == [row["customers"] for row in rows] == best


@right
def bundle_candidates(shop: Shop, rows: Rows) -> bool:
    some = best_sold(shop, {p for p in shop.products if shop.stock(p) > 0}, 200)
    everyone, counts = len(shop.objects["clew:bought"]), together(shop, some)
    lifts = {
        (a, b): n * everyone / (len(shop.buyers[a]) * len(shop.buyers[b]))
        for (a, b), n in counts.items()
        if n >= 5
    }
    best = sorted(lifts.values(), reverse=True)[: len(rows)]
    return all(
        near(row["lift"], lifts[row["one"], row["other"]]) and near(row["lift"], expected)
        for row, expected in zip(rows, best, strict=True)
    )


@right
def brand_affinity(shop: Shop, rows: Rows) -> bool:
    return all(
        row["customers"]
        == len(
            shop.customers("schema:brand", row["brand"])
            & shop.customers("schema:brand", row["also"])
        )
        for row in rows[:20]
    )


@right
def category_bridges(shop: Shop, rows: Rows) -> bool:
    return all(
        row["category"] not in shop.of("clew:inCategory", row["product"])
        and row["customers"]
        == len(shop.buyers[row["product"]] & shop.customers("clew:inCategory", row["category"]))
        for row in rows[:20]
    )


@right
def groups_differ(shop: Shop, rows: Rows) -> bool:
    kitchen = shop.customers("clew:inCategory", "category:kitchen-dining")
    garden = shop.customers("clew:inCategory", "category:garden-outdoor")
    return all(
        near(row["share_one"], len(kitchen & fans) / len(kitchen))
        and near(row["share_other"], len(garden & fans) / len(garden))
        for row in rows
        for fans in [shop.customers("clew:motif", row["motif"])]
    )


# ── the range ──────────────────────────────────────────────────────────────────────────────────


@right
def range_gaps(shop: Shop, rows: Rows) -> bool:
    return all(
        row["kind"] not in shop.of("clew:productType", p)
        or row["colour"] not in shop.of("schema:color", p)
        for row in rows
        for p in shop.products
    ) and all(
        row["customers"]
        == len(
            shop.customers("clew:productType", row["kind"])
            & shop.customers("schema:color", row["colour"])
        )
        for row in rows
    )


@right
def substitutes(shop: Shop, rows: Rows) -> bool:
    return all(
        shop.stock(row["product"]) == 0 < shop.stock(row["instead"]) == row["stock"]
        and shop.of("clew:productType", row["product"])
        & shop.of("clew:productType", row["instead"])
        and row["shared"]
        == sum(
            len(shop.of(relation, row["product"]) & shop.of(relation, row["instead"]))
            for relation in (*ALIKE, "clew:occasion")
        )
        for row in rows
    )


@right
def colours(shop: Shop, rows: Rows) -> bool:
    held = Counter(colour for p in shop.products for colour in shop.of("schema:color", p))
    return {row["colour"]: row["products"] for row in rows} == dict(held)


@right
def materials_by_category(shop: Shop, rows: Rows) -> bool:
    wood = [
        row for row in rows if (row["category"], row["material"]) == ("Workshop & Lab", "metal")
    ]
    narrower = {m for m, up in shop.objects["skos:broader"].items() if "material:metal" in up}
    made = [
        p
        for p in shop.products
        if "category:workshop-lab" in shop.of("clew:inCategory", p)
        and shop.of("schema:material", p) & {"material:metal", *narrower}
    ]
    return wood[0]["products"] >= len(made) > 0


@right
def price_bands(shop: Shop, rows: Rows) -> bool:
    return all(
        row["products"] == row["cheap"] + row["middle"] + row["dear"] == len(prices)
        and near(row["mean"], fmean(prices))
        and row["cheap"] == sum(price < 10 for price in prices)
        for row in rows
        for prices in [
            [
                shop.price(p)
                for p in shop.products
                if row["brand"] in shop.of("schema:brand", p) and shop.price(p)
            ]
        ]
    )


@right
def twins(shop: Shop, rows: Rows) -> bool:
    return {("product:KD-0101", "product:KD-0102")} <= {(r["one"], r["other"]) for r in rows} and (
        all(shop.price(row["one"]) == shop.price(row["other"]) for row in rows)
    )


# ── what moves and what does not ───────────────────────────────────────────────────────────────


@right
def never_bought(shop: Shop, rows: Rows) -> bool:
    unsold = {p for p in shop.products if shop.stock(p) > 0 and not shop.buyers[p]}
    return {row["product"] for row in rows} == unsold


@right
def slow_movers(shop: Shop, rows: Rows) -> bool:
    return all(
        row["customers"] == len(shop.buyers[row["product"]]) <= 3
        and near(row["stock_value"], shop.stock(row["product"]) * shop.price(row["product"]))
        for row in rows
    )


@right
def running_out(shop: Shop, rows: Rows) -> bool:
    left = [row["weeks_left"] for row in rows]
    return left == sorted(left) and all(
        near(row["weeks_left"] * row["units"], shop.stock(row["product"]) * 13) for row in rows
    )


@right
def seen_not_bought(shop: Shop, rows: Rows) -> bool:
    return all(row["bought"] == len(shop.buyers[row["product"]]) for row in rows) and (
        all(row["looked"] >= 10 for row in rows)
    )


@right
def left_in_cart(shop: Shop, rows: Rows) -> bool:
    left = Counter(
        p
        for user, carted in shop.objects["clew:addedToCart"].items()
        for p in carted - shop.objects["clew:bought"][user]
    )
    return all(row["customers"] == left[row["product"]] >= 2 for row in rows)


@right
def bought_again(shop: Shop, rows: Rows) -> bool:
    again = Counter(product for (_, product), times in shop.times.items() if times > 1)
    return all(row["again"] == again[row["product"]] > 0 for row in rows)


@right
def badly_rated_bestsellers(shop: Shop, rows: Rows) -> bool:
    return all(
        row["stars"] <= 3.5 and row["customers"] == len(shop.buyers[row["product"]]) >= 5
        for row in rows
    )


@right
def brand_loyalty(shop: Shop, rows: Rows) -> bool:
    return all(
        row["came_back"]
        == sum(
            sum(row["brand"] in shop.of("schema:brand", p) for p in bought) > 1
            for bought in shop.objects["clew:bought"].values()
        )
        for row in rows
    )


@right
def pack_sizes(shop: Shop, rows: Rows) -> bool:
    return all(row["customers"] == len(shop.customers("clew:packSize", r)) for row in rows
               for r in [row["pack"]])  # fmt: skip


@right
def category_sales(shop: Shop, rows: Rows) -> bool:
    return all(
        near(
            row["spent"],
            sum(
                spent
                for (_, p), spent in shop.spent.items()
                if row["category"] in shop.of("clew:inCategory", p)
            ),
        )
        for row in rows[:20]
    )


# ── when ───────────────────────────────────────────────────────────────────────────────────────


def weekly(shop: Shop, relation: str) -> Counter[tuple[str, str]]:
    return Counter(
        (week, thing)
        for (_, product), weeks in shop.weeks.items()
        for week in weeks
        for thing in shop.of(relation, product)
    )


@right
def colour_weeks(shop: Shop, rows: Rows) -> bool:
    found = {(row["week"], row["colour"]): row["purchases"] for row in rows}
    counts = weekly(shop, "schema:color")
    return found == {k: n for k, n in counts.items() if "2026-W01" <= k[0] <= "2026-W52"}


@right
def rising_motifs(shop: Shop, rows: Rows) -> bool:
    counts = weekly(shop, "clew:motif")
    return all(
        row["now"]
        == sum(n for (w, m), n in counts.items() if m == row["motif"] and w >= "2026-W20")
        and row["before"]
        == sum(n for (w, m), n in counts.items() if m == row["motif"]) - row["now"]
        for row in rows
    )


@right
def occasion_season(shop: Shop, rows: Rows) -> bool:
    counts = weekly(shop, "clew:occasion")
    christmas = {week: n for (week, thing), n in counts.items() if thing == "occasion:christmas"}
    return {row["week"]: row["purchases"] for row in rows} == christmas


@right
def new_customers(shop: Shop, rows: Rows) -> bool:
    first: dict[str, str] = {}
    for (user, _), day in shop.first.items():
        first[user] = min(day, first.get(user, day))
    months = Counter(day[:7] for day in first.values())
    return {row["month"]: row["customers"] for row in rows} == dict(months)


@right
def lapsed_customers(shop: Shop, rows: Rows) -> bool:
    return all(
        row["last_on"] < "2026-06-01"
        and near(row["spent"], sum(s for (u, _), s in shop.spent.items() if u == row["customer"]))
        for row in rows
    )


# ── for whom ───────────────────────────────────────────────────────────────────────────────────


@right
def occasion_bestsellers(shop: Shop, rows: Rows) -> bool:
    return all(row["customers"] == len(shop.buyers[row["product"]]) for row in rows)


@right
def gifts_for(shop: Shop, rows: Rows) -> bool:
    return all(
        "audience:children" in shop.of("clew:suitableFor", row["product"])
        and row["customers"] == len(shop.buyers[row["product"]])
        and row["price"] <= 30
        for row in rows
    )


# ── what the graph knows, and how surely ───────────────────────────────────────────────────────


@right
def price_outliers(shop: Shop, rows: Rows) -> bool:
    return all(
        near(row["ratio"], shop.price(row["product"]) / row["mean"])
        and not 1 / 2.5 <= row["ratio"] <= 2.5
        for row in rows
    )


@right
def suspicious_facts(shop: Shop, rows: Rows) -> bool:
    unsure = Counter(
        subject
        for (subject, _, _), sure in shop.confidence.items()
        if sure < 0.95 and subject in shop.products
    )
    return all(row["unsure"] == unsure[row["product"]] for row in rows)


@right
def unsure_colours(shop: Shop, rows: Rows) -> bool:
    return all(
        shop.confidence[row["product"], "schema:color", row["colour"]] == row["confidence"] <= 0.9
        for row in rows
    )


@right
def too_many_colours(shop: Shop, rows: Rows) -> bool:
    return {row["product"]: row["colours"] for row in rows} == {
        p: len(shop.of("schema:color", p))
        for p in shop.products
        if len(shop.of("schema:color", p)) > 2
    }


@right
def thin_products(shop: Shop, rows: Rows) -> bool:
    facts = Counter(subject for subject, _, _ in shop.confidence)
    return {row["product"] for row in rows} == {p for p in shop.products if facts[p] <= 3}


@right
def untyped_products(shop: Shop, rows: Rows) -> bool:
    untyped = {p for p in shop.products if not shop.of("clew:productType", p)}
    return {row["product"] for row in rows} == untyped


@right
def how_related(shop: Shop, rows: Rows) -> bool:
    one, other = (
        {thing for (subject, _, thing) in shop.confidence if subject == product}
        for product in ("product:KD-0101", "product:KD-0102")
    )
    return {row["shared"]["id"] for row in rows} == one & other


@right
def around(shop: Shop, rows: Rows) -> bool:
    about = {thing for (subject, _, thing) in shop.confidence if subject == "product:KD-0101"}
    ends = {row["r"]["end"] for row in rows}
    return {row["o"]["id"] for row in rows} == about == ends
