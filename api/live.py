"""The service of a store's current snapshot, replaced when another one is published.

In: a snapshot store. Out: a `Service` for each request; requests under way keep the one they began
with, so a switch drops none.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from api.service import Service
from kg.errors import ClewError
from kg.snapshot import SnapshotStore

__all__ = ["Live"]

_log = logging.getLogger(__name__)


class Live:
    """The service of a store's current snapshot."""

    def __init__(
        self,
        store: SnapshotStore,
        *,
        min_buyers: int = 5,
        kept_answers: int = 0,
        warm_search: bool = False,
        loaded: Callable[[], None] = lambda: None,
    ) -> None:
        """Load the current snapshot; ``loaded`` is told of it and of each that follows.

        With ``warm_search`` the index of search is made in the background: of the first snapshot
        while it serves already, of each that follows before it does.

        Raises:
            StoreError: the store has no snapshot.
            ModelError: its current snapshot has no model.
        """
        self._store = store
        self._options = {"min_buyers": min_buyers, "kept_answers": kept_answers}
        self._warm_search = warm_search
        self._loaded = loaded
        self._service = self._load()
        self._stop = threading.Event()

    @property
    def service(self) -> Service:
        """The service to answer this request with."""
        return self._service

    def watch(self, every_s: float) -> threading.Thread:
        """Look for a new snapshot in the background until `stop`."""
        thread = threading.Thread(target=self._watch, args=(every_s,), daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()

    def _load(self) -> Service:
        snapshot = self._store.current()
        service = Service(snapshot, self._store.pseudonym_key(), **self._options)
        self._loaded()
        return service

    def _warm(self, service: Service) -> None:
        try:
            if self._warm_search:
                _ = service.searcher
        except ClewError:
            _log.exception("the index of search cannot be made; searches will say so")

    def _watch(self, every_s: float) -> None:
        self._warm(self._service)
        failed = ""
        while not self._stop.wait(every_s):
            try:
                current = self._store.current()
                if current.id in {self._service.snapshot.id, failed} or not current.has_model:
                    continue
                failed = current.id  # unless it loads
                service = self._load()
                self._warm(service)
                self._service = service
                _log.info("serving another snapshot", extra={"snapshot": current.id})
            except ClewError:
                _log.exception("the new snapshot cannot be served; the old one stays")
