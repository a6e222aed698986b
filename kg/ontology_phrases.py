r"""Frequent words of a catalogue that no concept stands for.

In: a graph. Out: `Phrase` records, those worth a look first. Titles are cut into words; what a fact
was read from is taken out, and of the rest every run of one to three words that is neither broken
by punctuation nor begins or ends with a stop word or number is counted once per product. A run of
words counts as a phrase if its words stand together more often than by chance, by the likelihood
ratio of Dunning (1993, "Accurate Methods for the Statistics of Surprise and Coincidence"),

.. math:: G^2 = 2 \sum_{ij} O_{ij} \ln (O_{ij} / E_{ij})

over the 2 × 2 table of its first words against its last one; single words need none. A phrase that
only occurs inside a longer one is left out in favour of that (the C-value of Frantzi et al. 2000).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field
from spacy.lang.en.stop_words import STOP_WORDS

from kg.extract.words import NORMS, plain_norm
from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema

__all__ = ["Phrase", "PhraseConfig", "log_likelihood", "unlinked_phrases"]

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_JOINS: Final = re.compile(r"[ \-]")  # what may stand between the words of a phrase
_LONGEST: Final = 3

Words = tuple[str, ...]


class PhraseConfig(BaseModel):
    """Which phrases are told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_products: int = Field(default=5, ge=2)
    """Products a phrase must stand in."""
    min_likelihood: float = Field(default=10.83, ge=0)
    """Least G² of a phrase of several words; 10.83 is the 0.1 % point of χ² with one degree."""
    examples: int = Field(default=3, ge=0)
    """Products told of each."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that no fact was read from."""

    text: str  # as most often written, lower case
    products: int  # titles it stands in
    alone: int  # of them those where no longer phrase told here holds it
    likelihood: float  # G²; inf for a single word
    examples: tuple[str, ...]  # compact ids of products


@dataclass
class _Found:
    rows: list[int]
    spellings: Counter[str]


def unlinked_phrases(
    kg: KnowledgeGraph, schema: Schema, config: PhraseConfig | None = None
) -> list[Phrase]:
    """Phrases of the titles in the ontology's first language, most frequent first.

    Args:
        kg: the graph.
        schema: whose labels and units are left out, even where context spoke against them.
        config: which are told.
    """
    config = config or PhraseConfig()
    language = schema.languages[0]
    found, singles, runs = _counted(kg, schema, language)
    total = max(1, runs)
    told: dict[Words, float] = {}
    for words, item in found.items():
        count = len(item.rows)
        if count < config.min_products:
            continue
        if len(words) == 1:
            told[words] = float("inf")
            continue
        head, last = words[:-1], words[-1:]
        score = log_likelihood(count, singles[head], singles[last], total)
        expected = singles[head] * singles[last] / total
        if score >= config.min_likelihood and count > expected:
            told[words] = score
    inside = _inside(told, found)
    phrases = []
    for words, score in told.items():
        alone = len(found[words].rows) - len(inside[words])
        if alone >= config.min_products or (alone and len(words) > 1 and not inside[words]):
            phrases.append(_phrase(kg, found[words], alone, score, inside[words], config))
    return sorted(phrases, key=lambda phrase: (-phrase.alone, phrase.text))


def log_likelihood(both: int, first: int, second: int, total: int) -> float:
    """G² of two events seen ``both`` times together, each so often, in ``total`` trials."""
    table = np.array(
        [[both, first - both], [second - both, total - first - second + both]], dtype=np.float64
    )
    table = np.maximum(table, 0)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(table.sum(), 1)
    seen = table > 0
    return float(2 * (table[seen] * np.log(table[seen] / expected[seen])).sum())


def _counted(
    kg: KnowledgeGraph, schema: Schema, language: str
) -> tuple[dict[Words, _Found], Counter[Words], int]:
    """Runs by their norms, in how many titles each run stands, and the number of titles."""
    norm = NORMS.get(language, plain_norm)
    known = [label for concept in schema.concepts.values() for label in concept.labels(language)]
    known += [label for unit in schema.units.values() for label in unit.labels.get(language, ())]
    labels = {tuple(norm(word) for word in _WORD.findall(label)) for label in known}
    linked = _linked_spans(kg)
    found: dict[Words, _Found] = defaultdict(lambda: _Found([], Counter()))
    everywhere: Counter[Words] = Counter()
    rows = zip(
        *(kg.products[name].to_pylist() for name in ("id", "title", "language")), strict=True
    )
    count = 0
    for row, (product, title, own) in enumerate(rows):
        if own != language:
            continue
        count += 1
        taken = linked.get(product, ())
        seen: set[Words] = set()
        for words, spelling, free in _runs(title, norm, taken):
            everywhere[words] += words not in seen
            if free and words not in seen and words not in labels:
                found[words].rows.append(row)
            if free and words not in labels:
                found[words].spellings[spelling] += 1
            seen.add(words)
    return found, everywhere, count


def _linked_spans(kg: KnowledgeGraph) -> dict[str, list[tuple[int, int]]]:
    """Characters of each title that a fact was read from."""
    facts = kg.facts.filter(pc.equal(kg.facts["field"], "title"))
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    columns = (facts[name].to_pylist() for name in ("subject", "start", "end"))
    for subject, start, end in zip(*columns, strict=True):
        spans[subject].append((start, end))
    return spans


def _runs(
    title: str, norm: object, taken: Sequence[tuple[int, int]]
) -> Iterator[tuple[Words, str, bool]]:
    """Runs of one to three words: norms, spelling, whether no fact was read from any of them."""
    words = [(m.start(), m.end(), m.group()) for m in _WORD.finditer(title)]
    for first in range(len(words)):
        run: list[tuple[int, int, str]] = []
        for word in words[first : first + _LONGEST]:
            if run and not _JOINS.fullmatch(title[run[-1][1] : word[0]]):
                break
            run.append(word)
            if _is_empty(run[0][2]) or _is_empty(word[2]):
                continue
            spelling = title[run[0][0] : word[1]].casefold()
            free = not any(s < end and start < e for s, e, _ in run for start, end in taken)
            yield tuple(norm(text) for _, _, text in run), spelling, free  # type: ignore[operator]


def _is_empty(word: str) -> bool:
    return word.casefold() in STOP_WORDS or len(word) < 2 or any(char.isdigit() for char in word)


def _inside(told: Iterable[Words], found: dict[Words, _Found]) -> dict[Words, set[int]]:
    """Rows of each phrase in which a longer phrase that is told holds it."""
    rows: dict[Words, set[int]] = defaultdict(set)
    for words in told:
        for length in range(1, len(words)):
            for at in range(len(words) - length + 1):
                part = words[at : at + length]
                if part in found:
                    rows[part].update(set(found[words].rows) & set(found[part].rows))
    return rows


def _phrase(
    kg: KnowledgeGraph,
    item: _Found,
    alone: int,
    score: float,
    inside: set[int],
    config: PhraseConfig,
) -> Phrase:
    rows = sorted(item.rows, key=lambda row: (row in inside, row))[: config.examples]
    spelling = min(item.spellings, key=lambda text: (-item.spellings[text], text))
    return Phrase(
        text=spelling,
        products=len(item.rows),
        alone=alone,
        likelihood=score,
        examples=tuple(kg.products["id"][row].as_py() for row in rows),
    )
