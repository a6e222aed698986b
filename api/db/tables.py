"""The tables of the service's database.

Every row belongs to a tenant, so that several shops may share one server without sharing a row.
People stand in it under keyed pseudonyms (``subject``), never under the shop's own ids. Times are
microseconds since 1970 UTC, which every database orders alike.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = [
    "api_keys",
    "batches",
    "events",
    "experiments",
    "exposures",
    "merges",
    "metadata",
    "products",
    "rules",
    "tombstones",
]

metadata = MetaData()
_Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only Integer keys


def _tenant(*, key: bool = True) -> Column[str]:
    return Column("tenant", String(64), primary_key=key, nullable=False)


events = Table(
    "events",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    _tenant(key=False),
    Column("subject", String(64), nullable=False),  # user:… or session:…, keyed pseudonyms
    Column("product", String(256), nullable=False),  # the shop's own id
    Column("event", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),  # when it happened
    Column("received", BigInteger, nullable=False),
    Column("value", Float),
    Column("quantity", Float),
    Column("event_id", String(128)),  # the shop's own, against sending twice
    Column("surface", String(64)),  # with the next two: of the list it is due to, if to any
    Column("experiment", String(64)),
    Column("arm", String(64)),
    UniqueConstraint("tenant", "event_id", name="events_once"),
    Index("events_of_subject", "tenant", "subject", "id"),
    Index("events_by_time", "tenant", "at"),
    sqlite_autoincrement=True,
)

experiments = Table(
    "experiments",
    metadata,
    _tenant(),
    Column("name", String(64), primary_key=True),
    Column("definition", Text, nullable=False),  # JSON
    Column("began", BigInteger, nullable=False),
)

exposures = Table(
    "exposures",
    metadata,
    _tenant(),
    Column("experiment", String(64), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("arm", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),  # when they first met it
    Index("exposures_of_subject", "tenant", "subject"),
)

batches = Table(
    "batches",
    metadata,
    _tenant(),
    Column("owner", String(64), primary_key=True),  # id of the API key; empty: without keys
    Column("idempotency_key", String(128), primary_key=True),
    Column("digest", String(64), nullable=False),  # keyed hash of the body
    Column("answer", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

merges = Table(
    "merges",
    metadata,
    _tenant(),
    Column("session", String(64), primary_key=True),
    Column("user", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("merges_of_user", "tenant", "user"),
)

tombstones = Table(
    "tombstones",
    metadata,
    _tenant(),
    Column("subject", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    _tenant(),
    Column("id", String(16), primary_key=True),
    Column("hash", String(64), nullable=False),  # SHA-256 of the secret, hex
    Column("name", String(128), nullable=False),
    Column("scopes", String(128), nullable=False),  # separated by spaces
    Column("per_minute", Integer),  # own rate limit; null: the service's
    Column("created", BigInteger, nullable=False),
    Column("revoked", BigInteger),
)

products = Table(
    "products",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),  # the revision
    _tenant(key=False),
    Column("product", String(256), nullable=False),  # the shop's own id
    Column("whole", Integer, nullable=False),  # 1: all of the product, 0: only these fields
    Column("fields", Text, nullable=False),  # JSON
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("tenant", "product", name="products_once"),
    sqlite_autoincrement=True,
)

rules = Table(
    "rules",
    metadata,
    _tenant(),
    Column("id", String(64), primary_key=True),
    Column("action", String(8), nullable=False),  # pin | boost | bury | exclude
    Column("target", String(300), nullable=False),  # product:…, brand:…, category:…, or a concept
    Column("amount", Float),  # boost, bury: the factor; pin: the place
    Column("starts", BigInteger),
    Column("ends", BigInteger),
    Column("note", String(500), nullable=False),
)
