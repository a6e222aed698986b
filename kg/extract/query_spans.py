"""What each word of a search was understood as.

In: a query and its tokens. Out: `Span` records in the order of the words; each word is in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from kg.extract.query_terms import Query, Span
from kg.extract.query_tokens import Place, Tokens

__all__ = ["spans_of"]

_Meaning = Literal[
    "want", "not", "about", "price", "cheap", "in_stock", "cue", "word", "passed_over"
]


def spans_of(
    query: Query,
    tokens: Tokens,
    cues: Sequence[Place],
    cheap: Place | None,
    in_stock: Place | None,
) -> tuple[Span, ...]:
    """The spans of a query.

    Args:
        query: what was understood.
        tokens: its words.
        cues: tokens that make an intent or a refusal.
        cheap: tokens that ask for low prices.
        in_stock: tokens that ask for stock.
    """
    meant: list[tuple[int, int, _Meaning]] = [
        (part.start, part.end, part.role) for part in query.parts
    ]
    if query.price is not None:
        meant.append((query.price.start, query.price.end, "price"))
    meant += [(word.start, word.end, "word") for word in query.words]
    if cheap is not None:
        meant.append((*tokens.typed(cheap)[:2], "cheap"))
    if in_stock is not None:
        meant.append((*tokens.typed(in_stock)[:2], "in_stock"))
    meant += [(*tokens.typed(place)[:2], "cue") for place in cues]
    spans: list[Span] = []
    owner: tuple[int, int, _Meaning] | None = None
    for start, end in tokens.places:
        if not query.text[start:end].strip():
            continue
        now = next((m for m in meant if m[0] <= start < m[1]), (start, end, "passed_over"))
        meaning = now[2]
        joins = spans and (now == owner or meaning == "passed_over" == spans[-1].meaning)
        first = spans.pop().start if joins else start
        spans.append(Span(first, end, query.text[first:end], meaning))
        owner = now
    return tuple(spans)
