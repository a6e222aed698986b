"""Small words that take a meaning back, by language: grammar, where the ontology has vocabulary.

``without glass`` states no glass, ``fits all bottles`` is not a bottle, ``wood effect`` is not wood.
Cues are norms (see `kg.extract.words`), so one entry serves plural and capitals. What is particular
to a concept does not belong here but in its ``clew:near`` and ``clew:notNear``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["CUES", "Cues"]


@dataclass(frozen=True, slots=True)
class Cues:
    """Cues of one language; a *run* is the words since the last comma, bracket or the like."""

    denies_run: frozenset[str] = frozenset()  # before, anywhere in the run: without, not
    denies_next: frozenset[str] = frozenset()  # directly before: no, non
    denies_back: frozenset[str] = frozenset()  # directly after: free
    other_product: tuple[tuple[str, ...], ...] = ()  # word sequences before, in the run: fits
    imitates_next: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # directly before -> …
    imitates_back: Mapping[str, frozenset[str]] = field(default_factory=dict)  # … relations unsaid
    subordinates: frozenset[str] = frozenset()  # what follows is not the thing sold: with, for
    joins: frozenset[str] = frozenset()  # two heads side by side: and
    holders: frozenset[str] = frozenset()  # with 'of': the thing sold follows: box of, set of
    of: frozenset[str] = frozenset()
    breaks: frozenset[str] = frozenset(",.;:()[]!?|") | {"，", "。", "；", "：", "（", "）", "、"}


_MATERIAL: Final = frozenset({"schema:material"})
_LOOKS: Final = frozenset({"schema:material", "schema:color"})

CUES: Final[Mapping[str, Cues]] = {
    "en": Cues(
        denies_run=frozenset({"without", "not", "excluding", "exclude", "except", "never", "isn't"}),
        denies_next=frozenset({"no", "non", "zero", "anti"}),
        denies_back=frozenset({"free", "proof", "resistant", "repellent"}),
        other_product=(
            ("compatible", "with"),
            ("for", "use", "with"),
            ("for", "use", "in"),
            ("work", "with"),
            ("fit",),
            ("fit", "for"),
            ("replacement", "for"),
            ("replace",),
            ("attach", "to"),
            ("made", "in"),
        ),
        imitates_next=dict.fromkeys(("faux", "fake", "imitation", "artificial", "mock", "simulated", "vegan"), _MATERIAL),
        imitates_back={
            **dict.fromkeys(("effect", "look", "imitation", "finish", "tone", "plated"), _MATERIAL),
            **dict.fromkeys(("scent", "scented", "fragrance", "fragranced", "aroma"), _LOOKS),
            **dict.fromkeys(("flavour", "flavor", "flavoured", "flavored"), _LOOKS),
            **dict.fromkeys(("colour", "color", "coloured", "colored"), _MATERIAL),
        },
        subordinates=frozenset({"with", "w", "for", "on", "in", "from", "by", "to"}),
        joins=frozenset({"and", "+", "or", "/"}),
        holders=frozenset({
            "set", "pack", "box", "bag", "case", "packet", "pair", "bundle", "tin", "tub", "jar",
            "tube", "roll", "bottle", "carton", "piece", "string", "bunch", "pot", "sheet",
        }),
        of=frozenset({"of"}),
    ),
    "zh": Cues(
        denies_run=frozenset({"不含", "没有", "不带", "无需", "不是"}),
        denies_next=frozenset({"非", "无", "不", "免"}),
        denies_back=frozenset(),
        other_product=(("适用", "于"), ("适用于",), ("兼容",), ("适配",), ("替换",)),
        imitates_next=dict.fromkeys(("仿", "人造", "仿真"), _MATERIAL),
        imitates_back={
            **dict.fromkeys(("纹", "效果", "质感", "色"), _MATERIAL),
            **dict.fromkeys(("味", "香味", "香型", "口味"), _LOOKS),
        },
        subordinates=frozenset({"带", "配", "附"}),
        joins=frozenset({"和", "与", "及", "+", "/"}),
    ),
}  # fmt: skip
"""Cues by language; a language without an entry has none."""
