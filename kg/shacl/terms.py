"""What shapes are judged on: the terms of a graph as numbers, its statements as sorted columns.

In: a `KnowledgeGraph` and its `Schema`. Out: `Terms`. A code below ``size`` is a row of the entity
table, one from there on a literal. Statements are those of `kg.nquads.write_triples`: a class and
labels per entity, a triple per fact. Columns are made when a shape first asks for a predicate.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rdflib import RDF, RDFS, SKOS, Literal, URIRef

from kg.facts import KnowledgeGraph
from kg.ids import compact, expand
from kg.nquads import flat_labels
from kg.ontology_terms import Relation, Schema

__all__ = ["Codes", "Edges", "Terms"]

Codes = NDArray[np.int64]

_PLAIN = ("", "^^xsd:string")
_MOST_STEPS = 50_000_000
"""Statements a path of several steps may have; a longer one is left to pyshacl."""


@dataclass(frozen=True, slots=True)
class Edges:
    """The (subject, value) pairs of a path, sorted by subject."""

    subjects: Codes
    values: Codes
    distinct: bool = True  # different codes are different terms
    literal_subjects: bool = False  # literals have values too, which are not listed

    def of(self, codes: Codes) -> tuple[Codes, Codes]:
        """Number of values of each code, and the values themselves, one code after the other."""
        first = np.searchsorted(self.subjects, codes, "left")
        counts = np.searchsorted(self.subjects, codes, "right") - first
        before = np.cumsum(counts) - counts
        places = np.repeat(first - before, counts) + np.arange(counts.sum())
        return counts, self.values[places]


@dataclass(frozen=True, slots=True)
class _Block:
    """Different literals of one predicate: what they say and ``""``, ``@en`` or ``^^xsd:…``."""

    words: Any  # string array
    kinds: Codes  # into names
    names: list[str]


class Terms:
    """The terms and statements of a graph."""

    def __init__(self, kg: KnowledgeGraph, schema: Schema) -> None:
        self.size = kg.entities.num_rows
        self._kg = kg
        self._schema = schema
        self._ids = kg.entities["id"].combine_chunks()
        self._relations: dict[str, list[Relation]] = {}
        for relation in schema.relations.values():
            self._relations.setdefault(relation.iri, []).append(relation)
        self._blocks: list[_Block] = []
        self._starts: list[int] = []
        self._next = self.size
        self._edges: dict[URIRef, Edges | None] = {}

    @property
    def labels(self) -> frozenset[URIRef]:
        """Predicates that entities have values of without a fact saying so, but for the class."""
        return frozenset((RDFS.label, SKOS.prefLabel))

    @property
    def predicates(self) -> set[URIRef]:
        """Every predicate of the graph."""
        return {RDF.type, *self.labels, *map(URIRef, self._relations)}

    @functools.cached_property
    def _facts(self) -> tuple[Codes, list[str]]:
        coded = self._kg.facts["relation"].combine_chunks().dictionary_encode()
        return coded.indices.to_numpy(), coded.dictionary.to_pylist()

    @functools.cached_property
    def _classes(self) -> tuple[Codes, list[str]]:
        coded = self._kg.entities["class"].combine_chunks().dictionary_encode()
        names: list[str] = coded.dictionary.to_pylist()
        known = self._schema.classes
        iris = [known[name].iri if name in known else name for name in names]
        return coded.indices.to_numpy(), iris

    def of_classes(self, iris: Iterable[str]) -> NDArray[np.bool_]:
        """Which entities are of one of these classes, shape (size,)."""
        codes, known = self._classes
        wanted = set(iris)
        mask: NDArray[np.bool_] = np.array([iri in wanted for iri in known], bool)[codes]
        return mask

    def code(self, term: Any) -> int | None:
        """Row of an entity's IRI, or None."""
        row = pc.index(self._ids, compact(str(term), self._schema.prefixes)).as_py()
        return None if row < 0 else int(row)

    def path(self, path: Any, steps: list[Any] | None = None) -> Edges | None:
        """Pairs of a predicate (or, with ``steps``, of several one after the other)."""
        if steps is None:
            return self._of_predicate(path)
        whole = self._of_predicate(steps[0])
        for step in steps[1:]:
            there = self._of_predicate(step)
            if whole is None or there is None:
                return None
            linked = whole.values < self.size
            subjects, middles = whole.subjects[linked], whole.values[linked]
            counts, values = there.of(middles)
            if len(values) > _MOST_STEPS:
                return None
            pairs = np.unique(np.stack((np.repeat(subjects, counts), values)), axis=1)
            whole = Edges(pairs[0], pairs[1], there.distinct)
        return whole

    def inverse(self, predicate: Any) -> Edges | None:
        """Pairs of a predicate the other way round, for entities."""
        edges = self._of_predicate(predicate)
        if edges is None:
            return None
        linked = edges.values < self.size
        subjects, values = edges.subjects[linked], edges.values[linked]
        order = np.argsort(values, kind="stable")
        return Edges(values[order], subjects[order], literal_subjects=not linked.all())

    def _of_predicate(self, predicate: Any) -> Edges | None:
        if predicate not in self._edges:
            self._edges[predicate] = self._read(predicate)
        return self._edges[predicate]

    def _read(self, predicate: Any) -> Edges | None:
        relations = self._relations.get(str(predicate), [])
        if len(relations) + (predicate in self.labels) > 1:
            return None
        if predicate in (RDF.type, RDFS.subClassOf) or not isinstance(predicate, URIRef):
            return None
        if predicate in self.labels:
            return self._labels(predicate == RDFS.label)
        return self._of_relation(relations[0].id if relations else "")

    def _labels(self, every: bool) -> Edges:
        """``rdfs:label`` of every entity, or ``skos:prefLabel`` of concepts."""
        rows, flat, unnamed = flat_labels(self._kg.entities)
        words, tags = flat.field(1), flat.field(0).dictionary_encode()
        kinds = tags.indices.to_numpy(zero_copy_only=False)
        names = [f"@{tag}" for tag in tags.dictionary.to_pylist()]
        if every:
            rows = np.concatenate((rows, unnamed))
            bare = self._kg.entities["name"].combine_chunks().take(pa.array(unnamed))
            words = pa.concat_arrays([words, bare])
            kinds = np.concatenate((kinds, np.full(len(unnamed), len(names))))
            names.append("")
        else:
            known = pa.array(list(self._schema.concepts), pa.string())
            named = pc.is_in(self._ids, known).to_numpy(zero_copy_only=False)[rows]
            rows, words, kinds = rows[named], words.filter(pa.array(named)), kinds[named]
        values, distinct = self._literals(words, kinds, names)
        return _sorted(rows, values, distinct)

    @functools.cached_property
    def _columns(self) -> tuple[Codes, Codes, NDArray[np.bool_]]:
        """Rows of all facts' subjects and objects, -1 where it is no entity; which are literal."""
        facts = self._kg.facts.combine_chunks()
        rows = [pc.index_in(facts[name], self._ids).fill_null(-1) for name in ("subject", "object")]
        literal = facts["datatype"].is_valid().to_numpy()
        return rows[0].to_numpy(), rows[1].to_numpy(), literal

    def _of_relation(self, relation: str) -> Edges | None:
        codes, names = self._facts
        if relation not in names:
            return Edges(np.zeros(0, np.int64), np.zeros(0, np.int64))
        mine = np.flatnonzero(codes == names.index(relation))
        subjects, values, literal = (column[mine] for column in self._columns)
        if (subjects < 0).any() or ((values < 0) & ~literal).any():
            return None  # names what is not in the tables: whoever projects the graph says so
        values = values.astype(np.int64)
        distinct = True
        if literal.any():
            said = self._kg.facts.take(pa.array(mine[literal])).combine_chunks()
            kinds = said["datatype"].combine_chunks().dictionary_encode()
            values[literal], distinct = self._literals(
                said["object"].combine_chunks(),
                kinds.indices.to_numpy(),
                [f"^^{name}" for name in kinds.dictionary.to_pylist()],
            )
        return _sorted(subjects.astype(np.int64), values, distinct)

    def _literals(self, words: Any, kinds: Any, names: list[str]) -> tuple[Codes, bool]:
        """Codes of literals, and whether different ones are surely different terms to rdflib.

        It writes numbers, dates and language tags in one way (``1.0`` as ``1``).
        """
        coded = words.dictionary_encode()
        keys = coded.indices.to_numpy().astype(np.int64) * max(len(names), 1) + kinds
        different, places = np.unique(keys, return_inverse=True)
        word, kind = np.divmod(different, max(len(names), 1))
        self._blocks.append(_Block(coded.dictionary.take(pa.array(word)), kind, names))
        self._starts.append(self._next)
        codes = self._next + places.reshape(-1)
        self._next += len(different)
        return codes, all(n in _PLAIN or (n[0] == "@" and n == n.lower()) for n in names)

    def kinds(self, codes: Codes) -> list[str]:
        """Of each code ``iri``, or a literal's kind: ``""``, ``@en``, ``^^xsd:decimal``."""
        found = np.full(len(codes), "iri", dtype=object)
        for block, mine, places in self._in_blocks(codes):
            found[mine] = np.array(block.names, dtype=object)[block.kinds[places]]
        return list(found)

    def texts(self, codes: Codes) -> list[str]:
        """The string of each term, as SPARQL's ``str()`` gives it."""
        found = np.empty(len(codes), dtype=object)
        entities = np.flatnonzero(codes < self.size)
        ids = self._ids.take(pa.array(codes[entities])).to_pylist()
        found[entities] = [expand(name, self._schema.prefixes) for name in ids]
        for block, mine, places in self._in_blocks(codes):
            words = np.array(block.words.take(pa.array(places)).to_pylist(), dtype=object)
            kinds = [block.names[kind] for kind in block.kinds[places]]
            found[mine] = [
                word if kind in _PLAIN or kind[0] == "@" else str(self._literal(word, kind))
                for word, kind in zip(words, kinds, strict=True)
            ]
        return list(found)

    def terms(self, codes: Codes) -> list[URIRef | Literal]:
        """The terms as rdflib reads them."""
        kinds = self.kinds(codes)
        found: list[URIRef | Literal] = [URIRef("")] * len(codes)
        entities = np.flatnonzero(codes < self.size)
        for place, text in zip(entities, self.texts(codes[entities]), strict=True):
            found[place] = URIRef(text)
        for block, mine, places in self._in_blocks(codes):
            for place, word in zip(mine, block.words.take(pa.array(places)), strict=True):
                found[place] = self._literal(word.as_py(), kinds[place])
        return found

    def _literal(self, word: str, kind: str) -> Literal:
        if kind in _PLAIN:
            return Literal(word)
        if kind[0] == "@":
            return Literal(word, lang=kind[1:])
        return Literal(word, datatype=URIRef(expand(kind[2:], self._schema.prefixes)))

    def _in_blocks(self, codes: Codes) -> Iterable[tuple[_Block, Any, Any]]:
        """Each block with the places of its literals in ``codes``, and theirs in the block."""
        starts = np.array([*self._starts, self._next])
        for number, block in enumerate(self._blocks):
            mine = np.flatnonzero((codes >= starts[number]) & (codes < starts[number + 1]))
            if len(mine):
                yield block, mine, codes[mine] - starts[number]


def _sorted(subjects: Codes, values: Codes, distinct: bool) -> Edges:
    if (np.diff(subjects) < 0).any():
        order = np.argsort(subjects, kind="stable")
        subjects, values = subjects[order], values[order]
    return Edges(subjects, values, distinct)
