"""The ontology as settings: what is extracted, how it is named, how it is told.

In: a directory of Turtle files (by default the ontology that ships with Clew). Out: a `Schema`.
The records are in `kg.ontology_terms`, the rules an ontology must keep in `kg.ontology_check`.
"""

from __future__ import annotations

from pathlib import Path

import ontology
from kg.errors import OntologyError
from kg.ontology_check import check_ontology, read_checked
from kg.ontology_graph import Problem
from kg.ontology_terms import FRAME_SLOTS, ClassDef, Concept, Relation, Schema, Unit

__all__ = [
    "FRAME_SLOTS",
    "ClassDef",
    "Concept",
    "Problem",
    "Relation",
    "Schema",
    "Unit",
    "check_ontology",
    "load_schema",
]

_SHOWN = 20


def load_schema(directory: Path | None = None) -> Schema:
    """Read and check an ontology.

    Args:
        directory: where ``clew.ttl`` and ``vocab/*.ttl`` are; by default the one shipped.

    Raises:
        OntologyError: the ontology is malformed; the message lists each problem with its file,
            its line where known, the term, and what to do (the first 20 of them).
    """
    directory = ontology.DIRECTORY if directory is None else directory
    schema, problems = read_checked(directory)
    if problems:
        lines = [str(problem) for problem in problems[:_SHOWN]]
        more = len(problems) - len(lines)
        lines += [f"… and {more} more"] if more else []
        head = f"{len(problems)} problems in the ontology {str(directory)!r}:"
        raise OntologyError("\n  ".join([head, *lines]) if len(problems) > 1 else lines[0])
    return schema
