"""Features of tokens for the span tagger: what a conditional random field sees of each.

In: the words of a text and its context. Out: one list of strings per token. `word_features` is for
languages written with spaces: the word, its shape, its ends, its neighbours. `character_features`
is for Chinese, one token per character: the characters around, and the words a segmenter cuts.
What depends on a word alone is kept, so that a common word costs one look-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

import rjieba

__all__ = ["FEATURES", "Features", "character_features", "word_features"]

Features = Callable[[Sequence[str], str], list[list[str]]]
"""Words and context -> features of each word."""

_KEPT: Final = 200_000  # words whose features are kept
_NEAR: Final = (-1, 1)
_FAR: Final = (-2, 2)
_MOST_PLACES: Final = 4  # from either end a place is told by its number up to this
_LONG_RUN = re.compile(r"(.)\1{2,}")


def word_features(words: Sequence[str], context: str) -> list[list[str]]:
    """Features of words; with a context also the context, alone and with the word."""
    count = len(words)
    lower = [word.lower() for word in words]
    found = []
    for row, word in enumerate(words):
        features = [*_own(word), *_places(row, count)]
        for step in (*_NEAR, *_FAR):
            if 0 <= row + step < count:
                features += _beside(words[row + step], step)
        if row:
            features.append(f"<{lower[row - 1]}|{lower[row]}")
        if row + 1 < count:
            features.append(f">{lower[row]}|{lower[row + 1]}")
        if context:
            features += (f"in={context}", f"in={context}|{lower[row]}")
        found.append(features)
    return found


@lru_cache(maxsize=_KEPT)
def _own(word: str) -> tuple[str, ...]:
    lower = word.lower()
    ends = (f for n in (1, 2, 3, 4) for f in (f"p{n}={lower[:n]}", f"e{n}={lower[-n:]}"))
    return ("bias", f"w={lower}", f"s={_shape(word)}", *ends)


@lru_cache(maxsize=_KEPT)
def _beside(word: str, step: int) -> tuple[str, ...]:
    lower = word.lower()
    if step in _FAR:
        return (f"{step}w={lower}",)
    return (
        f"{step}w={lower}",
        f"{step}s={_shape(word)}",
        f"{step}p={lower[:3]}",
        f"{step}e={lower[-3:]}",
    )


def _shape(word: str) -> str:
    """Capitals as X, small letters as x, digits as d; runs cut at two."""
    signs = (
        "d" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in word
    )
    return _LONG_RUN.sub(r"\1\1", "".join(signs))


@lru_cache(maxsize=_KEPT)
def _places(row: int, count: int) -> tuple[str, ...]:
    back = count - 1 - row
    places = (f"at={min(row, _MOST_PLACES)}", f"left={min(back, _MOST_PLACES)}")
    return (*places, "only") if count == 1 else places


def character_features(characters: Sequence[str], context: str) -> list[list[str]]:
    """Features of the characters of a Chinese text."""
    text = "".join(characters)
    line = f"##{text.lower() if len(text.lower()) == len(text) else text}##"
    words = _segmenter().cut(text)
    around = ["#", *words, "#"]
    found = []
    place = 0
    for number, word in enumerate(words, 1):
        before, after = around[number - 1].lower(), around[number + 1].lower()
        for step in range(len(word)):
            found.append(
                [
                    *_around(line, place + 2),
                    *_in_word(word.lower(), _position(step, len(word)), before, after),
                    *_places(place // 2, (len(text) + 1) // 2),
                ]
            )
            place += 1
    if context:
        for features in found:
            features.append(f"in={context}")
    return found


@lru_cache(maxsize=1)
def _segmenter() -> rjieba.Jieba:
    return rjieba.Jieba()


def _position(step: int, length: int) -> str:
    if length == 1:
        return "S"
    return "B" if step == 0 else "E" if step == length - 1 else "M"


def _around(line: str, i: int) -> tuple[str, ...]:
    a, b, c, d, e = line[i - 2], line[i - 1], line[i], line[i + 1], line[i + 2]
    return (
        "bias",
        f"c={c}",
        f"-1={b}",
        f"+1={d}",
        f"-2={a}",
        f"+2={e}",
        f"-1,0={b}{c}",
        f"0,1={c}{d}",
        f"-1,1={b}{d}",
        f"-1,0,1={b}{c}{d}",
        f"0,1,2={c}{d}{e}",
        f"-2,-1,0={a}{b}{c}",
        f"1,2={d}{e}",
        f"-2,-1={a}{b}",
        f"t={_kind(b)}{_kind(c)}{_kind(d)}",
    )


def _in_word(word: str, position: str, before: str, after: str) -> tuple[str, ...]:
    return (
        f"s={position}",
        f"sl={position}{len(word)}",
        f"sw={position}{word}",
        f"se={position}{word[-1:]}{len(word)}",
        f"pw={position}{before}",
        f"nw={position}{after}",
        f"pe={position}{before[-1:]}",
        f"ne={position}{after[-1:]}",
        f"sene={position}{word[-1:]}{after[-1:]}",
    )


def _kind(char: str) -> str:
    if char.isdigit():
        return "d"
    if not char.isalpha():
        return "p"
    return "a" if char.isascii() else "h"


FEATURES: Final[Mapping[str, Features]] = {
    "words": word_features,
    "characters": character_features,
}
"""By the name a component's config gives."""
