"""Descriptions of products, every claim with the fact it rests on.

The service writes with the template: what a language model writes is made beforehand
(``clew describe``), not while a shopper waits.
"""

from __future__ import annotations

import threading
from typing import Annotated
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.access import needs
from api.routes.deps import CurrentService, Language
from api.routes.products import ProductId
from api.schemas import SnapshotInfo
from api.service import Service
from commerce.describe import DescribeConfig, Describer, Description
from commerce.describe.records import Length, Reason, Style, Support

__all__ = ["router"]

router = APIRouter(prefix="/v1/products", tags=["products"], dependencies=[needs("recommend")])

_describers: WeakKeyDictionary[Service, Describer] = WeakKeyDictionary()
_lock = threading.Lock()


class ClaimFact(BaseModel):
    """A fact that carries a claim."""

    relation: str = Field(examples=["schema:color"])
    object: str = Field(description="compact id, a literal, or the shop's own sentence")
    name: str = Field(description="what the object is called in the text's language")
    source: str = Field(examples=["catalog", "phrase", "measure"])
    confidence: float = Field(ge=0, le=1)
    source_words: str | None = Field(description="the words the fact was read from")


class ClaimOut(BaseModel):
    """Words of the text and what they rest on."""

    start: int = Field(description="first character in the text")
    end: int = Field(description="one past the last character")
    words: str
    support: Support = Field(
        description="same value, one that falls under it, the shop's own words, or its own name"
    )
    fact: ClaimFact


class RemovedOut(BaseModel):
    """A sentence that nothing supports."""

    sentence: str
    reason: Reason
    words: str
    detail: str


class DescriptionOut(BaseModel):
    """A text whose every claim is in the snapshot named."""

    snapshot: SnapshotInfo
    product_id: str
    text: str
    language: str
    style: Style
    length: Length
    writer: str
    claims: list[ClaimOut]
    removed: list[RemovedOut]
    facts_covered: float = Field(ge=0, le=1, description="facts told, of those that can be told")
    facts_total: int


@router.get("/{product_id}/description", summary="A product's description")
def description(
    service: CurrentService,
    product_id: ProductId,
    lang: Language = "en",
    style: Annotated[Style, Query(description="sentences, friendlier ones, or a list")] = "plain",
    length: Annotated[Length, Query(description="how many of the facts are told")] = "medium",
) -> DescriptionOut:
    """A text about a product, each claim with the fact it rests on; nothing else is said."""
    config = DescribeConfig(language=lang, style=style, length=length)
    with _lock:
        found = _describer(service).describe(product_id, config)
    return _out(service.info, product_id, found)


def _describer(service: Service) -> Describer:
    """The describer of a service's snapshot, made when first asked for; gone with the service."""
    if service not in _describers:
        _describers[service] = Describer(service.teller.kg, service.teller.schema, service.facts)
    return _describers[service]


def _out(snapshot: SnapshotInfo, product_id: str, found: Description) -> DescriptionOut:
    claims = [
        ClaimOut(
            start=claim.start,
            end=claim.end,
            words=claim.words,
            support=claim.support,
            fact=ClaimFact(
                relation=claim.relation,
                object=claim.object,
                name=claim.name,
                source=claim.source,
                confidence=claim.confidence,
                source_words=claim.source_words,
            ),
        )
        for claim in found.claims
    ]
    removed = [
        RemovedOut(sentence=r.sentence, reason=r.reason, words=r.words, detail=r.detail)
        for r in found.removed
    ]
    return DescriptionOut(
        snapshot=snapshot,
        product_id=product_id,
        text=found.text,
        language=found.language,
        style=found.style,
        length=found.length,
        writer=found.writer,
        claims=claims,
        removed=removed,
        facts_covered=found.facts_covered,
        facts_total=found.facts_total,
    )
