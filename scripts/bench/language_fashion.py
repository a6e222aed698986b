"""Fashion titles read by the ontology's rules, against the catalogue's own columns; and speed.

A colour, kind or gender of the catalogue counts where its words stand in the title, folded as
`kg.extract.words` folds them. Right is the concept that has the words as a label, or one above or
below it; whatever else is read of that relation is wrong, also a second colour that is truly there.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from kg.extract import Extractor
from kg.extract.labelled import Labelled
from kg.extract.span_training import train_tagger
from kg.extract.weak_labels import places
from kg.extract.words import english_norm
from kg.ontology_terms import Schema
from kg.records import Mention, Product
from kg.schema import load_schema

COLUMNS = {
    "colour": ("baseColour", "schema:color"),
    "type": ("articleType", "clew:productType"),
    "gender": ("gender", "clew:suitableFor"),
}
SAMPLE = 4_000
TRAINED_ON = 1_500


def fashion_scores(shared: Path, *, dev: bool) -> dict[str, float]:
    """F1 in % of colour, type and gender; ``dev`` draws other titles than the ones measured."""
    rows = _rows(shared)[: SAMPLE if not dev else 2 * SAMPLE][-SAMPLE:]
    schema = load_schema()
    read = list(Extractor(schema, ["en"]).mentions(_products(rows)))
    return {name: _f1(schema, rows, read, *column) for name, column in COLUMNS.items()}


def fashion_speed(shared: Path) -> dict[str, float]:
    """Titles a second in one process: rules, then rules and a tagger trained on other titles.

    The tagger marks the brand, taken to be the first word, and the catalogue's kind.
    """
    rows = _rows(shared)
    schema = load_schema()
    texts = []
    for row in rows[-TRAINED_ON:]:
        title = row["productDisplayName"]
        spans = {(0, len(title.split()[0]), "brand")}
        spans |= {(*place, "type") for place in places(row["articleType"], title) if place[0]}
        texts.append(Labelled(text=title, spans=tuple(sorted(spans))))
    products = _products(rows[:SAMPLE])
    with tempfile.TemporaryDirectory() as name:
        train_tagger(texts, "en", max_iterations=40).to_disk(Path(name) / "en")
        return {
            "rules_per_s": _per_s(Extractor(schema, ["en"]), products),
            "per_s": _per_s(Extractor(schema, ["en"], Path(name)), products),
        }


def _per_s(extractor: Extractor, products: Sequence[Product]) -> float:
    """Titles a processor second, the best of three."""
    seconds = []
    for _ in range(3):
        begun = time.process_time()
        for _ in extractor.mentions(products):
            pass
        seconds.append(time.process_time() - begun)
    return len(products) / min(seconds)


def _rows(shared: Path) -> list[dict[str, str]]:
    columns = ["id", "productDisplayName", *(column for column, _ in COLUMNS.values())]
    found = pq.read_table(shared / "fashion" / "products.parquet", columns=columns).to_pylist()
    whole = [row for row in found if all(row[name] for name in columns)]
    return [whole[i] for i in np.random.default_rng(7).permutation(len(whole))]


def _products(rows: Sequence[dict[str, str]]) -> list[Product]:
    return [Product(str(row["id"]), row["productDisplayName"]) for row in rows]


def _f1(
    schema: Schema,
    rows: Sequence[dict[str, str]],
    read: Sequence[list[Mention]],
    column: str,
    relation: str,
) -> float:
    labelled = defaultdict(set)
    for concept in schema.concepts.values():
        for label in concept.labels("en"):
            labelled["".join(_norms(label))].add(concept.id)
    right = wrong = missed = 0
    for row, mentions in zip(rows, read, strict=True):
        value = _norms(row[column])
        if f" {' '.join(value)} " not in f" {' '.join(_norms(row['productDisplayName']))} ":
            continue
        gold = labelled["".join(value)]
        found = {m.object for m in mentions if m.relation == relation}
        found -= {c for c in found if any(c in _line(schema, o) for o in found - {c})}
        hit = {
            c
            for c in found
            if any(c in _line(schema, wanted) or wanted in _line(schema, c) for wanted in gold)
        }
        right += bool(hit)
        missed += not hit
        wrong += len(found - hit)
    return 200 * right / (2 * right + wrong + missed)


def _line(schema: Schema, concept: str) -> set[str]:
    """A concept and all above it."""
    known = schema.concepts.get(concept)
    above = known.broader if known else ()
    return {concept}.union(*(_line(schema, other) for other in above))


def _norms(text: str) -> list[str]:
    return [english_norm(word) for word in re.findall(r"[a-z0-9]+", text.lower().replace("-", ""))]
