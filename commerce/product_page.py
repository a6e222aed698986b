"""What a product's page shows: the product, what is known about it and from where, how it sells.

In: a snapshot's tables. Out: a `ProductPage` in a language.
"""

from __future__ import annotations

from dataclasses import dataclass

from commerce.catalogue import Card, Catalogue
from commerce.demand import Demand
from kg.fact_index import FactIndex
from kg.records import Fact
from kg.schema import Schema

__all__ = ["ProductPage", "product_page"]


@dataclass(frozen=True)
class ProductPage:
    """A product with its facts."""

    card: Card
    language: str  # the language it is shown in
    title_field: str  # field whose characters the facts' spans count, e.g. title@zh
    description_field: str
    description: str
    categories: tuple[str, ...]
    units_per_week: float | None  # expected sales; None where purchases carry no time
    days_of_cover: float | None  # how long the stock lasts; None where it is not known
    facts: tuple[Fact, ...]  # those the page does not show already: no literals


def product_page(
    product: str,
    language: str,
    *,
    facts: FactIndex,
    schema: Schema,
    catalogue: Catalogue,
    demand: Demand | None,
) -> ProductPage:
    """Put a product's page together.

    Args:
        product: compact id.
        language: language asked for; the product's own where it has no text in that one.
        facts: of the snapshot.
        schema: the ontology the snapshot was built under.
        catalogue: of the snapshot's product table.
        demand: of the snapshot's interactions; None where purchases carry no time.

    Raises:
        NotFoundError: the product is not in the snapshot.
    """
    row = catalogue.row(product)
    card = catalogue.card(row, language)
    shown = catalogue.shown_language(row, language)
    suffix = "" if shown == catalogue.languages[row] else f"@{shown}"
    cover = None
    if demand is not None and card.stock is not None:
        cover = demand.days_of_cover(product, card.stock)
    known = [f for f in facts.of(product).values() if not schema.relations[f.relation].is_literal]
    known.sort(key=lambda fact: (fact.relation, -fact.confidence, fact.object))
    return ProductPage(
        card=card,
        language=shown,
        title_field=f"title{suffix}",
        description_field=f"description{suffix}",
        description=catalogue.description(row, language),
        categories=tuple(catalogue.categories[row]),
        units_per_week=None if demand is None else float(demand.units_per_week[row]),
        days_of_cover=cover,
        facts=tuple(known),
    )
