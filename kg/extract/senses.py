"""Which sense of a phrase is meant: prior, context words, company.

In: the matches of a `Lexicon` in a text. Out: one `Linked` per match, its best sense with a
confidence, also where that is too low to count (`MIN_CONFIDENCE`):

=====================================================  ============
no context word met                                    the prior
a ``near`` word met: in the text, a longer label of    1
the concept, the categories or another title
a ``notNear`` word met there                           prior x 0.3
both met                                               the prior
another concept has the label too                      x 0.9
only a misspelling fits                                x 0.95
only a label of two words, written as one, fits        x 0.95
the plural of a mass noun (*glasses* for glass)        x 0.6
=====================================================  ============

Company counts as a ``near`` word: joined by *and*, a slash or a comma to a phrase of one scheme, a
phrase is rather of that scheme too (*red and gold*).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from kg.extract.context import joined
from kg.extract.lexicon import Lexicon, Sense
from kg.extract.tokens import Tokens
from kg.extract.words import is_plural

__all__ = ["MIN_CONFIDENCE", "Linked", "Match", "SenseChooser"]

MIN_CONFIDENCE: Final = 0.5
"""Below it a phrase states nothing."""

_AGAINST = 0.3
_SHARED = 0.9
_INFLECTED = 0.9  # in the choice between senses: an exact label goes before a plural of one
_SPELLING: Final = {"label": 1.0, "hidden": 0.95, "joined": 0.95}
_MASS_PLURAL = 0.6
_WINDOW = 12  # tokens on each side that are context

Match = tuple[int, int, int]
"""Key of a phrase, start and end token; what a spaCy matcher gives."""

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Linked:
    """A phrase and the concept it means."""

    start: int  # tokens, half open
    end: int
    sense: Sense
    confidence: float  # may be below MIN_CONFIDENCE

    def holds(self, other: Linked) -> bool:
        """Whether another phrase stands inside this one, which is longer."""
        inside = self.start <= other.start and other.end <= self.end
        return inside and other.end - other.start < self.end - self.start


class SenseChooser:
    """Chooses among the senses of phrases in one language.

    Args:
        lexicon: the senses.
        language: of the texts.
        joins: norms that join words of one kind: and, a slash, a comma.
        mass: schemes whose concepts have no plural.
    """

    def __init__(
        self, lexicon: Lexicon, language: str, joins: Collection[str], mass: Collection[str]
    ) -> None:
        self._senses = lexicon.senses
        self._language = language
        self._joins = frozenset(joins)
        self._mass = frozenset(mass) if language == "en" else frozenset()

    def choose(self, tokens: Tokens, matches: Sequence[Match], context: str) -> list[Linked]:
        """The best sense of each match.

        Args:
            tokens: of the text.
            matches: what the lexicon's matcher found in them.
            context: the product's other words, as of `kg.extract.context.context_of`.
        """
        chosen, norms = [], tokens.norms
        for key, start, end in matches:
            senses = self._senses[key]
            if len(senses) == 1 and senses[0].is_plain and senses[0].scheme not in self._mass:
                sense = senses[0]
                chosen.append(Linked(start, end, sense, sense.prior * _SPELLING[sense.spelling]))
                continue
            company = _NONE if len(senses) == 1 else self._company(norms, matches, start, end)
            around = self._around(norms, start, end) + context
            own = joined(norms[start:end], self._language) if end - start > 1 else ""
            surface = tokens.surface(start, end).casefold()
            weights = [
                _weight(sense, around, own, company) * self._form(sense, surface)
                for sense in senses
            ]
            chosen.append(_heaviest(start, end, senses, weights, surface))
        return chosen

    def _form(self, sense: Sense, surface: str) -> float:
        """What the form of the words is worth: their spelling, their number."""
        weight = _SPELLING[sense.spelling]
        if sense.scheme in self._mass and surface not in sense.surfaces and is_plural(surface):
            weight *= _MASS_PLURAL
        return weight

    def _around(self, norms: Sequence[str], start: int, end: int) -> str:
        before = joined(norms[max(0, start - _WINDOW) : start], self._language)
        return f"{before}|{joined(norms[end : end + _WINDOW], self._language)}|"

    def _company(
        self, norms: Sequence[str], matches: Sequence[Match], start: int, end: int
    ) -> frozenset[str]:
        """Schemes of the phrases joined to a span that have no other."""
        before = start > 1 and norms[start - 1] in self._joins
        after = end < len(norms) and norms[end] in self._joins
        if not before and not after:
            return _NONE
        beside = [
            {sense.scheme for sense in self._senses[key]}
            for key, other_start, other_end in matches
            if (before and other_end == start - 1) or (after and other_start == end + 1)
        ]
        return frozenset(scheme for schemes in beside if len(schemes) == 1 for scheme in schemes)


def _heaviest(
    start: int, end: int, senses: tuple[Sense, ...], weights: list[float], surface: str
) -> Linked:
    best = max(
        range(len(senses)),
        key=lambda i: weights[i] * (1 if surface in senses[i].surfaces else _INFLECTED),
    )
    shared = len(senses) > 1 and weights[best] < 1
    return Linked(start, end, senses[best], weights[best] * (_SHARED if shared else 1))


def _weight(sense: Sense, around: str, own: str, company: frozenset[str]) -> float:
    """How likely a sense is, given the words around, its own words and its company."""
    near = sense.scheme in company or any(word in around or word in own for word in sense.near)
    against = any(word in around for word in sense.against)
    if near == against:
        return sense.prior
    return 1.0 if near else sense.prior * _AGAINST
