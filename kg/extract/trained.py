"""Reads open classes with trained span taggers: brands, kinds and models no label lists.

In: products, and what the ontology's rules read in them. Out: further mentions, of the component
``trained``. Taggers are directories named by language in one directory, the *reader*, which ``clew
train-reader`` writes. The rules win: a span that overlaps what they read in the same text is
dropped, and so is a brand where the catalogue states one and a kind where the rules know it. Only
where a brand of several words is sure, what the rules read in one of them is not meant: *Blue Fox*
is not blue. A title has one brand, one kind and one model, the surest; of two that overlap the
surer. A kind has to be surer than the rest: it is read only in titles whose kind the rules do not
know, which are harder than those that confidence was calibrated with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from kg.extract.fields import FieldText
from kg.extract.link import FIELD_CONFIDENCE
from kg.extract.senses import MIN_CONFIDENCE
from kg.extract.settings import HEAD_RELATION, Settings
from kg.extract.span_training import load_tagger, tagger_of
from kg.extract.weak_labels import context_words
from kg.names import named_id
from kg.records import Mention, Product

__all__ = ["TRAINED", "TrainedReader", "overruled", "reader_fingerprint", "trained_readers"]

TRAINED: Final = "trained"
"""Component of the mentions, and source of their facts."""
_SURE = 0.8  # confidence of a kind, and of a brand that overrules what the rules read in its words


class TrainedReader:
    """Reads titles of one language.

    Raises:
        ExtractionError: the directory holds no trained reader.
    """

    def __init__(self, directory: Path, settings: Settings) -> None:
        nlp = load_tagger(directory)
        self._tokenizer: Any = nlp.tokenizer
        self._tagger = tagger_of(nlp)
        self._relations = settings.trained

    def read(self, product: Product, text: FieldText, known: Sequence[Mention]) -> list[Mention]:
        """The mentions of a title that go beyond ``known``, what the rules read in the product."""
        doc = self._tokenizer(text.text)
        stated = {mention.relation for mention in known}
        taken = [(m.start, m.end) for m in known if m.field == text.field]
        best: dict[str, Mention] = {}
        for span in self._tagger.predict([t.text for t in doc], context_words(product)):
            relation, prefix = self._relations.get(span.label, ("", ""))
            start = doc[span.start].idx
            end = doc[span.end - 1].idx + len(doc[span.end - 1].text)
            sure = prefix == "brand" and span.confidence >= _SURE
            free = all(
                end <= other[0] or other[1] <= start or (sure and _within(other, (start, end)))
                for other in taken
            )
            said = relation in stated or (prefix == "brand" and product.brand)
            least = _SURE if relation == HEAD_RELATION else MIN_CONFIDENCE
            if not relation or not free or said or span.confidence < least:
                continue
            words = text.text[start:end]
            confidence = round(FIELD_CONFIDENCE["title"] * span.confidence, 4)
            if relation not in best or best[relation].confidence < confidence:
                best[relation] = Mention(
                    product.id,
                    text.field,
                    start,
                    end,
                    words,
                    relation,
                    named_id(prefix, words),
                    confidence,
                    TRAINED,
                )
        return _apart(best.values())


def _apart(mentions: Iterable[Mention]) -> list[Mention]:
    """Those that overlap no surer one, in their order; of equals the first stays."""
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda m: (-m.confidence, m.start)):
        if all(mention.end <= other.start or other.end <= mention.start for other in kept):
            kept.append(mention)
    return sorted(kept, key=lambda m: m.start)


def overruled(mention: Mention, read: Iterable[Mention]) -> bool:
    """Whether what the rules read is part of a brand that was read."""
    return any(
        mention.field == brand.field
        and brand.object.startswith("brand:")
        and _within((mention.start, mention.end), (brand.start, brand.end))
        for brand in read
    )


def _within(part: tuple[int, int], whole: tuple[int, int]) -> bool:
    """Whether one span lies in another that is longer."""
    return whole[0] <= part[0] and part[1] <= whole[1] and part != whole


def trained_readers(
    directory: Path | None, languages: Iterable[str], settings: Settings
) -> Mapping[str, TrainedReader]:
    """The trained readers there are, by language.

    Raises:
        ExtractionError: one is damaged.
    """
    if directory is None:
        return {}
    return {
        language: TrainedReader(directory / language, settings)
        for language in languages
        if (directory / language).is_dir()
    }


def reader_fingerprint(directory: Path | None) -> bytes:
    """Hash (16 bytes) of a reader's files; empty where there is none."""
    if directory is None or not directory.is_dir():
        return b""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(p for p in directory.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(directory)}\0".encode() + path.read_bytes())
    return digest.digest()
