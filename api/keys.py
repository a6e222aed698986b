"""API keys: made, checked, listed and revoked. Only a hash of each is kept.

A key reads ``clew_ID_SECRET``. The secret is 256 random bits, so that its plain SHA-256 cannot be
searched; what is stored lets nobody in. In: the service's database. Out: `Key` records.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from sqlalchemy import Row, func, insert, select, update

from api.db.engine import Database
from api.db.tables import api_keys
from api.eventlog import now_us
from kg.errors import NotFoundError

__all__ = ["SCOPES", "Key", "Keys", "Scope"]

Scope = Literal["recommend", "events", "catalogue", "analyst", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""What a key may be allowed: ask for products; send events; put products; query the graph;
everything else."""

_KEY = re.compile(r"clew_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_TRUSTED_S = 1.0
_MOST_TRUSTED = 10_000


@dataclass(frozen=True, slots=True)
class Key:
    """A key, without its secret."""

    id: str
    name: str
    scopes: frozenset[str]
    created: datetime
    revoked: datetime | None = None
    per_minute: int | None = None


class Keys:
    """The keys of one tenant. Safe to share between threads."""

    def __init__(self, database: Database, tenant: str = "default") -> None:
        self._database = database
        self._tenant = tenant
        self._trusted: dict[str, tuple[float, Key]] = {}  # by the hash of the whole token
        self._lock = threading.Lock()

    def create(
        self, name: str, scopes: Sequence[Scope], *, per_minute: int | None = None
    ) -> tuple[str, Key]:
        """Make a key.

        Returns:
            The token, which is shown this once and kept nowhere, and the record.

        Raises:
            StoreError: the database cannot be written.
        """
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        row = {
            "tenant": self._tenant,
            "id": key_id,
            "hash": _hash(secret),
            "name": name,
            "scopes": " ".join(sorted(set(scopes))),
            "per_minute": per_minute,
            "created": now_us(),
        }
        with self._database.writing() as connection:
            connection.execute(insert(api_keys).values(row))
        return f"clew_{key_id}_{secret}", self._find(key_id)

    def all(self) -> list[Key]:
        """Every key, revoked ones too, oldest first."""
        query = select(api_keys).where(api_keys.c.tenant == self._tenant)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(api_keys.c.created, api_keys.c.id)).all()
        return [_key(row) for row in rows]

    def count(self) -> int:
        """How many keys are valid."""
        query = select(func.count()).where(
            api_keys.c.tenant == self._tenant, api_keys.c.revoked.is_(None)
        )
        with self._database.reading() as connection:
            return int(connection.scalar(query) or 0)

    def revoke(self, key_id: str) -> Key:
        """Revoke a key; workers that trusted it notice within a second.

        Raises:
            NotFoundError: there is no such key.
        """
        change = (
            update(api_keys)
            .where(api_keys.c.tenant == self._tenant, api_keys.c.id == key_id)
            .values(revoked=func.coalesce(api_keys.c.revoked, now_us()))
        )
        with self._database.writing() as connection:
            changed = connection.execute(change).rowcount
        if not changed:
            raise NotFoundError(f"no key {key_id!r}; clew keys list shows the keys there are")
        with self._lock:
            self._trusted.clear()
        return self._find(key_id)

    def check(self, token: str) -> Key | None:
        """The key a token is, or None where it is none, or is revoked."""
        match = _KEY.fullmatch(token)
        if match is None:
            return None
        digest, now = _hash(token), time.monotonic()
        with self._lock:
            trusted = self._trusted.get(digest)
        if trusted is not None and now - trusted[0] < _TRUSTED_S:
            return trusted[1]
        query = select(api_keys).where(api_keys.c.tenant == self._tenant, api_keys.c.id == match[1])
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or not hmac.compare_digest(row.hash, _hash(match[2])):
            return None
        if row.revoked is not None:
            return None
        key = _key(row)
        with self._lock:
            if len(self._trusted) >= _MOST_TRUSTED:
                self._trusted.clear()
            self._trusted[digest] = (now, key)
        return key

    def _find(self, key_id: str) -> Key:
        query = select(api_keys).where(api_keys.c.tenant == self._tenant, api_keys.c.id == key_id)
        with self._database.reading() as connection:
            return _key(connection.execute(query).one())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _key(row: Row[tuple[object, ...]]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        scopes=frozenset(row.scopes.split()),
        created=_time(row.created),
        revoked=None if row.revoked is None else _time(row.revoked),
        per_minute=row.per_minute,
    )


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
