"""Norms of words: what two spellings share when a label and a title mean the same word.

In: one token as it is written. Out: its norm, lower case, without accents and possessive, and in
English singular. Labels and texts go through the same function, so a norm need not be a word
(``roses`` and ``rose`` both become ``ros``); it only has to meet its own plural and no other word.
spaCy calls it once per distinct word and keeps the result in its vocabulary.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["HYPHENS", "NORMS", "english_norm", "is_plural", "plain_norm"]

HYPHENS: Final = "‐‑–—-"
"""Signs that may join two words of a phrase; the plain one last, as character classes want it."""

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"})

_IRREGULAR: Mapping[str, str] = {
    "axes": "axe",
    "calves": "calf",
    "children": "child",
    "childrens": "child",  # the possessive, written without its apostrophe
    "elves": "elf",
    "feet": "foot",
    "gases": "gas",
    "geese": "goose",
    "halves": "half",
    "hooves": "hoof",
    "knives": "knife",
    "leaves": "leaf",
    "lenses": "lens",
    "loaves": "loaf",
    "mens": "man",
    "mice": "mouse",
    "scarves": "scarf",
    "shelves": "shelf",
    "teeth": "tooth",
    "thieves": "thief",
    "wives": "wife",
    "wolves": "wolf",
    "womens": "woman",
}
_ALONE = frozenset({"bus", "christmas", "gas", "lens", "canvas", "news", "plus", "xmas", "yes"})
"""Singular words that end like a plural and are followed by no rule below."""

_ENDINGS = (  # the first that fits, where two letters or more stand before it
    ("ies", "y"),
    ("sses", "ss"),
    ("zzes", "zz"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("xes", "x"),
    ("s", ""),
)
_SIBILANT_E = ("se", "xe", "ze", "che", "she")


def plain_norm(word: str) -> str:
    """Lower case (case folded), NFKC, accents and possessive taken off: ``Café's`` is ``cafe``."""
    folded = unicodedata.normalize("NFKC", word).translate(_APOSTROPHES).casefold()
    if not folded.isascii():
        split = unicodedata.normalize("NFD", folded)
        folded = unicodedata.normalize("NFC", "".join(c for c in split if not _is_accent(c)))
    folded = folded.rstrip(HYPHENS) or folded  # hot-|water: the hyphen belongs to the first half
    return folded.removesuffix("'s").rstrip("'") or folded


def english_norm(word: str) -> str:
    """`plain_norm`, with plural and singular made one: ``CHERRIES`` becomes ``cherry``."""
    plain = plain_norm(word)
    if len(plain) < 3 or not plain.isalpha():
        return plain
    return _stem(_singular(plain))


def is_plural(word: str) -> bool:
    """Whether an English word has a plural's form (possessives have not)."""
    folded = word.translate(_APOSTROPHES).casefold()
    if len(folded) < 3 or folded.endswith("'s"):
        return False
    return _singular(plain_norm(folded)) != plain_norm(folded)


def _is_accent(char: str) -> bool:
    # Latin accents only: kana voicing marks (U+3099) and others change the letter.
    return "\u0300" <= char <= "\u036f"


def _singular(word: str) -> str:
    if word in _IRREGULAR or word in _ALONE or word.endswith(("ss", "us", "is")):
        return _IRREGULAR.get(word, word)
    if word.endswith("men"):
        return f"{word[:-3]}man"
    for ending, replacement in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + replacement
    return word


def _stem(word: str) -> str:
    """Endings on which English plurals disagree, cut: cookie, tomatoes, vases."""
    if len(word) < 4:
        return word
    if word.endswith("ie") and len(word) > 4:
        return f"{word[:-2]}y"
    if word.endswith("oe") or word.endswith(_SIBILANT_E):
        return word[:-1]
    return word


NORMS: Mapping[str, Callable[[str], str]] = {"en": english_norm}
"""Norm by language; every other language has `plain_norm`."""
