"""From matched phrases to concepts: which sense is meant, which phrases count, and how surely.

In: a spaCy document and the matches of a `Lexicon`. Out: `Linked` spans. In order:

1. each phrase's senses are weighed by prior and context; the best one stays if it weighs
   `MIN_CONFIDENCE` or more;
2. where phrases overlap the longer one counts, of whatever scheme: in *orange marmalade* the kind
   of product leaves no colour behind;
3. what a cue takes back is dropped (*without glass*, *fits bottles*, *wood effect*);
   and so is the box of *box of 6*;
4. of several kinds of product in a text the head counts: the last one before *with*, *for*, …;
   what comes after these is never the thing sold, and phrases inside the others are freed.

Confidence of what remains, to be multiplied with that of the field (`FIELD_CONFIDENCE`):

=====================================================  ============
no context word met                                    the prior
a ``near`` word met, in the text or the categories     1
a ``notNear`` word met there                           prior x 0.3
both met                                               the prior
another concept has the label too                      x 0.9
only a misspelling fits                                x 0.95
only a label of two words, written as one, fits        x 0.95
=====================================================  ============
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from spacy.tokens import Doc

from kg.extract.context import HYPHENS, joined
from kg.extract.cues import CUES, Cues
from kg.extract.lexicon import Lexicon, Sense
from kg.extract.words import NORMS, plain_norm

__all__ = ["FIELD_CONFIDENCE", "MIN_CONFIDENCE", "Linked", "Linker"]

MIN_CONFIDENCE: Final = 0.5
"""Below it a mention is dropped."""

FIELD_CONFIDENCE: Final[Mapping[str, float]] = {
    "attributes": 0.98,
    "title": 0.95,
    "categories": 0.9,
    "description": 0.8,
}
"""Confidence in what a field says."""

_AGAINST = 0.3
_SHARED = 0.9
_INFLECTED = 0.9  # in the choice between senses: an exact label goes before a plural of one
_SPELLING: Final = {"label": 1.0, "hidden": 0.95, "joined": 0.95}
_WINDOW = 12  # tokens on each side that are context

Match = tuple[int, int, int]
"""Key of a phrase, start and end token; what a spaCy matcher gives."""

_NOTHING: frozenset[str] = frozenset()
_OF_A_PART: Final = frozenset({"schema:material"})


@dataclass(frozen=True, slots=True)
class Linked:
    """A phrase and the concept it means."""

    start: int  # tokens, half open
    end: int
    sense: Sense
    confidence: float


class Linker:
    """Links the phrases of documents in one language.

    Args:
        lexicon: the senses.
        language: whose cues are used.
        readers: scheme -> relations that read it, for cues that concern some relations only.
        heads: schemes of which a text names one head, the thing sold.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        language: str,
        readers: Mapping[str, frozenset[str]],
        heads: Collection[str],
    ) -> None:
        self._senses = lexicon.senses
        self._language = language
        self._cues = CUES.get(language, Cues()).folded(NORMS.get(language, plain_norm))
        self._readers = readers
        self._heads = frozenset(heads)

    def link(
        self,
        doc: Doc,
        matches: Sequence[Match],
        schemes: Collection[str],
        context: str,
        holders: Collection[int] = (),
    ) -> list[Linked]:
        """The phrases of ``doc`` that count, in the order they stand.

        Args:
            doc: the text.
            matches: what the lexicon's matcher found in it.
            schemes: those read from this field; what other schemes' phrases cover is covered, but
                they are not given back.
            context: the product's other words, as of `context_of`.
            holders: characters at which words stand that only hold a number of pieces.
        """
        norms = [token.norm_ for token in doc]
        weighed = [
            linked
            for match in matches
            if (linked := self._best_sense(doc, norms, match, context)) is not None
        ]
        said = [
            linked
            for linked in _longest(weighed)
            if linked.sense.scheme in schemes
            and not self._taken_back(norms, linked)
            and not (holders and doc[linked.start].idx in holders)
        ]
        sold = self._sold(norms, [item for item in said if item.sense.scheme in self._heads])
        kept = [item for item in said if item.sense.scheme not in self._heads or item in sold]
        if len(kept) == len(said):
            return kept
        freed = [
            linked
            for linked in _longest([item for item in weighed if self._is_freed(item, said, sold)])
            if linked.sense.scheme in schemes and not self._taken_back(norms, linked)
        ]
        return sorted([*kept, *freed], key=lambda item: item.start)

    def _best_sense(self, doc: Doc, norms: list[str], match: Match, context: str) -> Linked | None:
        key, start, end = match
        senses = self._senses[key]
        if len(senses) == 1 and not senses[0].near and not senses[0].against:
            weight = senses[0].prior * _SPELLING[senses[0].spelling]
            return Linked(start, end, senses[0], weight) if weight >= MIN_CONFIDENCE else None
        around = self._around(norms, start, end) + context
        surface = doc[start:end].text.casefold() if len(senses) > 1 else ""
        weights = [_weight(sense, around) * _SPELLING[sense.spelling] for sense in senses]
        best = max(
            range(len(senses)),
            key=lambda i: weights[i] * (1 if surface in senses[i].surfaces else _INFLECTED),
        )
        weight = weights[best]
        if len(senses) > 1 and weight < 1:
            weight *= _SHARED
        return Linked(start, end, senses[best], weight) if weight >= MIN_CONFIDENCE else None

    def _around(self, norms: list[str], start: int, end: int) -> str:
        before = joined(norms[max(0, start - _WINDOW) : start], self._language)
        return f"{before}|{joined(norms[end : end + _WINDOW], self._language)}|"

    def _taken_back(self, norms: list[str], linked: Linked) -> bool:
        relations = self._readers.get(linked.sense.scheme, _NOTHING)
        return self._denied_before(norms, linked.start, relations) or self._denied_after(
            norms, linked.end, relations
        )

    def _denied_before(self, norms: list[str], start: int, relations: frozenset[str]) -> bool:
        cues = self._cues
        before = _word_before(norms, start)
        if before is None:
            return False
        if before in cues.denies_next or relations <= cues.unsaid_next.get(before, _NOTHING):
            return True
        run = norms[_run_start(norms, start, cues.breaks) : start]
        if not cues.denies_run.isdisjoint(run):
            return True
        words = f" {' '.join(run)} "
        return any(phrase in words for phrase in cues.other_product)

    def _denied_after(self, norms: list[str], end: int, relations: frozenset[str]) -> bool:
        cues = self._cues
        at = end + 1 if norms[end : end + 1] and norms[end] in HYPHENS else end
        if at >= len(norms):
            return False
        if norms[at] in cues.denies_back:
            return norms[at + 1 : at + 2] != ["standing"]  # free standing
        return relations <= cues.unsaid_back.get(norms[at], _NOTHING)

    def _sold(self, norms: list[str], heads: list[Linked]) -> list[Linked]:
        """Of the kinds of product in a text those that name the thing sold."""
        heads = [item for item in heads if not self._is_subordinate(norms, item.start)]
        if len(heads) < 2:
            return heads
        stops = self._cues.subordinates | self._cues.breaks
        ends = (i for i in range(heads[0].end, len(norms)) if norms[i] in stops)
        limit = next(ends, len(norms))
        fore = [item for item in heads if item.end <= limit]
        sold = [fore.pop()]
        while fore and not self._cues.joins.isdisjoint(norms[fore[-1].end : sold[-1].start]):
            sold.append(fore.pop())  # cup and saucer: both are sold
        return sold

    def _is_freed(self, item: Linked, said: list[Linked], sold: list[Linked]) -> bool:
        """Whether a phrase stands inside a kind of product that is not sold: *hanging heart* lamp.

        What such a part is made of, or what kind of thing it holds, says nothing of the whole.
        """
        of_part = item.sense.scheme in self._heads or self._readers.get(
            item.sense.scheme, _NOTHING
        ) >= _OF_A_PART
        return not of_part and any(
            other.start <= item.start and item.end <= other.end
            for other in said
            if other.sense.scheme in self._heads and other not in sold
        )

    def _is_subordinate(self, norms: list[str], start: int) -> bool:
        """Whether a phrase comes after *with*, *for*, *in a* …, and something before that."""
        begin = _run_start(norms, start, self._cues.breaks)
        return any(norms[i] in self._cues.subordinates for i in range(max(begin, 1), start))


def _weight(sense: Sense, around: str) -> float:
    near = any(phrase in around for phrase in sense.near)
    against = any(phrase in around for phrase in sense.against)
    if near == against:
        return sense.prior
    return 1.0 if near else sense.prior * _AGAINST


def _longest(linked: list[Linked]) -> list[Linked]:
    """Those that overlap none longer (of the same length: none earlier), in order."""
    if len(linked) < 2:
        return linked
    taken: set[int] = set()
    kept = []
    for item in sorted(linked, key=lambda i: (i.start - i.end, i.start)):
        places = range(item.start, item.end)
        if taken.isdisjoint(places):
            taken.update(places)
            kept.append(item)
    return sorted(kept, key=lambda i: i.start)


def _word_before(norms: list[str], start: int) -> str | None:
    at = start - 2 if start > 1 and norms[start - 1] in HYPHENS else start - 1
    return norms[at] if at >= 0 else None


def _run_start(norms: list[str], start: int, breaks: frozenset[str]) -> int:
    return next((i + 1 for i in range(start - 1, -1, -1) if norms[i] in breaks), 0)
