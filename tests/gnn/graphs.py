"""Small knowledge graphs made by hand, and scores worked out the slow way, for tests of gnn."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa

from gnn.fit import fit_model
from gnn.fusion import HeadConfig
from gnn.history import Event, History, HistoryConfig
from gnn.kin import KinConfig
from gnn.lowrank import LowRankHead
from gnn.storage import Model
from kg.facts import PRODUCT_SCHEMA, KnowledgeGraph
from kg.records import ENTITY_SCHEMA, FACT_SCHEMA, INTERACTION_SCHEMA
from kg.schema import Schema
from tests.worlds import RELATIONS, relation, schema

CLASSES = {
    "product": "schema:Product",
    "brand": "schema:Brand",
    "category": "clew:Category",
    "colour": "clew:Colour",
    "type": "clew:ProductType",
    "user": "clew:User",
    "reference": "clew:ProductReference",
}
EVENT_RELATIONS = {
    "view": "clew:viewed",
    "cart": "clew:addedToCart",
    "purchase": "clew:bought",
    "rating": "clew:rated",
}

Triple = tuple[str, str, str]
UserEvent = tuple[str, str] | tuple[str, str, str]


MORE_RELATIONS = (
    relation("clew:alsoViewed", "ALSO_VIEWED", "schema:Product clew:ProductReference",
             ["triples:also_viewed"], template="is often looked at along with {object}"),
    relation("clew:rated", "RATED", "schema:Product", ["event:rating"], domain="clew:User"),
    relation("clew:addedToCart", "ADDED_TO_CART", "schema:Product", ["event:cart"],
             domain="clew:User"),
)  # fmt: skip
FRAMES = {
    "direct": {"en": "You bought “{history}”, and this {phrase} too."},
    "propagated": {"en": "This {phrase}, like products related to “{history}”, which you bought."},
    "linked": {"en": "You bought “{history}”, and it {phrase}."},
    "linked_back": {"en": "This {phrase}, which you bought."},
    "co_purchase": {"en": "{count} others who bought “{history}” also bought this."},
    "text": {"en": "This reads like “{history}”, which you bought."},
    "gnn": {"en": "This is near “{history}”.", "zh": "这件商品离“{history}”很近。"},
    "direct_similar": {"en": "Like “{history}”, this {phrase}."},
    "propagated_similar": {"en": "This {phrase}, like products related to “{history}”."},
    "linked_similar": {"en": "“{history}” {phrase}."},
    "linked_back_similar": {"en": "This {phrase}."},
    "co_purchase_similar": {"en": "{count} customers who bought “{history}” also bought this."},
    "text_similar": {"en": "This reads like “{history}”."},
    "gnn_similar": {"en": "This is near “{history}”."},
    "kin": {"en": "New. “{kin}” {phrase} too and goes with “{history}”."},
    "kin_text": {"en": "New and reads like “{kin}”, which goes with “{history}”."},
    "kin_itself": {"en": "New and, like “{history}”, {phrase}."},
    "kin_itself_text": {"en": "New and reads like “{history}”."},
    "kin_similar": {"en": "New. “{kin}” {phrase} too and goes with “{history}”."},
    "kin_text_similar": {"en": "New and reads like “{kin}”, which goes with “{history}”."},
    "kin_itself_similar": {"en": "New and, like “{history}”, {phrase}."},
    "kin_itself_text_similar": {"en": "New and reads like “{history}”."},
    "rest": {"en": "Smaller reasons make up the rest.", "zh": "其余部分来自更小的理由。"},
    "co_purchase_name": {"en": "other shoppers"},
    "text_name": {"en": "similar wording"},
    "gnn_name": {"en": "the learned map"},
    "kin_name": {"en": "products like it"},
}


@cache
def small_schema() -> Schema:
    """The hand-made ontology of tests.worlds with frames, and a Chinese template for brands."""
    relations = [
        replace(r, templates={**r.templates, "zh": "是{object}品牌的"})
        if r.id == "schema:brand"
        else r
        for r in (*RELATIONS, *MORE_RELATIONS)
    ]
    return replace(schema(relations), frames=FRAMES)


def interactions(events: Iterable[UserEvent], *, timed: bool = False) -> pa.Table:
    """(user, product[, event]) in the order they happened, an hour apart."""
    start = datetime(2024, 1, 1)
    rows = [
        {
            "user_id": f"user:{event[0]}",
            "product_id": f"product:{event[1]}",
            "event": event[2] if len(event) > 2 else "purchase",
            "timestamp": start + timedelta(hours=at) if timed else None,
            "position": None if timed else at,
        }
        for at, event in enumerate(events)
    ]
    return pa.Table.from_pylist(rows, schema=INTERACTION_SCHEMA)


def graph(
    products: Sequence[str],
    facts: Iterable[Triple] = (),
    events: Iterable[UserEvent] = (),
    *,
    timed: bool = False,
) -> KnowledgeGraph:
    """A graph of products (ids without prefix), facts (compact ids, products without prefix)."""
    events = list(events)
    table = interactions(events, timed=timed)
    rows = [
        {"subject": s, "relation": r, "object": o, "confidence": 1.0, "source": "catalog"}
        for s, r, o in facts
    ]
    pairs = {
        (f"user:{e[0]}", EVENT_RELATIONS[e[2] if len(e) > 2 else "purchase"], f"product:{e[1]}")
        for e in events
    }
    rows += [
        {"subject": s, "relation": r, "object": o, "confidence": 1.0, "source": "events"}
        for s, r, o in pairs
    ]
    rows.sort(key=lambda row: (row["subject"], row["relation"], row["object"]))
    ids = {f"product:{name}" for name in products}
    ids |= {row[end] for row in rows for end in ("subject", "object")}
    entities = [
        {
            "id": name,
            "class": CLASSES[name.partition(":")[0]],
            "name": name.partition(":")[2],
            "labels": [("zh", f"{name.partition(':')[2]}号")],
        }
        for name in sorted(ids)
    ]
    shop = [
        {"id": f"product:{name}", "title": name, "description": "", "language": "en"}
        for name in products
    ]
    return KnowledgeGraph(
        products=pa.Table.from_pylist(shop, schema=PRODUCT_SCHEMA),
        entities=pa.Table.from_pylist(entities, schema=ENTITY_SCHEMA),
        facts=pa.Table.from_pylist(rows, schema=FACT_SCHEMA),
        interactions=table,
    )


def fitted(kg: KnowledgeGraph, *, text: np.ndarray | None = None, **settings: object) -> Model:
    """A model of all the graph's events, without recency and, by default, without kin."""
    plain = {"history": HistoryConfig(recency=1.0), "kin": KinConfig(count=0)}
    config = HeadConfig(**{**plain, **settings})
    return fit_model(kg, small_schema(), kg.interactions, text=text, config=config)


def bought(model: Model, *products: str, user: str | None = None) -> History:
    """The history of someone who bought these products."""
    from gnn.score import Recommender

    events = [Event(f"product:{name}", position=at) for at, name in enumerate(products)]
    return Recommender(model).history(events, user=user)


def facts_of(kg: KnowledgeGraph) -> set[Triple]:
    """All facts as (subject, relation, object)."""
    columns = (kg.facts[name].to_pylist() for name in ("subject", "relation", "object"))
    return set(zip(*columns, strict=True))


def slow_terms(model: Model, history: History, product: int) -> dict[tuple[int, str, str], float]:
    """Every term of a score by the definition, in plain loops: (i, channel, entity) -> value."""
    head = model.head
    F = head.features.matrix().toarray().astype(np.float64)
    T = head.text.astype(np.float64)
    if isinstance(head, LowRankHead):
        scale = head.factor[product]
        X = head.known.toarray().astype(np.float64)[:, F.shape[1] :]
        left = head.left.astype(np.float64)
        share = head.share[:, None]
        PF = share * F - left @ head.of_entity.astype(np.float64).T
        PC = share * (X @ X.T) - left @ head.of_purchase.astype(np.float64).T
        PT = share * T - left @ head.of_text.astype(np.float64).T
    else:
        P = head.inverse.astype(np.float64)
        scale = (head.regularization * P[product, product]) ** -model.config.norm_exponent
        PF, PC, PT = P @ F, P @ head.co_purchase.toarray().astype(np.float64), P @ T
    terms: dict[tuple[int, str, str], float] = {}
    kin, shares = model.kin.of(product)
    scale = 0.0 if len(kin) else scale  # of its own it has nothing
    for i, x in zip(history.rows.tolist(), history.weights.tolist(), strict=True):
        for e in range(F.shape[1]):
            if F[product, e]:
                channel = head.features.relations[head.features.channel[e]]
                key = (i, channel, head.features.entities[e])
                terms[key] = x * PF[i, e] * F[product, e] * scale
        terms[i, "co_purchase", ""] = x * PC[i, product] * scale
        terms[i, "text", ""] = x * float(PT[i] @ T[product]) * scale
        terms[i, "gnn", ""] = x * float(
            model.gnn[i].astype(np.float64) @ model.gnn[product].astype(np.float64)
        )
        terms[i, "kin", ""] = x * sum(
            a
            * (model.kin.own_weight if k == i else head.parts(np.array([k]), np.array([i])).item())
            for k, a in zip(kin.tolist(), shares.tolist(), strict=True)
        )
    return terms
