"""Extraction: from products to mentions, by the rules the ontology states.

In: products and a schema. Out: for each product its `Mention` records. One spaCy pipeline per
language reads phrases and measures from the fields each relation names (`kg.extract.reader`).
Texts in a language the extractor was not made for are not read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from kg.extract.fields import FieldText, field_texts
from kg.extract.reader import LanguageReader
from kg.extract.settings import read_settings
from kg.ontology_terms import Schema
from kg.records import Mention, Product

__all__ = ["Extractor"]

_BATCH = 1024  # products read at once


class Extractor:
    """Reads mentions out of products.

    Args:
        schema: the ontology.
        languages: ISO 639-1 codes of the texts to read.

    Raises:
        ExtractionError: no pipeline can be made for a language.
    """

    def __init__(self, schema: Schema, languages: Sequence[str]) -> None:
        settings = read_settings(schema)
        self._fields = settings.fields
        self._readers = {
            language: LanguageReader(schema, language, settings)
            for language in dict.fromkeys(languages)
        }

    def mentions(self, products: Iterable[Product]) -> Iterator[list[Mention]]:
        """One list of mentions per product, in the order of the products."""
        products = iter(products)
        while batch := list(islice(products, _BATCH)):
            yield from self._read_batch(batch)

    def _read_batch(self, products: list[Product]) -> list[list[Mention]]:
        found: list[list[Mention]] = [[] for _ in products]
        by_language: dict[str, list[tuple[int, FieldText]]] = defaultdict(list)
        for row, product in enumerate(products):
            for text in field_texts(product, self._fields):
                if text.language in self._readers:
                    by_language[text.language].append((row, text))
        for language, texts in by_language.items():
            mentions = self._readers[language].read((products[row], text) for row, text in texts)
            for (row, _), there in zip(texts, mentions, strict=True):
                found[row] += there
        return found
