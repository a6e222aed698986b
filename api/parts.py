"""What an application is made of besides its snapshot, opened once per process."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from api.access import Access
from api.db import Database, database_url, open_database
from api.erasure import restore_tombstones
from api.eventlog import EventLog, now_us
from api.exposures import Exposures
from api.impressions import Impressions
from api.keys import Keys
from api.people import Pseudonyms
from api.rulebook import Rulebook
from api.settings import Settings
from api.shelf import Shelf
from kg.errors import ClewError, StoreError
from kg.snapshot import SnapshotStore

__all__ = ["Parts", "open_parts"]

_log = logging.getLogger(__name__)
_HOUR_S = 3600.0
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Parts:
    """The database and what is kept in it."""

    database: Database
    log: EventLog
    people: Pseudonyms
    keys: Keys
    access: Access
    rules: Rulebook
    shelf: Shelf
    impressions: Impressions
    exposures: Exposures

    def keep_house(self, days: float, stop: threading.Event) -> threading.Thread:
        """Remove events older than some days, now and hourly, until told to stop."""

        def work() -> None:
            while True:
                try:
                    self.log.prune(now_us() - round(days * _DAY_US))
                except ClewError:
                    _log.exception("old events could not be removed; tried again in an hour")
                if stop.wait(_HOUR_S):
                    return

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread


def open_parts(settings: Settings) -> Parts:
    """Open the database as the settings say.

    Raises:
        StoreError: it cannot be opened, or keys are required and there are none.
    """
    url = settings.database_url.get_secret_value() if settings.database_url else None
    database = open_database(database_url(settings.store, url))
    keys = Keys(database, settings.tenant)
    required = settings.keys_required
    if required and not keys.count():
        database.close()
        raise StoreError(
            f"{settings.host} can be reached by other machines, so keys are required, and there "
            f"are none; make one: clew keys create NAME --scope recommend --store {settings.store}"
        )
    log = EventLog(database, settings.tenant)
    restore_tombstones(log, settings.store)
    people = Pseudonyms(SnapshotStore(settings.store).pseudonym_key())
    return Parts(
        database=database,
        log=log,
        people=people,
        keys=keys,
        access=Access(
            keys,
            required=required,
            per_minute=settings.rate_per_minute,
            guesses_per_minute=settings.guesses_per_minute,
            workers=settings.workers,
        ),
        rules=Rulebook(database, settings.tenant),
        shelf=Shelf(database, settings.tenant),
        impressions=Impressions(people, tenant=settings.tenant, days=settings.attribution_days),
        exposures=Exposures(log),
    )
