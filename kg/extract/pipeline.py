"""Extraction: from products to mentions, by the rules the ontology states.

In: products and a schema. Out: for each product its `Mention` records. One spaCy pipeline per
language reads phrases (`kg.extract.lexicon`, `kg.extract.link`) and measures
(`kg.extract.measures`) from the fields each relation names. Texts in a language the extractor was
not made for are not read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from spacy.tokens import Doc

from kg.extract.context import context_of
from kg.extract.cues import CUES, Cues
from kg.extract.fields import SEPARATOR, FieldText, field_setting, field_texts
from kg.extract.languages import blank_pipeline
from kg.extract.lexicon import Lexicon
from kg.extract.link import FIELD_CONFIDENCE, Linker
from kg.extract.measures import MeasureReader
from kg.ontology_terms import Schema
from kg.records import Mention, Product

__all__ = ["HEAD_RELATION", "Extractor"]

HEAD_RELATION: Final = "clew:productType"
"""The relation of which a title names one value, its head, whatever else it mentions."""

_BATCH = 1024  # products read at once


@dataclass(frozen=True)
class _Settings:
    """What the relations read, turned round: by field."""

    fields: frozenset[str]
    phrases: Mapping[str, Mapping[str, tuple[str, ...]]]  # field -> scheme -> relations
    measures: Mapping[str, Mapping[str, tuple[str, ...]]]  # field -> dimension -> relations


class Extractor:
    """Reads mentions out of products.

    Args:
        schema: the ontology.
        languages: ISO 639-1 codes of the texts to read.

    Raises:
        ExtractionError: no pipeline can be made for a language.
    """

    def __init__(self, schema: Schema, languages: Sequence[str]) -> None:
        self._settings = _settings(schema)
        self._readers = {
            language: _LanguageReader(schema, language, self._settings)
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
            for text in field_texts(product, self._settings.fields):
                if text.language in self._readers:
                    by_language[text.language].append((row, text))
        for language, texts in by_language.items():
            self._readers[language].read(products, texts, found)
        return found


class _LanguageReader:
    """Reads the texts of one language."""

    def __init__(self, schema: Schema, language: str, settings: _Settings) -> None:
        labels = {label for c in schema.concepts.values() for label in c.labels(language)}
        nlp = blank_pipeline(language, labels | CUES.get(language, Cues()).words())
        self._tokenizer: Any = nlp.tokenizer
        self._lexicon = Lexicon(nlp, schema, language)
        self._measures = MeasureReader(schema, language)
        self._settings = settings
        by_scheme: dict[str, set[str]] = defaultdict(set)
        for schemes in settings.phrases.values():
            for scheme, relations in schemes.items():
                by_scheme[scheme].update(relations)
        readers = {scheme: frozenset(relations) for scheme, relations in by_scheme.items()}
        heads = [scheme for scheme, relations in readers.items() if HEAD_RELATION in relations]
        self._linker = Linker(self._lexicon, language, readers, heads)
        self._contexts: dict[tuple[str, tuple[str, ...]], str] = {}

    def read(
        self,
        products: list[Product],
        texts: list[tuple[int, FieldText]],
        found: list[list[Mention]],
    ) -> None:
        """Append the mentions of ``texts`` to the lists of their products in ``found``."""
        squeezed = [_squeeze(text.text) for _, text in texts]
        docs = self._tokenizer.pipe([text for text, _ in squeezed])
        for (row, text), doc, (_, offsets) in zip(texts, docs, squeezed, strict=True):
            product = products[row]
            found[row].extend(self._phrases(product, text, doc, offsets))
            found[row].extend(self._quantities(product, text))

    def _phrases(
        self, product: Product, text: FieldText, doc: Doc, offsets: list[int] | None
    ) -> Iterator[Mention]:
        schemes = self._settings.phrases.get(text.setting)
        if schemes is None:
            return
        matches = self._lexicon.matcher(doc)
        if not matches:
            return
        context = self._context(product, text)
        field_confidence = FIELD_CONFIDENCE[text.setting.partition(".")[0]]
        for linked in self._linker.link(doc, matches, schemes, context):
            start = doc[linked.start].idx
            last = doc[linked.end - 1]
            end = last.idx + len(last)
            if offsets is not None:
                start, end = offsets[start], offsets[end - 1] + 1
            for relation in schemes[linked.sense.scheme]:
                yield Mention(
                    product.id,
                    text.field,
                    start,
                    end,
                    text.text[start:end],
                    relation,
                    linked.sense.concept,
                    round(linked.confidence * field_confidence, 4),
                    "phrase",
                )

    def _quantities(self, product: Product, text: FieldText) -> Iterator[Mention]:
        dimensions = self._settings.measures.get(text.setting)
        if dimensions is None:
            return
        confidence = FIELD_CONFIDENCE[text.setting.partition(".")[0]]
        for measure in self._measures.read(text.text):
            for relation in dimensions.get(measure.dimension, ()):
                yield Mention(
                    product.id,
                    text.field,
                    measure.start,
                    measure.end,
                    text.text[measure.start : measure.end],
                    relation,
                    measure.id,
                    round(confidence * measure.confidence, 4),
                    "measure",
                )

    def _context(self, product: Product, text: FieldText) -> str:
        """Categories, and what the title says in other languages."""
        key = (product.language, product.categories)
        if key not in self._contexts:
            self._contexts[key] = context_of(SEPARATOR.join(product.categories), product.language)
        if not product.translations:
            return self._contexts[key]
        others = (
            context_of(other.title, language)
            for language, other in product.texts().items()
            if language != text.language
        )
        return "|".join((self._contexts[key], *others))


def _settings(schema: Schema) -> _Settings:
    phrases: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    measures: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for relation in schema.relations.values():
        for source in relation.sources:
            kind, _, name = source.partition(":")
            if kind not in ("phrase", "measure"):
                continue
            table = phrases if kind == "phrase" else measures
            for field in map(field_setting, relation.fields):
                readers = table[field].get(name, ())
                table[field][name] = (*readers, relation.id)
    return _Settings(frozenset({*phrases, *measures}), dict(phrases), dict(measures))


def _squeeze(text: str) -> tuple[str, list[int] | None]:
    """The text with white space as single spaces, and each character's place in the original."""
    if "  " not in text and text.isprintable():
        return text, None
    kept = [
        place
        for place, char in enumerate(text)
        if not (char.isspace() and place and text[place - 1].isspace())
    ]
    return "".join(" " if text[place].isspace() else text[place] for place in kept), kept
