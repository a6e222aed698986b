"""A text cut into words, as plain values: asking a spaCy document word by word takes longer than
reading it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spacy.attrs import IDX, LENGTH, NORM
from spacy.language import Language
from spacy.tokens import Doc

__all__ = ["Tokens", "token_reader"]


@dataclass(slots=True)
class Tokens:
    """The words of a text: norms, and characters from ``starts[i]`` to ``ends[i]``."""

    text: str
    norms: list[str]
    starts: list[int]
    ends: list[int]

    def surface(self, start: int, end: int) -> str:
        """The characters of some words, half open; at least one word."""
        return self.text[self.starts[start] : self.ends[end - 1]]


def token_reader(nlp: Language) -> Callable[[Doc, str], Tokens]:
    """Makes `Tokens` of documents of this pipeline and the texts they were made of."""
    strings: Any = nlp.vocab.strings
    norms: dict[int, str] = {}

    def read(doc: Doc, text: str) -> Tokens:
        starts, lengths, ids = doc.to_array([IDX, LENGTH, NORM]).T.tolist()
        for norm in ids:
            if norm not in norms:
                norms[norm] = strings[norm]
        ends = [start + length for start, length in zip(starts, lengths, strict=True)]
        return Tokens(text, [norms[norm] for norm in ids], starts, ends)

    return read
