"""Products put, changed and taken back while the service runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.access import needs
from api.live import Live
from api.parts import Parts
from api.routes.deps import CurrentLive, CurrentMetrics, CurrentParts, refuse
from api.schemas_products import ProductIn, ProductPart, ProductStored
from api.threads import waits
from kg.changes import ProductChange
from kg.errors import DatasetError

__all__ = ["router"]

router = APIRouter(prefix="/v1/products", tags=["products"], dependencies=[needs("catalogue")])

ProductId = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]+$",
        description="the shop's own id",
        examples=["KD-9001"],
    ),
]


@router.put("/{product_id:path}", summary="Put a product")
@waits
def put(
    live: CurrentLive,
    parts: CurrentParts,
    metrics: CurrentMetrics,
    product_id: ProductId,
    body: ProductIn,
) -> ProductStored:
    """Add a product, or say all of one anew; on the disk and served when this answers.

    A new one is read like the catalogue's, recommended from its text and facts at once, and kept
    for the next build. Of one the snapshot has, text, price and stock are shown anew at once; its
    facts are read again by the next build. Other workers follow within a second.
    """
    stored = _kept(live, parts, product_id, body, whole=True)
    metrics.changed("put")
    return stored


@router.patch("/{product_id:path}", summary="Change a product")
@waits
def patch(
    live: CurrentLive,
    parts: CurrentParts,
    metrics: CurrentMetrics,
    product_id: ProductId,
    body: ProductPart,
) -> ProductStored:
    """Change some fields of a product that is served: its price or stock, say."""
    stored = _kept(live, parts, product_id, body, whole=False)
    metrics.changed("patch")
    return stored


@router.delete("/{product_id:path}", status_code=204, summary="Take a product back")
@waits
def take_back(
    live: CurrentLive, parts: CurrentParts, metrics: CurrentMetrics, product_id: ProductId
) -> None:
    """Forget what was put of a product: a new one is gone, another is as the snapshot has it.

    To keep a product of the catalogue out of lists, set its stock to 0 or exclude it by a rule.
    """
    parts.shelf.take_back(product_id)
    live.catch_up()
    metrics.changed("delete")


def _kept(
    live: Live, parts: Parts, product_id: str, body: ProductPart, *, whole: bool
) -> ProductStored:
    fields = body.model_dump(mode="json", exclude_unset=True)
    try:
        known = live.check(ProductChange(product_id, 0, whole, fields))
    except DatasetError as exc:
        refuse(("body",), str(exc))
    kept = parts.shelf.put(product_id, fields, whole=whole)
    live.catch_up()
    return ProductStored(
        new=not known,
        revision=kept.revision,
        product=live.service.product(product_id, lang=str(fields.get("language") or "en")),
    )
