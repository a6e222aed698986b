"""Which names in a search are wanted, refused or only spoken of.

In: tokens, what they name, the grammar. Out: refusals and the region of what is spoken of.
A refusal holds up to a comma, *but* or a preposition. Things joined by *or* are refused one by
one; what stands together is refused together (*no white chocolate*). Where a refusal begins with a
word that names nothing (*without palm oil*), its words are refused as they stand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from kg.extract.query_grammar import Grammar
from kg.extract.query_parts import Found
from kg.extract.query_tokens import Place, Tokens

__all__ = ["Refusals", "read_refusals"]


@dataclass
class Refusals:
    """What a search refuses."""

    cues: list[Place] = field(default_factory=list)
    groups: list[list[Found]] = field(default_factory=list)  # what of each is refused together
    texts: list[Place] = field(default_factory=list)  # words refused as they stand

    def of(self, item: Found) -> int | None:
        """The group that refuses something, counted from 1."""
        return next((at for at, some in enumerate(self.groups, start=1) if item in some), None)

    def holds(self, row: int) -> bool:
        """Whether a token is a cue or refused as a word."""
        return any(first <= row < last for first, last in (*self.cues, *self.texts))


def read_refusals(
    tokens: Tokens, found: Sequence[Found], grammar: Grammar, taken: Collection[Place]
) -> Refusals:
    """Read what a search refuses.

    Args:
        tokens: the search.
        found: what its words name.
        grammar: of its language.
        taken: tokens of prices and of what makes the intent; a refusal ends there.
    """
    refused = Refusals()
    text = tokens.read
    for match in grammar.denies.finditer(text):
        cue = tokens.place(*match.span())
        if any(_overlap(cue, place) for place in taken) or _inside(cue, found):
            continue
        refused.cues.append(cue)
        stop = grammar.denial_ends.search(text, match.end())
        last = tokens.place(stop.start(), stop.end())[0] if stop and stop[0] else len(tokens)
        if stop and stop.end() > stop.start() and last < cue[1]:
            last = cue[1]
        later = [place[0] for place in taken if place[0] >= cue[1]]
        _refuse(tokens, found, grammar, (cue[1], min([last, *later])), refused)
    for match in grammar.denied_back.finditer(text):
        cue = tokens.place(*match.span())
        before = [item for item in found if item.place[1] == cue[0]]
        if any(item.touches(cue) for item in found):
            continue
        refused.cues.append(cue)
        if before:
            refused.groups.append(before)
        elif cue[0] > 0:
            refused.texts.append((cue[0] - 1, cue[0]))
    return refused


def _refuse(
    tokens: Tokens, found: Sequence[Found], grammar: Grammar, scope: Place, refused: Refusals
) -> None:
    first = scope[0]
    for row in range(scope[0], scope[1] + 1):
        inside = any(item.place[0] < row < item.place[1] for item in found)
        if row < scope[1] and (tokens.norms[row] not in grammar.splits or inside):
            continue
        _refuse_piece(tokens, found, grammar, (first, row), refused)
        first = row + 1


def _refuse_piece(
    tokens: Tokens, found: Sequence[Found], grammar: Grammar, piece: Place, refused: Refusals
) -> None:
    named = [i for i in found if piece[0] <= i.place[0] and i.place[1] <= piece[1]]
    rows = [
        row
        for row in range(*piece)
        if tokens.doc[row].text.casefold().rstrip("-") not in grammar.passed_over
        and not any(row in range(*item.place) for item in named)
    ]
    start = min((item.place[0] for item in named), default=piece[1])
    if rows and rows[0] < start:
        refused.texts.append((rows[0], max([rows[-1] + 1, *(i.place[1] for i in named)])))
    elif named:
        refused.groups.append(named)


def _overlap(one: Place, other: Place) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _inside(cue: Place, found: Sequence[Found]) -> bool:
    """Whether a cue is part of a name: 无香."""
    return any(
        item.touches(cue) and item.place[1] - item.place[0] > cue[1] - cue[0] for item in found
    ) or any(item.place == cue and item.kind != "category" for item in found)
