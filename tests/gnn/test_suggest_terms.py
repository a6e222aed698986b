"""Suggestions: near words, likely facts, and what accepting them writes."""

from pathlib import Path

import numpy as np
import pytest

from gnn.embed import GnnEmbedder
from gnn.graph import node_vocabularies
from gnn.network_of import network_of
from gnn.suggest_terms import SuggestTermsConfig, accept, suggest_facts, suggest_terms, to_dicts
from gnn.text import HashingEncoder
from kg.curated import read_curated
from kg.errors import ModelError, OntologyError
from kg.ontology_phrases import Phrase
from kg.schema import check_ontology, load_schema
from tests.gnn.graphs import graph, small_schema
from tests.tiny_ontology import write_ontology
from tests.worlds import SCHEMA

ENCODER = HashingEncoder(64)
COLOURED = [(f"product:{name}", "schema:color", "colour:red") for name in "abc"]
KG = graph("abcdef", COLOURED, [(f"u{n}", p) for n in range(6) for p in "abcdef" if p != "f" or n])


def phrase(text: str) -> Phrase:
    return Phrase(text, 4, 3, float("inf"), ("product:a",))


def test_a_phrase_is_told_by_the_label_nearest_to_it() -> None:
    config = SuggestTermsConfig(synonym=0.6, kin=0.2)
    found = suggest_terms([phrase("reddish"), phrase("zzz")], KG, SCHEMA, ENCODER, config)
    assert found[0].nearest == "colour:red"
    assert found[0].examples == ("a",)
    assert found[1].kind == "phrase"
    assert found[0].likelihood is None
    assert suggest_terms([], KG, SCHEMA, ENCODER) == []


def test_neither_a_part_of_a_label_nor_a_name_of_the_ontology_is_a_synonym() -> None:
    config = SuggestTermsConfig(synonym=0.3, kin=0.3)
    labels = [concept.pref["en"] for concept in SCHEMA.concepts.values()]
    part = next(w for text in labels if " " in text for w in text.split() if w not in labels)
    given = [phrase("zzz"), phrase("colours"), phrase(part), phrase("reddish")]
    found = {item.text: item for item in suggest_terms(given, KG, SCHEMA, ENCODER, config)}
    assert "colours" not in found
    assert part not in found[part].nearest_label.split()
    assert list(found)[-1] == "zzz"


def test_what_is_accepted_is_sound(tmp_path: Path) -> None:
    directory = write_ontology(tmp_path / "tiny")
    schema = load_schema(directory)
    same = SuggestTermsConfig(synonym=0.99, kin=-1)
    terms = suggest_terms([phrase("deep orange")], KG, schema, ENCODER, same)
    synonym = suggest_terms([phrase("ruby")], KG, schema, ENCODER, SuggestTermsConfig(synonym=-1))
    assert terms[0].turtle == (
        "colour:deep-orange a skos:Concept ;  # translate: zh\n"
        '  skos:prefLabel "deep orange"@en , "deep orange"@zh ;\n'
        "  skos:broader colour:orange ."
    )
    assert synonym[0].turtle.endswith('skos:altLabel "ruby"@en .')
    for chosen in (terms, synonym):
        assert accept(chosen, directory, schema) == [directory / "accepted.ttl"]
    assert [p for p in check_ontology(directory) if p.level == "error"] == []
    assert load_schema(directory).concepts["colour:deep-orange"].broader == ("colour:orange",)
    with pytest.raises(OntologyError, match=r"accepted\.ttl cannot be written: Not a directory"):
        accept(terms, directory / "clew.ttl", schema)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    embed = GnnEmbedder(KG, small_schema(), ENCODER)
    embed(KG.interactions)
    directory = tmp_path_factory.mktemp("model") / "gnn"
    embed.save(directory)
    return directory


def test_likely_facts_are_lines_of_curated_facts(saved: Path, tmp_path: Path) -> None:
    schema = small_schema()
    network = network_of(KG, schema, ENCODER, saved)
    nodes = node_vocabularies(KG, schema)
    found = suggest_facts(network, nodes, KG, schema, SuggestTermsConfig(least_score=0))
    assert {item.subject for item in found} == {"product:d", "product:e", "product:f"}
    assert {item.object for item in found} == {"colour:red"}
    assert found[0].like == ("a", "b")
    assert to_dicts(found)[0]["relation"] == "schema:color"
    accept(found, tmp_path, schema)
    accepted = read_curated([tmp_path], schema)
    assert [(fact.action, *fact.key) for fact in accepted] == [
        ("assert", item.subject, item.relation, item.object) for item in found
    ]


def test_the_published_network_is_read_back(saved: Path, tmp_path: Path) -> None:
    first = network_of(KG, small_schema(), ENCODER, saved).vectors()
    again = network_of(KG, small_schema(), ENCODER, tmp_path / "none").vectors()
    np.testing.assert_allclose(first, again, atol=1e-5)
    with pytest.raises(ModelError, match="does not fit this graph and text encoder"):
        network_of(KG, small_schema(), HashingEncoder(32), saved)
