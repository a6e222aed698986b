"""The claims a sentence makes: those the project's own extractor reads, names, and prices.

In: one sentence of a text. Out: `Reading` spans over its tokens, each with the fact that carries
it or with none. What is read here and carried by nothing is what a description must not say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from commerce.describe.known import NAME, PRICE, STATED, Known
from commerce.describe.records import Support
from commerce.describe.tokens import Token, find_all
from commerce.describe.wording import Wording
from kg.extract import Extractor
from kg.records import Fact, Mention

__all__ = ["Reading", "currency_signs", "labels_in", "read_claims"]

_SIGNS: Final = {"GBP": "£", "EUR": "€", "USD": "$", "CNY": "¥", "JPY": "¥"}
_SIGN = r"(?:£|€|\$|¥|￥|元|\b(?:GBP|EUR|USD|CNY|JPY|RMB|dollars?|pounds?|euros?)\b)"
_AMOUNT = r"\d[\d,]*(?:\.\d+)?"
_PRICE: Final = re.compile(
    rf"(?P<before>{_SIGN})\s?(?P<first>{_AMOUNT})|(?P<last>{_AMOUNT})\s?(?P<after>{_SIGN})", re.I
)
_QUOTES: Final = frozenset("“”\"'「」《》")


@dataclass(frozen=True, slots=True)
class Reading:
    """Words that state something."""

    first: int  # places of tokens, half open
    last: int
    relation: str
    object: str
    fact: Fact | None  # None: nothing carries it
    support: Support = "value"
    source_words: str | None = None
    shields: bool = False  # what is read inside these words is no claim of its own


def currency_signs(currency: str | None) -> frozenset[str]:
    """How a currency is written."""
    code = (currency or "").upper()
    return frozenset(
        {code, _SIGNS.get(code, code)} | ({"元", "RMB", "￥"} if code == "CNY" else set())
    )


def read_claims(
    text: str, tokens: Sequence[Token], known: Known, extractor: Extractor, wording: Wording
) -> list[Reading]:
    """Every claim of a sentence that can be read, carried or not.

    Args:
        text: the whole text; tokens count its characters.
        tokens: of one sentence.
        known: what is known about the product.
        extractor: the project's own.
        wording: of the text's language.
    """
    shields = [*_titles(tokens, known), *_bound_names(tokens, known, wording)]
    found = [*shields, *_prices(text, tokens, known)]
    taken = _places(found)
    read = _mentions(text, tokens, known, extractor, wording.language)
    carried = [*_labels(tokens, known), *(r for r in read if r.fact is not None)]
    for reading in sorted(carried, key=lambda r: (r.first - r.last, _is_named(r))):  # longest first
        places = set(range(reading.first, reading.last))
        alike = [r for r in found if (r.first, r.last) == (reading.first, reading.last)]
        again = any(r.shields or (r.relation, r.object) == _key(reading) for r in alike)
        if not places & taken or (alike and not again and not _is_named(reading)):
            found.append(reading)
            taken |= places
    return found + [r for r in read if r.fact is None and not _explained(r, found)]


def _explained(reading: Reading, found: Sequence[Reading]) -> bool:
    """Whether longer words with a fact, or a name it begins in, say what these words mean."""
    for other in found:
        if other.first <= reading.first < other.last:
            whole = reading.last <= other.last and not _is_named(other)
            if whole or other.shields:
                return True
    return False


def _key(reading: Reading) -> tuple[str, str]:
    return reading.relation, reading.object


def _is_named(reading: Reading) -> bool:
    """Whether a fact is a brand or a category, which other words say too (*mug*, Mugs)."""
    return reading.fact is not None and _from_catalogue(reading.fact)


def _places(readings: Sequence[Reading]) -> set[int]:
    return {place for r in readings for place in range(r.first, r.last)}


def _titles(tokens: Sequence[Token], known: Known) -> list[Reading]:
    """The product called by its own title, in quotation marks or as a whole sentence."""
    for title in known.titles:
        for at in find_all(title, tokens):
            end = at + len(title)
            quoted = at > 0 and tokens[at - 1].text in _QUOTES
            if quoted or len(title) > 3:
                name = Fact(f"product:{known.product.id}", NAME, known.product.title)
                return [Reading(at, end, NAME, name.object, name, "name", name.object, True)]
    return []


def _bound_names(tokens: Sequence[Token], known: Known, wording: Wording) -> list[Reading]:
    """Brands and categories where the words before say that one follows."""
    found: list[Reading] = []
    taken: set[int] = set()
    for norms, fact in known.labels:
        if fact.object in {r.object for r in found} or not _from_catalogue(fact):
            continue
        for at in find_all(norms, tokens):
            places = set(range(at, at + len(norms)))
            if not places & taken and _is_bound(tokens, at, at + len(norms), fact, wording):
                found.append(
                    Reading(at, at + len(norms), fact.relation, fact.object, fact, shields=True)
                )
                taken |= places
    return found


def _from_catalogue(fact: Fact) -> bool:
    return fact.relation in ("schema:brand", "clew:inCategory")


def _is_bound(
    tokens: Sequence[Token],
    first: int,
    last: int,
    fact: Fact,
    wording: Wording,
) -> bool:
    """Whether *by*, *category*, … stands beside a name."""
    near = {t.norm for t in [*tokens[max(0, first - 3) : first], *tokens[last : last + 3]]}
    if any(fact.relation in wording.binding.get(norm, ()) for norm in near):
        return True
    if fact.relation == "clew:inCategory":  # a list of names follows one word
        before = {token.norm for token in tokens[:first]}
        return any(fact.relation in wording.binding.get(norm, ()) for norm in before)
    return False


def _prices(text: str, tokens: Sequence[Token], known: Known) -> list[Reading]:
    if not tokens:
        return []
    found = []
    price = next((fact for fact in known.facts if fact.relation == PRICE), None)
    for match in _PRICE.finditer(text, tokens[0].start, tokens[-1].end):
        amount, sign = match["first"] or match["last"], match["before"] or match["after"]
        same = price is not None and _same_price(amount, sign, price, known.product.currency)
        places = [
            i for i, t in enumerate(tokens) if t.end > match.start() and t.start < match.end()
        ]
        found.append(
            Reading(places[0], places[-1] + 1, PRICE, amount, price if same else None, shields=True)
        )
    return found


def _same_price(amount: str, sign: str, price: Fact, currency: str | None) -> bool:
    try:
        equal = Decimal(amount.replace(",", "")) == Decimal(price.object)
    except InvalidOperation:  # 1.2.3 or a price that is no number
        return False
    return equal and sign.upper() in currency_signs(currency)


def labels_in(tokens: Sequence[Token], known: Known) -> list[Reading]:
    """Names of facts in a text, the longest where they overlap, in the order they stand."""
    found: list[Reading] = []
    taken: set[int] = set()
    for reading in sorted(_labels(tokens, known), key=lambda r: (r.first - r.last, _is_named(r))):
        places = set(range(reading.first, reading.last))
        if not places & taken:
            found.append(reading)
            taken |= places
    return sorted(found, key=lambda reading: reading.first)


def _labels(tokens: Sequence[Token], known: Known) -> list[Reading]:
    """Names of facts that stand in the sentence."""
    found: list[Reading] = []
    for norms, fact in known.labels:
        found += [
            Reading(at, at + len(norms), fact.relation, fact.object, fact)
            for at in find_all(norms, tokens)
        ]
    return found


def _mentions(
    text: str, tokens: Sequence[Token], known: Known, extractor: Extractor, language: str
) -> list[Reading]:
    """What the extractor reads, each with the fact that carries it."""
    if not tokens:
        return []
    begin = tokens[0].start
    sentence = text[begin : tokens[-1].end]
    [mentions] = extractor.mentions(
        [
            replace(
                known.product,
                title=sentence,
                description="",
                language=language,
                attributes={},
                translations={},
            )
        ]
    )
    found: list[Reading] = []
    for mention in mentions:
        if mention.component == "ontology" or mention.field != "title":
            continue
        span = _span(tokens, begin + mention.start, begin + mention.end)
        found.append(_carried(mention, span, known))
    return found


def _carried(mention: Mention, span: tuple[int, int], known: Known) -> Reading:
    key = mention.relation, mention.object
    fact = known.above.get(key)
    if fact is not None:
        support: Support = "value" if fact.object == mention.object else "broader"
        return Reading(*span, *key, fact, support, fact.text)
    own = known.stated.get(key)
    if own is None:
        return Reading(*span, *key, None)
    stated = Fact(
        f"product:{known.product.id}", STATED, own.text, source="catalog", field=own.field
    )
    return Reading(*span, *key, stated, "stated", own.text)


def _span(tokens: Sequence[Token], start: int, end: int) -> tuple[int, int]:
    places = [i for i, t in enumerate(tokens) if t.end > start and t.start < end]
    return (places[0], places[-1] + 1) if places else (0, 0)
