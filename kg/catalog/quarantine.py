"""Rejected rows: counted, written down, and held against a limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import orjson

from kg.errors import DatasetError
from kg.records import Reject

__all__ = ["check_share", "reasons", "write_rejects"]

MAX_REASONS_SHOWN = 8


def reasons(rejects: Iterable[Reject]) -> dict[str, int]:
    """Rows by reason, the most frequent first."""
    counts = Counter(item.reason for item in rejects)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def write_rejects(rejects: Iterable[Reject], path: Path) -> int:
    """Rejects as JSON lines, one an object with the fields of `Reject`; how many were written.

    Raises:
        DatasetError: the file cannot be written.
    """
    count = 0
    try:
        with path.open("wb") as out:
            for count, item in enumerate(rejects, start=1):  # noqa: B007 - the count is the result
                out.write(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE))
    except OSError as exc:
        raise DatasetError(f"{path}: rejects cannot be written: {exc}") from exc
    return count


def check_share(
    path: Path, rows: Mapping[str, int], rejects: Sequence[Reject], max_share: float
) -> None:
    """Passes a dataset whose files each have few enough unexpected rejects.

    Raises:
        DatasetError: above ``max_share`` of a file's rows, with a summary by reason.
    """
    bad = [item for item in rejects if not item.expected]
    for file, count in Counter(item.file for item in bad).items():
        total = rows[file]
        if count <= max_share * total:
            continue
        found = [item for item in bad if item.file == file]
        summary = reasons(found)
        shown = ", ".join(
            f"{reason} {number:,}" for reason, number in list(summary.items())[:MAX_REASONS_SHOWN]
        )
        first = found[0]
        raise DatasetError(
            f"{path}: {count:,} of {total:,} rows of {file} are bad ({count / total:.1%}; "
            f"at most {max_share:.1%} may be): {shown}. The first is row {first.line}, "
            f"{first.field or 'whole row'}: {first.reason} {first.value[:80]!r}. "
            f"Correct the file, or raise max_reject_share"
        )
