"""A shop of three products, small enough to know every fact of."""

from functools import cache

from commerce.describe import Describer
from kg.extract import Extractor
from kg.facts import build_graph
from tests.worlds import SCHEMA, dataset, product

PRODUCTS = [
    product(
        "mug",
        "Red Bone China Mug with Spotty Print, 30 cm",
        description=(
            "The mug does not contain lead. The saucer is sold apart. It is dishwasher safe. "
            "It holds 350 ml. Fits a glass saucer. Latex-free."
        ),
        brand="Hearth & Hare Co.",
        categories=("Kitchen", "Mugs"),
        price="14.50",
        currency="GBP",
        zh="红色陶瓷马克杯",
    ),
    product("bag", "Lunch bag for kids, set of 6 pieces", brand="Green Glass"),
    product("bare", "Zorblax 9000"),
]


@cache
def describer() -> Describer:
    """The shop's describer."""
    world = dataset(PRODUCTS)
    kg = build_graph(world, SCHEMA, Extractor(SCHEMA, ["en", "zh"]), pseudonym_key=b"0" * 32)
    return Describer(kg, SCHEMA)
