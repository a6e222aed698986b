"""The verifier: keeps the sentences of a text whose every claim is known of the product.

In: a text by whomever, and what is known about its product. Out: the sentences that hold, the
claims they make, each with its fact, and the sentences taken out with the reason. Two checks have
to agree. Claims: what the project's own extractor reads in the sentence must be a fact, or what a
fact falls under (`commerce.describe.reading`). Closed world: every other word, number and name
must be neutral or said by the shop itself (`commerce.describe.guard`). The first knows synonyms and
units; the second catches what no ontology lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from commerce.describe.guard import Fault, is_quote, stated_rest
from commerce.describe.known import (
    NAME,
    PRICE,
    STATED,
    Known,
    OwnSentence,
    known_of,
    told_relations,
)
from commerce.describe.reading import Reading, read_claims
from commerce.describe.records import Claim, Removed
from commerce.describe.tokens import Token, Tokenizer, sentences
from commerce.describe.wording import wording_of
from kg.extract import Extractor
from kg.ontology_terms import Schema
from kg.records import Fact, Product

__all__ = ["Checked", "Verifier"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of a text."""

    text: str
    claims: tuple[Claim, ...]
    removed: tuple[Removed, ...]


class Verifier:
    """Checks texts in one language.

    Args:
        schema: the ontology.
        language: of the texts, ISO 639-1.
        extractor: reads that language and those of the products.

    Raises:
        NotFoundError: there is no wording for the language.
    """

    def __init__(self, schema: Schema, language: str, extractor: Extractor) -> None:
        wording = wording_of(language)
        self._schema = schema
        self._extractor = extractor
        self.tokenizer = Tokenizer(schema, language, wording.surfaces)
        said = {
            token.norm for text in _told_words(schema, language) for token in self.tokenizer(text)
        }
        said -= wording.sensitive | wording.denies_next | wording.denies_back
        self.wording = replace(wording, neutral=wording.neutral | said)

    def known(self, product: Product, facts: Iterable[Fact], names: Mapping[str, str]) -> Known:
        """What is known about a product; see `known_of`."""
        return known_of(
            product,
            facts,
            names,
            schema=self._schema,
            extractor=self._extractor,
            tokenizer=self.tokenizer,
            wording=self.wording,
        )

    def check(self, text: str, known: Known) -> Checked:
        """Take out what nothing supports."""
        kept: list[str] = []
        claims: list[Claim] = []
        removed: list[Removed] = []
        length = 0
        own = [t.title.rstrip(".。") for t in known.product.texts().values()]
        own += [name for names in known.names.values() for name in names if "." in name[:-1]]
        for start, end in sentences(text, own):
            found = self._sentence(text, start, end, known)
            if isinstance(found, Fault):
                removed.append(Removed(text[start:end], *found))
                continue
            gap = _gap(text, start) if kept else ""
            length += len(gap)
            claims += [_moved(claim, length - start) for claim in found]
            kept += [gap, text[start:end]]
            length += end - start
        return Checked("".join(kept), tuple(claims), tuple(removed))

    def _sentence(self, text: str, start: int, end: int, known: Known) -> Fault | list[Claim]:
        tokens = self.tokenizer(text[start:end], start)
        quoted = is_quote(tokens, known)
        if quoted is not None:
            return [_stated(text, tokens, range(len(tokens)), quoted, known)]
        readings = read_claims(text, tokens, known, self._extractor, self.wording)
        for reading in readings:
            if reading.fact is None:
                words = text[tokens[reading.first].start : tokens[reading.last - 1].end]
                return Fault("claim", words, f"{reading.relation} {reading.object} is no fact")
        rest = stated_rest(tokens, readings, known, self.wording)
        if isinstance(rest, Fault):
            return rest
        claims = [_claim(text, tokens, reading, known) for reading in readings]
        own, places = rest
        if own is not None:
            claims.append(_stated(text, tokens, places, own, known))
        if not claims:
            return Fault("empty", text[start:end], "it says nothing of the product")
        return sorted(claims, key=lambda claim: (claim.start, claim.end))


def _told_words(schema: Schema, language: str) -> Iterator[str]:
    """The words in which the ontology tells facts: they say nothing without their fact."""
    told = [*told_relations(schema), *({PRICE} & set(schema.relations))]
    for relation in map(schema.relations.__getitem__, told):
        for texts in (relation.label, relation.templates):
            text = texts.get(language) or texts.get(schema.languages[0]) or ""
            yield text.replace("{object}", " ")


def _gap(text: str, start: int) -> str:
    """What stood between a sentence and the one before it: a line break, a blank, or nothing."""
    before = text[:start]
    space = before[len(before.rstrip()) :]
    return "\n" if "\n" in space else space[:1]


def _claim(text: str, tokens: Sequence[Token], reading: Reading, known: Known) -> Claim:
    fact = reading.fact
    assert fact is not None
    start, end = tokens[reading.first].start, tokens[reading.last - 1].end
    return Claim(
        start,
        end,
        text[start:end],
        fact.relation,
        fact.object,
        known.names.get(fact.object, (fact.object,))[0],
        fact.source,
        round(float(fact.confidence), 4),
        fact.text or reading.source_words,
        reading.support,
    )


def _stated(
    text: str, tokens: Sequence[Token], places: Sequence[int], own: OwnSentence, known: Known
) -> Claim:
    """The claim that the shop's own sentence carries; its span reaches over all its words."""
    start, end = tokens[places[0]].start, tokens[places[-1]].end
    relation = STATED if own.field.startswith("description") else NAME
    if own.field.startswith("attributes"):
        relation = own.field
    return Claim(
        start,
        end,
        text[start:end],
        relation,
        own.text,
        own.text,
        "catalog",
        1.0,
        own.text,
        "stated",
    )


def _moved(claim: Claim, by: int) -> Claim:
    return replace(claim, start=claim.start + by, end=claim.end + by)
