"""Names that shops spell in several ways, folded to one: brands and categories.

``Hearth & Hare``, ``HEARTH AND HARE`` and ``Hearth and Hare Ltd.`` are one brand; it goes by the
spelling met most often.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from kg.ids import entity_id, slug
from kg.ontology_terms import Schema

__all__ = [
    "COMPANY_SUFFIXES",
    "NAMED",
    "NO_BRANDS",
    "Names",
    "brand_key",
    "named_classes",
    "named_id",
]

NAMED: Final[Mapping[str, str]] = {"schema:Brand": "brand", "clew:Category": "category"}
"""Classes whose entities come from names in every catalogue, and the prefix of their ids."""

COMPANY_SUFFIXES: Final = frozenset({
    "ab", "ag", "as", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated",
    "kg", "limited", "llc", "llp", "ltd", "nv", "oy", "plc", "pty", "sa", "sas", "sl", "srl",
})  # fmt: skip
"""Words at the end of a company's name that say only what kind of company it is."""

NO_BRANDS: Final = frozenset({
    "does-not-apply", "generic", "n-a", "no-brand", "no-name", "none", "not-applicable",
    "not-available", "not-specified", "null", "unbranded", "unknown", "unspecified",
    "无", "无品牌", "未知", "其他", "其它",
})  # fmt: skip
"""What catalogues write (as `kg.ids.slug` folds it) where no brand is known."""

_MARKS = re.compile(r"[®™©]|\((?:r|tm|c)\)", re.IGNORECASE)
_SOCIETY = re.compile(r"\bS\.?p\.?A\.?$")  # as written: *Aqua Spa* is no society
_CHINESE_SUFFIXES = ("有限责任公司", "股份有限公司", "有限公司", "公司")


def brand_key(name: str) -> str:
    """A brand's name folded further than `kg.ids.slug`: accents, apostrophes, & and company words.

    Trade marks (``(R)``, ``™``) and what HTML writes as ``&#39;`` are folded too.

    Empty where nothing but punctuation is left.
    """
    named = _SOCIETY.sub("", _MARKS.sub(" ", html.unescape(name)).strip()).replace("&", " and ")
    split = unicodedata.normalize("NFKD", named)
    plain = "".join(c for c in split if not unicodedata.combining(c) and c not in "'’‘`.")
    words = slug(plain).split("-")
    while len(words) > 1 and (words[-1] in COMPANY_SUFFIXES or words[-1] == "and"):
        words.pop()
    folded = "-".join(words)
    for suffix in _CHINESE_SUFFIXES:
        if folded.endswith(suffix) and folded != suffix:
            return folded.removesuffix(suffix).rstrip("-")
    return folded


def named_id(prefix: str, name: str) -> str:
    """Compact id of the entity that a name belongs to."""
    return entity_id(prefix, (brand_key(name) if prefix == "brand" else slug(name)) or name)


def named_classes(schema: Schema) -> Mapping[str, str]:
    """`NAMED` and the classes the ontology gives a ``clew:idPrefix``: class id -> prefix."""
    return {**NAMED, **{c.id: c.id_prefix for c in schema.classes.values() if c.id_prefix}}


class Names:
    """Entities of one prefix, made from names: the same key, the same entity.

    Args:
        prefix: of the compact ids.
        same: key -> key of the entity that it is another spelling of.
    """

    def __init__(self, prefix: str, same: Mapping[str, str] | None = None) -> None:
        self._prefix = prefix
        self._same = {
            entity_id(prefix, key): entity_id(prefix, other) for key, other in (same or {}).items()
        }
        self._ids: dict[str, str] = {}
        self._spellings: dict[str, Counter[str]] = defaultdict(Counter)

    def entity(self, name: str) -> str:
        """Compact id of a name's entity; the spelling is counted."""
        if name not in self._ids:
            compact_id = named_id(self._prefix, name)
            self._ids[name] = self._same.get(compact_id, compact_id)
        compact_id = self._ids[name]
        self._spellings[compact_id][name] += 1
        return compact_id

    def chosen(self) -> dict[str, str]:
        """Each entity's most frequent spelling; among equals the first in the alphabet."""
        return {
            compact_id: min(counter, key=lambda name: (-counter[name], name))
            for compact_id, counter in self._spellings.items()
        }

    def alternatives(self) -> dict[str, dict[str, int]]:
        """Entities with several spellings: id -> spelling -> how often it was met."""
        return {
            compact_id: dict(sorted(counter.items()))
            for compact_id, counter in sorted(self._spellings.items())
            if len(counter) > 1
        }

    def __contains__(self, compact_id: str) -> bool:
        return compact_id in self._spellings
