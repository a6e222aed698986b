"""What goes over the wire for a search: what was understood, and products with their reasons."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import FactOut, HistoryItemIn, ProductCard, SnapshotInfo
from kg.extract.query import MAX_CHARS

__all__ = ["SearchAnswer", "SearchOptions", "SearchRequest"]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class SearchOptions(BaseModel):
    """What can be asked of a search."""

    model_config = ConfigDict(frozen=True)

    q: str = Field(
        min_length=1,
        max_length=MAX_CHARS,
        json_schema_extra={"pattern": r"[\p{L}\p{N}]"},  # the reader says it in plainer words
        description="the search, as typed; at least a letter or a digit",
        examples=["red ceramic mugs under £10, not christmas", "20英镑以下的儿童雨靴"],
    )
    k: int = Field(10, ge=1, description="how many products")
    lang: Literal["en", "zh"] | None = Field(
        None, description="of the search and of names; null: as its script tells"
    )
    in_stock: bool = Field(True, description="leave out products known to be out of stock")
    user: str | None = Field(
        None, min_length=1, max_length=200, description="a known user, whose taste counts"
    )


class SearchRequest(SearchOptions):
    """A search and whose taste counts: a known user's, or that of a history sent along."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "q": "a gift for a gardener under £25, not plastic",
                    "k": 5,
                    "history": [{"product_id": "GO-0313"}],
                }
            ],
            "not": {
                "properties": {"user": {"type": "string"}, "history": {"minItems": 1}},
                "required": ["user", "history"],
            },
        },
    )

    history: list[HistoryItemIn] = Field(default_factory=list, description="oldest first")


class _At(_Out):
    start: int = Field(description="first character of the words in the search")
    end: int
    text: str


class SpanOut(_At):
    """What some words were understood as; together the spans cover all words."""

    meaning: Literal[
        "want", "not", "about", "price", "cheap", "in_stock", "cue", "word", "passed_over"
    ]


class PartOut(_At):
    """Words that name something."""

    role: Literal["want", "not", "about"]
    kind: Literal["concept", "brand", "category", "product", "measure", "text"]
    id: str = Field(description="compact id of the IRI; of a text its words")
    name: str
    also: list[str] = Field(description="what the words may name as well; either will do")
    compare: Literal["=", ">=", "<="]
    confidence: float


class PriceOut(_At):
    """A bound on the price, both ends included."""

    least: float | None
    most: float | None
    currency: str | None
    is_about: bool


class RepairOut(_At):
    """A misspelt word."""

    read_as: str


class QueryOut(_Out):
    """The search, understood."""

    text: str
    language: str
    intent: Literal["find", "browse", "navigate", "compare", "substitute", "gift", "complement"]
    parts: list[PartOut]
    price: PriceOut | None
    cheap: bool
    in_stock: bool
    repairs: list[RepairOut]
    spans: list[SpanOut]


class RelaxedOut(_At):
    """Something wanted that was met in a lesser way, or given up, because nothing meets all."""

    way: Literal["words", "broader", "dropped"]
    broader: list[str]
    words: str


class NoteOut(_Out):
    """Something to know of the answer."""

    kind: str
    text: str


class MetOut(_At):
    """Words of the search that a product meets, and what shows it."""

    evidence: Literal["fact", "words", "price", "stock", "absence", "product"]
    fact: FactOut | None
    words: list[str] = Field(description="of the product's title, as written there")
    price: float | None


class UnmetOut(_At):
    """Words of the search that nothing shows a product to meet."""

    way: Literal["fact", "words", "broader", "dropped"]


class FoundOut(_Out):
    """A product found."""

    rank: int
    product: ProductCard
    score: float
    terms: dict[str, float] = Field(description="add up to the score")
    met: list[MetOut]
    unmet: list[UnmetOut]
    side: str | None = Field(description="of a comparison: what the product stands for")
    side_name: str | None


class SearchAnswer(_Out):
    """Products for a search."""

    impression_id: str | None = Field(
        None, description="send it with the events that these products lead to"
    )
    snapshot: SnapshotInfo
    query: QueryOut
    total: int = Field(description="products that meet what was not given up")
    relaxed: list[RelaxedOut]
    notes: list[NoteOut]
    results: list[FoundOut]
