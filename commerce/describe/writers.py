"""Who writes: the protocol, and which facts a writer is given to tell.

A `Writer` gets the product's facts and nothing else, and answers with a text that is checked
whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from commerce.describe.known import PRICE, Known
from commerce.describe.records import DescribeConfig
from commerce.describe.wording import Wording
from kg.extract.settings import HEAD_RELATION
from kg.records import Fact

__all__ = ["Brief", "Writer", "brief_of", "facts_of"]

_SHORT: Final = (HEAD_RELATION, "schema:brand", "schema:color", "schema:material")
_MEDIUM: Final = (
    *_SHORT,
    "clew:style",
    "clew:motif",
    "clew:flavour",
    "clew:packSize",
    "clew:size",
    "clew:usedFor",
    "clew:suitableFor",
    "clew:occasion",
)
_CATEGORY: Final = "clew:inCategory"
_LONG_QUOTE = 200  # characters
_MOST_QUOTES = 2


@dataclass(frozen=True)
class Brief:
    """What a writer is told."""

    title: str  # in the language of the text, else the product's own
    values: Mapping[str, Sequence[str]]  # relation -> names of its values, in the order to tell
    facts: Sequence[Fact]  # the same facts
    price: str | None  # amount and currency
    quotes: Sequence[str]  # the shop's own sentences that a long text may repeat
    config: DescribeConfig
    known: Known
    wording: Wording  # of the language


class Writer(Protocol):
    """Writes a text about a product."""

    @property
    def name(self) -> str:
        """Named in every description it wrote."""
        ...

    def write(self, brief: Brief, attempt: int) -> str:
        """A text, the same one for the same brief and attempt where the writer can do that.

        Raises:
            WriterError: it cannot write now.
        """
        ...


def facts_of(known: Known, config: DescribeConfig) -> list[Fact]:
    """Facts to tell, in order: sure enough, and no other fact says the same more exactly."""
    relations = dict.fromkeys([*_MEDIUM, *sorted({f.relation for f in known.facts})])
    order = {relation: at for at, relation in enumerate(relations)}
    order[_CATEGORY], order[PRICE] = len(order), len(order) + 1
    sure = [
        fact
        for fact in known.facts
        if fact.confidence >= config.min_confidence
        and (fact.relation, fact.object) not in known.broad
    ]
    path = {name: at for at, name in enumerate(known.product.categories)}

    def place(fact: Fact) -> tuple[int, int]:
        return order[fact.relation], min(path.get(n, len(path)) for n in known.names[fact.object])

    return sorted(sure, key=place)


def brief_of(known: Known, config: DescribeConfig, wording: Wording) -> Brief:
    """The facts a text of this length tells.

    Args:
        known: what is known about the product.
        config: length, and how sure a fact must be.
        wording: of the language; a sentence of the shop's own that praises is not repeated.
    """
    facts = facts_of(known, config)
    if config.length == "short":
        facts = [fact for fact in facts if fact.relation in _SHORT]
    values: dict[str, list[str]] = {}
    for fact in facts:
        names = values.setdefault(fact.relation, [])
        if known.names[fact.object][0] not in names:
            names.append(known.names[fact.object][0])
    values.pop(PRICE, None)
    text = known.product.texts().get(config.language)
    price, currency = known.product.price, known.product.currency
    told = price is not None and currency and any(fact.relation == PRICE for fact in facts)
    return Brief(
        title=(text.title if text and text.title else known.product.title).rstrip(" .。"),
        values=values,
        facts=facts,
        price=f"{_amount(price)} {currency}" if told and price is not None else None,
        quotes=_quotes(known, config, wording.sensitive) if config.length == "long" else (),
        config=config,
        known=known,
        wording=wording,
    )


def _quotes(known: Known, config: DescribeConfig, praise: Set[str]) -> list[str]:
    """The first of the shop's own sentences in a language that praise and promise nothing."""
    suffix = "" if config.language == known.product.language else f"@{config.language}"
    fitting = [
        own.text
        for own in known.own
        if own.field == f"description{suffix}"
        and len(own.text) <= _LONG_QUOTE
        and own.text.endswith((".", "。"))
        and not praise & set(own.norms)
    ]
    return fitting[:_MOST_QUOTES]


def _amount(price: Decimal) -> str:
    """A price without needless noughts: 14.5000 is 14.50."""
    cents = price.quantize(Decimal("0.01"))
    return f"{cents if cents == price else price.normalize():f}"
