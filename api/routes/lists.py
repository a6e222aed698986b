"""Products beside a product, and what is wanted now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.access import needs
from api.beside import related, trending_now
from api.routes.deps import (
    CurrentParts,
    CurrentService,
    CurrentSettings,
    CurrentSurfaces,
    Options,
    check_k,
)
from api.routes.products import ProductId
from api.schemas_lists import RelatedProducts, TrendingProducts
from commerce.related import Kind

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["products"], dependencies=[needs("recommend")])


@router.get("/products/{product_id:path}/related", summary="Products beside a product")
def beside(
    service: CurrentService,
    parts: CurrentParts,
    settings: CurrentSettings,
    surfaces: CurrentSurfaces,
    product_id: ProductId,
    options: Options,
    kind: Annotated[
        Kind | None,
        Query(description="where absent, as the surface says, else substitutes"),
    ] = None,
) -> RelatedProducts:
    """Bundles: bought together. Substitutes: of its kind and like it. Complements: of another kind
    and wanted by who wants it. Never the product itself; out of stock only where asked for.
    """
    check_k(options.k, settings, "query")
    place = surfaces.get(options.surface or "")
    wanted = kind or (place.kind if place else None) or "substitutes"
    return related(service, product_id, wanted, options, parts.rules.all())


@router.get("/trending", summary="What is wanted now")
def trend(
    service: CurrentService,
    parts: CurrentParts,
    settings: CurrentSettings,
    options: Options,
    half_life_days: Annotated[
        float, Query(gt=0, le=3650, allow_inf_nan=False, description="age that halves an event")
    ] = 7.0,
) -> TrendingProducts:
    """The products met most, lately: events of the snapshot and those heard since, each counted
    the less the older it is. By category: `term=category:mugs`.
    """
    check_k(options.k, settings, "query")
    return trending_now(service, parts.log, half_life_days, options, parts.rules.all())
