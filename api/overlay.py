"""A service with the products that were put or changed since its snapshot was built.

In: the service of a snapshot, changes. Out: a `Service` with new products after the snapshot's own,
recommendable from their texts and facts (`gnn.newcomers`), and with changed products in their new
words, prices and stock. Nothing is fitted again and the snapshot's files stay as they are. What a
product's facts were read from counts; a change of price, stock or image alone is cheap.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from api.service import Service
from gnn.forget import forget_users
from gnn.newcomers import Newcomers
from kg.catalog.meta import DatasetMeta
from kg.changes import ProductChange, changed
from kg.errors import ClewError, DatasetError, ModelError
from kg.extract.languages import languages
from kg.extract.pipeline import Extractor
from kg.facts import KnowledgeGraph
from kg.grown import graph_of_products, grown, revised
from kg.ids import entity_id
from kg.product_rows import products_of
from kg.records import Product

__all__ = ["Overlay"]

_log = logging.getLogger(__name__)


class Overlay:
    """Puts products over one snapshot. Asked by one thread at a time."""

    def __init__(self, base: Service, trained: Path | None = None) -> None:
        """Take the service of a snapshot.

        Args:
            base: without changes.
            trained: directory of a trained reader, as builds use it.
        """
        self.base = self._loaded = base
        self.why_not_forgotten = ""
        self._forgotten: frozenset[str] = frozenset()
        self._trained = trained
        self._with_new = base  # the last service that newcomers were joined to, and which
        self._new: Sequence[Product] = ()
        self._graphs: dict[str, tuple[Product, KnowledgeGraph]] = {}

    def forgetting(self, users: frozenset[str]) -> Overlay:
        """The same over the snapshot as if some users had never been there.

        Where only a fit can give that, the model stays and ``why_not_forgotten`` says why.
        """
        if users == self._forgotten:
            return self
        other = copy(self)
        other._forgotten, other.why_not_forgotten = users, ""
        service, teller = self._loaded, self._loaded.teller
        theirs = pc.is_in(teller.kg.interactions["user_id"], pa.array(sorted(users), pa.string()))
        if pc.any(theirs).as_py():
            try:
                model = forget_users(teller.recommender.model, teller.kg.interactions, users)
                kg = replace(
                    teller.kg, interactions=teller.kg.interactions.filter(pc.invert(theirs))
                )
                service = service.over(teller.grown(kg, model))
            except ModelError as exc:
                other.why_not_forgotten = str(exc)
                _log.warning("the model forgets erased users at the next build: %s", exc)
        other.base = other._with_new = service
        other._new = ()
        vars(other).pop("_newcomers", None)
        return other

    @cached_property
    def meta(self) -> DatasetMeta:
        """Languages and currency of the catalogue, for products that name none."""
        table = self.base.teller.kg.products
        currencies = Counter(code for code in table["currency"].to_pylist() if code)
        spoken = Counter(self.base.catalogue.languages)
        return DatasetMeta(
            languages=tuple(code for code, _ in spoken.most_common()),
            currency=next((code for code, _ in currencies.most_common(1)), None),
        )

    def prepare(self) -> None:
        """Make what reads products now, so that the first that is put need not wait for it."""
        _ = self._extractor
        self._newcomers.prepare()

    def of_catalogue(self, product: str) -> Product | None:
        """A product as the snapshot has it, by the shop's own id."""
        row = self.base.catalogue.products.get(entity_id("product", product))
        if row is None:
            return None
        return products_of(self.base.teller.kg.products.slice(row, 1))[0]

    def check(self, before: Product | None, change: ProductChange) -> None:
        """Refuse a change that does not hold.

        Args:
            before: the product in the snapshot; None: it has none.
            change: what is said of it.

        Raises:
            DatasetError: a field does not hold.
        """
        whole = replace(change, whole=True, fields={"title": change.product, **change.fields})
        for language in changed(before, whole, self.meta).texts():
            if language not in languages():
                raise DatasetError(
                    f"no text is read in the language {language!r}: spaCy does not know it; "
                    "use an ISO 639-1 code such as en or zh"
                )

    def service(self, changes: Iterable[ProductChange]) -> Service:
        """The service with some changes; those the snapshot was built with are passed over."""
        built = int(self.base.snapshot.manifest.dataset.get("products_revision", "0"))
        wanted = [change for change in changes if change.revision > built]
        now: dict[str, Product] = {}
        for change in sorted(wanted, key=lambda change: change.revision):
            before = self.of_catalogue(change.product)
            if change.whole or before is not None:
                try:
                    now[change.product] = changed(before, change, self.meta)
                except ClewError:
                    _log.exception("a product that was put cannot be served")
        known = self.base.catalogue.products
        new = [p for name, p in now.items() if entity_id("product", name) not in known]
        joined = self._joined(sorted(new, key=lambda product: product.id))
        rows = {joined.catalogue.row(entity_id("product", name)): p for name, p in now.items()}
        service = _revised(joined, rows)
        service.revision = max((change.revision for change in wanted), default=0)
        service.texts = tuple(p for p in map(_bare, now.values()) if not self._as_built(p))
        return service

    def _as_built(self, bare: Product) -> bool:
        before = self.of_catalogue(bare.id)
        return before is not None and _bare(before) == bare

    def _joined(self, new: Sequence[Product]) -> Service:
        """The base with newcomers, made anew only where one came, went or reads otherwise."""
        bare = [_bare(product) for product in new]
        if bare == list(self._new):
            return self._with_new
        self._graphs = {p.id: self._graph(p) for p in bare}
        graphs = [graph for _, graph in self._graphs.values()]
        service = self.base
        if graphs:
            teller = service.teller
            model = self._newcomers.joined(graphs)
            service = service.over(teller.grown(grown(teller.kg, graphs), model))
        self._with_new, self._new = service, bare
        return service

    def _graph(self, product: Product) -> tuple[Product, KnowledgeGraph]:
        kept = self._graphs.get(product.id)
        if kept is not None and kept[0] == product:
            return kept
        return product, graph_of_products([product], self.base.teller.schema, self._extractor)

    @cached_property
    def _extractor(self) -> Extractor:
        return Extractor(self.base.teller.schema, self.meta.languages, self._trained)

    @cached_property
    def _newcomers(self) -> Newcomers:
        teller = self.base.teller
        return Newcomers(teller.recommender.model, teller.kg.products, teller.schema)


def _bare(product: Product) -> Product:
    """What a product's facts are read from, apart from what is offered."""
    return replace(product, price=None, stock=None, image=None)


def _revised(service: Service, now: Mapping[int, Product]) -> Service:
    """A service with some products in other words."""
    other = copy(service)
    for made_when_asked in ("demand", "related", "searcher"):
        vars(other).pop(made_when_asked, None)
    if not now:
        return other
    teller = service.teller
    kg = revised(teller.kg, teller.schema, now)
    rows = list(now)
    catalogue = service.catalogue.revised(rows, kg.products.take(rows))
    other.use(teller.grown(kg, teller.recommender.model), catalogue)
    return other
