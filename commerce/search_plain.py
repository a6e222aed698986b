"""The answer to a search as plain values: what the API sends and ``clew search --json`` prints.

In: an `Answer`, names, the ontology. Out: dictionaries of strings and numbers, names in the
language asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from commerce.catalogue import Card, Catalogue
from commerce.search import Answer
from commerce.search_filter import Relaxation
from commerce.search_told import Met, Unmet
from kg.extract.query_terms import Part, Query
from kg.ids import local_part
from kg.ontology_terms import Schema

__all__ = ["plain_answer"]

_RELAXED = {
    "en": {
        "words": "no fact states “{text}” beside the rest; products whose titles say so count",
        "broader": "nothing is “{text}” as asked; {broader} counts instead",
        "dropped": "nothing meets all; “{text}” was given up",
    },
    "zh": {
        "words": "没有事实同时说明“{text}”；标题中提到的商品也算",
        "broader": "没有符合“{text}”的商品；以{broader}代替",
        "dropped": "没有商品满足全部条件；已放弃“{text}”",
    },
}


_Name = Callable[[str], str]


class _Names(Protocol):
    def name(self, compact_id: str, language: str) -> str:
        """What something is called."""
        ...


def plain_answer(
    answer: Answer, names: _Names, schema: Schema, catalogue: Catalogue, language: str
) -> dict[str, Any]:
    """An answer as plain values.

    Args:
        answer: of a search.
        names: of entities.
        schema: names relations.
        catalogue: cards of products.
        language: of names and words.
    """

    def name(compact_id: str) -> str:
        return names.name(compact_id, language) if compact_id else ""

    return {
        "query": _query(answer.query, name),
        "total": answer.total,
        "relaxed": [_relaxed(item, name, language) for item in answer.relaxed],
        "notes": [asdict(note) for note in answer.notes],
        "results": [
            {
                "rank": rank,
                "product": _card(catalogue.card(hit.row, language)),
                "score": hit.score,
                "terms": hit.terms,
                "met": [_met(item, name, schema, language) for item in hit.met],
                "unmet": [{**_at(item), "way": item.way} for item in hit.unmet],
                "side": hit.side,
                "side_name": name(hit.side) if hit.side else None,
            }
            for rank, hit in enumerate(answer.hits, start=1)
        ],
    }


def _card(card: Card) -> dict[str, Any]:
    return {
        "id": local_part(card.id),
        "title": card.title,
        "brand": card.brand,
        "price": card.price,
        "currency": card.currency,
        "in_stock": None if card.stock is None else card.stock > 0,
        "image": card.image,
    }


def _met(item: Met, name: _Name, schema: Schema, language: str) -> dict[str, Any]:
    fact = item.fact
    told = {**_at(item), "evidence": item.evidence, "words": list(item.words), "price": item.price}
    if fact is None:
        return {**told, "fact": None}
    label = schema.relations[fact.relation].label
    return {
        **told,
        "fact": {
            "relation": fact.relation,
            "label": label.get(language) or label.get("en") or fact.relation,
            "object": fact.object,
            "name": name(fact.object),
            "confidence": round(fact.confidence, 4),
            "source": fact.source,
            "field": fact.field,
            "start": fact.start,
            "end": fact.end,
            "text": fact.text,
        },
    }


def _at(item: Met | Unmet | Part) -> dict[str, Any]:
    return {"start": item.start, "end": item.end, "text": item.text}


def _query(query: Query, name: _Name) -> dict[str, Any]:
    price = query.price
    return {
        "text": query.text,
        "language": query.language,
        "intent": query.intent,
        "parts": [
            {
                **_at(part),
                "role": part.role,
                "kind": part.kind,
                "id": part.id,
                "name": part.id if part.kind == "text" else name(part.id),
                "also": list(part.also),
                "compare": part.compare,
                "confidence": part.confidence,
            }
            for part in query.parts
        ],
        "price": None
        if price is None
        else {
            **{"start": price.start, "end": price.end, "text": price.text},
            "least": None if price.least is None else float(price.least),
            "most": None if price.most is None else float(price.most),
            "currency": price.currency,
            "is_about": price.is_about,
        },
        "cheap": query.cheap,
        "in_stock": query.in_stock,
        "repairs": [asdict(repair) for repair in query.repairs],
        "spans": [asdict(span) for span in query.spans],
    }


def _relaxed(item: Relaxation, name: _Name, language: str) -> dict[str, Any]:
    words = _RELAXED.get(language, _RELAXED["en"])[item.way]
    broader = ", ".join(name(compact_id) for compact_id in item.broader)
    return {
        **_at(item.part),
        "way": item.way,
        "broader": list(item.broader),
        "words": words.format(text=item.part.text, broader=broader),
    }
