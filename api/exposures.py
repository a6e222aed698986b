"""Who met which experiment, and when first: what an experiment's report counts people by.

In: lists that are answered. Out: one row for each shopper and experiment, written beside the
requests, at most a second later. What a killed worker had not written yet is written when the
shopper is next answered, or sends an event that is due to the list: whether that is lost does not
depend on the arm.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence

from cachetools import TTLCache
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from api.db.exposed import Exposure, write_exposures
from api.db.tables import experiments
from api.eventlog import EventLog, now_us
from api.experiments import Experiment
from kg.errors import ClewError, NotFoundError, StoreError

__all__ = ["Began", "Exposures"]

_log = logging.getLogger(__name__)
_EVERY_S = 1.0
_KNOWN, _KNOWN_S = 100_000, 3600.0  # exposures not written again, and for how long
_MOST_WAITING = 100_000  # while the database does not answer; later ones are dropped

Began = tuple[Experiment, int]
"""An experiment as it was defined, and when it began, in microseconds since 1970 UTC."""


class Exposures:
    """Exposures of one tenant. Safe to share between threads."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._known: TTLCache[tuple[str, str], None] = TTLCache(_KNOWN, _KNOWN_S)
        self._waiting: dict[tuple[str, str], Exposure] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # whoever flushes waits for what another is writing

    def begin(self, running: Mapping[str, Experiment]) -> None:
        """Keep what the experiments are, so that they can be reported when they have ended.

        Raises:
            StoreError: one of this name began as another, or the database cannot be written.
        """
        for name, experiment in running.items():
            try:
                self._begin(name, experiment)
            except IntegrityError:  # another worker began it at the same moment
                self._begin(name, experiment)

    def began(self) -> dict[str, Began]:
        """Every experiment that ever began, by name."""
        query = select(experiments).where(experiments.c.tenant == self._log.tenant)
        with self._log.database.reading() as connection:
            rows = connection.execute(query.order_by(experiments.c.name)).all()
        return {
            row.name: (Experiment.model_validate_json(row.definition), row.began) for row in rows
        }

    def one(self, name: str) -> Began:
        """An experiment that began.

        Raises:
            NotFoundError: none of this name did.
        """
        found = self.began()
        if name not in found:
            known = ", ".join(found) or "none"
            raise NotFoundError(f"no experiment {name!r} began; there are: {known}")
        return found[name]

    def note(self, met: Exposure) -> None:
        """Write soon that someone was shown a list; costs no waiting."""
        key = (met.experiment, met.subject)
        with self._lock:
            if key in self._known:
                return
            if len(self._waiting) < _MOST_WAITING:
                self._known[key] = None
                self._waiting[key] = met

    def flush(self) -> None:
        """Write what waits, except of who was erased meanwhile.

        When it returns, what was noted before is written, by this thread or by another.

        Raises:
            StoreError: the database cannot be written; it waits on.
        """
        with self._writing:
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            if not waiting:
                return
            try:
                self._write(list(waiting.values()))
            except StoreError:
                with self._lock:
                    self._waiting = {**self._waiting, **waiting}
                raise

    def _write(self, waiting: Sequence[Exposure]) -> None:
        log = self._log
        with log.database.writing() as connection:
            log.guard(connection, exclusive=False)
            gone = log.erased_of(connection, {one.subject for one in waiting})
            met = [one for one in waiting if one.subject not in gone]
            write_exposures(connection, log.tenant, met)

    def watch(self, stop: threading.Event) -> threading.Thread:
        """Write what waits every second, and once more when told to stop."""

        def work() -> None:
            stopped = False
            while not stopped:
                stopped = stop.wait(_EVERY_S)
                try:
                    self.flush()
                except ClewError:
                    _log.exception("exposures could not be written; tried again in a second")

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def _begin(self, name: str, experiment: Experiment) -> None:
        tenant, said = self._log.tenant, experiment.model_dump_json(exclude_defaults=True)
        known = select(experiments.c.definition).where(
            experiments.c.tenant == tenant, experiments.c.name == name
        )
        with self._log.database.writing() as connection:
            before = connection.scalar(known)
            if before is None:
                row = {"tenant": tenant, "name": name, "definition": said, "began": now_us()}
                connection.execute(insert(experiments).values(row))
            elif before != said:
                raise StoreError(
                    f"experiment {name!r} began as {before}; who met it would be counted with who "
                    "meets another: give the changed one another name"
                )
