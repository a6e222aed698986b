"""Spelling repair: a word nobody knows, read as the nearest word of the shop or the ontology.

In: words with how often they occur. Out: for a word the word it stands for, or None. Words that the
catalogue, the ontology or a dictionary of English (82,834 words, SCOWL with Google's counts, in the
wheel of ``symspellpy``) knows are never repaired. Symmetric deletes: Garbe 2012,
https://github.com/wolfgarbe/SymSpell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final

from symspellpy import SymSpell, Verbosity

__all__ = ["Speller"]

_MAX_DISTANCE: Final = 2
_MIN_LETTERS: Final = 4
_LONG: Final = 6  # letters from which two slips are believed
_DICTIONARY = "frequency_dictionary_en_82_765.txt"


class Speller:
    """Repairs words of one shop. May be shared between threads.

    Args:
        spellings: words that a repair may lead to, case folded, and how often each occurs.
        known: more words that are right as they are.
    """

    def __init__(self, spellings: Mapping[str, int], known: Iterable[str] = ()) -> None:
        self._symspell = SymSpell(max_dictionary_edit_distance=_MAX_DISTANCE, prefix_length=7)
        self._known = set(known)
        for word, count in sorted(spellings.items()):
            self._known.add(word)
            if word.isalpha() and len(word) >= _MIN_LETTERS:
                self._symspell.create_dictionary_entry(word, max(count, 1))

    def repair(self, word: str) -> str | None:
        """The word it stands for, case folded; None where it is known or nothing is near.

        One slip is believed from four letters on, two from six on where the first letter is right.
        """
        folded = word.casefold()
        unread = len(folded) < _MIN_LETTERS or not (folded.isascii() and folded.isalpha())
        if unread or folded in self._known or folded in _english():
            return None
        distance = _MAX_DISTANCE if len(folded) >= _LONG else 1
        near = self._symspell.lookup(folded, Verbosity.CLOSEST, max_edit_distance=distance)
        for item in sorted(near, key=lambda i: (i.term[0] != folded[0], -i.count, i.term)):
            if item.distance == 1 or item.term[0] == folded[0]:
                return str(item.term)
        return None


@cache
def _english() -> frozenset[str]:
    text = resources.files("symspellpy").joinpath(_DICTIONARY).read_text(encoding="utf-8-sig")
    return frozenset(line.split(" ", 1)[0] for line in text.splitlines())
