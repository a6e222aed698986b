"""What a description is made of: claims with the facts they rest on, and what was taken out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Claim",
    "DescribeConfig",
    "Description",
    "Length",
    "Reason",
    "Removed",
    "Style",
    "Support",
]

Style = Literal["plain", "warm", "list"]
Length = Literal["short", "medium", "long"]

Support = Literal["value", "broader", "stated", "name"]
"""How a fact carries a claim: the same value, a value that falls under it, the shop's own words,
the product's own name."""

Reason = Literal["claim", "word", "number", "negation", "praise", "binding", "apart", "empty"]
"""Why a sentence was removed. ``claim``: it states what the graph does not know; ``word``: a word
nothing covers; ``number``: a number nothing covers; ``negation``: a denial the shop does not make;
``praise``: a promise, comparison or word of health and safety that the shop does not give;
``binding``: *by*, *colour*, … with no such fact beside it; ``apart``: words that the shop's own
text says, but not together; ``empty``: neutral words alone."""


class DescribeConfig(BaseModel):
    """How a description is written and checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str = Field("en", pattern="^[a-z]{2}$", description="of the text, ISO 639-1")
    style: Style = Field("plain", description="whole sentences, friendlier ones, or a list")
    length: Length = Field("medium", description="how many of the facts are told")
    min_confidence: float = Field(
        0.5, ge=0.0, le=1.0, description="facts less sure than this are not told"
    )
    tries: int = Field(2, ge=1, le=10, description="texts asked of a writer before the template")
    min_facts: int = Field(
        1, ge=1, le=100, description="facts a written text must still tell after checking"
    )
    complete: bool = Field(True, description="the template tells what a writer left out")


@dataclass(frozen=True, slots=True)
class Claim:
    """Words of a text, and the fact they rest on."""

    start: int  # characters of the text, half open
    end: int
    words: str
    relation: str  # compact id; schema:name and schema:description for the shop's own words
    object: str  # compact id, literal, or the shop's own sentence
    name: str  # the object as it is called in the language of the text
    source: str  # of the fact: catalog, phrase, measure, …
    confidence: float
    source_words: str | None  # what the fact was read from
    support: Support


@dataclass(frozen=True, slots=True)
class Removed:
    """A sentence that was taken out."""

    sentence: str
    reason: Reason
    words: str  # the words that nothing supports
    detail: str


@dataclass(frozen=True, slots=True)
class Description:
    """A text whose every claim is in the graph."""

    product: str  # compact id
    text: str
    language: str
    style: Style
    length: Length
    writer: str  # template, vae, endpoint, local; vae+template where the template completed it
    claims: tuple[Claim, ...]
    removed: tuple[Removed, ...]
    facts_covered: float  # told facts / facts that could be told, [0, 1]; 1.0 where there are none
    facts_total: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)
