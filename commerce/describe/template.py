"""The template writer: facts said in the words of the ontology's relations. The same every time.

In: a brief. Out: sentences made of the relations' templates (*is made of {object}*), joined and
varied by style and length. Every word is the ontology's, a fact's name, or neutral, so the text
holds by construction; it is checked all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from commerce.describe.known import PRICE
from commerce.describe.wording import Wording
from commerce.describe.writers import Brief
from kg.extract.settings import HEAD_RELATION
from kg.ontology_terms import Schema

__all__ = ["TemplateWriter"]

_SENTENCES: Final = (
    ("schema:brand",),
    ("schema:color", "schema:material", "clew:style", "clew:motif", "clew:flavour"),
    ("clew:size", "clew:packSize"),
    ("clew:usedFor", "clew:suitableFor", "clew:occasion"),
)
_CATEGORY: Final = "clew:inCategory"
_LONG_TITLE = 80  # characters; a longer title is no name to call a product by


class TemplateWriter:
    """Writes from the ontology's templates."""

    name = "template"

    def __init__(self, schema: Schema, wording: Wording) -> None:
        self._schema = schema
        self._wording = wording

    def write(self, brief: Brief, attempt: int) -> str:
        """The text of a brief; ``attempt`` changes nothing."""
        if brief.config.style == "list":
            return "\n".join(self._lines(brief))
        return self._join(self._said(brief))

    def complete(self, text: str, brief: Brief) -> str:
        """A text by another, and the facts of a brief (those it left out) said after it."""
        if brief.config.style == "list":
            return "\n".join([text, *self._lines(brief)[1:]])
        groups = [self._phrases(brief, group) for group in self._groups(brief)]
        groups.append(self._catalogue(brief))
        frames = self._wording.frames
        said = [self._sentence(frames["it"], g, frames["and"]) for g in groups if g]
        return self._join([text, *said])

    def _groups(self, brief: Brief) -> list[Sequence[str]]:
        """Relations that one sentence tells; the ontology's own order for those unknown here."""
        known = {_CATEGORY, PRICE, HEAD_RELATION, *(r for group in _SENTENCES for r in group)}
        others = [relation for relation in brief.values if relation not in known]
        return [(HEAD_RELATION, *_SENTENCES[0]), *_SENTENCES[1:], others]

    def _join(self, sentences: Sequence[str]) -> str:
        return ("" if self._wording.language == "zh" else " ").join(sentences)

    def _said(self, brief: Brief) -> list[str]:
        frames = self._wording.frames
        kinds = list(brief.values.get(HEAD_RELATION, ()))
        short = len(brief.title) <= _LONG_TITLE
        subject = frames["subject_unknown"]
        first: list[str] = []
        if brief.config.style == "warm" and short:
            first.append(frames["meet"].replace("{title}", brief.title))
            subject = frames["it"]
        elif short:
            subject = frames["named"].replace("{title}", brief.title)
        elif kinds:
            subject = frames["subject"].replace("{object}", kinds[0])
            kinds = kinds[1:]
        phrases = self._phrases(brief, (HEAD_RELATION,), {HEAD_RELATION: kinds})
        groups = [phrases + self._phrases(brief, _SENTENCES[0])]
        groups += [self._phrases(brief, group) for group in self._groups(brief)[1:]]
        groups.append(self._catalogue(brief))
        joins = [frames["first"], *[frames["and"]] * len(groups)]
        for group, join in zip(groups, joins, strict=False):
            if group:
                first.append(self._sentence(subject, group, join))
                subject = frames["it"]
        first += brief.quotes
        return first or [frames["head"].replace("{title}", brief.title)]

    def _phrases(
        self, brief: Brief, relations: Sequence[str], instead: dict[str, list[str]] | None = None
    ) -> list[str]:
        values = {**brief.values, **(instead or {})}
        return [
            self._template(relation).replace("{object}", self._listed(values[relation]))
            for relation in relations
            if values.get(relation)
        ]

    def _template(self, relation: str) -> str:
        templates = self._schema.relations[relation].templates
        own = templates.get(self._wording.language)
        return own or templates.get(self._schema.languages[0]) or "{object}"

    def _catalogue(self, brief: Brief) -> list[str]:
        frames = self._wording.frames
        names = brief.values.get(_CATEGORY, ())
        found = []
        if len(names) == 1:
            found = self._phrases(brief, (_CATEGORY,))
        elif names:
            found = [frames["categories"].replace("{object}", self._listed(names))]
        if brief.price is not None:
            found.append(frames["price"].replace("{object}", brief.price))
        return found

    def _listed(self, names: Sequence[str]) -> str:
        if self._wording.language == "zh":
            return "、".join(names)
        return self._joined(names)

    def _joined(self, parts: Sequence[str], join: str | None = None) -> str:
        frames = self._wording.frames
        if len(parts) < 2:
            return "".join(parts)
        return frames["comma"].join(parts[:-1]) + (join or frames["and"]) + parts[-1]

    def _sentence(self, subject: str, phrases: Sequence[str], join: str) -> str:
        """One sentence; *is* is said once: *is blue, made of glass and for children*."""
        told = sorted(phrases, key=lambda phrase: not phrase.startswith("is "))
        again = [
            phrase.removeprefix("is ") if at and told[at - 1].startswith("is ") else phrase
            for at, phrase in enumerate(told)
        ]
        frame = self._wording.frames["sentence"]
        said = frame.replace("{subject}", subject).replace("{phrases}", self._joined(again, join))
        return said.replace("..", ".")  # … is by Oxbow Tin Co.

    def _lines(self, brief: Brief) -> list[str]:
        frames, language = self._wording.frames, self._wording.language
        lines = [frames["head"].replace("{title}", brief.title)]
        shown: dict[str, Sequence[str]] = dict(brief.values)
        if brief.price is not None:
            shown[PRICE] = [brief.price]
        for relation, names in shown.items():
            labels = self._schema.relations[relation].label
            label = labels.get(language) or labels[self._schema.languages[0]]
            line = frames["line"].replace("{label}", label)
            lines.append(line.replace("{object}", self._listed(names)))
        lines += brief.quotes
        return [line.replace("..", ".") for line in lines]
