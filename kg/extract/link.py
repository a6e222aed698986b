"""From matched phrases to facts: which phrases count.

In: the words of a text and the matches of a `Lexicon`. Out: `Linked` spans. In order:

1. each phrase gets its likeliest sense (`kg.extract.senses`); those too unlikely are dropped, and
   with them what stands inside them;
2. where phrases overlap the longer one counts, of whatever scheme: in *orange marmalade* the kind
   of product leaves no colour behind;
3. what a cue takes back is dropped (*without glass*, *fits bottles*, *wood effect*), and so is the
   box of *box of 6*;
4. of several kinds of product in a text only the thing sold counts; those after *with*, *for*, …
   or before *design* are never it. Phrases inside the others are freed, and what those are made of
   is dropped (*glass jar labels*).

The confidence of what remains is that of its sense, to be multiplied with that of the field
(`FIELD_CONFIDENCE`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from kg.extract.cues import CUES, Cues
from kg.extract.lexicon import Lexicon
from kg.extract.senses import MIN_CONFIDENCE, Linked, Match, SenseChooser
from kg.extract.tokens import Tokens
from kg.extract.words import NORMS, is_plural, plain_norm

__all__ = ["FIELD_CONFIDENCE", "Linker"]

FIELD_CONFIDENCE: Final[Mapping[str, float]] = {
    "attributes": 0.98,
    "title": 0.95,
    "categories": 0.9,
    "description": 0.8,
}
"""Confidence in what a field says."""

_NOTHING: frozenset[str] = frozenset()
_OF_A_PART: Final = frozenset({"schema:material"})
_IN_A_COMPOUND: Final = frozenset({"schema:material", "clew:size", "clew:usedFor"})
_OF_AN_EXTRA: Final = frozenset({"schema:material", "schema:color"})


class Linker:
    """Links the phrases of texts in one language.

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
        self._cues = CUES.get(language, Cues()).folded(NORMS.get(language, plain_norm))
        mass = [scheme for scheme, relations in readers.items() if relations <= _OF_A_PART]
        self._senses = SenseChooser(lexicon, language, self._cues.joins | {",", "、"}, mass)
        self._readers = readers
        self._heads = frozenset(heads)

    def link(
        self,
        tokens: Tokens,
        matches: Sequence[Match],
        schemes: Collection[str],
        context: str,
        holders: Collection[int] = (),
    ) -> list[Linked]:
        """The phrases of a text that count, in the order they stand.

        Args:
            tokens: of the text.
            matches: what the lexicon's matcher found in them.
            schemes: those read from this field; what other schemes' phrases cover is covered, but
                they are not given back.
            context: the product's other words, as of `kg.extract.context.context_of`.
            holders: characters at which words stand that only hold a number of pieces.
        """
        norms = tokens.norms
        likely = _likely(self._senses.choose(tokens, matches, context))
        said = [
            linked
            for linked in _longest(likely)
            if linked.sense.scheme in schemes
            and not self._taken_back(norms, linked)
            and not (holders and tokens.starts[linked.start] in holders)
        ]
        heads = [item for item in said if item.sense.scheme in self._heads]
        sold = self._sold(tokens, said, many=bool(holders))
        if len(sold) == len(heads):
            return said
        unsold = [item for item in heads if item not in sold]
        freed = [
            linked
            for linked in _longest([item for item in likely if self._is_freed(item, unsold)])
            if linked.sense.scheme in schemes and not self._taken_back(norms, linked)
        ]
        of_parts = self._of_parts(norms, said, unsold)
        kept = [item for item in said if item not in unsold and item not in of_parts]
        return sorted([*kept, *freed], key=lambda item: item.start)

    def _taken_back(self, norms: list[str], linked: Linked) -> bool:
        relations = self._readers.get(linked.sense.scheme, _NOTHING)
        return self._denied_before(norms, linked.start, relations) or self._denied_after(
            norms, linked.end, relations
        )

    def _denied_before(self, norms: list[str], start: int, relations: frozenset[str]) -> bool:
        cues = self._cues
        if not start:
            return False
        before = norms[start - 1]
        if before in cues.denies_next or relations <= cues.unsaid_next.get(before, _NOTHING):
            return True
        run = norms[_run_start(norms, start, cues.breaks) : start]
        if not cues.denies_run.isdisjoint(run):
            return True
        words = f" {' '.join(run)} "
        return any(phrase in words for phrase in cues.other_product)

    def _denied_after(self, norms: list[str], end: int, relations: frozenset[str]) -> bool:
        cues = self._cues
        if end >= len(norms):
            return False
        if norms[end] in cues.denies_back:
            return norms[end + 1 : end + 2] != ["standing"]  # free standing
        return relations <= cues.unsaid_back.get(norms[end], _NOTHING)

    def _sold(self, tokens: Tokens, said: list[Linked], *, many: bool) -> list[Linked]:
        """Of the kinds of product in a text those that name the thing sold.

        They are the last of a compound (*jam jar magnet*), or the first plural in it where a
        number of pieces is stated (*set of 4 badges balloon girl*), and what *and* joins to it
        (*cup and saucer*). A colour, a style, a motif begins another phrase: a *lunch bag red
        doily* is a bag.
        """
        sold: list[Linked] = []
        norms, opened = tokens.norms, False
        for item in said:
            if item.sense.scheme not in self._heads:
                relations = self._readers.get(item.sense.scheme, _NOTHING)
                opened = opened or not relations <= _IN_A_COMPOUND
            elif not self._may_be_sold(norms, item):
                continue
            elif not sold or not self._is_other_phrase(tokens, sold[-1], item, opened, many):
                if sold and not self._are_joined(norms, sold[-1], item):
                    sold.pop()
                sold.append(item)
                opened = False
            else:
                break
        return sold

    def _are_joined(self, norms: list[str], left: Linked, right: Linked) -> bool:
        between = norms[left.end : right.start]
        return bool(between) and self._cues.joins.issuperset(between)

    def _is_other_phrase(
        self, tokens: Tokens, left: Linked, right: Linked, opened: bool, many: bool
    ) -> bool:
        """Whether ``right`` belongs to another phrase than ``left``, which ends there."""
        between = tokens.norms[left.end : right.start]
        if between and between[0] in self._cues.joins:  # sea salt & lavender soap
            return False
        stops = self._cues.subordinates | self._cues.breaks
        plural = many and is_plural(tokens.surface(left.start, left.end))
        return opened or plural or not stops.isdisjoint(between)

    def _may_be_sold(self, norms: list[str], item: Linked) -> bool:
        after = norms[item.end : item.end + 1]
        cues = self._cues
        other = not (cues.pictured_back | cues.serves_back).isdisjoint(after)
        return not other and not self._is_subordinate(norms, item.start)

    def _is_subordinate(self, norms: list[str], start: int) -> bool:
        """Whether a phrase comes after *with*, *for*, *in a* …, and something before that."""
        begin = _run_start(norms, start, self._cues.breaks)
        return any(norms[i] in self._cues.subordinates for i in range(max(begin, 1), start))

    def _is_freed(self, item: Linked, unsold: list[Linked]) -> bool:
        """Whether a phrase stands inside a kind of product that is not sold: *hanging heart* lamp.

        What such a part is made of, or what it holds, says nothing of the whole.
        """
        relations = self._readers.get(item.sense.scheme, _NOTHING)
        of_part = item.sense.scheme in self._heads or relations <= _OF_A_PART
        return not of_part and any(other.holds(item) for other in unsold)

    def _of_parts(self, norms: list[str], said: list[Linked], unsold: list[Linked]) -> list[Linked]:
        """The phrases that say what a part or an extra is like: in a *white paper* bag."""
        found = []
        for part in unsold:
            extra = self._is_subordinate(norms, part.start)
            about = _OF_AN_EXTRA if extra else _OF_A_PART
            begin = part.start
            for item in reversed(said):
                relations = self._readers.get(item.sense.scheme, _NOTHING)
                if item.end == begin and relations and relations <= about:
                    found.append(item)
                    begin = item.start
        return found


def _likely(weighed: list[Linked]) -> list[Linked]:
    """Those that weigh enough, without those that stand inside one that does not."""
    unlikely = [item for item in weighed if item.confidence < MIN_CONFIDENCE]
    return [
        item
        for item in weighed
        if item.confidence >= MIN_CONFIDENCE and not any(other.holds(item) for other in unlikely)
    ]


def _longest(linked: list[Linked]) -> list[Linked]:
    """Those that overlap none longer (of the same length: none later), in order.

    The later one, since English compounds end in their head: a *black tea towel* is a towel.
    """
    if len(linked) < 2:
        return linked
    taken: set[int] = set()
    kept = []
    for item in sorted(linked, key=lambda i: (i.start - i.end, -i.start)):
        places = range(item.start, item.end)
        if taken.isdisjoint(places):
            taken.update(places)
            kept.append(item)
    return sorted(kept, key=lambda i: i.start)


def _run_start(norms: list[str], start: int, breaks: frozenset[str]) -> int:
    return next((i + 1 for i in range(start - 1, -1, -1) if norms[i] in breaks), 0)
