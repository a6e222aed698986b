"""Which products an edit of the ontology can touch, without extracting from them.

In: two schemas and products. Out: a mask. What is read from a text depends on the phrases that
match in it, on their senses, and on how the text is cut into words. So a product is touched if a
label of a concept that differs, old or new, stands in one of its texts (matched by the extractor's
own matcher), or if a Chinese text holds such a label as a substring (the segmenter knows it). Where
the relations' fields and sources or the units differ, everything is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kg.extract.cues import CUES, Cues
from kg.extract.fields import FieldText, field_texts
from kg.extract.languages import blank_pipeline
from kg.extract.lexicon import Lexicon
from kg.extract.settings import read_settings
from kg.ontology_terms import Concept, Schema
from kg.records import Product

__all__ = ["changed_concepts", "touched_products"]


def changed_concepts(old: Schema, new: Schema) -> set[str]:
    """Ids of the concepts that are not read the same: added, removed, other labels or context."""
    ids = old.concepts.keys() | new.concepts.keys()
    return {i for i in ids if _read(old.concepts.get(i)) != _read(new.concepts.get(i))}


def _read(concept: Concept | None) -> Concept | None:
    """A concept as far as it decides what is read; broader edges change nothing there."""
    return None if concept is None else replace(concept, broader=())


def touched_products(old: Schema, new: Schema, products: Sequence[Product]) -> NDArray[np.bool_]:
    """Whether extraction could give each product other mentions, (n,) bool."""
    before, after = read_settings(old), read_settings(new)
    if replace(before, implied={}) != replace(after, implied={}) or old.units != new.units:
        return np.ones(len(products), dtype=bool)
    touched = np.zeros(len(products), dtype=bool)
    changed = changed_concepts(old, new)
    if not changed:
        return touched
    texts: dict[str, list[tuple[int, FieldText]]] = {}
    for row, product in enumerate(products):
        for text in field_texts(product, before.fields):
            texts.setdefault(text.language, []).append((row, text))
    for language, found in texts.items():
        for schema in (old, new):
            touched[list(_matching(schema, changed, language, found))] = True
    return touched


def _matching(
    schema: Schema, changed: set[str], language: str, texts: list[tuple[int, FieldText]]
) -> Iterable[int]:
    """Rows of the texts in which a label of a changed concept stands."""
    few = {i: c for i, c in schema.concepts.items() if i in changed}
    labels = {label for concept in few.values() for label in concept.labels(language)}
    words = set(labels)
    if language == "zh":  # only its segmenter has to know every label
        words = {label for c in schema.concepts.values() for label in c.labels(language)}
    nlp = blank_pipeline(language, words | CUES.get(language, Cues()).words())
    matcher = Lexicon(nlp, replace(schema, concepts=few), language).matcher
    for row, text in texts:
        plain = " ".join(text.text.split())
        cut_anew = language == "zh" and any(label in plain for label in labels)
        if cut_anew or matcher(nlp.tokenizer(plain)):
            yield row
