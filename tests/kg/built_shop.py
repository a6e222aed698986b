"""A tiny shop, and the graph that is built of it."""

from kg.extract import Extractor
from kg.facts import KnowledgeGraph, build_graph
from tests.worlds import SCHEMA, dataset, product

KEY = b"a key for tests"
EXTRACTOR = Extractor(SCHEMA, ("en", "zh"))

SHOP = dataset(
    [
        product(
            "M 1",
            "Red mug, bone china",
            description="A red mug.",
            brand="Hearth & Hare",
            categories=("Kitchen", "Mugs"),
            price="9.50",
            stock=3,
            zh="红色马克杯",
        ),
        product("M2", "Pink mug", brand="HEARTH AND HARE LTD.", categories=("kitchen",)),
        product("M3", "Plain thing", brand="Hearth & Hare"),
    ],
    events=[
        ("ann", "M 1"),
        ("ann", "M 1"),
        ("ann", "M2", "view"),
        ("bob", "M2"),
        ("bob", "M3", "cart"),
    ],
    triples=[
        ("M 1", "also_bought", "M2"),
        ("M 1", "also_bought", "X9"),
        ("X8", "also_bought", "M2"),
        ("M2", "theme", "Rose"),
        ("M2", "theme", "motif:polka-dot"),
        ("M2", "theme", "unknown"),
        ("M2", "colour_code", "#f00"),
        ("M3", "colour_code", "#0f0"),
    ],
)


def graph(data=SHOP, ontology=SCHEMA, extractor=EXTRACTOR) -> KnowledgeGraph:
    return build_graph(data, ontology, extractor, pseudonym_key=KEY)


KG = graph()


def triples(kg: KnowledgeGraph = KG) -> set[tuple[str, str, str]]:
    columns = (kg.facts[name].to_pylist() for name in ("subject", "relation", "object"))
    return set(zip(*columns, strict=True))
