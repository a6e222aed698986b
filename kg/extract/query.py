"""Query understanding: from the text of a search to what it asks for.

In: a text, the ontology, the words of a shop. Out: a `Query`. Nothing is trained and nothing is
looked up outside: the same text, ontology and catalogue give the same answer. Languages are told
apart by script: a search with Chinese characters is Chinese, any other English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kg.errors import QueryError
from kg.extract.query_grammar import GRAMMARS, Grammar
from kg.extract.query_intent import Cue, by_names, find_cue, for_a_thing, product_named
from kg.extract.query_parts import Found, PartFinder, by_place
from kg.extract.query_price import read_price
from kg.extract.query_roles import Refusals, read_refusals
from kg.extract.query_spans import spans_of
from kg.extract.query_terms import Intent, Part, Price, Query, Role, Word
from kg.extract.query_tokens import Place, Tokens, tokenize
from kg.extract.settings import read_settings
from kg.extract.shop_words import ShopWords
from kg.extract.spelling import Speller
from kg.extract.words import HYPHENS
from kg.ontology_terms import Schema

__all__ = ["MAX_CHARS", "QueryReader", "language_of"]

MAX_CHARS = 300
"""Longest search that is read."""

_HAN = re.compile(r"[\u3400-\u9fff]")
_SPOKEN_SHARE = 0.5  # of a title's head, where a product is spoken of: similar to brown betty
_STORAGE = "use:storage"
_WORD = re.compile(r"[^\W_]")


def language_of(text: str) -> str:
    """``zh`` where a Chinese character stands, else ``en``."""
    return "zh" if _HAN.search(text) else "en"


@dataclass
class _Reading:
    """What is known of a search so far."""

    tokens: Tokens
    grammar: Grammar
    found: list[Found]
    price: Price | None = None
    price_at: Place | None = None
    cheap_at: Place | None = None
    stock_at: Place | None = None
    news_at: Place | None = None
    cue: Cue | None = None

    @property
    def taken(self) -> list[Place]:
        """Tokens that name nothing because they say something else."""
        asides = (self.price_at, self.cheap_at, self.stock_at, self.news_at)
        places = [place for place in asides if place is not None]
        return [*places, *(self.cue.places if self.cue else ())]


class QueryReader:
    """Understands the searches of one shop. May be shared between threads.

    Args:
        schema: the ontology.
        shop: the words of the shop.

    Raises:
        ExtractionError: no pipeline can be made for a language.
    """

    def __init__(self, schema: Schema, shop: ShopWords) -> None:
        settings = read_settings(schema)
        self._heads = settings.heads
        self._shop = shop
        self._holders = {
            concept
            for concept, implied in settings.implied.items()
            if any(other == _STORAGE for _, other in implied)
        }
        self._finders = {
            language: PartFinder(schema, language, settings, shop) for language in GRAMMARS
        }
        self._speller = _speller(schema, shop)

    def read(self, text: str, language: str | None = None) -> Query:
        """Understand a search.

        Args:
            text: what was typed.
            language: ``en`` or ``zh``; None: told by the script.

        Raises:
            QueryError: the text is empty or too long, or the language is not read.
        """
        language = language or language_of(text)
        if not _WORD.search(text):
            raise QueryError(f"the search {text[:40]!r} has no words; type what to look for")
        if len(text) > MAX_CHARS:
            raise QueryError(f"the search has {len(text)} characters; at most {MAX_CHARS} are read")
        if language not in self._finders:
            raise QueryError(
                f"searches in {language!r} are not read; use one of {', '.join(self._finders)}"
            )
        finder, grammar = self._finders[language], GRAMMARS[language]
        repair = self._speller.repair if language == "en" else None
        tokens = tokenize(text, finder.nlp, repair, finder.cuts)
        reading = self._read(tokens, finder, grammar)
        reading = self._with_product(reading)
        refused = read_refusals(tokens, reading.found, grammar, reading.taken)
        return self._query(reading, refused, language)

    def _read(self, tokens: Tokens, finder: PartFinder, grammar: Grammar) -> _Reading:
        """Prices, cues, and what is named beside them."""
        reading = _Reading(tokens, grammar, finder.find(tokens))
        sizes = [tokens.chars(item.place) for item in finder.measures(tokens)]
        price = read_price(tokens.read, sizes)
        if price is not None:
            reading.price_at = tokens.place(price.start, price.end)
            start, end, typed = tokens.typed(reading.price_at)
            reading.price = replace(price, start=start, end=end, text=typed)
            reading.found = [i for i in reading.found if not i.touches(reading.price_at)]
        for name, pattern in (
            ("cheap_at", grammar.cheap),
            ("stock_at", grammar.in_stock),
            ("news_at", grammar.news),
        ):
            match = pattern.search(tokens.read)
            if match:
                setattr(reading, name, tokens.place(*match.span()))
        reading.cue = find_cue(tokens, reading.found, grammar)
        if reading.cue is None:
            reading.cue = for_a_thing(tokens, reading.found, self._heads, self._holders)
        taken = reading.taken
        reading.found = finder.find(tokens, taken) if taken else reading.found
        reading.found = self._without_mere_categories(
            [i for i in reading.found if not any(i.touches(place) for place in taken)]
        )
        return reading

    def _without_mere_categories(self, found: list[Found]) -> list[Found]:
        """Beside a kind of product, the name of a category is just a word."""
        if any(i.kind == "concept" and i.id.partition(":")[0] in self._heads for i in found):
            return [item for item in found if item.kind != "category"]
        return found

    def _with_product(self, reading: _Reading) -> _Reading:
        """Words that are the name of one product, read as that product."""
        cue, size = reading.cue, len(reading.tokens)
        if cue is not None and cue.about is None:
            return reading
        place = (0, size) if cue is None or cue.about is None else cue.about
        if cue is not None and cue.intent not in ("substitute", "complement"):
            return reading
        norms = reading.tokens.norms
        rows = [row for row in range(*place) if self._is_content(reading, row)]
        named = {row for item in reading.found for row in range(*item.place)}
        words = frozenset(norms[row] for row in rows)
        free = frozenset(norms[row] for row in rows if row not in named)
        share = {} if cue is None else {"head_share": _SPOKEN_SHARE}
        product = product_named(words, free, self._shop, **share)
        if product is None or not rows:
            return reading
        whole = (rows[0], rows[-1] + 1)
        others = [item for item in reading.found if not item.touches(whole)]
        return replace(
            reading, found=sorted([*others, Found(whole, "product", product)], key=by_place)
        )

    def _is_content(self, reading: _Reading, row: int) -> bool:
        if any(row in range(*place) for place in reading.taken):
            return False
        word = reading.tokens.doc[row].text.rstrip(HYPHENS).casefold()
        in_name = any(row in range(*item.place) for item in reading.found)
        return in_name or (word not in reading.grammar.passed_over and bool(_WORD.search(word)))

    def _query(self, reading: _Reading, refused: Refusals, language: str) -> Query:
        tokens = reading.tokens
        parts = [self._part(reading, item, refused) for item in reading.found]
        for place in refused.texts:
            parts = [p for p in parts if not _within(p, tokens.typed(place))]
            start, end, typed = tokens.typed(place)
            norms = [tokens.norms[r] for r in range(*place) if self._is_content(reading, r)]
            group = len(refused.groups) + 1 + refused.texts.index(place)
            parts.append(
                Part(
                    *(start, end, typed, "text", " ".join(norms), "not"),
                    group=group,
                    norms=tuple(norms),
                )
            )
        named = {row for item in reading.found for row in range(*item.place)}
        words = tuple(
            Word(*tokens.typed((row, row + 1)), tokens.norms[row])
            for row in range(len(tokens))
            if row not in named and not refused.holds(row) and self._is_content(reading, row)
        )
        parts.sort(key=lambda part: part.start)
        query = Query(
            text=tokens.text,
            language=language,
            intent=self._intent(reading, refused, words),
            parts=tuple(parts),
            price=reading.price,
            cheap=reading.cheap_at is not None,
            in_stock=reading.stock_at is not None,
            words=words,
            repairs=tokens.repairs,
            spans=(),
        )
        cues = [*(reading.cue.places if reading.cue else ()), *refused.cues]
        spans = spans_of(query, tokens, cues, cheap=reading.cheap_at, in_stock=reading.stock_at)
        return replace(query, spans=spans)

    def _part(self, reading: _Reading, item: Found, refused: Refusals) -> Part:
        group = refused.of(item) or 0
        role: Role = "not" if group else "want"
        cue = reading.cue
        if not group and cue is not None and cue.intent in _SPEAKS:
            about = cue.about
            if about is None or (about[0] <= item.place[0] < about[1]):
                role = "about"
        start, end, typed = reading.tokens.typed(item.place)
        return Part(
            start,
            end,
            typed,
            item.kind,
            item.id,
            role,
            item.also,
            item.compare,
            group,
            round(item.confidence, 4),
            reading.tokens.norms[slice(*item.place)],
        )

    def _intent(self, reading: _Reading, refused: Refusals, words: Sequence[Word]) -> Intent:
        if reading.cue is not None:
            return reading.cue.intent
        return by_names(
            [item for item in reading.found if refused.of(item) is None],
            self._heads,
            has_words=bool(words),
            looks_around=reading.grammar.looks_around.search(reading.tokens.read) is not None,
        )


_SPEAKS = frozenset({"compare", "substitute", "complement"})


def _within(part: Part, typed: tuple[int, int, str]) -> bool:
    return typed[0] <= part.start and part.end <= typed[1]


def _speller(schema: Schema, shop: ShopWords) -> Speller:
    """Repairs to words of the shop and the ontology; words of the grammar are known."""
    spellings = dict(shop.spellings)
    for concept in schema.concepts.values():
        for label in concept.labels("en"):
            for word in re.findall(r"[^\W\d_]+", label.casefold()):
                spellings[word] = spellings.get(word, 0) + shop.support.get(concept.id, 0)
    return Speller(spellings, GRAMMARS["en"].passed_over)
