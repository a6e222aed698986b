"""What is asked of a list, as the shop's rooms take it, and what the answer says of its order."""

from __future__ import annotations

from collections.abc import Sequence

from api.schemas import ListOptions, OrderOut, Recommendation
from commerce.selection import Selection
from kg.ids import entity_id

__all__ = ["order_of", "selection_of"]


def selection_of(options: ListOptions, unwanted: Sequence[str] = ()) -> Selection:
    """Which products may come; none that carries what a shopper does not want."""
    return Selection(
        terms=options.term,
        min_price=options.min_price,
        max_price=options.max_price,
        in_stock=options.in_stock,
        unwanted=unwanted,
        without=[entity_id("product", product) for product in options.exclude],
    )


def order_of(listed: Sequence[Recommendation], options: ListOptions) -> OrderOut:
    """What the order of a list rests on."""
    reordered = any(item.rank != item.rank_by_score for item in listed)
    return OrderOut(diversity=options.diversity, reordered=reordered)
