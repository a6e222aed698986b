"""From matched phrases to concepts: which sense is meant, which phrases count, and how surely.

In: a spaCy document and the matches of a `Lexicon`. Out: `Linked` spans. In order:

1. each phrase's senses are weighed by prior and context, the best one stays if it weighs
   `MIN_CONFIDENCE` or more;
2. where phrases overlap the longer one counts, of whatever scheme: in *orange marmalade* the kind
   of product leaves no colour behind;
3. what a cue takes back is dropped (*without glass*, *fits bottles*, *wood effect*);
4. of several kinds of product in a title the head counts: the last one before *with*, *for*, …

Confidence of what remains, to be multiplied with that of the field (`FIELD_CONFIDENCE`):

=========================================  ======
prior of the concept, no context            prior
a ``near`` word in title or categories          1
a ``notNear`` word there                  x   0.3
both                                        prior
another concept has the label as well     x   0.9
only a misspelling matched                x  0.95
only the label written as one word        x  0.95
=========================================  ======
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from spacy.tokens import Doc

from kg.extract.cues import CUES, Cues
from kg.extract.lexicon import HYPHENS, Lexicon, Sense
from kg.extract.words import NORMS, plain_norm

__all__ = ["FIELD_CONFIDENCE", "MIN_CONFIDENCE", "Linked", "Linker"]

MIN_CONFIDENCE: Final = 0.5
"""Below it a mention is dropped."""

FIELD_CONFIDENCE: Final = {
    "attributes": 0.98,
    "title": 0.95,
    "categories": 0.9,
    "description": 0.8,
}

_AGAINST = 0.3
_SHARED = 0.9
_INFLECTED = 0.9  # only to choose between senses: an exact label goes before a plural
_SPELLING: Final = {"label": 1.0, "hidden": 0.95, "joined": 0.95}
_WINDOW = 12  # tokens on each side that are context in a long text


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
        readers: dict[str, frozenset[str]],
        heads: Collection[str],
    ) -> None:
        self._senses = lexicon.senses
        self._cues = _folded(CUES.get(language, Cues()), language)
        self._readers = readers
        self._heads = frozenset(heads)

    def link(
        self,
        doc: Doc,
        matches: Sequence[tuple[int, int, int]],
        schemes: Collection[str],
        context: str,
    ) -> list[Linked]:
        """The phrases of ``doc`` that count, in the order they stand.

        Args:
            doc: the text.
            matches: (key, start token, end token) of the lexicon's matcher.
            schemes: those read from this field; other senses are not considered.
            context: norms of the product's other words, as of `Lexicon.context`.
        """
        norms = [token.norm_ for token in doc]
        weighed = []
        for key, start, end in matches:
            linked = self._best_sense(norms, start, end, self._senses[key], context, doc)
            if linked is not None:
                weighed.append(linked)
        kept = [
            linked
            for linked in _longest(weighed)
            if linked.sense.scheme in schemes and not self._taken_back(norms, linked)
        ]
        return self._with_one_head(norms, kept) if len(kept) > 1 else kept

    def _best_sense(
        self,
        norms: list[str],
        start: int,
        end: int,
        senses: tuple[Sense, ...],
        context: str,
        doc: Doc,
    ) -> Linked | None:
        if len(senses) == 1 and not senses[0].near and not senses[0].against:
            sense = senses[0]
            weight = sense.prior * _SPELLING[sense.spelling]
            return Linked(start, end, sense, weight) if weight >= MIN_CONFIDENCE else None
        around = _around(norms, start, end, context)
        surface = doc[start:end].text.casefold() if len(senses) > 1 else ""
        best, best_weight, best_rank = None, 0.0, 0.0
        for sense in senses:
            weight = _weight(sense, around) * _SPELLING[sense.spelling]
            rank = weight * (1.0 if surface in sense.surfaces else _INFLECTED)
            if rank > best_rank:
                best, best_weight, best_rank = sense, weight, rank
        if len(senses) > 1 and best_weight < 1:
            best_weight *= _SHARED
        return (
            None
            if best is None or best_weight < MIN_CONFIDENCE
            else Linked(start, end, best, best_weight)
        )

    def _taken_back(self, norms: list[str], linked: Linked) -> bool:
        cues, start, end = self._cues, linked.start, linked.end
        relations = self._readers.get(linked.sense.scheme, frozenset())
        if start and (before := norms[start - 1 - (norms[start - 1] in HYPHENS and start > 1)]):
            if before in cues.denies_next or relations <= cues.imitates_next.get(
                before, frozenset()
            ):
                return True
            run = norms[_run_start(norms, start, cues.breaks) : start]
            if not cues.denies_run.isdisjoint(run) or _has_sequence(run, cues.other_product):
                return True
        after_at = end + (end < len(norms) and norms[end] in HYPHENS)
        if after_at >= len(norms):
            return False
        after = norms[after_at]
        return (
            after in cues.denies_back and norms[after_at + 1 : after_at + 2] != ["standing"]
        ) or relations <= cues.imitates_back.get(after, frozenset())

    def _with_one_head(self, norms: list[str], linked: list[Linked]) -> list[Linked]:
        heads = [item for item in linked if item.sense.scheme in self._heads]
        if len(heads) < 2:
            return linked
        cues = self._cues
        limit = len(norms)
        for position in range(heads[0].end, limit):
            if norms[position] in cues.subordinates or norms[position] in cues.breaks:
                limit = position
                break
        fore = [item for item in heads if item.end <= limit]
        head = {fore[-1] if fore else heads[0]}
        for left, right in zip(fore[-2::-1], fore[:0:-1], strict=True):
            between = norms[left.end : right.start]
            if not (right in head and cues.joins.intersection(between)):
                break
            head.add(left)
        return [item for item in linked if item.sense.scheme not in self._heads or item in head]


def _weight(sense: Sense, around: str) -> float:
    near = any(phrase in around for phrase in sense.near)
    against = any(phrase in around for phrase in sense.against)
    if near and not against:
        return 1.0
    return sense.prior * _AGAINST if against and not near else sense.prior


def _around(norms: list[str], start: int, end: int, context: str) -> str:
    before = norms[max(0, start - _WINDOW) : start]
    after = norms[end : end + _WINDOW]
    words = [word for word in (*before, "|", *after) if word not in HYPHENS]
    return f" {' '.join(words)} |{context}"


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


def _run_start(norms: list[str], start: int, breaks: frozenset[str]) -> int:
    for position in range(start - 1, -1, -1):
        if norms[position] in breaks:
            return position + 1
    return 0


def _has_sequence(run: list[str], sequences: tuple[tuple[str, ...], ...]) -> bool:
    text = f" {' '.join(run)} "
    return any(f" {' '.join(sequence)} " in text for sequence in sequences)


def _folded(cues: Cues, language: str) -> Cues:
    """The cues as norms of their language."""
    norm = NORMS.get(language, plain_norm)

    def fold(words: Collection[str]) -> frozenset[str]:
        return frozenset(norm(word) for word in words)

    return Cues(
        denies_run=fold(cues.denies_run),
        denies_next=fold(cues.denies_next),
        denies_back=fold(cues.denies_back),
        other_product=tuple(tuple(norm(w) for w in words) for words in cues.other_product),
        imitates_next={norm(w): relations for w, relations in cues.imitates_next.items()},
        imitates_back={norm(w): relations for w, relations in cues.imitates_back.items()},
        subordinates=fold(cues.subordinates),
        joins=fold(cues.joins),
        holders=fold(cues.holders),
        of=fold(cues.of),
        breaks=cues.breaks,
    )
