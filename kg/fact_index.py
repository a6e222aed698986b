"""Facts of one subject, found without reading the whole table.

In: a fact table sorted by subject, as `kg.facts.KnowledgeGraph` keeps it. Out: facts by relation
and object. The facts of a subject become objects when first asked for and are then kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg.records import Fact

__all__ = ["FactIndex"]

_KEPT = 50_000


class FactIndex:
    """Look-up by subject. May be shared between threads."""

    def __init__(self, facts: pa.Table) -> None:
        """Take a fact table (``kg.records.FACT_SCHEMA``) sorted by subject."""
        self._facts = facts.combine_chunks()
        runs = pc.run_end_encode(self._facts["subject"].combine_chunks())
        ends = np.asarray(runs.run_ends).astype(np.int64)
        starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
        self._span = dict(
            zip(
                runs.values.to_pylist(),
                zip(starts.tolist(), ends.tolist(), strict=True),
                strict=True,
            )
        )
        self._read = lru_cache(maxsize=_KEPT)(self._of)

    def __contains__(self, subject: object) -> bool:
        return subject in self._span

    def of(self, subject: str) -> Mapping[tuple[str, str], Fact]:
        """Facts of a subject by (relation, object); empty where there are none."""
        return self._read(subject)

    def find(self, subject: str, relation: str, object_: str) -> Fact | None:
        """One fact, or None where the graph does not hold it."""
        return self._read(subject).get((relation, object_))

    def _of(self, subject: str) -> Mapping[tuple[str, str], Fact]:
        start, end = self._span.get(subject, (0, 0))
        rows = self._facts.slice(start, end - start).to_pylist()
        return {(row["relation"], row["object"]): Fact(**row) for row in rows}
