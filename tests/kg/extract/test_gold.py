"""Extraction against the sample's answers, relation by relation.

A concept counts as right where the gold names it, a broader or a narrower one. Gold values no
concept stands for are misses. The floors are a little below what was measured.
"""

import json
from collections import defaultdict
from collections.abc import Iterable

import pytest

from kg.catalog import read_dataset, sample_path
from kg.extract import Extractor
from kg.ids import slug
from kg.ontology_terms import Schema
from kg.schema import load_schema

RELATIONS = {
    "colour": ("schema:color", "colour"),
    "material": ("schema:material", "material"),
    "product_type": ("clew:productType", "type"),
    "motif": ("clew:motif", "motif"),
    "occasion": ("clew:occasion", "occasion"),
    "audience": ("clew:suitableFor", "audience"),
    "style": ("clew:style", "style"),
    "use": ("clew:usedFor", "use"),
}

FLOORS = {  # precision, recall
    "colour": (0.92, 0.5),
    "material": (0.93, 0.62),
    "product_type": (0.95, 0.88),
    "motif": (0.74, 0.68),
    "occasion": (0.92, 0.62),
    "audience": (0.9, 0.75),
    "style": (0.8, 0.82),
    "use": (0.84, 0.75),
    "pack_size": (0.95, 0.94),
}

Scores = tuple[float, float]


def line_up(schema: Schema, concept_id: str) -> set[str]:
    """A concept with all its broader ones."""
    concept = schema.concepts[concept_id]
    return {concept_id}.union(*(line_up(schema, broader) for broader in concept.broader))


def concepts_by_name(schema: Schema) -> dict[tuple[str, str], str]:
    """(scheme, name as the gold writes it) -> concept."""
    named = {}
    for concept in schema.concepts.values():
        for label in concept.labels("en"):
            named.setdefault((concept.scheme, slug(label)), concept.id)
    own = {(c.scheme, c.id.partition(":")[2]): c.id for c in schema.concepts.values()}
    return named | own


def compared(schema: Schema, read: Iterable[str], wanted: set[str]) -> tuple[int, int, int]:
    """Right, wrong and missed concepts of one product and relation."""
    lines = {concept: line_up(schema, concept) for concept in read}
    special = {c for c in lines if not any(c in lines[o] for o in lines if o != c)}
    known = {w: line_up(schema, w) for w in wanted if w in schema.concepts}
    right = {c for c in special if any(w in lines[c] or c in known[w] for w in known)}
    missed = {w for w in wanted if not any(w in lines[c] or c in known.get(w, ()) for c in special)}
    return len(right), len(special - right), len(missed)


@pytest.fixture(scope="module")
def scores() -> dict[str, Scores]:
    schema = load_schema()
    products = read_dataset(sample_path()).products
    lines = (sample_path() / "gold.jsonl").read_text("utf-8").splitlines()
    gold = {row["id"]: row for row in map(json.loads, lines)}
    named = concepts_by_name(schema)
    counts: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for product, mentions in zip(
        products, Extractor(schema, ("en", "zh")).mentions(products), strict=True
    ):
        read: dict[str, set[str]] = defaultdict(set)
        for mention in mentions:
            read[mention.relation].add(mention.object)
        answers = gold[product.id]
        for field, (relation, scheme) in RELATIONS.items():
            wanted = {named.get((scheme, value), f"{scheme}:{value}") for value in answers[field]}
            counts[field].append(compared(schema, read[relation], wanted))
        pieces = answers["pack_size"]
        packs = {f"measure:{pieces}-pieces"} if pieces else set()
        found = read["clew:packSize"]
        counts["pack_size"].append((len(found & packs), len(found - packs), len(packs - found)))
    return {field: score(each) for field, each in counts.items()}


def score(counts: list[tuple[int, int, int]]) -> Scores:
    right, wrong, missed = (sum(column) for column in zip(*counts, strict=True))
    return right / (right + wrong), right / (right + missed)


@pytest.mark.parametrize("field", FLOORS)
def test_precision_and_recall_stay_above_their_floors(scores: dict[str, Scores], field: str):
    precision, recall = scores[field]
    assert precision >= FLOORS[field][0]
    assert recall >= FLOORS[field][1]
