"""What a shopper says of the reasons: not this brand, not because of that purchase.

In: a subject's log, where feedback stands among the events (so it is merged, exported, pruned and
erased with them). Out: `Wishes`. What was said last of a term or product holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gnn.history import Event, History
from kg.ids import Vocabulary, local_part

__all__ = ["AGAIN_BECAUSE", "AGAIN_TERM", "NOT_BECAUSE", "NOT_TERM", "Wishes", "wishes"]

NOT_TERM, AGAIN_TERM = "not_term", "again_term"
NOT_BECAUSE, AGAIN_BECAUSE = "not_because", "again_because"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a shopper does not want."""

    terms: tuple[str, ...] = ()  # products that carry one are not recommended to them
    products: tuple[str, ...] = ()  # compact ids; nothing is recommended because of these

    def heed(self, history: History, products: Vocabulary) -> History:
        """The history without what nothing shall be recommended because of.

        All other weights stay as they are, so each score falls by exactly the terms of what is
        left out; what was met still counts as met.
        """
        for product in self.products:
            row = products.get(product)
            if row is not None:
                history = history.without(row)
        return history


def wishes(log: Sequence[Event]) -> Wishes:
    """What the feedback in a log, oldest first, comes to."""
    terms: dict[str, bool] = {}
    products: dict[str, bool] = {}
    for event in log:
        if event.event in (NOT_TERM, AGAIN_TERM):
            terms[local_part(event.product)] = event.event == NOT_TERM
        elif event.event in (NOT_BECAUSE, AGAIN_BECAUSE):
            products[event.product] = event.event == NOT_BECAUSE
    return Wishes(
        tuple(sorted(term for term, unwanted in terms.items() if unwanted)),
        tuple(sorted(name for name, unwanted in products.items() if unwanted)),
    )
