"""Texts as sentences and tokens with norms: the form in which words are compared here.

In: a text in one language. Out: tokens with their characters. Assumes the tokenizer of
`kg.extract.languages`, so that a word here is a word there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kg.extract.context import UNSPACED
from kg.extract.languages import blank_pipeline
from kg.extract.numbers import NUMBER_WORDS
from kg.extract.words import HYPHENS
from kg.ontology_terms import Schema

__all__ = ["Token", "Tokenizer", "find_all", "is_number", "is_word", "sentences"]


def _words(text: str) -> list[str]:
    return text.split()


_END: Final = re.compile(
    r"[.!?]+[\"”’')]*(?=\s|$)|[。！？]+[”’」』）]*|\n+|(?<=\s)[•*](?=\s)|\s{2,}"
)
_ABBREVIATION: Final = re.compile(
    r"(?:\b[A-Za-z]|\b(?:approx|dia|e\.g|i\.e|etc|inc|no|oz|vs))\.$", re.I
)
_CHINESE_NUMERALS: Final = frozenset("一二两三四五六七八九十百千万零双")
_NUMBERS: Final = frozenset(NUMBER_WORDS) | frozenset(
    [
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "eighteen",
        "nineteen",
        "thirty",
        "forty",
        "fifty",
        "hundred",
        "thousand",
        "million",
        "half",
        "double",
        "triple",
        "twice",
        "pair",
        "several",
        "both",
    ]
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its characters in the text, half open, and its norm."""

    start: int
    end: int
    text: str
    norm: str


class Tokenizer:
    """Cuts texts of one language.

    Args:
        schema: whose labels a segmenter must not cut.
        language: ISO 639-1.
        words: further words it must not cut.
    """

    def __init__(self, schema: Schema, language: str, words: Iterable[str] = ()) -> None:
        labels = {label for c in schema.concepts.values() for label in c.labels(language)}
        self._words = frozenset(words)
        self._known = labels | self._words
        self._unspaced = language in UNSPACED
        self._tokenizer: Any = blank_pipeline(language, self._known).tokenizer

    def __call__(self, text: str, offset: int = 0) -> list[Token]:
        """The tokens of a text; ``offset`` is added to their places."""
        tokens = []
        for token in self._tokenizer(text):
            written = token.text.rstrip(HYPHENS) or token.text
            if written.isspace():
                continue
            start = offset + token.idx
            for part in self._parts(written) if self._unspaced else [written]:
                norm = token.norm_ if part == written else part
                tokens.append(Token(start, start + len(part), part, norm))
                start += len(part)
        return tokens

    def _parts(self, written: str) -> list[str]:
        """What a segmenter joined, where all of it is known words: 由|瓷, 钢|制成."""
        best: list[list[str] | None] = [[], *[None] * len(written)]  # of each beginning
        for end in range(1, len(written) + 1):
            for start in range(end):  # the longest last part first
                before = best[start]
                if before is not None and written[start:end] in self._known:
                    best[end] = [*before, written[start:end]]
                    break
        return best[-1] or [written]


def sentences(text: str, whole: Collection[str] = ()) -> Iterator[tuple[int, int]]:
    """Where the sentences of a text stand; none ends inside one of the ``whole`` phrases."""
    kept = [
        match.span() for phrase in whole if phrase for match in re.finditer(re.escape(phrase), text)
    ]
    start = 0
    for match in _END.finditer(text):
        inside = any(first <= match.start() < last - 1 for first, last in kept)
        on = text[match.end() :].lstrip()[:1].islower() and match[0] == "."  # Oxbow Tin Co. is …
        if inside or on or _ABBREVIATION.search(text, start, match.start() + 1):
            continue
        yield from _stripped(text, start, match.end())
        start = match.end()
    yield from _stripped(text, start, len(text))


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    part = text[start:end]
    begin = start + len(part) - len(part.lstrip())
    if any(char.isalnum() for char in part):
        yield begin, begin + len(part.strip())


def is_word(token: Token) -> bool:
    """Whether a token is a word or a number, not punctuation; %, ° and currency signs count."""
    return any(char.isalnum() or char in "%°$€£¥￥+" for char in token.text)


def is_number(token: Token) -> bool:
    """Whether a token states a number."""
    if any(char.isdigit() for char in token.text) or token.norm in _NUMBERS:
        return True
    return any(char.isnumeric() for char in token.text) and set(token.text) <= _CHINESE_NUMERALS


def find_all(needle: Sequence[str], tokens: Sequence[Token]) -> Iterator[int]:
    """Where a sequence of norms begins among tokens."""
    if not needle:
        return
    for at in range(len(tokens) - len(needle) + 1):
        if all(tokens[at + i].norm == norm for i, norm in enumerate(needle)):
            yield at
