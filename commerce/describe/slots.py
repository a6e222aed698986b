"""Texts with their facts taken out: what the text model learns from and writes.

``It is oatmeal and made of stoneware.`` about an oatmeal stoneware mug is
``it is <schema:color> and made of <schema:material> .``: how things are said, whatever they are.
In: sentences about a product. Out: words and slots, and back again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from commerce.describe.known import Known
from commerce.describe.reading import labels_in
from commerce.describe.tokens import Tokenizer, sentences
from kg.extract.context import UNSPACED

__all__ = ["SPECIAL", "Example", "Vocabulary", "examples_of", "spoken", "vocabulary_of"]

SPECIAL: Final = ("<pad>", "<bos>", "<eos>", "<unknown>")
_MOST_WORDS = 28
_JOINED_LEFT: Final = frozenset(".,;:!?)%”。，；：！？、）")
_JOINED_RIGHT: Final = frozenset("(“（")


class Example(NamedTuple):
    """One sentence: its words, facts as slots, and what it tells."""

    words: tuple[str, ...]
    told: tuple[str, ...]  # relations, and the language as lang:en


class Vocabulary(NamedTuple):
    """What rows mean."""

    words: list[str]
    facts: list[str]

    def encode(self, examples: Sequence[Example]) -> tuple[list[list[int]], NDArray[np.float32]]:
        """Word rows, unknown words as such, and the facts told (n, facts)."""
        row = {word: at for at, word in enumerate(self.words)}
        unknown = SPECIAL.index("<unknown>")
        texts = [[row.get(word, unknown) for word in example.words] for example in examples]
        return texts, self.conditions([example.told for example in examples])

    def conditions(self, told: Sequence[Iterable[str]]) -> NDArray[np.float32]:
        """1 where a fact is told (n, facts); facts the vocabulary has not are left out."""
        place = {fact: at for at, fact in enumerate(self.facts)}
        rows = np.zeros((len(told), len(self.facts)), dtype=np.float32)
        for at, facts in enumerate(told):
            rows[at, [place[fact] for fact in facts if fact in place]] = 1.0
        return rows


def examples_of(text: str, known: Known, tokenizer: Tokenizer, language: str) -> Iterator[Example]:
    """The sentences of a text that tell a fact and are not too long."""
    for start, end in sentences(text):
        tokens = tokenizer(text[start:end], start)
        readings = labels_in(tokens, known)
        if not readings:
            continue
        words: list[str] = []
        last = 0
        for reading in readings:
            words += [token.text.casefold() for token in tokens[last : reading.first]]
            words.append(f"<{reading.relation}>")
            last = reading.last
        words += [token.text.casefold() for token in tokens[last:]]
        if len(words) <= _MOST_WORDS:
            relations = sorted({reading.relation for reading in readings})
            yield Example(tuple(words), (*relations, f"lang:{language}"))


def vocabulary_of(examples: Sequence[Example], most: int = 4000, least: int = 3) -> Vocabulary:
    """Words met often enough, the most frequent first, and every fact."""
    counted = Counter(word for example in examples for word in example.words)
    often = sorted((-count, word) for word, count in counted.items() if count >= least)
    facts = sorted({fact for example in examples for fact in example.told})
    return Vocabulary([*SPECIAL, *(word for _, word in often[:most])], facts)


def spoken(words: Sequence[str], language: str) -> str:
    """Words as a sentence, its first letter large."""
    text = ""
    for word in words:
        glued = not text or word in _JOINED_LEFT or text[-1] in _JOINED_RIGHT
        text += word if glued or language in UNSPACED else f" {word}"
    return text[:1].upper() + text[1:]
