"""In which order products that meet a search come: a sum of named terms.

    score(j) = w_title · BM25(title) + w_text · BM25(title, brand, categories, attributes)
             + w_meaning · cosine + w_facts · met + w_taste · taste + w_popular · popularity
             + w_cheap · cheapness

Each term but the cosine (which may be negative) is taken to [0, 1] among the products that are
ranked: BM25 and taste by their largest value there, popularity by log(1 + buyers) over its largest.
``met`` is the share of what is wanted that the graph states. ``taste`` is the model's score for the
shopper's history where it is positive, 0 without a history. Cheapness counts only where low prices
are asked for. The weights are settings; docs/search.md tells what is known of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from commerce.search_text import Texts

__all__ = ["TERMS", "SearchConfig", "weighted_terms"]

TERMS: Final = ("title", "text", "meaning", "facts", "taste", "popular", "cheap")
"""Names of the terms, in the order they are told."""


class SearchConfig(BaseModel):
    """How much each term counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: float = Field(default=1.0, ge=0)
    """BM25 of titles."""
    text: float = Field(default=0.3, ge=0)
    """BM25 of title, brand, categories and attributes."""
    meaning: float = Field(default=0.5, ge=0)
    """Cosine of what the words and the product's text mean."""
    facts: float = Field(default=0.5, ge=0)
    """Share of what is wanted that facts state."""
    taste: float = Field(default=0.5, ge=0)
    """The shopper's history, through the model."""
    popular: float = Field(default=0.1, ge=0)
    """How many bought the product."""
    cheap: float = Field(default=1.0, ge=0)
    """Low prices, where they are asked for."""


def weighted_terms(
    rows: NDArray[np.int64],
    *,
    config: SearchConfig,
    texts: Texts,
    words: Sequence[str],
    met: NDArray[np.float64],
    taste: NDArray[np.float64] | None,
    buyers: NDArray[np.float64],
    prices: NDArray[np.float64] | None,
) -> Mapping[str, NDArray[np.float64]]:
    """The terms of the scores of some products; a score is their sum.

    Args:
        rows: (m,) the products.
        config: weights.
        texts: of all products.
        words: norms of the search's words.
        met: (m,) share of what is wanted that is met, [0, 1].
        taste: (n,) the model's scores of all products; None without a history.
        buyers: (n,) how many bought each product.
        prices: (n,) NaN where not known; None where low prices are not asked for.
    """
    zero = np.zeros(len(rows))
    near = texts.near(tuple(words))[rows].astype(np.float64) if words else zero
    popularity = np.log1p(buyers)
    return {
        "title": config.title * _to_one(texts.titles.scores(words)[rows]),
        "text": config.text * _to_one(texts.all.scores(words)[rows]),
        "meaning": config.meaning * near,
        "facts": config.facts * met,
        "taste": zero if taste is None else config.taste * _to_one(taste[rows]),
        "popular": config.popular * popularity[rows] / max(float(popularity.max(initial=0)), 1e-12),
        "cheap": zero if prices is None else config.cheap * _cheapness(prices[rows]),
    }


def _to_one(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    most = float(scores.max(initial=0.0))
    return np.maximum(scores, 0) / most if most > 0 else np.zeros(len(scores))


def _cheapness(prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 for the cheapest, near 0 for the dearest, 0 where the price is not known."""
    known = ~np.isnan(prices)
    out = np.zeros(len(prices))
    ordered = np.sort(prices[known])
    if len(ordered):
        out[known] = 1 - np.searchsorted(ordered, prices[known], side="left") / len(ordered)
    return out
