"""Descriptions of a snapshot's products: written by whomever, checked, and told with their facts.

In: a snapshot's graph and ontology, a writer. Out: `Description` records. A writer is asked a few
times; what it writes is checked sentence by sentence; where too little is left, the template
writes. What leaves has been through the verifier, the template's text too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pyarrow.compute as pc

from commerce.describe.known import PRICE, Known
from commerce.describe.records import DescribeConfig, Description, Removed
from commerce.describe.template import TemplateWriter
from commerce.describe.verify import Checked, Verifier
from commerce.describe.writers import Brief, Writer, brief_of, facts_of
from gnn.words import Names
from kg.errors import NotFoundError
from kg.extract import Extractor
from kg.fact_index import FactIndex
from kg.facts import KnowledgeGraph
from kg.ids import entity_id
from kg.ontology_terms import Schema
from kg.product_rows import products_of

__all__ = ["Describer"]


class Describer:
    """Describes the products of one graph. Not to be shared between threads while it writes.

    Args:
        kg: the graph.
        schema: the ontology it was built under.
        facts: of the graph, where the caller has them.
    """

    def __init__(self, kg: KnowledgeGraph, schema: Schema, facts: FactIndex | None = None) -> None:
        self._products = kg.products
        self._rows = {name: row for row, name in enumerate(kg.products["id"].to_pylist())}
        self._facts = facts or FactIndex(kg.facts)
        self._names = Names(kg.entities)
        self._schema = schema
        spoken = dict.fromkeys([*schema.languages, *pc.unique(kg.products["language"]).to_pylist()])
        self._languages = list(spoken)
        self._extractor: Extractor | None = None
        self.verifier = cache(self._make_verifier)

    def _make_verifier(self, language: str) -> Verifier:
        if self._extractor is None:
            self._extractor = Extractor(self._schema, self._languages)
        return Verifier(self._schema, language, self._extractor)

    def known(self, product_id: str, language: str) -> Known:
        """What is known about a product, by the dataset's own id.

        Raises:
            NotFoundError: it is not in the graph, or there is no wording for the language.
        """
        name = entity_id("product", product_id)
        if name not in self._rows:
            raise NotFoundError(f"no product {product_id!r} in this snapshot")
        [product] = products_of(self._products.slice(self._rows[name], 1))
        facts = list(self._facts.of(name).values())
        names: Mapping[str, str] = {
            fact.object: self._names.name(fact.object, language)
            for fact in facts
            if fact.datatype is None
        }
        return self.verifier(language).known(product, facts, names)

    def describe(
        self, product_id: str, config: DescribeConfig, writer: Writer | None = None
    ) -> Description:
        """A product's description.

        Args:
            product_id: the dataset's own id.
            config: how to write and check.
            writer: None: the template.

        Raises:
            NotFoundError: the product is not in the graph, or no wording for the language.
            WriterError: the writer cannot write at all.
        """
        verifier = self.verifier(config.language)
        known = self.known(product_id, config.language)
        brief = brief_of(known, config, verifier.wording)
        removed: list[Removed] = []
        template = TemplateWriter(self._schema, verifier.wording)
        written = None if writer is None else _best(writer, brief, verifier, removed)
        if writer is None or written is None:
            checked = verifier.check(template.write(brief, 0), known)
            return self._description(brief, template.name, checked, [*removed, *checked.removed])
        checked, name = written, writer.name
        missing = _left_out(brief, checked) if config.complete else None
        if missing is not None:
            checked = verifier.check(template.complete(checked.text, missing), known)
            removed += checked.removed
            name = f"{name}+{template.name}"
        return self._description(brief, name, checked, removed)

    def _description(
        self, brief: Brief, writer: str, checked: Checked, removed: list[Removed]
    ) -> Description:
        sayable = {(f.relation, f.object) for f in facts_of(brief.known, brief.config)}
        said = {(claim.relation, claim.object) for claim in checked.claims}
        return Description(
            product=entity_id("product", brief.known.product.id),
            text=checked.text,
            language=brief.config.language,
            style=brief.config.style,
            length=brief.config.length,
            writer=writer,
            claims=checked.claims,
            removed=tuple(removed),
            facts_covered=len(sayable & said) / len(sayable) if sayable else 1.0,
            facts_total=len(sayable),
        )


def _best(
    writer: Writer, brief: Brief, verifier: Verifier, removed: list[Removed]
) -> Checked | None:
    """What tells most of a writer's tries; None where too little is left of each of them.

    The first try of which nothing is taken out ends it. ``removed`` gets what is taken out.
    """
    best: Checked | None = None
    for attempt in range(brief.config.tries):
        checked = verifier.check(writer.write(brief, attempt), brief.known)
        removed += checked.removed
        enough = _told(checked) >= brief.config.min_facts
        if enough and (best is None or _told(checked) > _told(best)):
            best = checked
        if best is not None and not checked.removed:
            break
    return best


def _told(checked: Checked) -> int:
    """Different facts that a text tells."""
    return len({(claim.relation, claim.object) for claim in checked.claims})


def _left_out(brief: Brief, checked: Checked) -> Brief | None:
    """The brief of the facts a text does not tell; None where it tells all."""
    said = {(claim.relation, claim.object) for claim in checked.claims}
    left = [fact for fact in brief.facts if (fact.relation, fact.object) not in said]
    values = {
        relation: names
        for relation in brief.values
        if (
            names := [
                brief.known.names[fact.object][0] for fact in left if fact.relation == relation
            ]
        )
    }
    price = brief.price if any(fact.relation == PRICE for fact in left) else None
    if not values and price is None:
        return None
    return replace(brief, values=values, facts=left, price=price, quotes=())
