"""What the right answers are to saved queries about what sells, with what, when and to whom."""

from collections import Counter
from itertools import combinations

from tests.contract.cookbook_shop import Rows, Shop, near, right

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
    groups = {
        thing: shop.customers(relation, thing)
        for relation in ("clew:inCategory", "clew:productType", "schema:brand")
        for thing in set().union(*(shop.of(relation, p) for p in shop.products))
    }
    one, other = sorted(groups, key=lambda thing: (-len(groups[thing]), thing))[:2]
    differences = [row["difference"] for row in rows]
    return differences == sorted(differences, reverse=True) and all(
        near(row["share_one"], len(groups[one] & fans) / len(groups[one]))
        and near(row["share_other"], len(groups[other] & fans) / len(groups[other]))
        and near(row["difference"], row["share_one"] - row["share_other"])
        for row in rows
        for fans in [shop.customers("clew:motif", row["motif"])]
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
    """Each customer's units of a product, spread evenly over the weeks they were bought in."""
    last, units = set(shop.last_weeks(13)), Counter[str]()
    for (user, product), weeks in shop.weeks.items():
        units[product] += shop.quantity[user, product] * len(weeks & last) / len(weeks)
    left = [row["weeks_left"] for row in rows]
    return left == sorted(left) and all(
        near(row["units"], units[row["product"]])
        and near(row["weeks_left"] * row["units"], shop.stock(row["product"]) * 13)
        for row in rows
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
    return all(
        row["again"] == again[row["product"]] > 0
        and row["customers"] == len(shop.buyers[row["product"]]) >= 20
        for row in rows
    )


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
    counts, last = weekly(shop, "schema:color"), shop.last_weeks(13)
    return len(last) == 13 and found == {k: n for k, n in counts.items() if k[0] in last}


@right
def rising_motifs(shop: Shop, rows: Rows) -> bool:
    since = shop.last_weeks(13)[0]
    every = [week for weeks in shop.weeks.values() for week in weeks]
    all_now = sum(week >= since for week in every)
    counts = weekly(shop, "clew:motif")
    now, before = Counter[str](), Counter[str]()
    for (week, motif), n in counts.items():
        (now if week >= since else before)[motif] += n
    growth = {
        motif: n / all_now * (len(every) - all_now) / (before[motif] + 1)
        for motif, n in now.items()
        if n >= 5
    }
    best = sorted(growth.values(), reverse=True)
    return len(rows) == min(50, len(best)) and all(
        (row["now"], row["before"]) == (now[row["motif"]], before[row["motif"]])
        and near(row["growth"], growth[row["motif"]])
        and near(row["growth"], expected)
        for row, expected in zip(rows, best, strict=False)
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
    spent: Counter[str] = Counter()
    for (user, _), money in shop.spent.items():
        spent[user] += money
    since = sorted({day[:7] for day in shop.last.values()})[-3:][0]
    lapsed = [u for u, day in shop.last.items() if day < since and spent[u] >= 100]
    return len(rows) == min(100, len(lapsed)) and all(
        row["customer"] in lapsed
        and row["last_on"] == shop.last[row["customer"]]
        and near(row["spent"], spent[row["customer"]])
        for row in rows
    )


# ── for whom ───────────────────────────────────────────────────────────────────────────────────


@right
def occasion_bestsellers(shop: Shop, rows: Rows) -> bool:
    occasions = set().union(*(shop.of("clew:occasion", p) for p in shop.products))
    sold = {
        occasion: [p for p in shop.products if occasion in shop.of("clew:occasion", p)]
        for occasion in occasions
    }
    best = sorted(
        len(shop.buyers[p])
        for products in sold.values()
        for p in sorted(products, key=lambda p: (-len(shop.buyers[p]), p))[:10]
        if shop.buyers[p]
    )
    return best == sorted(row["customers"] for row in rows) and all(
        row["customers"] == len(shop.buyers[row["product"]]) for row in rows
    )


@right
def gifts_for(shop: Shop, rows: Rows) -> bool:
    return all(
        "audience:children" in shop.of("clew:suitableFor", row["product"])
        and row["customers"] == len(shop.buyers[row["product"]])
        and row["price"] <= 30
        for row in rows
    )
