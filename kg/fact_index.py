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

_KEPT = 4_096  # subjects, and facts: those asked for lately
_FIELDS = tuple(Fact.__dataclass_fields__)


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
        self._rows = lru_cache(maxsize=_KEPT)(self._rows_of)
        self._fact = lru_cache(maxsize=_KEPT)(self._facts_at)

    def __contains__(self, subject: object) -> bool:
        return subject in self._span

    def of(self, subject: str) -> Mapping[tuple[str, str], Fact]:
        """Facts of a subject by (relation, object); empty where there are none."""
        return self._read(subject)

    def find(self, subject: str, relation: str, object_: str) -> Fact | None:
        """One fact, or None where the graph does not hold it."""
        row = self._rows(subject).get((relation, object_))
        return None if row is None else self._fact(row, row + 1)[0]

    def _of(self, subject: str) -> Mapping[tuple[str, str], Fact]:
        facts = self._facts_at(*self._span.get(subject, (0, 0)))
        return {(fact.relation, fact.object): fact for fact in facts}

    def _rows_of(self, subject: str) -> Mapping[tuple[str, str], int]:
        start, end = self._span.get(subject, (0, 0))
        rows = self._facts.slice(start, end - start)
        keys = zip(rows["relation"].to_pylist(), rows["object"].to_pylist(), strict=True)
        return {key: row for row, key in enumerate(keys, start)}

    def _facts_at(self, start: int, end: int) -> list[Fact]:
        rows = self._facts.slice(start, end - start)
        return list(map(Fact, *(rows[name].to_pylist() for name in _FIELDS)))
