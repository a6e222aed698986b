"""Words that descriptions use besides facts, by language: neutral ones, negations, frames.

In: ``commerce/describe/words/<language>.toml``. Out: a `Wording`, its words as norms. A knowledge
engineer edits the files; nothing here knows a word.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kg.errors import NotFoundError
from kg.extract.words import NORMS, plain_norm

__all__ = ["Wording", "wording_of"]

_DIRECTORY = Path(__file__).parent / "words"


@dataclass(frozen=True)
class Wording:
    """The words of one language."""

    language: str
    neutral: frozenset[str]  # norms
    verbs: frozenset[str]  # norms; a sentence has one
    binding: Mapping[str, frozenset[str]]  # norm -> relations, one of which has to stand near
    denies_next: frozenset[str]
    denies_back: frozenset[str]
    sensitive: frozenset[str]
    frames: Mapping[str, str]  # name -> text with slots
    surfaces: frozenset[str]  # every word as written, for segmenters


@cache
def wording_of(language: str) -> Wording:
    """The words of a language.

    Raises:
        NotFoundError: descriptions are not written in it.
    """
    path = _DIRECTORY / f"{language}.toml"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in _DIRECTORY.glob("*.toml")))
        raise NotFoundError(
            f"descriptions are not written in {language!r}; they are in {known} "
            "(another language takes a file in commerce/describe/words)"
        )
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    norm = NORMS.get(language, plain_norm)

    def norms(words: str) -> frozenset[str]:
        return frozenset(map(norm, words.split()))

    lists = (read["neutral"], *read["negation"].values(), read["sensitive"]["words"])
    return Wording(
        language=language,
        neutral=norms(read["neutral"]),
        verbs=norms(read["verbs"]),
        binding={norm(word): frozenset(relations) for word, relations in read["binding"].items()},
        denies_next=norms(read["negation"]["next"]),
        denies_back=norms(read["negation"]["back"]),
        sensitive=norms(read["sensitive"]["words"]),
        frames=read["frames"],
        surfaces=frozenset(" ".join(lists).split()) | frozenset(read["binding"]),
    )
