"""A search cut into words, its spelling repaired.

In: a search. Out: `Tokens`: a spaCy document of the words as they are read, and where each stands
in the search as typed. Characters of the document and of the search are told apart: patterns run
on the document, `Tokens.typed` leads back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from spacy.language import Language
from spacy.tokens import Doc

from kg.extract.query_terms import Repair
from kg.extract.tokens import Tokens as Words

__all__ = ["Place", "Tokens", "tokenize"]

Place = tuple[int, int]
"""Tokens, half open."""


@dataclass(frozen=True)
class Tokens:
    """The words of a search."""

    text: str  # as typed, white space made single
    doc: Doc  # as read
    places: tuple[tuple[int, int], ...]  # characters of each token in ``text``
    norms: tuple[str, ...]
    repairs: tuple[Repair, ...]

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def read(self) -> str:
        """The search as it is read: what patterns run on."""
        return self.doc.text

    def as_words(self) -> Words:
        """The words as the extractor of products takes them."""
        starts = [token.idx for token in self.doc]
        ends = [token.idx + len(token.text) for token in self.doc]
        return Words(self.read, list(self.norms), starts, ends)

    def place(self, start: int, end: int) -> Place:
        """The tokens that characters of `read` touch."""
        touched = [
            token.i for token in self.doc if token.idx < end and start < token.idx + len(token.text)
        ]
        return (touched[0], touched[-1] + 1) if touched else (0, 0)

    def chars(self, place: Place) -> tuple[int, int]:
        """The characters of `read` that tokens cover."""
        first, last = self.doc[place[0]], self.doc[place[1] - 1]
        return first.idx, last.idx + len(last.text)

    def typed(self, place: Place) -> tuple[int, int, str]:
        """Where tokens stand in ``text``, and what was typed there."""
        start, end = self.places[place[0]][0], self.places[place[1] - 1][1]
        return start, end, self.text[start:end]


def tokenize(
    text: str,
    nlp: Language,
    repair: Callable[[str], str | None] | None,
    cuts: Callable[[str], Sequence[int]],
) -> Tokens:
    """Cut a search into words.

    Args:
        text: the search.
        nlp: a blank pipeline of its language.
        repair: gives the word an unknown word stands for; None: nothing is repaired.
        cuts: gives the characters before which a word must end.
    """
    text = " ".join(text.split())
    words, places, spaces = _cut(text, nlp, cuts(text))
    repairs = []
    if repair is not None:
        for row, (word, (start, end)) in enumerate(zip(words, places, strict=True)):
            better = repair(word)
            if better is not None:
                words[row] = better
                repairs.append(Repair(start, end, word, better))
    doc = Doc(nlp.vocab, words=words, spaces=spaces)
    return Tokens(text, doc, tuple(places), tuple(token.norm_ for token in doc), tuple(repairs))


def _cut(
    text: str, nlp: Language, cuts: Sequence[int]
) -> tuple[list[str], list[tuple[int, int]], list[bool]]:
    """Words, their characters, and whether a space follows each."""
    words, places, spaces = [], [], []
    ends = [*sorted({cut for cut in cuts if 0 < cut < len(text)}), len(text)]
    for start, end in zip([0, *ends], ends, strict=False):
        for token in nlp.tokenizer(text[start:end]):
            words.append(token.text)
            places.append((start + token.idx, start + token.idx + len(token.text)))
            spaces.append(bool(token.whitespace_))
    return words, places, spaces
