"""Several processes read what one reads, in the same order."""

from kg.extract import Extractor
from kg.extract.parallel import ParallelExtractor
from tests.worlds import SCHEMA, product


def test_the_same_mentions_in_the_same_order() -> None:
    words = ["orange mug", "ceramic mug", "set of 6 porcelain mugs", "box"]
    products = [product(f"p{n}", f"{words[n % 4]} {n}") for n in range(2_500)]
    read = list(ParallelExtractor(SCHEMA, ["en"], 2).mentions(products))
    assert read == list(Extractor(SCHEMA, ["en"]).mentions(products))
    assert any(read)
