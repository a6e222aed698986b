"""What a snapshot's graph would be under an edited ontology, before anything is published.

In: a graph, the schema it was built under, the edited schema. Out: an `Impact`: the graph as it
would be, and every fact gained, lost or held with another confidence. Only products the edit can
touch are read again (`kg.extract.touched`); all others keep the mentions they have. Facts of
triples and of events are kept as they are, since a snapshot does not hold what they were read
from: an edit of those relations shows only when the graph is built.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg.catalog.base import Dataset
from kg.catalog.meta import DatasetMeta
from kg.conflicts import apply_curated
from kg.curated import CuratedFact
from kg.extract import Extractor
from kg.extract.touched import changed_concepts, touched_products
from kg.fact_columns import unique_facts
from kg.facts import KnowledgeGraph, build_graph
from kg.ids import local_part
from kg.ontology_terms import Schema
from kg.product_rows import products_of
from kg.records import INTERACTION_SCHEMA, TRIPLE_SCHEMA, Fact, Mention, Product

__all__ = ["FactChange", "Impact", "measure_impact"]

_READ: Final = ("phrase", "measure", "ontology")
"""Sources of the facts that come from mentions."""
_KEPT: Final = ("triples", "events")
_NEAR: Final = 1e-4  # confidences that differ by less are the same

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, order=True)
class FactChange:
    """A fact before and after."""

    subject: str
    relation: str
    object: str
    before: float | None  # confidence; None: it was no fact
    after: float | None  # None: it is no longer one
    text: str | None = None  # the words it is, or was, read from

    @property
    def kind(self) -> str:
        """gained, lost or changed."""
        return "gained" if self.before is None else "lost" if self.after is None else "changed"


@dataclass(frozen=True)
class Impact:
    """What an edit would do to the graph."""

    graph: KnowledgeGraph  # as it would be
    concepts: tuple[str, ...]  # whose labels, context or implications differ
    reread: int  # products that were read again
    changes: tuple[FactChange, ...]  # sorted

    def by_relation(self) -> dict[str, dict[str, int]]:
        """Relation -> gained, lost, changed -> number of facts."""
        counted = Counter((item.relation, item.kind) for item in self.changes)
        return {
            relation: {kind: counted[relation, kind] for kind in ("gained", "lost", "changed")}
            for relation in sorted({item.relation for item in self.changes})
        }

    def by_subject(self) -> dict[str, list[FactChange]]:
        """Subject -> its changes; those with most changes first."""
        found: dict[str, list[FactChange]] = defaultdict(list)
        for item in self.changes:
            found[item.subject].append(item)
        return dict(sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "concepts": list(self.concepts),
            "reread": self.reread,
            "products": self.graph.products.num_rows,
            "by_relation": self.by_relation(),
            "changes": [{**asdict(item), "kind": item.kind} for item in self.changes],
        }


def measure_impact(
    kg: KnowledgeGraph, old: Schema, new: Schema, curated: Sequence[CuratedFact] = ()
) -> Impact:
    """The graph of a snapshot under another schema.

    Args:
        kg: the graph.
        old: the ontology it was built under.
        new: the edited one.
        curated: facts asserted and rejected by hand, as they would be.

    Raises:
        OntologyError: a relation of ``new`` reads a catalogue field that does not exist.
        ExtractionError: no pipeline can be made for a language of the texts.
    """
    products = products_of(kg.products)
    touched = touched_products(old, new, products)
    kept = kg.facts.filter(pc.is_in(kg.facts["source"], pa.array(_KEPT)))
    kept = kept.filter(pc.is_in(kept["relation"], pa.array(list(new.relations), pa.string())))
    read = kg.facts.filter(pc.is_in(kg.facts["source"], pa.array(_READ)))
    reader = _Rereader(read, products, touched, new)
    dataset = Dataset(
        meta=DatasetMeta(name="impact"),
        path=Path(),
        products=products,
        interactions=INTERACTION_SCHEMA.empty_table(),
        triples=TRIPLE_SCHEMA.empty_table(),
        rejects=(),
        fingerprint="",
    )
    # There is nobody to name, so any key will do.
    made = build_graph(dataset, new, reader, pseudonym_key=b"", curated=curated)
    stated = pa.concat_tables([made.facts, kept])
    stated, _ = apply_curated(stated, curated, made.products["id"].to_pylist(), new)
    graph = replace(
        made,
        facts=unique_facts(stated),
        entities=_joined(made.entities, kg.entities),
        interactions=kg.interactions,
    )
    before = kg.facts.filter(pc.invert(pc.is_in(kg.facts["source"], pa.array(_KEPT))))
    return Impact(
        graph=graph,
        concepts=tuple(sorted(changed_concepts(old, new))),
        reread=int(touched.sum()),
        changes=_changes(before, made.facts),
    )


class _Rereader:
    """An extractor that reads the touched products and remembers what the others say."""

    def __init__(
        self,
        facts: pa.Table,
        products: Sequence[Product],
        touched: NDArray[np.bool_],
        schema: Schema,
    ) -> None:
        self._known: dict[str, list[Mention]] = defaultdict(list)
        for row in facts.to_pylist():
            if row["field"] is not None:
                self._known[local_part(row["subject"])].append(_mention(row))
        self._touched = touched
        chosen = [product for product, anew in zip(products, touched, strict=True) if anew]
        languages = sorted({language for product in chosen for language in product.texts()})
        self._read = iter(Extractor(schema, languages).mentions(chosen)) if chosen else iter(())

    def mentions(self, products: Iterable[Product]) -> Iterator[list[Mention]]:
        for product, anew in zip(products, self._touched, strict=True):
            yield next(self._read) if anew else self._known.get(product.id, [])


def _mention(row: Mapping[str, Any]) -> Mention:
    fact = Fact(**row)
    return Mention(
        local_part(fact.subject),
        fact.field or "",
        fact.start or 0,
        fact.end or 0,
        fact.text or "",
        fact.relation,
        fact.object,
        fact.confidence,
        fact.source,
    )


def _joined(first: pa.Table, second: pa.Table) -> pa.Table:
    """Entities of both tables, the first one's where both have them, sorted by id."""
    more = second.filter(pc.invert(pc.is_in(second["id"], first["id"].combine_chunks())))
    return pa.concat_tables([first, more]).sort_by("id")


def _changes(before: pa.Table, after: pa.Table) -> tuple[FactChange, ...]:
    old, new = _by_key(before), _by_key(after)
    found = []
    for key in old.keys() | new.keys():
        was, words_before = old.get(key, (None, None))
        now, words = new.get(key, (None, None))
        if was is None or now is None or abs(was - now) > _NEAR:
            found.append(FactChange(*key, was, now, words if now is not None else words_before))
    return tuple(sorted(found, key=lambda item: (item.subject, item.relation, item.object)))


def _by_key(facts: pa.Table) -> dict[Key, tuple[float, str | None]]:
    names = ("subject", "relation", "object", "confidence", "text")
    rows = zip(*(facts[name].to_pylist() for name in names), strict=True)
    return {(s, r, o): (round(confidence, 6), text) for s, r, o, confidence, text in rows}
