"""Lists that rest on no shopper's history: products beside a product, and what is wanted now.

In: a service, options, the shop's rules, the log. Out: `api.schemas_lists` records. Rules that
exclude hold; those that pin, boost or bury move the lists of recommendations alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa
from sqlalchemy import select

from api.db.tables import events, merges
from api.eventlog import EventLog
from api.schemas import ListOptions
from api.schemas_lists import RelatedProducts, TrendingItem, TrendingProducts
from api.service import Service
from commerce.related import Kind
from commerce.rules import Rule
from gnn.score import top_k
from kg.ids import entity_id
from kg.records import EVENTS, INTERACTION_SCHEMA

__all__ = ["related", "trending_now"]


def related(
    service: Service, product_id: str, kind: Kind, options: ListOptions, rules: Sequence[Rule]
) -> RelatedProducts:
    """Bundles, substitutes or complements of a product.

    Raises:
        NotFoundError: the product is not served, or a term that is filtered by.
    """
    product = service.teller.product(product_id)
    told = service.related.beside(
        product,
        kind,
        options.k,
        options.lang,
        service.ranker.explain_config(options),
        service.ranker.allowed(options, rules),
    )
    return RelatedProducts(
        snapshot=service.info,
        kind=kind,
        product=service.wire.card(service.catalogue.row(product), options.lang),
        related=[
            service.wire.recommendation(rank, item, options.lang)
            for rank, item in enumerate(told, start=1)
        ],
    )


def trending_now(
    service: Service,
    log: EventLog,
    half_life_days: float,
    options: ListOptions,
    rules: Sequence[Rule],
) -> TrendingProducts:
    """What is wanted now, from the snapshot's events and those heard since its last.

    Raises:
        NotFoundError: a term that is filtered by is not in the snapshot.
        StoreError: the log cannot be read.
    """
    known = service.trending
    trend = known.now(_since(log, known.newest_us), half_life_days)
    listed: list[TrendingItem] = []
    if trend is not None:
        allowed = service.ranker.allowed(options, rules) & (trend.scores > 0)
        rows = allowed.nonzero()[0]
        for rank, at in enumerate(top_k(trend.scores[rows], options.k), start=1):
            row = int(rows[at])
            people = int(trend.shoppers[row])
            listed.append(
                TrendingItem(
                    rank=rank,
                    product=service.wire.card(row, options.lang),
                    score=float(trend.scores[row]),
                    shoppers=people if people >= service.min_buyers else None,
                )
            )
    newest = None if trend is None else datetime.fromtimestamp(trend.newest_us / 1e6, UTC)
    return TrendingProducts(
        snapshot=service.info, as_of=newest, half_life_days=half_life_days, trending=listed
    )


def _since(log: EventLog, after_us: int) -> pa.Table:
    """Events that happened after a moment, whoever's; a merged session's are the user's."""
    query = (
        select(events.c.subject, merges.c.user, events.c.product, events.c.event, events.c.at)
        .select_from(
            events.outerjoin(
                merges,
                (merges.c.tenant == events.c.tenant) & (merges.c.session == events.c.subject),
            )
        )
        .where(events.c.tenant == log.tenant, events.c.at > after_us, events.c.event.in_(EVENTS))
    )
    with log.database.reading() as connection:
        rows = connection.execute(query).all()
    columns = [
        [user or subject for subject, user, *_ in rows],
        [entity_id("product", row[2]) for row in rows],
        [row[3] for row in rows],
        [row[4] for row in rows],
    ]
    fields = [INTERACTION_SCHEMA.field(at) for at in range(4)]
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, fields, strict=True)],
        schema=pa.schema(fields),
    )
