"""The graph as RDF, open for SPARQL.

In: an N-Quads file written by `write_nquads`. Out: an `RdfGraph` over an index of it on disk,
which many processes may read at once. Queries see the union of all named graphs, so nobody has to
name one; who does (``GRAPH graph:product:85123A``) sees one product alone. The ontology's prefixes
need no declaration.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Self

import oxrdflib
import pyoxigraph
import rdflib

from kg.errors import StoreError
from kg.nquads import STANDARD_PREFIXES, write_nquads
from kg.ontology_terms import Schema
from kg.query_guard import check_sparql
from kg.query_result import QueryResult, to_table
from kg.sandbox import Sandbox
from kg.store.base import LIMIT, TIMEOUT_S

__all__ = ["RdfGraph", "index_rdf", "open_rdf", "write_nquads"]

INDEX = "index"
"""Name of the index directory beside an N-Quads file."""


def index_rdf(nquads: Path, directory: Path | None = None) -> Path:
    """Index an N-Quads file (``.gz`` or plain), by default into ``index`` beside it.

    The directory appears whole or not at all.

    Raises:
        StoreError: the file is missing or no N-Quads, or the directory exists or cannot be
            written.
    """
    directory = nquads.parent / INDEX if directory is None else directory
    if directory.exists():
        raise StoreError(f"{directory} exists already; an index is written once")
    draft = directory.with_name(directory.name + ".loading")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with _opened(nquads) as file:
            store = pyoxigraph.Store(str(draft))
            store.bulk_load(file, format=pyoxigraph.RdfFormat.N_QUADS)
            store.flush()
            del store
        draft.rename(directory)
    except (OSError, EOFError, zlib.error, SyntaxError, ValueError) as exc:
        shutil.rmtree(draft, ignore_errors=True)
        raise StoreError(f"{nquads} cannot be indexed: {exc}") from exc
    return directory


def _opened(nquads: Path) -> IO[bytes]:
    if nquads.suffix == ".gz":
        return gzip.open(nquads)  # type: ignore[return-value] # a binary file in all but name
    return nquads.open("rb")


def open_rdf(path: Path, schema: Schema, *, workers: int = 4) -> RdfGraph:
    """Open an index, or an N-Quads file by the index beside it.

    A file without an index is indexed into a temporary directory first (about 10 s per million
    quads), which goes when the graph is closed.

    Raises:
        StoreError: there is no such graph, or it is damaged.
    """
    if path.is_file():
        beside = path.parent / INDEX
        if beside.is_dir():
            return RdfGraph(beside, schema, workers=workers)
        temporary = tempfile.TemporaryDirectory(prefix="clew-rdf-", ignore_cleanup_errors=True)
        try:
            directory = index_rdf(path, Path(temporary.name) / INDEX)
        except StoreError:
            temporary.cleanup()
            raise
        return RdfGraph(directory, schema, workers=workers, temporary=temporary)
    return RdfGraph(path, schema, workers=workers)


class RdfGraph:
    """An RDF graph, read only. Safe to share between threads."""

    def __init__(
        self,
        directory: Path,
        schema: Schema,
        *,
        workers: int = 4,
        temporary: tempfile.TemporaryDirectory[str] | None = None,
    ) -> None:
        if not (directory / "CURRENT").is_file():
            raise StoreError(f"no RDF index at {directory}; build one: clew build")
        try:
            self.store = pyoxigraph.Store.read_only(str(directory))
        except OSError as exc:
            raise StoreError(f"{directory} cannot be opened as an RDF index: {exc}") from exc
        self._relations = {relation.iri: relation.id for relation in schema.relations.values()}
        self._prefixes: Mapping[str, str] = {**STANDARD_PREFIXES, **schema.prefixes}
        self._sandbox = Sandbox("sparql", directory, workers=workers)
        self._temporary = temporary

    def sparql(
        self, query: str, *, timeout_s: float = TIMEOUT_S, limit: int = LIMIT
    ) -> QueryResult:
        """Rows of a query, at most ``limit`` of them. It runs in a process of its own.

        ``SELECT``: a column per variable; an IRI is its text, a literal a number or boolean where
        its datatype says so, else its text. ``ASK``: one row, column ``boolean``. ``CONSTRUCT`` and
        ``DESCRIBE``: columns ``subject``, ``predicate``, ``object`` in N-Triples syntax.

        Raises:
            QueryError: the query is malformed, an update, or asks another server.
            QueryTimeout: it took longer than ``timeout_s``.
        """
        check_sparql(query)
        began = time.perf_counter()
        answer = self._sandbox.run(query, self._prefixes, timeout_s=timeout_s, limit=limit)
        table = to_table(answer["columns"], answer["rows"])
        return QueryResult(table, answer["truncated"], time.perf_counter() - began)

    def counts(self) -> dict[str, int]:
        """Number of facts by relation id; relations without any left out."""
        query = "SELECT ?p (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?p"
        found: dict[str, int] = {}
        rows = self.store.query(query)
        if isinstance(rows, pyoxigraph.QuerySolutions):
            for row in rows:
                if relation := self._relations.get(row["p"].value):
                    found[relation] = int(row["n"].value)
        return dict(sorted(found.items()))

    def as_rdflib(self) -> rdflib.Dataset:
        """The same graph through rdflib, its default graph the union of all; slower."""
        store = oxrdflib.OxigraphStore(store=self.store)
        return rdflib.Dataset(store=store, default_union=True)

    def close(self) -> None:
        """End the query processes and remove a temporary index."""
        self._sandbox.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
