"""Extraction: from products to mentions, by the rules the ontology states.

In: products and a schema. Out: for each product its `Mention` records. One spaCy pipeline per
language reads phrases and measures from the fields each relation names (`kg.extract.reader`).
Texts in a language the extractor was not made for are not read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from kg.extract.fields import FieldText, field_texts
from kg.extract.reader import LanguageReader
from kg.extract.settings import HEAD_RELATION, read_settings
from kg.extract.trained import overruled, trained_readers
from kg.ontology_terms import Schema
from kg.records import Mention, Product

__all__ = ["Extractor"]

_BATCH = 1024  # products read at once


class Extractor:
    """Reads mentions out of products.

    Args:
        schema: the ontology.
        languages: ISO 639-1 codes of the texts to read.
        trained: directory of a trained reader (see `kg.extract.trained`).

    Raises:
        ExtractionError: no pipeline can be made for a language, or the trained reader is damaged.
    """

    def __init__(
        self, schema: Schema, languages: Sequence[str], trained: Path | None = None
    ) -> None:
        settings = read_settings(schema)
        self._fields = settings.fields
        self._readers = {
            language: LanguageReader(schema, language, settings)
            for language in dict.fromkeys(languages)
        }
        self._trained = trained_readers(trained, self._readers, settings)

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
        found = [_with_one_head(mentions) for mentions in found]
        for language, reader in self._trained.items():
            for row, text in by_language[language]:
                if text.setting == "title":
                    read = reader.read(products[row], text, found[row])
                    found[row] = [m for m in found[row] if not overruled(m, read)] + read
        return found


def _with_one_head(mentions: list[Mention]) -> list[Mention]:
    """Without the things sold that only a translation names, where the product's own text does.

    A translation may say less (*cup* for *mug*). What such a word implies goes with it.
    """
    own = {m.object for m in mentions if m.relation == HEAD_RELATION and "@" not in m.field}
    if not own:
        return mentions
    dropped = {
        (m.field, m.start, m.end)
        for m in mentions
        if m.relation == HEAD_RELATION and "@" in m.field and m.object not in own
    }
    return [m for m in mentions if (m.field, m.start, m.end) not in dropped]
