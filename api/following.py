"""What a served snapshot follows of the database: products put, and erasures where asked for."""

from __future__ import annotations

from api.erasure import erased_users
from api.live import Live
from api.parts import Parts
from api.settings import Settings

__all__ = ["follow"]


def follow(live: Live, parts: Parts, settings: Settings) -> None:
    """Have what is served follow the products put and, where that is asked for, the erasures.

    Raises:
        StoreError: the database cannot be read.
    """
    if settings.erasure == "downdate":
        live.follow(parts.shelf, lambda: erased_users(parts.log))
    else:
        live.follow(parts.shelf)
