"""Reads one product of the made-up world, as the tests of extraction ask it."""

from kg.extract import Extractor
from tests.worlds import SCHEMA, product

EXTRACTOR = Extractor(SCHEMA, ("en", "zh"))


def found(title: str, **fields: object) -> set[str]:
    """Concepts and measures read from one product."""
    [mentions] = EXTRACTOR.mentions([product("1", title, **fields)])
    return {m.object for m in mentions}
