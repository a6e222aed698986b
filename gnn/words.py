"""Paths put into words, from the ontology's templates and frames.

In: a `kg.records.Path` and names of entities. Out: a sentence in the language asked for; where the
ontology lacks a text in it, in the ontology's first language. Assumes `kg.schema` has checked that
every frame and every relation that explains has a text in that first language.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from kg.facts import KnowledgeGraph
from kg.ids import local_part
from kg.records import Evidence, Path
from kg.schema import Schema

__all__ = ["Names", "Narrator"]

USER_CLASS = "clew:User"


class Names:
    """Names of entities by language, read from an entity table when first asked for."""

    def __init__(self, entities: pa.Table) -> None:
        """Take an entity table (``kg.records.ENTITY_SCHEMA``); users are left out."""
        self._entities = entities.filter(pc.field("class") != USER_CLASS).combine_chunks()
        self._row = {name: at for at, name in enumerate(self._entities["id"].to_pylist())}
        self._known: dict[str, tuple[str, str, Mapping[str, str]]] = {}  # class, name, labels

    def name(self, entity: str, language: str) -> str:
        """Name in a language, else the entity's own name, else the local part of its id."""
        _, own, labels = self._known.get(entity) or self._read(entity)
        return labels.get(language, own)

    def class_of(self, entity: str) -> str:
        """Compact id of an entity's class; a user's where the entity is not in the table."""
        return (self._known.get(entity) or self._read(entity))[0]

    def _read(self, entity: str) -> tuple[str, str, Mapping[str, str]]:
        row = self._row.get(entity)
        if row is None:
            return USER_CLASS, local_part(entity), {}
        read = self._entities.slice(row, 1).to_pylist()[0]
        found = (str(read["class"]), str(read["name"]), dict(read["labels"] or []))
        self._known[entity] = found
        return found


class Narrator:
    """Tells paths in the words of an ontology."""

    def __init__(self, schema: Schema, names: Names) -> None:
        self._schema = schema
        self._names = names

    @classmethod
    def of(cls, kg: KnowledgeGraph, schema: Schema) -> Narrator:
        """Narrator of a graph's entities."""
        return cls(schema, Names(kg.entities))

    def tell(self, path: Path, language: str | None = None, *, similar: bool = False) -> str:
        """One sentence for a path.

        Args:
            path: what to tell.
            language: ISO 639-1; None or one the ontology does not know: its first.
            similar: use the frames that do not claim that the user bought the history product.
        """
        return self.sentence(
            path.evidence,
            path.channel,
            path.history_product,
            path.product,
            entity=path.entity,
            kin=path.kin,
            relation=next((e.relation for e in path.edges if e.subject == path.product), None),
            buyers=path.buyers,
            language=language,
            similar=similar,
        )

    def sentence(
        self,
        evidence: Evidence,
        channel: str,
        history_product: str,
        product: str,
        *,
        entity: str | None = None,
        kin: str | None = None,
        relation: str | None = None,
        buyers: int | None = None,
        language: str | None = None,
        similar: bool = False,
    ) -> str:
        """`tell` for the parts of a path that is not made yet; see `kg.records.Path`.

        ``relation`` is what ties the product to the entity where the channel is none.
        """
        language = self._language(language)
        frame: str = evidence
        if evidence == "direct" and entity == product:
            frame = "linked"
        elif evidence == "direct" and entity == history_product:
            frame = "linked_back"
        elif kin is not None:
            frame += ("_itself" if kin == history_product else "") + ("" if entity else "_text")
        text = self._text(self._schema.frames[frame + ("_similar" if similar else "")], language)
        phrase = ""
        if entity is not None:
            told = self._schema.relations.get(channel) or self._schema.relations[str(relation)]
            template = self._text(told.templates, language)
            phrase = _fill(template, object=self._names.name(entity, language))
        history = self._names.name(history_product, language)
        like = "" if kin is None else self._names.name(kin, language)
        return _fill(text, history=history, phrase=phrase, kin=like, count=str(buyers or ""))

    def name(self, entity: str, language: str | None = None) -> str:
        """Name of an entity; see `Names.name`."""
        return self._names.name(entity, self._language(language))

    def rest(self, language: str | None = None) -> str:
        """The sentence for what is not shown."""
        return self._text(self._schema.frames["rest"], self._language(language))

    def channel(self, channel: str, language: str | None = None) -> str:
        """Name of a channel: the relation's label, or what the ontology calls the others."""
        relation = self._schema.relations.get(channel)
        texts = self._schema.frames[f"{channel}_name"] if relation is None else relation.label
        return self._text(texts, self._language(language))

    def _language(self, language: str | None) -> str:
        return language if language in self._schema.languages else self._schema.languages[0]

    def _text(self, texts: Mapping[str, str], language: str) -> str:
        return texts.get(language) or texts[self._schema.languages[0]]


def _fill(text: str, **slots: str) -> str:
    """Replace ``{slot}`` marks; braces inside names stay as they are."""
    return "".join([part if slot is None else slots.get(slot, part) for slot, part in _parts(text)])


@lru_cache(1024)
def _parts(text: str) -> tuple[tuple[str | None, str], ...]:
    """A text cut at its marks: (None, words) or (slot, its mark) each."""
    words, *marks = text.split("{")
    parts: list[tuple[str | None, str]] = [(None, words)]
    for mark in marks:
        slot, closed, after = mark.partition("}")
        parts += [(slot, f"{{{slot}}}"), (None, after)] if closed else [(None, "{" + mark)]
    return tuple(parts)
