"""Weak labels: spans a catalogue states without marking them.

In: products whose catalogue states a brand, a model or a kind, and what the ontology's rules read
in their titles. Out: `Labelled` titles for a span tagger. A stated value that stands in the title,
in whatever case, is a span there. A title whose product states no brand or model, or names no kind
that is known, may have one unmarked: it is not learned from for that label (`Labelled.missing`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from kg.extract.fields import SEPARATOR
from kg.extract.labelled import Labelled
from kg.extract.settings import HEAD_RELATION
from kg.ids import slug
from kg.records import Mention, Product

__all__ = ["LABELS", "STATED", "context_words", "places", "weak_labels"]

STATED: Final[Mapping[str, tuple[str, ...]]] = {
    "type": ("type", "product-type", "article-type", "item-form"),
    "model": ("model", "model-number", "model-name", "mpn", "part-number"),
}
"""Label -> attributes (as slugs) whose values are labelled so."""

LABELS: Final = ("brand", *sorted(STATED))
"""All labels."""


def weak_labels(products: Iterable[Product], read: Iterable[list[Mention]]) -> Iterator[Labelled]:
    """Labelled titles, in the products' own languages; those that teach nothing are left out.

    Args:
        products: a catalogue.
        read: what the rules read in each; the thing sold that a title names is its type where the
            catalogue states none.
    """
    for product, mentions in zip(products, read, strict=True):
        spans = {(*place, "brand") for place in places(product.brand or "", product.title)}
        spans |= _attributes(product)
        if not any(label == "type" for _, _, label in spans):
            spans |= {
                (m.start, m.end, "type")
                for m in mentions
                if m.relation == HEAD_RELATION and m.field == "title" and m.component == "phrase"
            }
        missing = _missing(product, spans)
        if product.title.strip() and len(missing) < len(LABELS):
            yield Labelled(
                text=product.title,
                spans=tuple(_longest(spans)),
                language=product.language,
                context=context_words(product),
                missing=missing,
            )


def _missing(product: Product, spans: Iterable[tuple[int, int, str]]) -> tuple[str, ...]:
    """Labels of which nobody has said whether the title has one."""
    told = {label for _, _, label in spans}
    if product.brand:
        told.add("brand")
    if any(slug(name) in STATED["model"] for name in product.attributes):
        told.add("model")
    return tuple(label for label in LABELS if label not in told)


def context_words(product: Product) -> str:
    """What the shop says a product is: its most special category, as a slug."""
    return slug(product.categories[-1]) if product.categories else ""


def places(value: str, text: str) -> Iterator[tuple[int, int]]:
    """Where a value stands in a text as words of its own, whatever its case."""
    if value.strip():
        pattern = rf"(?<![^\W_]){re.escape(value.strip())}(?![^\W_])"
        for match in re.finditer(pattern, text, re.IGNORECASE):
            yield match.span()


def _attributes(product: Product) -> set[tuple[int, int, str]]:
    named = {name: label for label, names in STATED.items() for name in names}
    return {
        (*place, named[slug(name)])
        for name, values in product.attributes.items()
        if slug(name) in named
        for value in values
        if SEPARATOR not in value
        for place in places(value, product.title)
    }


def _longest(spans: set[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Those that overlap none longer; of equals the first label in the alphabet."""
    kept: list[tuple[int, int, str]] = []
    for span in sorted(spans, key=lambda s: (s[0] - s[1], s)):
        if all(span[1] <= other[0] or other[1] <= span[0] for other in kept):
            kept.append(span)
    return sorted(kept)
