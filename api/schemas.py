"""What goes over the wire: requests, answers and problem documents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "EdgeOut",
    "ExperimentOut",
    "FactOut",
    "Health",
    "HistoryItemIn",
    "ListOptions",
    "Name",
    "NodeOut",
    "OrderOut",
    "PathOut",
    "Problem",
    "ProductCard",
    "ProductDetail",
    "ProductList",
    "RecommendRequest",
    "Recommendation",
    "Recommendations",
    "RestOut",
    "SimilarProducts",
    "SnapshotInfo",
]

Event = Literal["view", "cart", "purchase", "rating"]
ProductId = Annotated[
    str,
    Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["KD-0101"]),
]
Term = Annotated[
    str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*:[^\s\x00-\x1f\x7f]+$", max_length=300)
]
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,63}$")]
"""Of a place in the shop, an experiment or an arm."""


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class HistoryItemIn(_In):
    """One thing a shopper did."""

    product_id: ProductId
    event: Event = "purchase"
    timestamp: datetime | None = Field(None, description="when; the order of the list where absent")


class ListOptions(BaseModel):
    """What can be asked of a list of recommendations."""

    model_config = ConfigDict(frozen=True)

    surface: Name | None = Field(
        None, description="place in the shop, whose defaults count for what is not given"
    )
    k: int = Field(10, ge=1, description="how many products")
    lang: str = Field("en", pattern="^[a-z]{2}$", description="language of the words, ISO 639-1")
    paths: int = Field(3, ge=0, le=20, description="how many paths to show for each product")
    in_stock: bool = Field(True, description="leave out products known to be out of stock")
    diversity: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="how much likeness within the list counts; 0: the order is that of the scores",
    )
    term: list[Term] = Field(
        [],
        max_length=50,
        description="only products that carry this term of the graph or a narrower one "
        "(colour:red, brand:acme); several of one kind widen the choice, several kinds narrow it",
    )
    min_price: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="in major units of the shop's currency"
    )
    max_price: float | None = Field(None, ge=0, allow_inf_nan=False, description="as min_price")
    exclude: list[ProductId] = Field(
        [], max_length=1000, description="leave out these products, e.g. those on the page already"
    )


class RecommendRequest(ListOptions):
    """A history to recommend from, oldest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    history: list[HistoryItemIn] = Field(min_length=1)


class NodeOut(_Out):
    """A node of the graph."""

    id: str
    label: str = Field(description="label in the property graph, e.g. Product")
    name: str


class EdgeOut(_Out):
    """An edge of the graph, with where the fact came from."""

    subject: str
    type: str = Field(description="relationship type in the property graph, e.g. MADE_OF")
    object: str
    relation: str = Field(description="the ontology's relation, e.g. schema:material")
    confidence: float
    source: str
    field: str | None = Field(None, description="product field the fact was read from")
    text: str | None = Field(None, description="the words it was read from")


class PathOut(_Out):
    """One term of a score and the thread behind it."""

    evidence: Literal["direct", "propagated", "co_purchase", "text", "gnn", "kin"]
    channel: str
    value: float = Field(description="this term's part of the score")
    share: float = Field(description="value / score")
    words: str
    buyers: int | None = Field(None, description="how many others bought both (co_purchase)")
    kin: str | None = Field(
        None, description="the product that one nobody has met yet takes after (kin)"
    )
    nodes: list[NodeOut]
    edges: list[EdgeOut]


class RestOut(_Out):
    """Terms of one channel that are not shown one by one."""

    channel: str
    label: str = Field(description="the channel's name in the language asked for")
    value: float = Field(description="sum of the terms")
    share: float = Field(description="value / score")


class ProductCard(_Out):
    """A product as it is listed."""

    id: str
    title: str
    brand: str | None = None
    price: float | None = None
    currency: str | None = None
    in_stock: bool | None = Field(None, description="null: not known")
    image: str | None = None


class Recommendation(_Out):
    """A product, its score, and the terms that add up to it."""

    rank: int
    rank_by_score: int = Field(description="its rank by score alone, before likeness counted")
    likeness: float | None = Field(
        None,
        description="to the product above it that it is most like (cosine of facts and words); "
        "null: the first, or diversity is 0",
    )
    rules: list[str] = Field(description="ids of the shop's rules that chose its place")
    product: ProductCard
    score: float
    paths: list[PathOut]
    rest: list[RestOut] = Field(description="sums of the terms not shown, strongest first")


class SnapshotInfo(_Out):
    """The snapshot an answer was made from."""

    id: str
    dataset: str
    products_revision: int = Field(
        0, description="of the last product put or changed since it was built; 0: none was"
    )


class OrderOut(_Out):
    """What the order of a list rests on. Scores and paths are the same whatever it is."""

    diversity: float = Field(description="as asked for")
    reordered: bool = Field(
        description="whether likeness to the products above, not the score alone, decided; "
        "rank_by_score and likeness of each product say how"
    )


class ExperimentOut(_Out):
    """The experiment a list is part of, and the arm this shopper is in."""

    name: str
    arm: str


class Recommendations(_Out):
    """Recommendations for one shopper."""

    impression_id: str | None = Field(
        None, description="send it with the events that this list leads to, which are due to it"
    )
    experiment: ExperimentOut | None = None
    snapshot: SnapshotInfo
    order: OrderOut
    history: list[ProductCard] = Field(description="what the answer rests on, newest first")
    heeded: list[str] = Field(
        [], description="terms and products that the shopper does not want to be led by"
    )
    recommendations: list[Recommendation]


class SimilarProducts(_Out):
    """Products similar to one product."""

    snapshot: SnapshotInfo
    order: OrderOut
    product: ProductCard
    similar: list[Recommendation]


class FactOut(_Out):
    """A fact about a product, and the words it came from."""

    relation: str
    label: str = Field(description="the relation's name in the language asked for")
    object: str
    name: str = Field(description="the object's name in the language asked for, or the value")
    confidence: float
    source: str
    field: str | None = None
    start: int | None = Field(None, description="first character of the words in the field")
    end: int | None = None
    text: str | None = None


class ProductDetail(_Out):
    """What a product page needs."""

    snapshot: SnapshotInfo
    product: ProductCard
    title_field: str = Field(description="the field the title shown was read from, e.g. title@zh")
    description_field: str
    description: str
    categories: list[str]
    stock: int | None
    units_per_week: float | None = Field(description="expected sales; null where time is unknown")
    days_of_cover: float | None = Field(description="how long the stock lasts at that rate")
    facts: list[FactOut]


class ProductList(_Out):
    """A page of the catalogue."""

    total: int
    products: list[ProductCard]


class Health(_Out):
    """Whether the service can answer, and from what."""

    status: Literal["ok"]
    snapshot: SnapshotInfo
    products: int
    facts: int
    has_model: bool


class Problem(_Out):
    """A problem document (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = Field(None, description="one per wrong field")
