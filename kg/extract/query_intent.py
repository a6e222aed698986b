"""What a shopper is about: find, browse, navigate, compare, substitute, gift, complement.

In: tokens and what they name. Out: `Reading` of the grammar's cues, and the intent. A cue decides
where there is one; else a brand alone or one product by its name is *navigate*, a kind of product
*find*, and what is named beside no kind (or nothing at all) *browse*.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kg.extract.query_grammar import Grammar
from kg.extract.query_parts import Found
from kg.extract.query_terms import Intent
from kg.extract.query_tokens import Place, Tokens
from kg.extract.shop_words import ShopWords

__all__ = ["Cue", "by_names", "find_cue", "for_a_thing", "product_named"]

_HEAD_SHARE = 2 / 3  # of a title's head that a search must name to mean that product
_WHOLE_TITLE = 4  # words of a title that is its product's name, though each is a concept


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that make an intent."""

    intent: Intent
    places: tuple[Place, ...]  # of the words themselves
    about: Place | None  # of what they speak of; None: of everything


def find_cue(tokens: Tokens, found: Sequence[Found], grammar: Grammar) -> Cue | None:
    """The first cue of the grammar that is not part of a longer name (*gift bag*)."""
    for intent, pattern in grammar.intents:
        for match in pattern.finditer(tokens.read):
            about = None
            start, end = match.span()
            if match.groupdict().get("about"):
                about = tokens.place(*match.span("about"))
            cue = _without(tokens.place(start, end), about)
            if not cue or any(_wider(item, place) for item in found for place in cue):
                continue
            return Cue(intent, cue, about)
    return None


def _without(place: Place, about: Place | None) -> tuple[Place, ...]:
    if about is None:
        return (place,)
    before, after = (place[0], min(place[1], about[0])), (max(place[0], about[1]), place[1])
    return tuple(part for part in (before, after) if part[0] < part[1])


def _wider(item: Found, cue: Place) -> bool:
    return item.touches(cue) and item.place[1] - item.place[0] > cue[1] - cue[0]


def for_a_thing(
    tokens: Tokens, found: Sequence[Found], heads: Collection[str], holders: Collection[str]
) -> Cue | None:
    """*Batteries for the alarm clock*: a thing for a thing, unless the first holds others.

    Args:
        tokens: the search.
        found: what its words name.
        heads: schemes of things sold.
        holders: concepts that are for keeping things in.
    """
    for row in range(1, len(tokens) - 1):
        if tokens.norms[row] != "for":
            continue
        after = [item for item in found if item.place[0] > row and _is_thing(item, heads)]
        before = [item for item in found if item.place[1] <= row and _is_thing(item, heads)]
        if after and not any(item.id in holders for item in before):
            return Cue("complement", ((row, row + 1),), (row + 1, len(tokens)))
        return None
    return None


def _is_thing(item: Found, heads: Collection[str]) -> bool:
    return item.kind == "concept" and item.id.partition(":")[0] in heads


def product_named(
    words: frozenset[str], free: frozenset[str], shop: ShopWords, *, head_share: float = _HEAD_SHARE
) -> str | None:
    """The product that words are the name of.

    They are if they are a whole title that is no mere kind; or if they hold a word of one or two
    titles that names nothing else, all stand in such a title, and most of its head is among them.

    Args:
        words: norms, without words that ask for nothing.
        free: those of them that name nothing else.
        shop: the titles.
        head_share: least share of a title's head.
    """
    if len(words) < 2:
        return None
    whole = shop.by_title.get(words) or shop.by_head.get(words)
    if whole is not None and (free or len(words) >= _WHOLE_TITLE):
        return whole
    best: tuple[float, str] | None = None
    for word in sorted(free):
        for title in shop.rare.get(word, ()):
            share = len(title.head & words) / len(title.head)
            if words <= title.words and share >= head_share and (not best or share > best[0]):
                best = share, title.product
    return best and best[1]


def by_names(
    wanted: Sequence[Found],
    heads: Collection[str],
    *,
    has_words: bool,
    looks_around: bool,
) -> Intent:
    """The intent of a search without a cue.

    Args:
        wanted: what it names and does not refuse.
        heads: schemes of things sold.
        has_words: whether it has words that name nothing known.
        looks_around: whether it says so.
    """
    kinds = {item.kind for item in wanted}
    if "product" in kinds or (kinds == {"brand"} and not has_words):
        return "navigate"
    if any(_is_thing(item, heads) for item in wanted):
        return "find"
    if looks_around:
        return "browse"
    named = [item for item in wanted if item.kind != "measure"]
    return "find" if has_words or len(named) > 1 or "measure" in kinds else "browse"
