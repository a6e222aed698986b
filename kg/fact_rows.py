"""Facts of single products: what the catalogue states and what extraction read.

In: products, the schema, an extractor's mentions. Out: a fact table (not yet unique), and the
brands and categories that were named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from kg.errors import OntologyError
from kg.ids import entity_id
from kg.names import NAMED, Names, named_classes
from kg.ontology_terms import Relation, Schema
from kg.records import FACT_SCHEMA, Fact, Mention, Product

__all__ = ["NAMED", "RowWriter", "fact_table", "named_classes", "plain_decimal"]

_ROWS: Final = 100_000
_STATED: Final = (1.0, "catalog", None, None, None)  # confidence, source, field, start, end

_Row = tuple[Any, ...]
"""Values of one row of `FACT_SCHEMA`: a tenth of the time a `Fact` takes to make."""

_COLUMNS: Final[Mapping[str, Callable[[Product], Iterable[Any]]]] = {
    "brand": lambda p: [p.brand] if p.brand else [],
    "categories": lambda p: p.categories,
    "currency": lambda p: [p.currency] if p.currency else [],
    "description": lambda p: [p.description] if p.description else [],
    "image": lambda p: [p.image] if p.image else [],
    "language": lambda p: [p.language],
    "price": lambda p: [] if p.price is None else [plain_decimal(p.price)],
    "stock": lambda p: [] if p.stock is None else [str(p.stock)],
    "title": lambda p: [p.title],
}


def plain_decimal(value: Decimal) -> str:
    """Lexical form without exponent or trailing zeros: ``Decimal('2.50')`` is ``2.5``."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class RowWriter:
    """Collects the facts of products.

    Args:
        schema: the ontology.
        brands: other spellings of brands, as of `kg.brands.resolve_brands`.

    Raises:
        OntologyError: a relation reads a catalogue field that products do not have, or its range
            is no class of names and no datatype.
    """

    def __init__(self, schema: Schema, brands: Mapping[str, str] | None = None) -> None:
        self._named = named_classes(schema)
        self.names = {
            prefix: Names(prefix, brands if prefix == "brand" else None)
            for prefix in self._named.values()
        }
        self._rows: list[_Row] = []
        self._tables = [FACT_SCHEMA.empty_table()]
        self._catalog = [
            (relation, source.partition(":")[2])
            for relation in schema.relations.values()
            for source in relation.sources
            if source.startswith("catalog:")
        ]
        for relation, name in self._catalog:
            _check_catalog_source(relation, name, self._named)

    def write(self, product: Product, mentions: Iterable[Mention]) -> None:
        """Add one product's facts."""
        if len(self._rows) >= _ROWS:  # as columns they take a tenth of the memory
            self._tables.append(_row_table(self._rows))
            self._rows = []
        subject = entity_id("product", product.id)
        for relation, name in self._catalog:
            for value in _values(product, name):
                self._rows.append(self._catalog_row(subject, relation, value))
        for _, field, start, end, text, related, value, sure, component in mentions:
            names = self.names.get(value.partition(":")[0])
            named = value if names is None else names.entity(text)
            row = (subject, related, named, None, sure, component, field, start, end, text)
            self._rows.append(row)

    def spell(self, given: Iterable[tuple[str, str]]) -> None:
        """Know names by which objects were given elsewhere: (compact id, name) pairs."""
        for compact_id, name in given:
            names = self.names.get(compact_id.partition(":")[0])
            if names is not None:
                names.entity(name)

    def table(self) -> pa.Table:
        """The facts so far, as `FACT_SCHEMA`."""
        return pa.concat_tables([*self._tables, _row_table(self._rows)])

    def _catalog_row(self, subject: str, relation: Relation, value: str) -> _Row:
        if relation.is_literal:
            return (subject, relation.id, value, relation.range[0], *_STATED, None)
        named = self._named
        prefix = next(named[class_id] for class_id in relation.range if class_id in named)
        return (subject, relation.id, self.names[prefix].entity(value), None, *_STATED, value)


def fact_table(facts: list[Fact]) -> pa.Table:
    """Facts as an Arrow table with `FACT_SCHEMA`."""
    return _row_table([astuple(fact) for fact in facts])


def _row_table(rows: list[_Row]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ((),) * len(FACT_SCHEMA)
    return pa.table(dict(zip(FACT_SCHEMA.names, columns, strict=True)), schema=FACT_SCHEMA)


def _values(product: Product, name: str) -> Iterable[str]:
    if name.startswith("attributes."):
        return product.attributes.get(name.partition(".")[2], ())
    return _COLUMNS[name](product)


def _check_catalog_source(relation: Relation, name: str, named: Mapping[str, str]) -> None:
    if name not in _COLUMNS and not name.startswith("attributes."):
        raise OntologyError(
            f"relation {relation.id}: clew:source 'catalog:{name}' names no catalogue field; "
            f"use one of {', '.join(sorted(_COLUMNS))} or attributes.<name>"
        )
    if not relation.is_literal and not any(class_id in named for class_id in relation.range):
        raise OntologyError(
            f"relation {relation.id}: clew:source 'catalog:{name}' cannot make entities of "
            f"{', '.join(relation.range)}; its range must hold {' or '.join(named)}"
        )
