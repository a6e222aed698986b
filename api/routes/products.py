"""Products: list, page, similar ones."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.access import needs
from api.routes.deps import (
    CurrentParts,
    CurrentService,
    CurrentSettings,
    Language,
    Options,
    check_k,
)
from api.schemas import ProductDetail, ProductList, SimilarProducts

__all__ = ["router"]

router = APIRouter(prefix="/v1/products", tags=["products"], dependencies=[needs("recommend")])

ProductId = Annotated[str, Path(min_length=1, max_length=200, examples=["KD-0101"])]


@router.get("", summary="List products")
def listed(
    service: CurrentService,
    q: Annotated[str, Query(max_length=200, description="words of the title")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    lang: Language = "en",
) -> ProductList:
    """Products whose title, in any language, holds all words of ``q``."""
    return service.products(q, limit=limit, offset=offset, lang=lang)


@router.get("/{product_id:path}/similar", summary="Similar products")
def similar(
    service: CurrentService,
    parts: CurrentParts,
    settings: CurrentSettings,
    product_id: ProductId,
    options: Options,
) -> SimilarProducts:
    """What would be recommended to someone who met only this product, explained alike."""
    check_k(options.k, settings, "query")
    return service.similar(product_id, options, parts.rules.all())


@router.get("/{product_id:path}", summary="A product's page")
def page(service: CurrentService, product_id: ProductId, lang: Language = "en") -> ProductDetail:
    """A product, what is known about it and the words that was read from, how it sells."""
    return service.product(product_id, lang=lang)
