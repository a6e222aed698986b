"""The service of a store's current snapshot, with the products put since, replaced when either is.

In: a snapshot store, a shelf of changed products. Out: a `Service` for each request; requests under
way keep the one they began with, so a switch drops none. The index of search takes longest to make:
until that of the newest service is there, searches are answered by the one before it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from api.overlay import Overlay
from api.service import Service
from api.shelf import Shelf
from gnn.teller import Teller
from kg.changes import ProductChange
from kg.errors import ClewError, NotFoundError
from kg.snapshot import SnapshotStore

__all__ = ["Live"]

_log = logging.getLogger(__name__)
_FOLLOW_S = 0.5


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
        settle: Callable[[], None] = lambda: None,
        snapshot: str | None = None,
    ) -> None:
        """Load the current snapshot; ``loaded`` is told of it and of each that follows, and
        ``settle`` called when what was loaded in the background serves.

        With ``snapshot``, the id of one, that is loaded, and none follows.

        With ``warm_search`` the index of search, and what reads products that are put, is made in
        the background: of the first snapshot while it serves already, of each that follows before
        it does.

        Raises:
            StoreError: the store has no snapshot, or not this one.
            ModelError: the snapshot has no model.
        """
        self._store, self._pinned = store, snapshot
        self._options = {"min_buyers": min_buyers, "kept_answers": kept_answers}
        self._warm_search = warm_search
        self._loaded, self._settle = loaded, settle
        self._shelf: Shelf | None = None
        self._erased: Callable[[], frozenset[str]] = frozenset
        self._seen: tuple[tuple[int, int], frozenset[str]] | None = None
        self._overlay = self._load()
        self._service = self._searching = self._overlay.base
        self._stop = threading.Event()
        self._changing = threading.Lock()  # one thread at a time makes a service
        self._unready = threading.Event()  # the newest service has no index of search

    @property
    def service(self) -> Service:
        """The service to answer this request with."""
        return self._service

    @property
    def searching(self) -> Service:
        """The newest service whose index of search is made; the newest where none is."""
        service, before = self._service, self._searching
        return service if service.can_search or not before.can_search else before

    @property
    def why_not_forgotten(self) -> str:
        """Why the model still knows erased users; empty where it does not."""
        return self._overlay.why_not_forgotten

    def pinned(self, snapshot: str) -> Live:
        """Another that serves one snapshot only, with the same options.

        Raises:
            StoreError: there is no such snapshot.
            ModelError: it has no model.
        """
        return Live(
            self._store,
            min_buyers=self._options["min_buyers"],
            kept_answers=self._options["kept_answers"],
            snapshot=snapshot,
        )

    def follow(self, shelf: Shelf, erased: Callable[[], frozenset[str]] = frozenset) -> None:
        """Serve what is on a shelf too, from now on, by a model that forgets who is erased.

        Args:
            shelf: of products.
            erased: says whom the model shall forget without waiting for a build.

        Raises:
            StoreError: it cannot be read.
        """
        self._shelf, self._erased = shelf, erased
        self.catch_up()

    def catch_up(self) -> None:
        """Serve what is on the shelf now; at once where that is served already.

        Raises:
            StoreError: the shelf cannot be read.
        """
        if self._shelf is None:
            return
        with self._changing:
            state = (self._shelf.state(), self._erased())
            if state != self._seen:
                self._overlay = self._overlay.forgetting(state[1])
                self._switch(self._overlay.service(self._shelf.all()))
                self._seen = state

    def check(self, change: ProductChange) -> bool:
        """Whether a change is of a product that is served, and holds.

        Raises:
            NotFoundError: a part was given of a product there is not.
            DatasetError: a field does not hold.
        """
        before = self._overlay.of_catalogue(change.product)
        known = self._service.knows(change.product)
        if not change.whole and not known:
            raise NotFoundError(
                f"no product {change.product!r} is served, so no part of it can be changed; "
                "PUT all of it"
            )
        self._overlay.check(before, change)
        return known

    def watch(self, every_s: float) -> list[threading.Thread]:
        """Look for a new snapshot and for changed products in the background until `stop`."""
        works = [(self._follow, _FOLLOW_S), (self._index, _FOLLOW_S)]
        if self._pinned is None:
            works.append((self._watch, every_s))
        threads = [
            threading.Thread(target=work, args=(seconds,), daemon=True) for work, seconds in works
        ]
        for thread in threads:
            thread.start()
        return threads

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()

    def _load(self) -> Overlay:
        pinned = self._pinned
        snapshot = self._store.current() if pinned is None else self._store.find(pinned)
        teller = Teller(snapshot, self._store.pseudonym_key())
        service = Service(teller, **self._options)
        service.warm()
        self._loaded()
        return Overlay(service, self._store.reader)

    def _switch(self, service: Service) -> None:
        before = self.searching
        if before.can_search:
            self._searching = before
            service.take_searcher(before)
        self._service = service
        words = before.can_search and before.texts == service.texts
        if not words and (self._warm_search or before.can_search):
            self._unready.set()

    def _warm(self, service: Service) -> None:
        try:
            service.make_searcher()
            self._searching = service
        except ClewError:
            _log.exception("the index of search cannot be made; searches will say so")

    def _prepare(self, overlay: Overlay) -> None:
        try:
            overlay.prepare()
        except ClewError:
            _log.exception("products that are put cannot be read; the answers to them will say so")

    def _index(self, every_s: float) -> None:
        """Make the index of search of the newest service, whenever one came without."""
        if self._warm_search:
            self._unready.set()
            self._prepare(self._overlay)
        while not self._stop.is_set():
            if self._unready.wait(every_s):
                self._unready.clear()
                self._warm(self._service)
                self._settle()

    def _follow(self, every_s: float) -> None:
        while not self._stop.wait(every_s):
            try:
                self.catch_up()
            except ClewError:
                _log.exception("changed products cannot be read; those served before stay")

    def _watch(self, every_s: float) -> None:
        failed = ""
        while not self._stop.wait(every_s):
            try:
                current = self._store.current()
                if current.id in {self._service.snapshot.id, failed} or not current.has_model:
                    continue
                failed = current.id  # unless it loads
                overlay = self._load().forgetting(self._erased())
                service = overlay.service(self._shelf.all() if self._shelf else ())
                if self._warm_search:
                    self._warm(service)
                    self._prepare(overlay)
                with self._changing:
                    self._overlay, self._service, self._seen = overlay, service, None
                    self._searching = service
                self._settle()
                _log.info("serving another snapshot", extra={"snapshot": current.id})
            except ClewError:
                _log.exception("the new snapshot cannot be served; the old one stays")
