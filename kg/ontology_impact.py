"""What a snapshot's graph would be under an edited ontology, before anything is published.

In: a graph, what was read for it, the edited schema. Out: an `Impact`: the graph as it would be,
and every fact gained, lost or held with another confidence. Only products the edit can touch are
read again, as at a build (`kg.mentions`); all others keep the mentions they have. Facts of triples
and of events are kept as they are, since a snapshot does not hold what they were read from: an
edit of those relations shows only when the graph is built.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from kg.catalog.base import Dataset
from kg.catalog.meta import DatasetMeta
from kg.conflicts import apply_curated
from kg.curated import CuratedFact
from kg.fact_columns import unique_facts
from kg.facts import KnowledgeGraph, build_graph
from kg.mentions import FormerMentions, reader_of
from kg.ontology_terms import Schema
from kg.product_rows import products_of
from kg.reading import changed_concepts
from kg.records import INTERACTION_SCHEMA, TRIPLE_SCHEMA

__all__ = ["FactChange", "Impact", "measure_impact"]

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
    kg: KnowledgeGraph,
    former: FormerMentions,
    trained: Path,
    new: Schema,
    curated: Sequence[CuratedFact] = (),
) -> Impact:
    """The graph of a snapshot under another schema.

    Args:
        kg: the graph.
        former: what was read for it, and the ontology it was built under.
        trained: directory of the trained reader, which need not exist.
        new: the edited ontology.
        curated: facts asserted and rejected by hand, as they would be.

    Raises:
        OntologyError: a relation of ``new`` reads a catalogue field that does not exist.
        ExtractionError: no pipeline can be made for a language of the texts.
        StoreError: what was read for the graph is damaged.
    """
    reader = reader_of(new, former, trained)
    kept = kg.facts.filter(pc.is_in(kg.facts["source"], pa.array(_KEPT)))
    kept = kept.filter(pc.is_in(kept["relation"], pa.array(list(new.relations), pa.string())))
    dataset = Dataset(
        meta=DatasetMeta(name="impact"),
        path=Path(),
        products=products_of(kg.products),
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
        concepts=tuple(sorted(changed_concepts(former.schema, new))),
        reread=reader.num_read,
        changes=_changes(before, made.facts),
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
