"""Words without a concept: counted, weighed, told once."""

import math

import pytest

from kg.extract import Extractor
from kg.facts import KnowledgeGraph, build_graph
from kg.ontology_phrases import PhraseConfig, log_likelihood, unlinked_phrases
from tests.worlds import SCHEMA, dataset, product

FEW = PhraseConfig(min_products=3, min_likelihood=3.84)


def kg(*titles: str) -> KnowledgeGraph:
    shop = dataset([product(str(n), title) for n, title in enumerate(titles)])
    return build_graph(shop, SCHEMA, Extractor(SCHEMA, ("en",)), pseudonym_key=b"k")


def told(*titles: str, config: PhraseConfig = FEW) -> dict[str, int]:
    return {p.text: p.alone for p in unlinked_phrases(kg(*titles), SCHEMA, config)}


def test_likelihood_by_hand() -> None:
    # 10 together, 10 and 10 in all, of 100: 2 (10 ln 10 + 90 ln (100 / 90))
    assert log_likelihood(10, 10, 10, 100) == pytest.approx(
        2 * (10 * math.log(10) + 90 * math.log(100 / 90))
    )
    assert log_likelihood(1, 10, 10, 100) == pytest.approx(0)


def test_words_of_facts_are_left_out_and_plurals_are_one() -> None:
    titles = ["Red mug wibble", "Wibbles, gold", "The wibble of 12", "A mug", "Red candle"]
    assert told(*titles) == {"wibble": 3}


def test_words_that_stand_together_are_one_phrase() -> None:
    # filler titles make standing together a surprise
    filler = [f"{word} candle" for word in ("Alpha", "Beta", "Gamma", "Delta", "Eta", "Theta")]
    found = unlinked_phrases(kg(*["Magic Garden mug"] * 4, *filler), SCHEMA, FEW)
    assert [(p.text, p.products, p.alone) for p in found] == [("magic garden", 4, 4)]
    assert found[0].likelihood > 3.84
    assert found[0].examples == ("product:0", "product:1", "product:2")


def test_a_word_told_alone_is_counted_outside_its_phrases() -> None:
    filler = [f"{word} candle" for word in ("Alpha", "Beta", "Gamma", "Delta", "Eta", "Theta")]
    titles = [*["Magic garden"] * 4, *["Secret, garden"] * 3, *filler]
    assert told(*titles) == {"magic garden": 4, "garden": 3, "secret": 3}


def test_words_that_meet_by_chance_are_no_phrase() -> None:
    titles = ["Wide frobs"] * 3 + ["Wide"] * 3 + ["Frobs"] * 3
    assert set(told(*titles)) == {"wide", "frobs"}


def test_labels_are_left_out_where_context_spoke_against_them() -> None:
    assert told(*["China tea"] * 3) == {"tea": 3}
