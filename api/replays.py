"""Batches sent again under their idempotency key: answered as the first time, counted once."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from api.db.tables import batches
from kg.errors import StoreError

__all__ = ["ConflictError", "answered", "keep_answer"]


class ConflictError(StoreError):
    """What is asked contradicts what was done before."""


def answered(connection: Connection, tenant: str, key: tuple[str, str], digest: str) -> str | None:
    """What a batch was answered before; None: it is new.

    Args:
        connection: of a write transaction.
        tenant: whose.
        key: who sends, and their idempotency key.
        digest: of the request.

    Raises:
        ConflictError: the key came with another request.
    """
    query = select(batches.c.digest, batches.c.answer).where(
        batches.c.tenant == tenant,
        batches.c.owner == key[0],
        batches.c.idempotency_key == key[1],
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        return None
    if found.digest != digest:
        raise ConflictError("this Idempotency-Key came with another body; use a new key for it")
    return str(found.answer)


def keep_answer(
    connection: Connection, tenant: str, key: tuple[str, str], digest: str, answer: str, at_us: int
) -> None:
    """Keep what a batch is answered, for when it comes again."""
    row = {"tenant": tenant, "owner": key[0], "idempotency_key": key[1]}
    row |= {"digest": digest, "answer": answer}
    connection.execute(insert(batches).values(**row, at=at_us))
