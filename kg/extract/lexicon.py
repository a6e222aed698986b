"""The ontology's labels as a spaCy phrase matcher, and what each matched phrase may mean.

A phrase is known by the norms of its words. ``hot-water bottle``, ``HOT WATER BOTTLES`` and (for
labels of two longer words) ``candle stick`` and ``candlestick`` are one phrase. Concepts that share
a phrase are its senses; `kg.extract.link` chooses among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product as combinations
from typing import Final, Literal

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from kg.extract.context import HYPHENS, context_of
from kg.ontology_terms import Concept, Schema

__all__ = ["Lexicon", "Sense", "Spelling"]

Spelling = Literal["label", "hidden", "joined"]

_MAX_GAPS = 3  # with more, a phrase is only matched without hyphens or with all of its own
_CERTAIN: Final[tuple[float, tuple[str, ...], tuple[str, ...]]] = (1.0, (), ())
_MIN_JOINED = 3  # letters of each half of a label that is also known as one word


@dataclass(frozen=True, slots=True)
class Sense:
    """A concept that a phrase may mean."""

    concept: str  # compact id
    scheme: str
    prior: float
    spelling: Spelling
    surfaces: frozenset[str]  # the concept's labels for this phrase, case folded
    near: tuple[str, ...]  # context words of every language, as of `context_of`
    against: tuple[str, ...]

    @property
    def is_plain(self) -> bool:
        """Whether no context word matters."""
        return not self.near and not self.against


class Lexicon:
    """Labels of one language: ``matcher`` finds phrases, ``senses`` tells what they may mean."""

    def __init__(self, nlp: Language, schema: Schema, language: str) -> None:
        self._nlp = nlp
        self.matcher = PhraseMatcher(nlp.vocab, attr="NORM")
        self.senses: dict[int, tuple[Sense, ...]] = {}
        phrases: dict[str, dict[str, Sense]] = {}
        shapes: dict[str, list[Doc]] = {}
        for concept in schema.concepts.values():
            doubts = concept.prior, _contexts(concept.near), _contexts(concept.not_near)
            for label, spelling in _labels(concept, language):
                prior, near, against = doubts if concept.is_ambiguous(label, language) else _CERTAIN
                for key, docs, how in self._phrases(label, spelling):
                    known = phrases.setdefault(key, {})
                    sense = Sense(
                        concept.id,
                        concept.scheme,
                        prior,
                        how,
                        frozenset({label.casefold()}),
                        near,
                        against,
                    )
                    known[concept.id] = _merged(known.get(concept.id), sense)
                    shapes.setdefault(key, []).extend(docs)
        for key in sorted(phrases):
            self.matcher.add(key, shapes[key])
            self.senses[nlp.vocab.strings[key]] = tuple(phrases[key].values())

    def _phrases(self, label: str, spelling: Spelling) -> Iterator[tuple[str, list[Doc], Spelling]]:
        doc = self._nlp(label)
        words = [token.text for token in doc if _is_word(token.text)]
        if not words:
            return
        shapes = [*self._shapes(words)]
        if len(words) > 1 and len(doc) > len(words):  # other signs than one hyphen each may stand
            shapes.append(doc)
        yield " ".join(_words_of(doc)), shapes, spelling
        if len(words) == 2 and all(len(w) >= _MIN_JOINED and w.isalpha() for w in words):
            joined = self._nlp("".join(words))
            yield " ".join(_words_of(joined)), [joined], "joined"

    def _shapes(self, words: list[str]) -> Iterator[Doc]:
        """The words with a hyphen or nothing at each gap between them."""
        gaps = len(words) - 1
        fillings: Iterable[tuple[bool, ...]] = combinations((False, True), repeat=gaps)
        for filling in fillings if gaps <= _MAX_GAPS else ((False,) * gaps,):
            tokens = [words[0]]
            for hyphen, word in zip(filling, words[1:], strict=True):
                tokens += ["-", word] if hyphen else [word]
            yield Doc(self._nlp.vocab, words=tokens)


def _merged(known: Sense | None, sense: Sense) -> Sense:
    """One sense of two labels of a concept that are one phrase: the better spelling, the doubts."""
    if known is None:
        return sense
    return replace(
        known if known.prior < sense.prior else sense,
        spelling=min(known.spelling, sense.spelling, key=("label", "hidden", "joined").index),
        surfaces=known.surfaces | sense.surfaces,
    )


def _contexts(words: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(context_of(word, language) for language, each in words.items() for word in each)


def _words_of(doc: Doc) -> list[str]:
    """Norms of a document's tokens, hyphens and spaces left out."""
    return [token.norm_ for token in doc if _is_word(token.text)]


def _is_word(text: str) -> bool:
    return text not in HYPHENS and not text.isspace()


def _labels(concept: Concept, language: str) -> Iterator[tuple[str, Spelling]]:
    if language in concept.pref:
        yield concept.pref[language], "label"
    for label in concept.alt.get(language, ()):
        yield label, "label"
    for label in concept.hidden.get(language, ()):
        yield label, "hidden"
