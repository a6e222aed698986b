"""Which spellings are one brand: ``3M`` and ``3 M``, ``Neutrogena`` and ``Nuetrogena``.

In: how often a catalogue names each brand. Out: for each key of `kg.names.brand_key` that is
another brand's spelling, that brand's key. It depends on the catalogue's names alone, so a build on
top of a snapshot resolves as a full one does. Two rules, both for precision:

1. keys that are equal without hyphens are one brand, the more frequent;
2. a rare key is a misspelling of a frequent one where they differ by one letter of one long word
   (optimal string alignment, by rapidfuzz) that is neither its first nor its last. Two names
   that are both met more than `RARE` times are never taken for one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final

from rapidfuzz.distance import OSA

from kg.names import brand_key

__all__ = ["RARE", "TIMES", "resolve_brands"]

RARE: Final = 2
"""Products a misspelt brand has at most."""

TIMES: Final = 5
"""Times as many products as a misspelling its brand has at least."""

_LONG, _LONG_REPLACED = 7, 8  # letters of a word that may be misspelt; with a letter replaced


def resolve_brands(named: Mapping[str, int]) -> dict[str, str]:
    """Key of a brand's other spelling -> key of the brand.

    Args:
        named: brand as the catalogue spells it -> number of products.
    """
    counts: dict[str, int] = defaultdict(int)
    for name, count in named.items():
        counts[brand_key(name)] += count
    counts.pop("", None)
    found = _spaced_otherwise(counts)
    together: dict[str, int] = defaultdict(int)
    for key, count in counts.items():
        together[found.get(key, key)] += count
    wrong = _misspelt(together)
    return {
        key: wrong.get(found.get(key, key), found.get(key, key))
        for key in counts
        if key in found or key in wrong
    }


def _spaced_otherwise(counts: Mapping[str, int]) -> dict[str, str]:
    def joined(key: str) -> str:
        return key.replace("-", "")

    found: dict[str, str] = {}
    for _, keys in groupby(sorted(counts, key=joined), key=joined):
        best, *others = sorted(keys, key=lambda key: (-counts[key], key))
        found |= dict.fromkeys(others, best)
    return found


def _misspelt(counts: Mapping[str, int]) -> dict[str, str]:
    frequent: dict[tuple[str, int], list[str]] = defaultdict(list)
    for key in sorted(counts):
        if counts[key] >= TIMES:
            frequent[_bucket(key)].append(key)
    found = {}
    for key, count in counts.items():
        if count <= RARE:
            likely = [
                other
                for other in frequent[_bucket(key)]
                if counts[other] >= TIMES * count and _is_misspelling(key, other)
            ]
            if len(likely) == 1:  # of two brands it could be either
                found[key] = likely[0]
    return found


def _bucket(key: str) -> tuple[str, int]:
    return key[:1], key.count("-")


def _is_misspelling(key: str, other: str) -> bool:
    pairs = [
        (one, two) for one, two in zip(key.split("-"), other.split("-"), strict=True) if one != two
    ]
    if len(pairs) != 1:
        return False
    one, two = pairs[0]
    if OSA.distance(one, two, score_cutoff=1) != 1 or not _same_ends(one, two):
        return False
    replaced = len(one) == len(two) and sorted(one) != sorted(two)
    long = min(len(one), len(two)) >= (_LONG_REPLACED if replaced else _LONG)
    return long and _digits(one) == _digits(two)


def _same_ends(one: str, two: str) -> bool:
    return one[0] == two[0] and one[-1] == two[-1]


def _digits(word: Iterable[str]) -> list[str]:
    return [char for char in word if char.isdigit()]
