"""Validation in two steps: `Screen` finds the nodes that may be at fault, pyshacl judges those.

In: a `KnowledgeGraph`, its `Schema` and an ontology directory. Out: validation results, exactly
those pyshacl finds on the whole graph. Each shape with a target is taken apart into pieces (what it
says of the node, and each of its property shapes), so that pyshacl judges a node only by what it
may break. It sees the node with all it says, and of what it points to the class. A piece that looks
further (`Pieces.far`) is judged on the whole graph, if the screen leaves anything of it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
import pyshacl
import rdflib
from numpy.typing import NDArray
from pyshacl.errors import ReportableRuntimeError
from rdflib import RDF, RDFS, SH, Graph

from kg.errors import OntologyError
from kg.facts import KnowledgeGraph
from kg.nquads import write_triples
from kg.ontology_files import Problem, ontology_files, read_file, shapes_file
from kg.ontology_terms import Schema
from kg.shacl.pieces import Focus, Piece, Pieces
from kg.shacl.screen import Screen
from kg.shacl.terms import Codes, Terms
from kg.shacl.values import PASS

__all__ = ["PART", "Engine"]

PART = 50_000
"""Triples pyshacl is given at once, about."""


class Engine:
    """Shapes and classes of an ontology, ready to judge graphs.

    Raises:
        OntologyError: a file is missing, cannot be read or holds no well-formed shapes.
    """

    def __init__(self, directory: Path, schema: Schema) -> None:
        self._schema = schema
        self._path = shapes_file(directory)
        shapes = _parsed(self._path)
        self._classes = rdflib.Graph()
        for path in ontology_files(directory):
            if path.parent == directory:
                self._classes += _parsed(path)
        self._pieces = Pieces(shapes, self._classes)

    @property
    def local(self) -> bool:
        """Whether part of a graph may be judged by itself; see `Pieces.local`."""
        return self._pieces.local

    def results(
        self,
        kg: KnowledgeGraph,
        *,
        part: int = PART,
        screened: bool = True,
        only: NDArray[np.bool_] | None = None,
    ) -> Iterator[tuple[Graph, Any]]:
        """Validation results, as a node of a results graph each; some may be told twice.

        Args:
            part: about how many triples pyshacl is given at once.
            screened: false leaves every node to pyshacl.
            only: mask over the entity table: the nodes to judge, where `local` allows it.
        """
        terms = Terms(kg, self._schema)
        screen = Screen(self._pieces.shapes, self._classes, terms)
        near: dict[Piece, Focus] = {}
        far: dict[Piece, Focus] = {}
        for piece in self._pieces.pieces:
            focus = self._pieces.focus(piece, terms)
            if only is not None:
                focus = replace(focus, codes=focus.codes[only[focus.codes]])
            looks_far = piece.far or bool(focus.unread)
            if screened and len(focus.codes):
                doubtful = screen.judge(piece.shape, focus.codes) != PASS
                if looks_far and not (doubtful.any() or focus.strangers or focus.unread):
                    self._try(kg, terms, piece, focus.codes[:1])
                    continue
                doubtful[0] = True  # pyshacl finds what is wrong with the shape itself
                focus = replace(focus, codes=focus.codes[doubtful])
            (far if looks_far else near)[piece] = focus
        yield from self._run(kg, terms, near, part)
        yield from self._run(kg, terms, far, None)

    def _try(self, kg: KnowledgeGraph, terms: Terms, piece: Piece, codes: Codes) -> None:
        """Let pyshacl see whether a shape is well formed, on a node that conforms to it."""
        for _ in self._run(kg, terms, {piece: Focus(codes)}, PART):
            pass

    def _run(
        self, kg: KnowledgeGraph, terms: Terms, todo: Mapping[Piece, Focus], size: int | None
    ) -> Iterator[tuple[Graph, Any]]:
        """Judge pieces in parts of ``size`` triples, or all at once on the whole graph."""
        todo = {piece: focus for piece, focus in todo.items() if not focus.empty}
        if not todo:
            return
        kg = replace(kg, facts=_of_relations(kg.facts, self._pieces.relations(todo, self._schema)))
        every = np.unique(np.concatenate([focus.codes for focus in todo.values()]))
        rows = every[every < terms.size]
        others = {
            piece: [*focus.strangers, *terms.terms(focus.codes[focus.codes >= terms.size])]
            for piece, focus in todo.items()
        }
        for here, triples in _parts(kg, self._schema, rows, size):
            aims = {
                piece: [*terms.terms(np.intersect1d(focus.codes, here)), *others.pop(piece, ())]
                for piece, focus in todo.items()
            }
            yield from self._judge(triples, self._pieces.aimed(aims, todo))

    def _judge(self, triples: bytes, shapes: Graph) -> Iterator[tuple[Graph, Any]]:
        data = Graph()
        data.parse(data=triples, format="nt")
        for triple in self._classes.triples((None, RDFS.subClassOf, None)):
            data.add(triple)
        try:
            _, results, _ = pyshacl.validate(data, shacl_graph=shapes, inplace=True)
        except ReportableRuntimeError as exc:
            raise OntologyError(f"{self._path}: {exc}") from exc
        for report in results.subjects(RDF.type, SH.ValidationReport):
            for result in results.objects(report, SH.result):
                yield results, result


def _parts(
    kg: KnowledgeGraph, schema: Schema, rows: Codes, size: int | None
) -> Iterator[tuple[Codes, bytes]]:
    """Entities in parts, with N-Triples of all they say and the classes of what they point to.

    Without a size there is one part, and the triples are those of the whole graph.
    """
    ids = kg.entities["id"].combine_chunks()
    if size is None or not len(rows):
        text = io.BytesIO()
        if size is None:
            write_triples(kg, schema, text)
        yield rows, text.getvalue()
        return
    facts = kg.facts.combine_chunks()
    subjects = pc.index_in(facts["subject"], ids).to_numpy()
    mine = np.zeros(len(ids), bool)
    mine[rows] = True
    facts, subjects = facts.filter(pa.array(mine[subjects])), subjects[mine[subjects]]
    weight = np.bincount(subjects, minlength=len(ids))[rows] + 2
    part_of = np.zeros(len(ids), np.int64)
    part_of[rows] = (np.cumsum(weight) - weight) // size
    for part in np.unique(part_of[rows]):
        here = rows[part_of[rows] == part]
        stated = facts.filter(pa.array(part_of[subjects] == part))
        objects = pc.index_in(stated["object"], ids).drop_null().to_numpy()
        every = np.union1d(here, objects)
        piece = replace(kg, entities=kg.entities.take(pa.array(every)), facts=stated)
        text = io.BytesIO()
        write_triples(piece, schema, text, mentioned=~np.isin(every, here))
        yield here, text.getvalue()


def _of_relations(facts: pa.Table, relations: Iterable[str]) -> pa.Table:
    return facts.filter(pc.is_in(facts["relation"], pa.array(list(relations), pa.string())))


def _parsed(path: Path) -> rdflib.Graph:
    if path.suffix != ".ttl":
        file = read_file(path, path.parent)
        if isinstance(file, Problem):
            raise OntologyError(str(file))
        triples = ox.serialize(file.triples, format=ox.RdfFormat.N_TRIPLES)
        return rdflib.Graph().parse(data=triples, format="nt")
    graph = rdflib.Graph()
    try:
        graph.parse(path, format="turtle")
    except OSError as exc:
        raise OntologyError(f"{path} cannot be read: {exc.strerror}") from exc
    except SyntaxError as exc:  # rdflib's BadSyntax
        raise OntologyError(f"{path} is not Turtle: {exc}") from exc
    return graph
