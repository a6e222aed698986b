"""What goes over the wire about lists that rest on no shopper's history."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import ProductCard, Recommendation, SnapshotInfo

__all__ = ["RelatedProducts", "TrendingItem", "TrendingProducts"]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class RelatedProducts(_Out):
    """Products to show beside one product, each score an exact sum of its paths and the rest."""

    snapshot: SnapshotInfo
    kind: Literal["bundles", "substitutes", "complements"]
    product: ProductCard
    related: list[Recommendation]


class TrendingItem(_Out):
    """A product that is wanted now."""

    rank: int
    product: ProductCard
    score: float = Field(description="sum of the shoppers' days with it, older ones counting less")
    shoppers: int | None = Field(
        description="people who met it within the last half-life; null: too few to tell"
    )


class TrendingProducts(_Out):
    """What is wanted now."""

    snapshot: SnapshotInfo
    as_of: datetime | None = Field(description="of the newest event; null: no event has a time")
    half_life_days: float
    trending: list[TrendingItem]
