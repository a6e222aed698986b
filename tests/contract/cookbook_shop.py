"""The sample shop as plain sets and dicts, to compute the cookbook's answers a second time."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from kg.facts import KnowledgeGraph

Rows = list[dict[str, Any]]
ALIKE = (
    "schema:color", "schema:material", "clew:motif", "clew:style", "clew:usedFor", "clew:occasion"
)  # fmt: skip


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
        self.quantity: Counter[tuple[str, str]] = Counter()
        self.first: dict[tuple[str, str], str] = {}
        self.last: dict[str, str] = {}  # day, by user
        for row in kg.interactions.to_pylist():
            if row["event"] == "purchase":
                pair = (row["user_id"], row["product_id"])
                year, week, _ = row["timestamp"].isocalendar()
                self.weeks[pair].add(f"{year}-W{week:02}")
                self.times[pair] += 1
                self.spent[pair] += (row["quantity"] or 1) * (row["value"] or 0)
                day = row["timestamp"].date().isoformat()
                self.first[pair] = min(day, self.first.get(pair, day))
                self.quantity[pair] += row["quantity"]
                self.last[pair[0]] = max(day, self.last.get(pair[0], ""))

    def last_weeks(self, count: int) -> list[str]:
        """The last weeks in which anything was bought."""
        return sorted(set().union(*self.weeks.values()))[-count:]

    def most_bought(self) -> str:
        return min(self.products, key=lambda p: (-len(self.buyers[p]), p))

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


CHECKS: dict[str, Callable[[Shop, Rows], bool]] = {}
"""Name of a saved query -> whether an answer on the sample shop is the right one."""


def right(check: Callable[[Shop, Rows], bool]) -> Callable[[Shop, Rows], bool]:
    """What makes the answer of the query of that name the right one."""
    CHECKS[check.__name__] = check
    return check


def near(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(1, abs(other))
