"""Writing who met an experiment, and when first.

In: rows of `api.db.tables.exposures`. Out: the table holds the earliest of each; what is written
again changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from api.db.tables import exposures

__all__ = ["Exposure", "write_exposures"]

_KEY = ("tenant", "experiment", "subject")


@dataclass(frozen=True, slots=True)
class Exposure:
    """Someone was shown a list of an experiment."""

    experiment: str
    subject: str  # pseudonym
    arm: str
    at: int  # microseconds since 1970 UTC


def write_exposures(connection: Connection, tenant: str, met: Sequence[Exposure]) -> None:
    """Write exposures, of which the earliest of each subject and experiment stays."""
    if not met:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    add = dialect.insert(exposures)
    add = add.on_conflict_do_update(
        index_elements=_KEY,
        set_={"arm": add.excluded.arm, "at": add.excluded.at},
        where=add.excluded.at < exposures.c.at,
    )
    connection.execute(add, [{"tenant": tenant, **asdict(one)} for one in met])
