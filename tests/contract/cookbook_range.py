"""What the right answers are to saved queries about the range and what the graph knows of it."""

from collections import Counter
from statistics import fmean

from tests.contract.cookbook_shop import ALIKE, Rows, Shop, near, right

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
            for relation in ALIKE
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
    relations = (
        "clew:productType", "schema:color", "schema:material", "clew:motif", "clew:size",
        "clew:packSize",
    )  # fmt: skip

    def said(product: str) -> set[str]:
        return set().union(*(shop.of(relation, product) for relation in relations))

    order = [(row["different"], -row["shared"]) for row in rows]
    return (
        {("product:KD-0101", "product:KD-0102")} <= {(r["one"], r["other"]) for r in rows}
        and order == sorted(order)
        and all(
            shop.price(row["one"]) == shop.price(row["other"]) == row["price"]
            and shop.of("schema:brand", row["one"]) == shop.of("schema:brand", row["other"])
            and row["shared"] == len(said(row["one"]) & said(row["other"])) >= 3
            and row["different"] == len(said(row["one"]) ^ said(row["other"]))
            for row in rows
        )
    )


# ── what the graph knows, and how surely ───────────────────────────────────────────────────────


@right
def price_outliers(shop: Shop, rows: Rows) -> bool:
    extreme = [max(row["ratio"], 1 / row["ratio"]) for row in rows]
    return extreme == sorted(extreme, reverse=True) and all(
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
    one = shop.most_bought()
    relations = ("clew:productType", *ALIKE, "schema:brand", "clew:inCategory")

    def alike(other: str) -> int:
        return len(
            set().union(*(shop.of(r, one) for r in relations))
            & set().union(*(shop.of(r, other) for r in relations))
        )

    best = min(shop.products - {one}, key=lambda p: (-alike(p), p))
    about, of_other = (
        {thing for (subject, _, thing) in shop.confidence if subject == product}
        for product in (one, best)
    )
    assert {(row["a"]["id"], row["b"]["id"]) for row in rows} == {(one, best)}
    return {row["shared"]["id"] for row in rows} == about & of_other


@right
def around(shop: Shop, rows: Rows) -> bool:
    product = shop.most_bought()
    about = {thing for (subject, _, thing) in shop.confidence if subject == product}
    ends = {row["r"]["end"] for row in rows}
    return {row["o"]["id"] for row in rows} == about == ends
