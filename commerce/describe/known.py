"""What is known about one product, ready to check words against.

In: a product, its facts, the ontology. Out: a `Known`: the facts by their names, every value one of
them falls under, and the shop's own sentences with what each says and denies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from commerce.describe.tokens import Token, Tokenizer, is_word, sentences
from commerce.describe.wording import Wording
from kg.extract import Extractor
from kg.extract.settings import HEAD_RELATION
from kg.ontology_terms import Concept, Schema
from kg.quantities import measure_labels
from kg.records import Fact, Mention, Product

__all__ = ["NAME", "PRICE", "STATED", "Known", "OwnSentence", "known_of", "told_relations"]

NAME: Final = "schema:name"
PRICE: Final = "schema:price"
STATED: Final = "schema:description"

_BREAKS: Final = frozenset(".,;:()[]!?|。，；：（）！？、【】")


class OwnSentence(NamedTuple):
    """A sentence of the shop's own."""

    text: str
    field: str  # title, description, attributes.colour, …
    norms: tuple[str, ...]  # of its words, in order
    said: frozenset[str]  # norms of the words it does not deny


@dataclass(frozen=True)
class Known:
    """What is known about a product, in one language."""

    product: Product
    facts: tuple[Fact, ...]  # those that may be told, surest first
    names: Mapping[str, tuple[str, ...]]  # object -> its names, the one shown first
    above: Mapping[tuple[str, str], Fact]  # (relation, object or what it falls under) -> the fact
    labels: tuple[tuple[tuple[str, ...], Fact], ...]  # norms of a name -> fact, longest first
    broad: frozenset[tuple[str, str]]  # facts that another one says more exactly
    titles: tuple[tuple[str, ...], ...]  # norms of titles
    own: tuple[OwnSentence, ...]
    stated: Mapping[tuple[str, str], OwnSentence]  # what the own sentences say, read as titles are


def told_relations(schema: Schema) -> tuple[str, ...]:
    """Relations a description may tell: those that explain, from a product to no product."""
    return tuple(
        relation.id
        for relation in schema.relations.values()
        if relation.explains
        and not relation.is_literal
        and "schema:Product" in relation.domain
        and "schema:Product" not in relation.range
    )


def known_of(
    product: Product,
    facts: Iterable[Fact],
    names: Mapping[str, str],
    *,
    schema: Schema,
    extractor: Extractor,
    tokenizer: Tokenizer,
    wording: Wording,
) -> Known:
    """Gather what is known.

    Args:
        product: the catalogue's record.
        facts: every fact of the product.
        names: object -> its name in the language, for what the ontology does not name.
        schema: the ontology.
        extractor: reads the shop's own sentences.
        tokenizer: of the language of the text to check.
        wording: of that language.
    """
    told = set(told_relations(schema)) | {PRICE}
    mine = sorted(
        (fact for fact in facts if fact.relation in told),
        key=lambda fact: (-fact.confidence, fact.relation, fact.object),
    )
    named = {f.object: _names(f, names, schema, wording.language) for f in mine}
    titles = {tuple(t.norm for t in tokenizer(text.title)) for text in product.texts().values()}
    own = tuple(_own_sentences(product, named, tokenizer, wording))
    return Known(
        product,
        tuple(mine),
        named,
        _above(mine, schema),
        _labels(mine, named, tokenizer),
        _broad(mine, schema),
        tuple(sorted({_bare(title) for title in titles if title}, key=len, reverse=True)),
        own,
        _stated(product, own, extractor),
    )


def _labels(
    facts: list[Fact], named: Mapping[str, tuple[str, ...]], tokenizer: Tokenizer
) -> tuple[tuple[tuple[str, ...], Fact], ...]:
    """Norms of every name of every fact but the price, the longest first."""
    labels = [
        (norms, fact)
        for fact in facts
        if fact.relation != PRICE
        for name in named[fact.object]
        if (norms := _bare(tuple(token.norm for token in tokenizer(name))))
    ]
    return tuple(sorted(labels, key=lambda item: -len(item[0])))


def _broad(facts: list[Fact], schema: Schema) -> frozenset[tuple[str, str]]:
    """What the facts' values fall under, by relation."""
    return frozenset(
        (fact.relation, broader)
        for fact in facts
        for broader in _ancestors(schema.concepts, fact.object)
    )


def _names(fact: Fact, names: Mapping[str, str], schema: Schema, language: str) -> tuple[str, ...]:
    concept = schema.concepts.get(fact.object)
    found: list[str] = []
    if concept is not None:
        found += concept.labels(language)
    elif fact.object.startswith("measure:"):
        labels = measure_labels(fact.object, schema)
        found += [labels[code] for code in (language, *labels) if code in labels]
    if fact.object in names:
        found.append(names[fact.object])
    elif concept is not None:
        found += concept.pref.values()
    return tuple(dict.fromkeys(found)) or (fact.object,)


def _above(facts: list[Fact], schema: Schema) -> dict[tuple[str, str], Fact]:
    above: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        above.setdefault((fact.relation, fact.object), fact)
    for fact in facts:
        for broader in _ancestors(schema.concepts, fact.object):
            above.setdefault((fact.relation, broader), fact)
    return above


def _ancestors(concepts: Mapping[str, Concept], concept: str) -> Iterable[str]:
    found: dict[str, None] = {}
    queue = [concept]
    while queue:
        here = concepts.get(queue.pop())
        for broader in here.broader if here else ():
            if broader not in found:
                found[broader] = None
                queue.append(broader)
    return found


def _bare(norms: tuple[str, ...]) -> tuple[str, ...]:
    """A title without the full stop at its end."""
    return norms[:-1] if norms and norms[-1] in (".", "。") else norms


def _own_sentences(
    product: Product,
    named: Mapping[str, tuple[str, ...]],
    tokenizer: Tokenizer,
    wording: Wording,
) -> Iterable[OwnSentence]:
    """The shop's own sentences; the title and the attributes are one each."""
    for language, text in product.texts().items():
        suffix = "" if language == product.language else f"@{language}"
        yield _sentence(text.title, f"title{suffix}", tokenizer, wording)
        for start, end in sentences(text.description):
            yield _sentence(text.description[start:end], f"description{suffix}", tokenizer, wording)
    for name, values in product.attributes.items():
        yield _sentence(f"{name}: {', '.join(values)}", f"attributes.{name}", tokenizer, wording)


def _sentence(text: str, field: str, tokenizer: Tokenizer, wording: Wording) -> OwnSentence:
    tokens = tokenizer(text)
    words = [token for token in tokens if is_word(token)]
    denied = denied_places(tokens, wording)
    said = {token.norm for at, token in enumerate(tokens) if at not in denied and is_word(token)}
    return OwnSentence(text, field, tuple(token.norm for token in words), frozenset(said))


def denied_places(tokens: list[Token], wording: Wording) -> set[int]:
    """Places of the tokens that a negation denies; the negation itself is not one."""
    places: set[int] = set()
    for at, token in enumerate(tokens):
        if token.norm in wording.denies_back and at and is_word(tokens[at - 1]):
            places.add(at - 1)
        elif token.norm in wording.denies_next:
            for after in range(at + 1, len(tokens)):
                if tokens[after].text in _BREAKS:
                    break
                places.add(after)
    return places


def _stated(
    product: Product, own: Iterable[OwnSentence], extractor: Extractor
) -> dict[tuple[str, str], OwnSentence]:
    """What the own sentences state, each read as a title is."""
    described = [sentence for sentence in own if sentence.field.startswith("description")]
    read = extractor.mentions(
        replace(
            product,
            title=sentence.text,
            description="",
            language=sentence.field.partition("@")[2] or product.language,
            attributes={},
            translations={},
        )
        for sentence in described
    )
    stated: dict[tuple[str, str], OwnSentence] = {}
    for sentence, mentions in zip(described, read, strict=True):
        for mention in mentions:
            if _counts(mention):
                stated.setdefault((mention.relation, mention.object), sentence)
    return stated


def _counts(mention: Mention) -> bool:
    """Whether a description's mention is about the product: another thing it names is not it."""
    read = mention.field == "title" and mention.component != "ontology"
    return read and mention.relation != HEAD_RELATION
