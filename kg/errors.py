"""Every error Clew raises on purpose.

    ClewError
    ├── DatasetError      a dataset cannot be read, or too many of its rows are bad
    ├── OntologyError     the ontology is malformed or refers to what does not exist
    ├── ExtractionError   a language pipeline cannot be assembled
    ├── StoreError        a snapshot store is missing, damaged, locked or cannot be written
    │   └── ManifestError     a snapshot's manifest or checksums do not hold
    ├── QueryError        a Cypher or SPARQL query was refused or failed
    │   └── QueryTimeout      … it ran longer than its limit
    ├── NotFoundError     a product, user, concept or fact is not in the snapshot
    ├── ModelError        a model cannot be trained, loaded or does not fit its graph
    ├── WriterError       a language model cannot be asked, or its answer cannot be read
    └── MissingExtraError an optional dependency is not installed

A message says what was wrong, with which value, where, and what to do about it.
"""

from __future__ import annotations

__all__ = [
    "ClewError",
    "DatasetError",
    "ExtractionError",
    "ManifestError",
    "MissingExtraError",
    "ModelError",
    "NotFoundError",
    "OntologyError",
    "QueryError",
    "QueryTimeout",
    "StoreError",
    "WriterError",
]


class ClewError(Exception):
    """Base of all errors a user of Clew can cause or meet.

    ``exit_code`` is what the command line exits with (2 is click's own usage error).
    """

    exit_code = 1


class DatasetError(ClewError):
    """A dataset cannot be read, or the share of its rejected rows is above the limit."""

    exit_code = 3


class OntologyError(ClewError):
    """The ontology is malformed: syntax, undefined terms, missing settings."""

    exit_code = 4


class ExtractionError(ClewError):
    """A language pipeline cannot be assembled."""

    exit_code = 4


class StoreError(ClewError):
    """A snapshot store is missing, damaged, locked or cannot be written."""

    exit_code = 5


class ManifestError(StoreError):
    """A snapshot's manifest is unreadable or its checksums do not hold."""


class QueryError(ClewError):
    """A Cypher or SPARQL query was refused or failed."""

    exit_code = 6


class QueryTimeout(QueryError):  # noqa: N818 - the field's own word
    """A query ran longer than its time limit."""


class NotFoundError(ClewError):
    """A product, user, concept or fact that was named is not in the snapshot."""

    exit_code = 7


class ModelError(ClewError):
    """A model cannot be trained, loaded, or was trained on another graph."""

    exit_code = 8


class WriterError(ClewError):
    """A language model cannot be asked, or its answer cannot be read."""

    exit_code = 10


class MissingExtraError(ClewError):
    """An optional dependency is not installed."""

    exit_code = 9

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed; it comes with an extra: pip install 'clew[{extra}]'"
        )
