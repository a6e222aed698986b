"""Texts of products cut into norms as searches are, so that both meet.

In: a text and its language. Out: its norms. Chinese is cut by the segmenter that knows the
ontology's labels, around those first; any other language at what is no letter or digit.
"""

from __future__ import annotations

import re

from kg.extract.languages import blank_pipeline
from kg.extract.shop_words import text_norms
from kg.extract.words import plain_norm
from kg.ontology_terms import Schema

__all__ = ["NormCutter"]

_HAN = re.compile(r"[\u3400-\u9fff]")


class NormCutter:
    """Cuts texts into norms. May be shared between threads."""

    def __init__(self, schema: Schema) -> None:
        labels = {label for concept in schema.concepts.values() for label in concept.labels("zh")}
        self._chinese = blank_pipeline("zh", labels).tokenizer

    def __call__(self, text: str, language: str) -> list[str]:
        """The norms of a text; a Chinese one's by its script, whatever language it goes under."""
        if _HAN.search(text):
            words = (plain_norm(token.text) for token in self._chinese(text))
            return [word for word in words if word.strip() and word[0].isalnum()]
        return text_norms(text, language)
