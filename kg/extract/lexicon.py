"""The ontology's labels as a spaCy phrase matcher, and what each matched phrase may mean.

A phrase is known by the norms of its words. ``hot-water bottle``, ``HOT WATER BOTTLES`` and (for
labels of two words) ``candle stick`` and ``candlestick`` are one phrase. Concepts that share
a phrase are its senses; `kg.extract.link` chooses among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from spacy.language import Language
from spacy.matcher import PhraseMatcher

from kg.extract.context import context_of
from kg.extract.tokens import Tokens, token_reader
from kg.extract.words import HYPHENS
from kg.ontology_terms import Concept, Schema

__all__ = ["Lexicon", "Sense", "Spelling"]

Spelling = Literal["label", "hidden", "joined"]

_CERTAIN: Final[tuple[float, tuple[str, ...], tuple[str, ...]]] = (1.0, (), ())
_APART: Final = "\x1f"  # between the norms of a phrase: a Chinese space is a word itself
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
        self._tokenizer: Any = nlp.tokenizer
        self._tokens = token_reader(nlp)
        self.matcher = PhraseMatcher(nlp.vocab, attr="NORM")
        self.senses: dict[int, tuple[Sense, ...]] = {}
        phrases: dict[str, dict[str, Sense]] = {}
        for concept in schema.concepts.values():
            doubts = concept.prior, _contexts(concept.near), _contexts(concept.not_near)
            for label, spelling in _labels(concept, language):
                prior, near, against = doubts if concept.is_ambiguous(label, language) else _CERTAIN
                surfaces = frozenset({label.casefold()})
                for key, how in self._spelled(label, spelling):
                    sense = Sense(concept.id, concept.scheme, prior, how, surfaces, near, against)
                    known = phrases.setdefault(key, {})
                    known[concept.id] = _merged(known.get(concept.id), sense)
        strings: Any = nlp.vocab.strings
        for key in sorted(phrases):
            norms: Any = [strings[norm] for norm in key.split(_APART)]  # spares it making documents
            self.matcher.add(key, [norms])
            self.senses[strings[key]] = tuple(phrases[key].values())

    def _spelled(self, label: str, spelling: Spelling) -> Iterator[tuple[str, Spelling]]:
        """The norms of a label, and if it is two words, those of both as one."""
        tokens = self._read(label)
        yield _APART.join(tokens.norms), spelling
        words = [tokens.surface(i, i + 1).rstrip(HYPHENS) for i in range(len(tokens.norms))]
        if len(words) == 2 and all(len(w) >= _MIN_JOINED and w.isalpha() for w in words):
            yield _APART.join(self._read("".join(words)).norms), "joined"

    def _read(self, label: str) -> Tokens:
        return self._tokens(self._tokenizer(label), label)


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


def _labels(concept: Concept, language: str) -> Iterator[tuple[str, Spelling]]:
    if language in concept.pref:
        yield concept.pref[language], "label"
    for label in concept.alt.get(language, ()):
        yield label, "label"
    for label in concept.hidden.get(language, ()):
        yield label, "hidden"
