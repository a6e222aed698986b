"""Small words that take a meaning back, by language: grammar, where the ontology has vocabulary.

``without glass`` states no glass, ``fits all bottles`` is no bottle, ``wood effect`` is not wood.
Cues are compared as norms (see `kg.extract.words`), so one entry serves plurals and capitals. What
is particular to a concept does not belong here but in its ``clew:near`` and ``clew:notNear``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

__all__ = ["CUES", "Cues"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Cues:
    """Cues of one language. A *run* is the words of a text between two ``breaks``."""

    denies_run: frozenset[str] = frozenset()  # earlier in the run: without, not
    denies_next: frozenset[str] = frozenset()  # directly before: no, non
    denies_back: frozenset[str] = frozenset()  # directly after: free
    other_product: tuple[str, ...] = ()  # phrases earlier in the run: fits, compatible with
    unsaid_next: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Words directly before a phrase, and the relations it then does not state: faux."""
    unsaid_back: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The same, directly after it: effect."""
    pictured_back: frozenset[str] = frozenset()  # directly after what is only pictured: design
    serves_back: frozenset[str] = frozenset()  # directly after what it serves: incense holder
    subordinates: frozenset[str] = frozenset()  # after them comes not the thing sold: with, for
    joins: frozenset[str] = frozenset()  # between two things sold: and
    breaks: frozenset[str] = _words(", . ; : ( ) [ ] ! ? | - – — --")

    def folded(self, norm: Callable[[str], str]) -> Cues:
        """The cues as norms."""

        def each(words: Iterable[str]) -> frozenset[str]:
            return frozenset(norm(word) for word in words)

        return replace(
            self,
            denies_run=each(self.denies_run),
            denies_next=each(self.denies_next),
            denies_back=each(self.denies_back),
            other_product=tuple(
                f" {' '.join(norm(word) for word in phrase.split())} "
                for phrase in self.other_product
            ),
            unsaid_next={norm(word): said for word, said in self.unsaid_next.items()},
            unsaid_back={norm(word): said for word, said in self.unsaid_back.items()},
            pictured_back=each(self.pictured_back),
            serves_back=each(self.serves_back),
            subordinates=each(self.subordinates),
            joins=each(self.joins),
        )

    def words(self) -> frozenset[str]:
        """Every cue of one word, for segmenters."""
        return frozenset().union(
            self.denies_run,
            self.denies_next,
            self.denies_back,
            self.unsaid_next,
            self.unsaid_back,
            self.subordinates,
            (phrase for phrase in self.other_product if " " not in phrase),
        )


_MATERIAL: Final = frozenset({"schema:material"})
_LOOKS: Final = frozenset({"schema:material", "schema:color"})

CUES: Final[Mapping[str, Cues]] = {
    "en": Cues(
        denies_run=_words("without not excluding exclude except never isn't"),
        denies_next=_words("no non zero anti"),
        denies_back=_words("free proof resistant repellent"),
        other_product=(
            "compatible with",
            "for use with",
            "for use in",
            "works with",
            "fits",
            "replacement for",
            "replaces",
            "attaches to",
            "made in",
        ),
        unsaid_next=dict.fromkeys(
            _words("faux fake imitation artificial mock simulated vegan"), _MATERIAL
        ),
        unsaid_back={
            **dict.fromkeys(_words("effect look imitation finish tone plated"), _MATERIAL),
            **dict.fromkeys(_words("colour color coloured colored"), _MATERIAL),
            **dict.fromkeys(_words("scent scented fragrance fragranced aroma"), _LOOKS),
            **dict.fromkeys(_words("flavour flavor flavoured flavored"), _LOOKS),
        },
        pictured_back=_words("design motif pattern print printed shape shaped theme themed"),
        serves_back=_words(
            "carrier case cleaner cover cutter dispenser hanger holder maker opener organiser "
            "organizer protector rack refill remover sharpener stand warmer"
        ),
        subordinates=_words("with w for on in from by to"),
        joins=_words("and & + or /"),
    ),
    "zh": Cues(
        denies_run=_words("不含 没有 不带 无需 不是"),
        denies_next=_words("非 无 不 免"),
        other_product=("适用 于", "适用于", "兼容", "适配", "替换"),
        unsaid_next=dict.fromkeys(_words("仿 人造 仿真"), _MATERIAL),
        unsaid_back={
            **dict.fromkeys(_words("纹 效果 质感 色"), _MATERIAL),
            **dict.fromkeys(_words("味 香味 香型 口味"), _LOOKS),
        },
        pictured_back=_words("图案 造型 形状 印花 形"),
        subordinates=_words("带 配 附"),
        joins=_words("和 与 及 + /"),
        breaks=frozenset(" ,.;:()[]!?|-–—，。；：（）、！？【】"),
    ),
}
"""Cues by language; a language without an entry has none."""
