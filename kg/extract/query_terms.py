"""What a search asks for, as plain frozen records.

Characters are counted in ``Query.text``, the search as it was read: white space made single.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = [
    "INTENTS",
    "Intent",
    "Kind",
    "Part",
    "Price",
    "Query",
    "Repair",
    "Role",
    "Span",
    "Word",
]

Intent = Literal["find", "browse", "navigate", "compare", "substitute", "gift", "complement"]

INTENTS: tuple[Intent, ...] = (
    *("find", "browse", "navigate", "compare", "substitute", "gift", "complement"),
)
"""What a shopper may be about; docs/labelling.md defines each."""

Kind = Literal["concept", "brand", "category", "product", "measure", "text"]

Role = Literal["want", "not", "about"]
"""Wanted of a result; refused; or what the search speaks of without searching for it."""


@dataclass(frozen=True, slots=True)
class Part:
    """Words of a search that name something."""

    start: int  # characters, half open
    end: int
    text: str  # the words as typed
    kind: Kind
    id: str  # compact id; of a text its words, joined by spaces
    role: Role
    also: tuple[str, ...] = ()  # what the words may name as well: either will do
    compare: Literal["=", ">=", "<="] = "="  # of a measure
    group: int = 0  # refused parts of one group are refused together: no white chocolate
    confidence: float = 1.0
    norms: tuple[str, ...] = ()  # of its words as they are read, as products' words are compared

    @property
    def ids(self) -> tuple[str, ...]:
        """All that the words may name."""
        return (self.id, *self.also)


@dataclass(frozen=True, slots=True)
class Price:
    """A bound on the price, both ends included."""

    start: int
    end: int
    text: str
    least: Decimal | None
    most: Decimal | None
    currency: str | None  # ISO 4217, where the words name one
    is_about: bool = False  # the words give one amount, which is taken a fifth either way


@dataclass(frozen=True, slots=True)
class Repair:
    """A word that neither the shop nor the ontology nor English knows, and what it was read as."""

    start: int
    end: int
    text: str
    read_as: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word that names nothing known; it is looked for in the texts of products."""

    start: int
    end: int
    text: str
    norm: str  # as products' words are compared


@dataclass(frozen=True, slots=True)
class Span:
    """What some characters were understood as."""

    start: int
    end: int
    text: str
    meaning: Literal[
        "want", "not", "about", "price", "cheap", "in_stock", "cue", "word", "passed_over"
    ]


@dataclass(frozen=True, slots=True)
class Query:
    """A search, understood."""

    text: str
    language: str
    intent: Intent
    parts: tuple[Part, ...]
    price: Price | None
    cheap: bool  # asks for low prices without naming one
    in_stock: bool  # says so in words
    words: tuple[Word, ...]
    repairs: tuple[Repair, ...]
    spans: tuple[Span, ...]  # in order; together they cover every word

    def role(self, role: Role) -> tuple[Part, ...]:
        """The parts of one role, in the order they stand."""
        return tuple(part for part in self.parts if part.role == role)
