"""Which products an edit of the ontology can touch, without reading them.

In: two schemas and products. Out: a mask. What is read from a text depends on the phrases that
match in it, on their senses, and on how the text is cut into words. So a product is touched if a
label of a concept that differs (`kg.reading`), old or new, stands in one of its texts (matched by
the extractor's own matcher), or if a text is cut differently, as Chinese is by the labels. Where
what counts for every product differs, everything is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.extract.cues import CUES, Cues
from kg.extract.fields import FieldText, field_texts
from kg.extract.languages import blank_pipeline
from kg.extract.lexicon import Lexicon
from kg.extract.settings import read_settings
from kg.ontology_terms import Schema
from kg.reading import changed_concepts, same_for_all
from kg.records import Product

__all__ = ["touched_products"]


def touched_products(old: Schema, new: Schema, products: Sequence[Product]) -> NDArray[np.bool_]:
    """Whether extraction could give each product other mentions, (n,) bool."""
    if not same_for_all(old, new):
        return np.ones(len(products), dtype=bool)
    touched = np.zeros(len(products), dtype=bool)
    if not changed_concepts(old, new):
        return touched
    fields = read_settings(new).fields
    texts: dict[str, list[tuple[int, FieldText]]] = {}
    for row, product in enumerate(products):
        for text in field_texts(product, fields):
            texts.setdefault(text.language, []).append((row, text))
    for language, found in texts.items():
        if changed := changed_concepts(old, new, language):
            touched[list(_touched(old, new, changed, language, found))] = True
    return touched


def _touched(
    old: Schema, new: Schema, changed: set[str], language: str, texts: list[tuple[int, FieldText]]
) -> Iterator[int]:
    """Rows of the texts in which a label of a changed concept stands, or which are cut anew."""
    (cut_old, match_old), (cut_new, match_new) = (
        _matching(schema, changed, language) for schema in (old, new)
    )
    for row, text in texts:
        plain = " ".join(text.text.split())
        before, after = cut_old(plain), cut_new(plain)
        cut_anew = [token.text for token in before] != [token.text for token in after]
        if cut_anew or match_old(before) or match_new(after):
            yield row


def _matching(schema: Schema, changed: set[str], language: str) -> tuple[Any, Any]:
    """The tokenizer, which knows every label, and a matcher of the changed concepts' alone."""
    labels = {label for c in schema.concepts.values() for label in c.labels(language)}
    nlp = blank_pipeline(language, labels | CUES.get(language, Cues()).words())
    few = {i: c for i, c in schema.concepts.items() if i in changed}
    return nlp.tokenizer, Lexicon(nlp, replace(schema, concepts=few), language).matcher
