"""What every graph store can do; one contract suite (tests/contract) holds each to it.

A store holds one graph, put there whole by `GraphStore.load` from the fact table. Names are those
of `kg.store.layout`. Queries from outside only read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema
from kg.progress import Progress
from kg.query_result import QueryResult
from kg.records import Edge

__all__ = ["LIMIT", "TIMEOUT_S", "GraphStore", "Loaded"]

TIMEOUT_S = 5.0
LIMIT = 1000


@dataclass(frozen=True)
class Loaded:
    """What a load did. A store that is compared first writes only what differs."""

    nodes: int = 0  # written
    relationships: int = 0
    nodes_deleted: int = 0
    relationships_deleted: int = 0
    unchanged: int = 0  # nodes and relationships that were there already


class GraphStore(Protocol):
    """A property graph, queried in Cypher. Safe to share between threads once loaded."""

    def load(self, kg: KnowledgeGraph, schema: Schema, progress: Progress | None = None) -> Loaded:
        """Make the graph the projection of a fact table. Loading twice is loading once.

        Raises:
            NotFoundError: a fact names an entity, class or relation that is nowhere defined.
            StoreError: the store cannot be written, or a value does not fit its property.
        """

    def cypher(
        self,
        query: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        limit: int = LIMIT,
    ) -> QueryResult:
        """Rows of a query that only reads, at most ``limit`` of them.

        Nodes are structs of ``label`` and their properties, relationships likewise (with ``start``
        and ``end``, the ids of those of their ends that stand in the same row), paths structs of
        ``nodes`` and ``relationships``; a property nobody has is left out. Dates are ISO 8601
        text, decimals float64.

        Raises:
            QueryError: the query is refused, malformed or names what does not exist.
            QueryTimeout: it took longer than ``timeout_s``.
        """

    def counts(self) -> dict[str, int]:
        """Number of facts by relation id, as a query finds them; relations without any left out."""

    def get(self, entity: str) -> dict[str, Any] | None:
        """Label and properties of a node by compact id, or None."""

    def neighbours(self, entity: str, *, limit: int = LIMIT) -> list[Edge]:
        """Facts a node is subject or object of, sorted; none if it is unknown.

        Where there are more than ``limit``, which ones are left out is the store's choice, but
        always the same.
        """

    def nodes(self, label: str) -> Iterator[dict[str, Any]]:
        """Properties of every node of a label, what is null left out; in no order.

        Raises:
            StoreError: the store cannot be read.
        """

    def relationships(self, type_: str) -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
        """Every relationship of a type; in no order.

        Label and id of its start, label and id of its end, its properties. Raises like `nodes`.
        """

    def close(self) -> None:
        """Give back files, connections and processes. Closing twice is closing once."""

    def __enter__(self) -> Self:
        """The store itself."""

    def __exit__(self, *exc: object) -> None:
        """Close it."""
