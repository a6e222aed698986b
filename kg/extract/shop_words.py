"""The words of one shop, as searches are read against them: brands, categories, titles, counts.

In: the tables of a snapshot (`kg.facts.KnowledgeGraph`). Out: `ShopWords`. A name is looked up by
the norms of its words, ``&`` being *and*, so that a search may spell it as it likes.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from kg.extract.words import NORMS, plain_norm
from kg.ids import local_part
from kg.names import COMPANY_SUFFIXES

__all__ = ["ShopWords", "Title", "name_key", "read_shop_words", "text_norms"]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|&")
_HEAD_ENDS = re.compile(r",|\(|\bwith\b|\bfor\b|\bin\b|\s[-–:]\s", re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u9fff]+")
_JOINS: Final = frozenset({"a", "an", "and", "of", "the"})
_NAMED = {"schema:Brand": "brands", "clew:Category": "categories"}

Key = tuple[str, ...]


def text_norms(text: str, language: str = "en") -> list[str]:
    """The norms of a text's words; ``&`` is *and*."""
    return [_norm(word, language) for word in _WORD.findall(text)]


@lru_cache(maxsize=100_000)
def _norm(word: str, language: str) -> str:
    return "and" if word == "&" else NORMS.get(language, plain_norm)(word)


def name_key(name: str, language: str = "en") -> Key:
    """What a name is looked up by: its norms, without articles and joining words."""
    norms = text_norms(name, language)
    return tuple(norm for norm in norms if norm not in _JOINS) or tuple(norms)


@dataclass(frozen=True, slots=True)
class Title:
    """A product's title as a name."""

    product: str  # compact id
    words: frozenset[str]
    head: frozenset[str]  # what stands before the first comma, *with*, *for* or *in*


@dataclass(frozen=True)
class ShopWords:
    """What a shop's catalogue lets a search say."""

    brands: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    categories: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)  # own id, case folded -> compact id
    titles: Sequence[Title] = ()
    support: Mapping[str, int] = field(default_factory=dict)  # object -> products that have it
    spellings: Mapping[str, int] = field(default_factory=dict)  # word as written -> titles
    currency: str | None = None  # of most prices

    @cached_property
    def norms(self) -> Counter[str]:
        """Norm of a word -> titles that have it."""
        return Counter(word for title in self.titles for word in title.words)

    @cached_property
    def rare(self) -> Mapping[str, tuple[Title, ...]]:
        """Words of one or two titles, and those."""
        found: dict[str, list[Title]] = defaultdict(list)
        for title in self.titles:
            for word in title.words:
                if self.norms[word] <= 2:
                    found[word].append(title)
        return {word: tuple(titles) for word, titles in found.items()}

    @cached_property
    def by_title(self) -> Mapping[frozenset[str], str]:
        """Words of a whole title -> the first product that has it."""
        return {title.words: title.product for title in reversed(self.titles)}

    @cached_property
    def by_head(self) -> Mapping[frozenset[str], str]:
        """Words of a title's head -> the first product that has it."""
        return {title.head: title.product for title in reversed(self.titles)}


def read_shop_words(products: pa.Table, entities: pa.Table, facts: pa.Table) -> ShopWords:
    """The words of a snapshot.

    Args:
        products: `kg.facts.PRODUCT_SCHEMA`.
        entities: `kg.records.ENTITY_SCHEMA`.
        facts: `kg.records.FACT_SCHEMA`.
    """
    names = _names(entities)
    rows = products.select(["id", "title", "language"]).to_pylist()
    spellings: Counter[str] = Counter()
    for row in rows:
        spellings.update({word.casefold() for word in _WORD.findall(row["title"])})
    for key in (*names["brands"], *names["categories"]):
        spellings.update(word for word in key if word not in spellings)
    currencies = pc.value_counts(products["currency"].drop_null()).to_pylist()
    return ShopWords(
        brands=names["brands"],
        categories=names["categories"],
        codes={local_part(row["id"]).casefold(): row["id"] for row in reversed(rows)},
        titles=[_title(row["id"], row["title"]) for row in rows if row["language"] == "en"],
        support=_support(products, facts),
        spellings=spellings,
        currency=max(currencies, key=lambda row: row["counts"])["values"] if currencies else None,
    )


def _title(product: str, title: str) -> Title:
    head = _HEAD_ENDS.split(title, maxsplit=1)[0]
    words = frozenset(name_key(title))
    return Title(product, words, frozenset(name_key(head)) or words)


def _names(entities: pa.Table) -> dict[str, dict[Key, tuple[str, ...]]]:
    """Brands and categories by the keys of their names, whole names before parts of names."""
    found: dict[str, dict[Key, tuple[str, ...]]] = {kind: {} for kind in _NAMED.values()}
    for class_id, kind in _NAMED.items():
        some = entities.filter(pc.equal(entities["class"], class_id))
        pairs = list(zip(some["id"].to_pylist(), some["name"].to_pylist(), strict=True))
        for spelled in (lambda name: [name], _shorter):
            for compact_id, name in pairs:
                for text in spelled(name):
                    key = name_key(text)
                    known = found[kind].get(key, ())
                    if key and compact_id not in known:
                        found[kind][key] = (*known, compact_id)
    return found


def _shorter(name: str) -> Iterable[str]:
    """A name without company words, and where it mixes scripts, each script's part."""
    words = name.replace(".", " ").split()
    while len(words) > 1 and words[-1].casefold() in COMPANY_SUFFIXES:
        words.pop()
    yield " ".join(words)
    han = " ".join(_HAN.findall(name))
    latin = _HAN.sub(" ", name).strip()
    if han and latin:
        yield from (han, latin)


def _support(products: pa.Table, facts: pa.Table) -> dict[str, int]:
    of_products = facts.filter(
        pc.and_(pc.is_null(facts["datatype"]), pc.is_in(facts["subject"], products["id"]))
    )
    counted = pc.value_counts(of_products["object"]).to_pylist()
    return {row["values"]: row["counts"] for row in counted}
