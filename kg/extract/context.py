"""Context: the words around a phrase, in a form in which the ontology's context words are found.

In a language with spaces a context is its words' norms between spaces, and `` juice `` is looked up
with them, so that no word is found inside another. Chinese is not cut into words here: a context
word counts wherever its characters stand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from kg.extract.words import HYPHENS, NORMS, plain_norm

__all__ = ["UNSPACED", "context_of", "joined"]

UNSPACED: Final = frozenset({"ja", "lo", "my", "th", "zh"})
"""Languages written without spaces between words."""

_WORD = re.compile(rf"[^\W_]+(?:['’][^\W_]+)*['’]?|[^\w\s{HYPHENS}]")


def context_of(text: str, language: str) -> str:
    """A text, or one of the ontology's context words, as context."""
    if language in UNSPACED:
        return plain_norm(text)
    return joined([_norm(word, language) for word in _WORD.findall(text)], language)


def joined(norms: Sequence[str], language: str) -> str:
    """The norms of a text's tokens as context."""
    if language in UNSPACED:
        return "".join(norms)
    return f" {' '.join(norms)} "


@lru_cache(maxsize=100_000)
def _norm(word: str, language: str) -> str:
    return NORMS.get(language, plain_norm)(word)
