"""What the model says, as records that go over the wire.

In: explanations, paths, cards, facts. Out: `api.schemas` records in the language asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from api.schemas import (
    EdgeOut,
    FactOut,
    NodeOut,
    PathOut,
    ProductCard,
    Recommendation,
    RestOut,
)
from commerce.catalogue import Card, Catalogue
from gnn.explain import Explanation
from gnn.teller import Teller
from kg.fact_index import FactIndex
from kg.ids import local_part
from kg.records import Edge, Fact, Path

__all__ = ["Wire"]

_KEPT = 50_000  # records of nodes, and of edges: the same few stand in most answers


class Wire:
    """Makes the records of one snapshot's answers."""

    def __init__(self, teller: Teller, catalogue: Catalogue, facts: FactIndex) -> None:
        self._schema, self._names = teller.schema, teller.names
        self._catalogue, self._facts = catalogue, facts
        self._node = lru_cache(maxsize=_KEPT)(self._node_out)
        self._edge = lru_cache(maxsize=_KEPT)(self._edge_out)
        self._channel = lru_cache(maxsize=_KEPT)(teller.narrator.channel)

    def card(self, row: int, lang: str) -> ProductCard:
        """A product as it is listed."""
        return card_out(self._catalogue.card(row, lang))

    def recommendation(
        self,
        rank: int,
        told: Explanation,
        lang: str,
        *,
        rank_by_score: int | None = None,
        rules: tuple[str, ...] = (),
    ) -> Recommendation:
        """A ranked product.

        Args:
            rank: from 1.
            told: its score taken apart.
            lang: of the words.
            rank_by_score: its rank by score alone; None: as `Explanation.place` says.
            rules: the shop's rules that chose its place.
        """
        by_score = rank if told.place is None else told.place.rank_by_score
        return Recommendation(
            rank=rank,
            rank_by_score=by_score if rank_by_score is None else rank_by_score,
            likeness=None if told.place is None else told.place.likeness,
            rules=list(rules),
            product=self.card(told.row, lang),
            score=told.score,
            paths=[self._path(path, lang) for path in told.paths],
            rest=[
                RestOut(
                    channel=channel,
                    label=self._channel(channel, lang),
                    value=value,
                    share=value / told.score if told.score else 0.0,
                )
                for channel, value in sorted(told.rest.items(), key=lambda item: -abs(item[1]))
                if value
            ],
        )

    def fact(self, fact: Fact, lang: str) -> FactOut:
        """A fact with the words it came from."""
        return FactOut(
            relation=fact.relation,
            label=_in_language(self._schema.relations[fact.relation].label, lang),
            object=fact.object,
            name=self._names.name(fact.object, lang),
            confidence=round(fact.confidence, 4),
            source=fact.source,
            field=fact.field,
            start=fact.start,
            end=fact.end,
            text=fact.text,
        )

    def _path(self, path: Path, lang: str) -> PathOut:
        ids = dict.fromkeys(name for edge in path.edges for name in (edge.subject, edge.object))
        ids.setdefault(path.history_product)
        if path.kin is not None:
            ids.setdefault(path.kin)
        ids.pop(path.product, None)
        return PathOut(
            evidence=path.evidence,
            channel=path.channel,
            value=path.value,
            share=path.share,
            words=path.words,
            buyers=path.buyers,
            kin=path.kin,
            nodes=[self._node(name, lang) for name in (*ids, path.product)],
            edges=[self._edge(edge) for edge in path.edges],
        )

    def _node_out(self, name: str, lang: str) -> NodeOut:
        return NodeOut(id=name, label=self._label(name), name=self._names.name(name, lang))

    def _edge_out(self, edge: Edge) -> EdgeOut:
        relation = self._schema.relations[edge.relation]
        fact = self._facts.find(edge.subject, edge.relation, edge.object)
        return EdgeOut(
            subject=edge.subject,
            type=relation.relationship_type,
            object=edge.object,
            relation=edge.relation,
            confidence=edge.confidence,
            source=edge.source,
            field=None if fact is None else fact.field,
            text=None if fact is None else fact.text,
        )

    def _label(self, name: str) -> str:
        return self._schema.classes[self._names.class_of(name)].node_label


def card_out(card: Card) -> ProductCard:
    """A product as it is listed."""
    return ProductCard(
        id=local_part(card.id),
        title=card.title,
        brand=card.brand,
        price=card.price,
        currency=card.currency,
        in_stock=None if card.stock is None else card.stock > 0,
        image=card.image,
    )


def _in_language(texts: Mapping[str, str], lang: str) -> str:
    """Text in a language, else in English, else in any."""
    return texts.get(lang) or texts.get("en") or next(iter(texts.values()))
