"""The fact table as RDF: N-Quads, written in one pass.

In: a `KnowledgeGraph` and its `Schema`. Out: a gzipped N-Quads file with

- per entity: ``rdf:type``, ``rdfs:label`` per language; for concepts ``skos:prefLabel`` too;
- per fact: exactly one triple, so that counting a predicate counts the rows of its relation;
- on request, per fact: a ``rdf:Statement`` with confidence, source and the words it was read from.

Everything said about a product is in the named graph ``graph:<product>``, about a user in
``graph:<user>``, about anything else in ``graph:vocabulary``; statements about facts are in
``graph:provenance``. Dropping a product's or a user's graph forgets them.
Assumed: the entity table fits in memory twice; facts are streamed. Same tables, same bytes.
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg.errors import NotFoundError, StoreError
from kg.facts import KnowledgeGraph
from kg.ids import expand
from kg.ontology_terms import Schema

__all__ = [
    "PROVENANCE_GRAPH",
    "STANDARD_PREFIXES",
    "VOCABULARY_GRAPH",
    "flat_labels",
    "lines_of",
    "write_nquads",
    "write_triples",
]

VOCABULARY_GRAPH = "graph:vocabulary"
PROVENANCE_GRAPH = "graph:provenance"
OWN_GRAPH = ("product:", "user:")  # prefixes of the entities that have a named graph of their own

STANDARD_PREFIXES: Mapping[str, str] = {
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
}
"""What everyone expects to be declared, beside the prefixes of the ontology."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TYPE = f"<{RDF}type>"
LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"
PREF_LABEL = "<http://www.w3.org/2004/02/skos/core#prefLabel>"
_BATCH = 65_536
_GZIP_LEVEL = 3
_NOT_IN_IRI = re.compile(r'[\x00-\x20<>"{}|\\^`]')
_LANGUAGE = re.compile(r"[A-Za-z]+(-[A-Za-z0-9]+)*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}


def write_nquads(
    kg: KnowledgeGraph, schema: Schema, path: Path, *, provenance: bool = False
) -> int:
    """Write a graph as gzipped N-Quads.

    Args:
        path: file to write, usually ``*.nq.gz``.
        provenance: add a reified statement per fact (6 to 10 more quads each).

    Returns:
        Number of quads.

    Raises:
        NotFoundError: an id has an undeclared prefix, or a fact names an entity or relation that
            is not in the tables.
        StoreError: an id or a language does not make a legal IRI or language tag.
    """
    writer = _Writer(kg, schema)
    quads = 0
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=_GZIP_LEVEL, fileobj=raw, mtime=0) as file,
    ):
        for lines in writer.quads(provenance):
            quads += _write(file, lines)
    return quads


def write_triples(
    kg: KnowledgeGraph, schema: Schema, file: IO[bytes], *, mentioned: Any = None
) -> int:
    """Write the same statements as N-Triples, without named graphs, to an open binary file.

    Args:
        mentioned: boolean array over the entity table; of an entity where it is true only the
            class is written, not its labels.

    Returns:
        Number of triples.
    """
    return sum(_write(file, lines) for lines in _Writer(kg, schema).triples(mentioned))


def lines_of(kg: KnowledgeGraph, schema: Schema, described: Any) -> set[bytes]:
    """The quads about the facts of a graph and about some of its entities, a line each.

    Args:
        described: boolean array over the entity table; nothing is said about the other entities.
    """
    text = io.BytesIO()
    sum(_write(text, lines) for lines in _Writer(kg, schema).quads(False, described))
    return set(text.getvalue().splitlines())


class _Writer:
    """Turns tables into columns of RDF terms and joins those to lines."""

    def __init__(self, kg: KnowledgeGraph, schema: Schema) -> None:
        self._kg = kg
        self._schema = schema
        self._ids = kg.entities["id"].combine_chunks()
        prefixes = schema.prefixes
        ids: list[str] = self._ids.to_pylist()
        self._nodes = pa.array([_iri(name, prefixes) for name in ids], pa.large_string())
        own = [name if name.startswith(OWN_GRAPH) else "vocabulary" for name in ids]
        self._graphs = pa.array(
            [_iri(f"graph:{name}", prefixes) for name in own], pa.large_string()
        )

    def triples(self, mentioned: Any) -> Iterator[Any]:
        for rows, predicate, objects in self._described(mentioned):
            yield _join(self._nodes.take(rows), predicate, objects)
        for batch in self._kg.facts.to_batches(_BATCH):
            subject, predicate, objects, _ = self._terms(batch)
            yield _join(subject, predicate, objects)

    def quads(self, provenance: bool, described: Any = None) -> Iterator[Any]:
        for rows, predicate, objects in self._described():
            if described is not None:
                wanted = pa.array(described[rows.to_numpy()])
                rows, objects = rows.filter(wanted), objects.filter(wanted)  # noqa: PLW2901
            yield _join(self._nodes.take(rows), predicate, objects, self._graphs.take(rows))
        first = 0
        for batch in self._kg.facts.to_batches(_BATCH):
            subject, predicate, objects, graphs = self._terms(batch)
            yield _join(subject, predicate, objects, graphs)
            if provenance:
                yield from self._statements(batch, first, (subject, predicate, objects))
            first += batch.num_rows

    def _described(self, mentioned: Any = None) -> Iterator[tuple[Any, Any, Any]]:
        """Entity rows, predicate and objects of what is said about every entity."""
        silent = np.zeros(len(self._ids), bool) if mentioned is None else np.asarray(mentioned)
        entities = self._kg.entities.combine_chunks()
        classes = self._each(entities["class"].combine_chunks(), self._class_iri)
        yield pa.array(np.arange(len(self._ids))), TYPE, classes
        rows, flat, unnamed = flat_labels(entities)
        bare = pa.array(unnamed[~silent[unnamed]])
        yield bare, LABEL, _quoted(entities["name"].combine_chunks().take(bare))
        flat = flat.filter(pa.array(~silent[rows]))
        rows = rows[~silent[rows]]
        tags = self._each(flat.field(0), _language)
        words = _concat(_quoted(flat.field(1)), "@", tags)
        yield pa.array(rows), LABEL, words
        concepts = pc.is_in(self._ids, pa.array(list(self._schema.concepts), pa.string()))
        named = concepts.to_numpy(zero_copy_only=False)[rows]
        yield pa.array(rows[named]), PREF_LABEL, words.filter(pa.array(named))

    def _terms(self, batch: pa.RecordBatch) -> tuple[Any, Any, Any, Any]:
        """Subject, predicate, object and graph of each fact, as RDF terms."""
        subjects = self._rows(batch["subject"])
        predicates = self._each(batch["relation"], self._relation_iri)
        literal = batch["datatype"].is_valid()
        objects = self._nodes.take(self._rows(batch["object"], skip=literal))
        if pc.any(literal).as_py():
            values = _quoted(batch["object"].filter(literal))
            types = self._each(batch["datatype"].filter(literal), self._datatype)
            words = _concat(values, types)
            objects = pc.replace_with_mask(objects, literal, words)
        return self._nodes.take(subjects), predicates, objects, self._graphs.take(subjects)

    def _statements(self, batch: pa.RecordBatch, first: int, terms: tuple[Any, Any, Any]) -> Any:
        """One reified statement per fact, in the provenance graph."""
        numbers = pa.array(np.arange(first, first + batch.num_rows)).cast(pa.large_string())
        names = _concat("_:f", numbers)
        graph = _iri(PROVENANCE_GRAPH, self._schema.prefixes)
        yield _join(names, TYPE, f"<{RDF}Statement>", graph)
        for part, column in zip(("subject", "predicate", "object"), terms, strict=True):
            yield _join(names, f"<{RDF}{part}>", column, graph)
        double = f"^^{_iri('xsd:double', self._schema.prefixes)}"
        integer = f"^^{_iri('xsd:integer', self._schema.prefixes)}"
        columns = {"confidence": double, "source": "", "field": "", "text": ""}
        for column, suffix in {**columns, "start": integer, "end": integer}.items():
            values = batch[column]
            known = values.is_valid()
            if column == "confidence":
                values = pc.round(values.cast(pa.float64()), 6)
            words = _quoted(values.filter(known).cast(pa.string()))
            predicate = _iri(f"clew:{column}", self._schema.prefixes)
            literals = _concat(words, suffix)
            yield _join(names.filter(known), predicate, literals, graph)

    def _rows(self, ids: Any, skip: Any = None) -> Any:
        """Rows of entities; null where ``skip`` is true."""
        rows = pc.index_in(ids, self._ids)
        unknown = pc.is_null(rows)
        if skip is not None:
            rows = pc.if_else(skip, None, rows)
            unknown = pc.and_not(unknown, skip)
        if pc.any(unknown).as_py():
            name = ids.filter(unknown)[0].as_py()
            raise NotFoundError(f"{name!r} stands in a fact but not in the entity table")
        return rows

    def _each(self, names: Any, term: Any) -> Any:
        """A term per name, made once per different name."""
        coded = names.dictionary_encode()
        terms = pa.array([term(name) for name in coded.dictionary.to_pylist()], pa.large_string())
        return terms.take(coded.indices)

    def _class_iri(self, name: str) -> str:
        if name not in self._schema.classes:
            raise NotFoundError(f"class {name!r} is not in the ontology")
        return _checked(self._schema.classes[name].iri, name)

    def _relation_iri(self, name: str) -> str:
        if name not in self._schema.relations:
            raise NotFoundError(f"relation {name!r} is not in the ontology")
        return _checked(self._schema.relations[name].iri, name)

    def _datatype(self, name: str) -> str:
        return "" if name == "xsd:string" else f"^^{_iri(name, self._schema.prefixes)}"


def flat_labels(entities: pa.Table) -> tuple[Any, Any, Any]:
    """Labels one by one: their entity rows, (language, label) structs; rows without any."""
    labels = _as_list(entities["labels"].combine_chunks())
    lengths = pc.fill_null(pc.list_value_length(labels), 0).to_numpy()
    rows = np.repeat(np.arange(len(lengths)), lengths)
    return rows, pc.list_flatten(labels), np.flatnonzero(lengths == 0)


def _as_list(labels: Any) -> Any:
    """A map column as a list of key-value structs, which the compute functions know."""
    kind = labels.type
    pairs = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
    return labels.cast(pa.list_(pairs))


def _iri(compact_id: str, prefixes: Mapping[str, str]) -> str:
    return _checked(expand(compact_id, prefixes), compact_id)


def _checked(iri: str, name: str) -> str:
    if found := _NOT_IN_IRI.search(iri):
        raise StoreError(
            f"{name!r} does not make an IRI: it has {found.group()!r}; ids made with "
            "kg.ids.entity_id are escaped"
        )
    return f"<{iri}>"


def _language(tag: str) -> str:
    if not _LANGUAGE.fullmatch(tag):
        raise StoreError(f"{tag!r} is not a language tag; labels are keyed by codes such as 'en'")
    return tag


def _quoted(values: Any) -> Any:
    """Strings in quotes, escaped for N-Triples."""
    values = values.cast(pa.large_string())
    for plain, escaped in _ESCAPES.items():
        values = pc.replace_substring(values, plain, escaped)
    return _concat('"', values, '"')


def _join(*terms: Any) -> Any:
    return _concat(*terms, ".\n", between=" ")


def _concat(*parts: Any, between: str = "") -> Any:
    """Columns and constants joined row by row."""
    columns = [pa.scalar(p, pa.large_string()) if isinstance(p, str) else p for p in parts]
    return pc.binary_join_element_wise(*columns, pa.scalar(between, pa.large_string()))


def _write(file: Any, lines: Any) -> int:
    """Write a column of lines as the bytes they already are in memory."""
    if isinstance(lines, pa.ChunkedArray):
        return sum(_write(file, chunk) for chunk in lines.chunks)
    if not len(lines):
        return 0
    _, offsets, data = lines.buffers()
    ends = np.frombuffer(offsets, np.int64)[lines.offset : lines.offset + len(lines) + 1]
    file.write(memoryview(data)[ends[0] : ends[-1]])
    return len(lines)
