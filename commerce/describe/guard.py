"""The closed world: what a sentence says beyond its claims is neutral or the shop's own words.

In: a sentence's tokens and which of them claims cover. Out: the words nothing supports and why, or
the own sentence that says the rest. This knows nothing of the ontology: a word nobody thought of
is unsupported because nobody stated it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from commerce.describe.known import Known, OwnSentence
from commerce.describe.reading import Reading
from commerce.describe.records import Reason
from commerce.describe.tokens import Token, is_number, is_word
from commerce.describe.wording import Wording

__all__ = ["Fault", "is_quote", "stated_rest"]

_NEAR = 4  # tokens between a binding word and its fact


class Fault(NamedTuple):
    """What is wrong with a sentence."""

    reason: Reason
    words: str
    detail: str


def is_quote(tokens: Sequence[Token], known: Known) -> OwnSentence | None:
    """The shop's own sentence that this sentence is, word for word."""
    norms = tuple(token.norm for token in tokens if is_word(token))
    return next((own for own in known.own if own.norms == norms), None)


def stated_rest(
    tokens: Sequence[Token], readings: Sequence[Reading], known: Known, wording: Wording
) -> Fault | tuple[OwnSentence | None, list[int]]:
    """What stands outside the claims.

    Returns:
        A fault; or the own sentence that says the words outside, and their places (None and
        nothing where all of them are neutral).
    """
    covered = {place for r in readings for place in range(r.first, r.last)}
    denied, fault = _denials(tokens, covered, known, wording)
    if fault is not None:
        return fault
    rest = [
        at
        for at, token in enumerate(tokens)
        if at not in covered and at not in denied and is_word(token)
    ]
    fault = _unbound(tokens, rest, readings, known, wording)
    if fault is not None:
        return fault
    open_places = [
        at
        for at in rest
        if is_number(tokens[at])
        or (tokens[at].norm not in wording.neutral and tokens[at].norm not in wording.binding)
    ]
    places = sorted({*open_places, *denied})
    if not places:
        return None, []
    return _own_saying(tokens, places, denied, known, wording)


def _denials(
    tokens: Sequence[Token], covered: set[int], known: Known, wording: Wording
) -> tuple[set[int], Fault | None]:
    """Places that a negation reaches, if the shop denies the same in the same words."""
    denied: set[int] = set()
    shielded = covered
    for at, token in enumerate(tokens):
        if at in shielded:
            continue
        back = token.norm in wording.denies_back and at > 0 and is_word(tokens[at - 1])
        if not back and token.norm not in wording.denies_next:
            continue
        first = at - 1 if back else at
        last = at + 1 if back else _clause_end(tokens, at)
        words = tuple(t.norm for t in tokens[first:last] if is_word(t))
        if len(words) < 2 or not any(_holds(own.norms, words) for own in known.own):
            said = " ".join(t.text for t in tokens[first:last])
            return denied, Fault("negation", said, "the shop denies nothing in these words")
        denied |= set(range(first, last))
    return denied, None


def _clause_end(tokens: Sequence[Token], at: int) -> int:
    return next((i for i in range(at + 1, len(tokens)) if not is_word(tokens[i])), len(tokens))


def _holds(norms: Sequence[str], words: Sequence[str]) -> bool:
    """Whether words stand side by side."""
    size = len(words)
    return any(tuple(norms[i : i + size]) == tuple(words) for i in range(len(norms) - size + 1))


def _unbound(
    tokens: Sequence[Token],
    rest: Sequence[int],
    readings: Sequence[Reading],
    known: Known,
    wording: Wording,
) -> Fault | None:
    """A binding word without a fact of its relation near it, and not as the shop says it."""
    for at in rest:
        wanted = wording.binding.get(tokens[at].norm)
        if wanted is None:
            continue
        near = any(
            r.relation in wanted and r.first - _NEAR <= at < r.last + _NEAR for r in readings
        )
        if not near and not _with_neighbour(tokens, at, known, wording, both=True):
            told = ", ".join(sorted(wanted))
            return Fault("binding", tokens[at].text, f"no fact of {told} stands beside it")
    return None


def _own_saying(
    tokens: Sequence[Token],
    places: Sequence[int],
    denied: set[int],
    known: Known,
    wording: Wording,
) -> Fault | tuple[OwnSentence, list[int]]:
    """The own sentence that says all words at these places."""
    for at in places:
        token = tokens[at]
        if at in denied:
            continue
        if not any(token.norm in own.said for own in known.own):
            reason: Reason = "word"
            if is_number(token):
                reason = "number"
            elif token.norm in wording.sensitive:
                reason = "praise"
            return Fault(reason, token.text, "no fact and no text of the product says it")
        if is_number(token) and not _with_neighbour(tokens, at, known, wording, both=False):
            return Fault("number", token.text, "the product's texts count something else")
        if token.norm in wording.sensitive and not _with_neighbour(
            tokens, at, known, wording, both=False
        ):
            return Fault("praise", token.text, "the product's texts say it of something else")
    title = {norm for own in known.own if own.field.startswith("title") for norm in own.said}
    needed = {tokens[at].norm for at in places if at not in denied} - title
    refused = {tokens[at].norm for at in denied if is_word(tokens[at])}
    for own in known.own:
        if needed <= own.said and refused <= set(own.norms):
            return own, list(places)
    words = " ".join(tokens[at].text for at in places)
    return Fault("apart", words, "no one sentence of the product's texts says these words together")


def _with_neighbour(
    tokens: Sequence[Token], at: int, known: Known, wording: Wording, *, both: bool
) -> bool:
    """Whether an own text has this word beside the same word as here.

    A number's and a praise's neighbour is the word after it, or the one before it where it ends a
    clause or a neutral word follows; ``both``: either side will do.
    """
    after = tokens[at + 1].norm if at + 1 < len(tokens) and is_word(tokens[at + 1]) else None
    before = tokens[at - 1].norm if at and is_word(tokens[at - 1]) else None
    pairs = []
    if after is not None and (both or after not in wording.neutral):
        pairs.append((tokens[at].norm, after))
    if before is not None and (both or not pairs or tokens[at].norm in wording.sensitive):
        pairs.append((before, tokens[at].norm))
    if not pairs:
        return any(tokens[at].norm in own.said for own in known.own)
    return any(_holds(own.norms, pair) for own in known.own for pair in pairs)
