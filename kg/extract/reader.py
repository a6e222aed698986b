"""Reads the texts of one language: phrases by the ontology's labels, measures by its units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from spacy.tokens import Doc

from kg.extract.context import context_of
from kg.extract.cues import CUES, Cues
from kg.extract.fields import SEPARATOR, FieldText
from kg.extract.languages import blank_pipeline
from kg.extract.lexicon import Lexicon
from kg.extract.link import FIELD_CONFIDENCE, Linker
from kg.extract.measures import Measure, MeasureReader
from kg.extract.senses import Linked
from kg.extract.settings import Readers, Settings
from kg.extract.tokens import Tokens, token_reader
from kg.extract.words import HYPHENS
from kg.ontology_terms import Schema
from kg.records import Mention, Product

__all__ = ["IMPLIED_CONFIDENCE", "LanguageReader"]

IMPLIED_CONFIDENCE: Final = 0.9
"""Confidence of what the ontology says follows from a concept, times that of the concept."""


_Found = tuple[int, int, str, str, float, str]
"""Start and end in the text, relation, object, confidence, component."""


class LanguageReader:
    """Reads the texts of one language.

    Raises:
        ExtractionError: no pipeline can be made for the language.
    """

    def __init__(self, schema: Schema, language: str, settings: Settings) -> None:
        labels = {label for c in schema.concepts.values() for label in c.labels(language)}
        nlp = blank_pipeline(language, labels | CUES.get(language, Cues()).words())
        self._tokenizer: Any = nlp.tokenizer
        self._tokens = token_reader(nlp)
        self._lexicon = Lexicon(nlp, schema, language)
        self._linker = Linker(self._lexicon, language, settings.schemes, settings.heads)
        self._measures = MeasureReader(schema, language)
        self._settings = settings
        self._contexts: dict[tuple[str, tuple[str, ...]], str] = {}

    def read(self, texts: Iterable[tuple[Product, FieldText]]) -> Iterator[list[Mention]]:
        """The mentions of each text."""
        texts = list(texts)
        squeezed = [_squeeze(text.text) for _, text in texts]
        docs = self._tokenizer.pipe([text for text, _ in squeezed])
        for (product, text), doc, (plain, offsets) in zip(texts, docs, squeezed, strict=True):
            confidence = FIELD_CONFIDENCE[text.setting.partition(".")[0]]
            yield [
                Mention(
                    product.id,
                    text.field,
                    start,
                    end,
                    text.text[start:end],
                    relation,
                    value,
                    round(confidence * sure, 4),
                    component,
                )
                for found in self._found(product, text, doc, plain, offsets)
                for start, end, relation, value, sure, component in found
            ]

    def _found(
        self, product: Product, text: FieldText, doc: Doc, plain: str, offsets: list[int] | None
    ) -> Iterator[list[_Found]]:
        quantities: list[Measure] = []
        dimensions = self._settings.measures.get(text.setting)
        if dimensions:
            quantities = self._measures.read(text.text, bare="attributes." in text.setting)
            yield [
                (m.start, m.end, relation, m.id, m.confidence, "measure")
                for m in quantities
                for relation in dimensions.get(m.dimension, ())
            ]
        schemes = self._settings.phrases.get(text.setting)
        matches = self._lexicon.matcher(doc) if schemes else ()
        if not matches or not schemes:
            return
        held = {place for m in quantities if m.held is not None for place in range(*m.held)}
        if offsets is not None and held:
            held = {place for place, original in enumerate(offsets) if original in held}
        context = self._context(product, text)
        tokens = self._tokens(doc, plain)
        for linked in self._linker.link(tokens, matches, schemes, context, held):
            yield list(self._stated(linked, schemes, tokens, offsets))

    def _stated(
        self, linked: Linked, schemes: Readers, tokens: Tokens, offsets: list[int] | None
    ) -> Iterator[_Found]:
        """What a phrase states, and what follows from it."""
        start = tokens.starts[linked.start]
        end = start + len(tokens.surface(linked.start, linked.end).rstrip(HYPHENS))
        if offsets is not None:
            start, end = offsets[start], offsets[end - 1] + 1
        concept, sure = linked.sense.concept, linked.confidence
        for relation in schemes[linked.sense.scheme]:
            yield start, end, relation, concept, sure, "phrase"
        for relation, other in self._settings.implied.get(concept, ()):
            yield start, end, relation, other, sure * IMPLIED_CONFIDENCE, "ontology"

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
