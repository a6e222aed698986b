"""Products put and changed since the last build, kept in the service's database.

In: fields of products. Out: `kg.changes.ProductChange` records, one a product, whose revisions grow
with each change. Every worker follows them (`api.live`); the next build is handed them by
``clew events fold``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, delete, func, insert, select, text

from api.db.engine import Database
from api.db.tables import products
from api.eventlog import now_us
from kg.changes import ProductChange
from kg.errors import NotFoundError

__all__ = ["Shelf"]

_GUARD = 4241543  # of PostgreSQL's advisory locks: revisions are committed in their order


class Shelf:
    """Changed products of one tenant. Safe to share between threads."""

    def __init__(self, database: Database, tenant: str = "default") -> None:
        self._database = database
        self._tenant = tenant

    def state(self) -> tuple[int, int]:
        """How many changes there are, and the sum of their revisions: one state, one content."""
        query = select(func.count(), func.coalesce(func.sum(products.c.id), 0))
        with self._database.reading() as connection:
            found = connection.execute(query.where(products.c.tenant == self._tenant)).one()
        return int(found[0]), int(found[1])

    def all(self) -> list[ProductChange]:
        """Every change, by revision."""
        query = select(products).where(products.c.tenant == self._tenant).order_by(products.c.id)
        with self._database.reading() as connection:
            return [_change(row) for row in connection.execute(query).mappings()]

    def put(self, product: str, fields: Mapping[str, Any], *, whole: bool) -> ProductChange:
        """Keep what is said of a product, in place of what was; on the disk when this returns.

        Of a part, the fields that are not given stay as they were said before.
        """
        with self._database.writing() as connection:
            self._guard(connection)
            before = self._of(connection, product)
            if before is not None and not whole:
                fields, whole = {**before.fields, **fields}, before.whole
            connection.execute(self._one(product))
            made = connection.execute(
                insert(products).values(
                    tenant=self._tenant,
                    product=product,
                    whole=int(whole),
                    fields=orjson.dumps(dict(fields)).decode(),
                    at=now_us(),
                )
            ).inserted_primary_key
        return ProductChange(product, int(made[0]) if made else 0, whole, dict(fields))

    def take_back(self, product: str) -> None:
        """Forget what was said of a product.

        Raises:
            NotFoundError: nothing was.
        """
        with self._database.writing() as connection:
            self._guard(connection)
            if not connection.execute(self._one(product)).rowcount:
                raise NotFoundError(
                    f"nothing was put of product {product!r}; what the catalogue says stays"
                )

    def _of(self, connection: Connection, product: str) -> ProductChange | None:
        query = select(products).where(
            products.c.tenant == self._tenant, products.c.product == product
        )
        row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _change(row)

    def _one(self, product: str) -> Any:
        return delete(products).where(
            products.c.tenant == self._tenant, products.c.product == product
        )

    def _guard(self, connection: Connection) -> None:
        if not self._database.is_sqlite:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_GUARD})"))


def _change(row: Any) -> ProductChange:
    return ProductChange(
        product=row["product"],
        revision=row["id"],
        whole=bool(row["whole"]),
        fields=orjson.loads(row["fields"]),
    )
