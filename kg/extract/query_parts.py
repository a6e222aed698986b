"""What the words of a search name: concepts, brands, categories, products, quantities.

In: `Tokens`. Out: `Found` places that do not overlap. Where names overlap, a product's code goes
first, then the longer name; of names of the same words a concept goes before a brand, unless more
products have the brand, and either before a category (`Found.also` keeps what was passed over).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from kg.extract.context import UNSPACED
from kg.extract.cues import CUES, Cues
from kg.extract.languages import blank_pipeline
from kg.extract.lexicon import Lexicon, Sense
from kg.extract.measures import MeasureReader
from kg.extract.query_grammar import GRAMMARS
from kg.extract.query_terms import Kind
from kg.extract.query_tokens import Place, Tokens
from kg.extract.senses import Linked, SenseChooser
from kg.extract.settings import Settings
from kg.extract.shop_words import Key, ShopWords
from kg.extract.words import HYPHENS, NORMS, plain_norm
from kg.ontology_terms import Schema

__all__ = ["Found", "PartFinder", "by_place"]

_MIN_SENSE: Final = 0.3  # in a search a word alone is meant; a title has others
_MAX_NAME = 6  # words
_SKIPPED: Final = frozenset({"a", "an", "and", "of", "the", "&"})
_PERSONS: Final = "audience"
_KINDS: Final = ("product", "measure", "concept", "brand", "category")
_AT_LEAST: Final = re.compile(
    r"(?<![a-z])(?:at\sleast|min(?:imum)?(?:\sof)?|over|above|from|(?:more|bigger|larger|wider|longer|taller|"
    r"heavier|greater)\sthan|至少|大于|超过)\s?$",
    re.IGNORECASE,
)
_AT_MOST: Final = re.compile(
    r"(?<![a-z])(?:at\smost|max(?:imum)?(?:\sof)?|under|below|up\sto|(?:less|smaller|shorter|narrower|lighter)"
    r"\sthan|不超过|小于|最多)\s?$",
    re.IGNORECASE,
)
_OR_MORE: Final = re.compile(
    r"\s?(?:(?:or|and)\s(?:more|bigger|larger|over|wider|longer|taller|up|above)|\+|以上)", re.I
)
_OR_LESS: Final = re.compile(
    r"\s?(?:(?:or|and)\s(?:less|smaller|under|below|shorter|fewer)|以下|以内)", re.I
)


@dataclass(frozen=True, slots=True)
class Found:
    """Tokens that name something."""

    place: Place
    kind: Kind
    id: str
    also: tuple[str, ...] = ()
    compare: Literal["=", ">=", "<="] = "="
    confidence: float = 1.0

    def touches(self, other: Place) -> bool:
        """Whether it shares a token."""
        return self.place[0] < other[1] and other[0] < self.place[1]


class PartFinder:
    """Finds names in searches of one language.

    Raises:
        ExtractionError: no pipeline can be made for the language.
    """

    def __init__(self, schema: Schema, language: str, settings: Settings, shop: ShopWords) -> None:
        self._shop = shop
        self._heads = settings.heads
        self._language = language
        labels = {label for c in schema.concepts.values() for label in c.labels(language)}
        cues, grammar = CUES.get(language, Cues()), GRAMMARS.get(language)
        names = {word for key in (*shop.brands, *shop.categories) for word in key}
        self.nlp = blank_pipeline(language, labels | cues.words() | names)
        self._labels = labels | names
        self._longest = max(map(len, self._labels), default=0)
        self._lexicon = Lexicon(self.nlp, schema, language)
        mass = [scheme for scheme, read in settings.schemes.items() if read <= {"schema:material"}]
        joins = {NORMS.get(language, plain_norm)(word) for word in cues.joins} | {",", "、"}
        self._senses = SenseChooser(self._lexicon, language, joins, mass)
        self._measures = MeasureReader(schema, language)
        self._passed_over = frozenset() if grammar is None else grammar.passed_over

    @property
    def label_words(self) -> set[str]:
        """Norms of the words of all labels."""
        strings = self.nlp.vocab.strings
        return {word for key in self._lexicon.senses for word in strings[key].split()}

    def find(self, tokens: Tokens, taken: Collection[Place] = ()) -> list[Found]:
        """What the words name, in the order they stand.

        Args:
            tokens: the search.
            taken: tokens that mean something else; names of one token there do not count.
        """
        candidates = [
            *self._codes(tokens),
            *self.measures(tokens),
            *self._concepts(tokens),
            *self._names(tokens, self._shop.brands, "brand"),
            *self._names(tokens, self._shop.categories, "category"),
        ]
        kept: list[Found] = []
        candidates = _without_spelled_out(candidates)
        for item in sorted(candidates, key=self._rank):
            width = item.place[1] - item.place[0]
            if width == 1 and any(item.touches(place) for place in taken):
                continue
            same = next((k for k in kept if k.place == item.place), None)
            if same is not None and item.kind in ("concept", "brand", "category"):
                kept[kept.index(same)] = replace(same, also=(*same.also, item.id, *item.also))
            elif not any(item.touches(other.place) for other in kept):
                kept.append(item)
        return self._with_last_heads(sorted(kept, key=by_place), candidates)

    def _with_last_heads(self, kept: list[Found], candidates: list[Found]) -> list[Found]:
        """Of kinds side by side only the last is sold: *christmas tree* decorations.

        What stands inside the others is freed: christmas.
        """
        heads = [item for item in kept if self._is_head(item)]
        starts = {item.place[0] for item in heads}
        out = []
        for item in kept:
            if item not in heads or item.place[1] not in starts:
                out.append(item)
                continue
            out += [
                other
                for other in candidates
                if other.kind == "concept"
                and not self._is_head(other)
                and item.place[0] <= other.place[0]
                and other.place[1] <= item.place[1]
            ]
        return sorted(out, key=by_place)

    def _is_head(self, item: Found) -> bool:
        return item.kind == "concept" and item.id.partition(":")[0] in self._heads

    def _rank(self, item: Found) -> tuple[int, int, int, int, str]:
        code = item.kind == "product"
        order = _KINDS.index(item.kind)
        support = self._shop.support.get(item.id, 0)
        if item.kind in ("concept", "brand"):  # of the same words the one more products have
            order = _KINDS.index("concept")
        elif item.kind == "category":
            support = 0
        width = item.place[1] - item.place[0]
        return (0 if code else 1, -width, order, -support, item.id)

    def _codes(self, tokens: Tokens) -> Iterator[Found]:
        for match in re.finditer(r"\S+", tokens.read):
            product = self._shop.codes.get(match[0].strip(",.;:?!").casefold())
            if product is not None and any(char.isdigit() for char in match[0]):
                yield Found(tokens.place(*match.span()), "product", product)

    def cuts(self, text: str) -> list[int]:
        """Where a segmenter must not run words together: around labels, longest first, and sizes.

        Its dictionary knows 生日礼物 as one word, where the ontology knows 生日 and 礼物.
        """
        if self._language not in UNSPACED:
            return []
        taken: set[int] = set()
        cuts: list[int] = []
        for width in range(min(self._longest, len(text)), 1, -1):
            for start in range(len(text) - width + 1):
                places = range(start, start + width)
                if text[start : start + width] in self._labels and taken.isdisjoint(places):
                    taken.update(places)
                    cuts += [start, start + width]
        sizes = [at for found in self._measures.read(text) for at in (found.start, found.end)]
        return [*cuts, *(at for at in sizes if not {at - 1, at} <= taken)]

    def measures(self, tokens: Tokens) -> list[Found]:
        """The quantities of a search, and whether more or less will do."""
        found = []
        text = tokens.read
        for measure in self._measures.read(text):
            before, after = text[: measure.start], measure.end
            start, end = measure.start, measure.end
            compare: Literal["=", ">=", "<="] = "="
            for said, pattern in ((">=", _AT_LEAST), ("<=", _AT_MOST)):
                if match := pattern.search(before):
                    compare, start = said, match.start()  # type: ignore[assignment]
            for said, pattern in ((">=", _OR_MORE), ("<=", _OR_LESS)):
                if match := pattern.match(text, after):
                    compare, end = said, match.end()  # type: ignore[assignment]
            found.append(
                Found(
                    tokens.place(start, end),
                    "measure",
                    measure.id,
                    compare=compare,
                    confidence=measure.confidence,
                )
            )
        return found

    def _concepts(self, tokens: Tokens) -> Iterator[Found]:
        matches = self._lexicon.matcher(tokens.doc)
        chosen = self._senses.choose(tokens.as_words(), matches, "")
        for (key, start, end), linked in zip(matches, chosen, strict=True):
            if linked.confidence < _MIN_SENSE or self._is_no_name(tokens, start, end, linked):
                continue
            ids = self._likeliest(linked, self._lexicon.senses[key])
            yield Found((start, end), "concept", ids[0], ids[1:], confidence=linked.confidence)

    def _is_no_name(self, tokens: Tokens, start: int, end: int, linked: Linked) -> bool:
        """Whether one word asks for nothing (*can*, *back*), though a concept goes by it."""
        word = tokens.doc[start].text.rstrip(HYPHENS).casefold()
        if end - start > 1 or word not in self._passed_over:
            return False
        after_for = start > 0 and tokens.norms[start - 1] == "for"
        return not (after_for and linked.sense.scheme == _PERSONS)

    def _likeliest(self, best: Linked, senses: tuple[Sense, ...]) -> tuple[str, ...]:
        """The concepts a phrase may mean, the one meant first.

        It is the chosen one, unless no product of the shop has that and one has another.
        """
        support = self._shop.support
        others = [s.concept for s in senses if s.concept != best.sense.concept]
        others.sort(key=lambda concept: -support.get(concept, 0))
        first = best.sense.concept
        if others and not support.get(first, 0) and support.get(others[0], 0):
            return (*others, first)
        return (first, *others)

    def _names(
        self, tokens: Tokens, names: Mapping[Key, tuple[str, ...]], kind: Kind
    ) -> Iterator[Found]:
        content = [(norm, row) for row, norm in enumerate(tokens.norms) if norm not in _SKIPPED]
        for first in range(len(content)):
            for width in range(1, min(_MAX_NAME, len(content) - first) + 1):
                some = content[first : first + width]
                ids = names.get(tuple(norm for norm, _ in some))
                if ids and not (width == 1 and some[0][0] in self._passed_over):
                    yield Found((some[0][1], some[-1][1] + 1), kind, ids[0], ids[1:])


def by_place(item: Found) -> Place:
    """Where it stands, to sort by."""
    return item.place


def _without_spelled_out(candidates: list[Found]) -> list[Found]:
    """Without categories of several words that are all concepts: *birthday cards*."""
    named = {
        row
        for item in candidates
        if item.kind == "concept" and item.place[1] - item.place[0] == 1
        for row in range(*item.place)
    }
    return [
        item
        for item in candidates
        if item.kind != "category"
        or item.place[1] - item.place[0] == 1
        or not named.issuperset(range(*item.place))
    ]
