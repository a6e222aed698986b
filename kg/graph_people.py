"""A graph without its people, for places where not even pseudonyms should go.

In: a snapshot's tables. Out: the same without customers, what they did, and their events.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pyarrow.compute as pc

from kg.facts import KnowledgeGraph

__all__ = ["PEOPLE", "without_people"]

PEOPLE: Final = "clew:User"
"""Class of the customers; they stand in the graph under pseudonyms (`kg.ids.pseudonym`)."""


def without_people(kg: KnowledgeGraph) -> KnowledgeGraph:
    """Leave out every customer and every fact one is subject or object of."""
    person = pc.equal(kg.entities["class"], PEOPLE)
    ids = kg.entities.filter(person)["id"].combine_chunks()
    theirs = pc.or_(*(pc.is_in(kg.facts[end], ids) for end in ("subject", "object")))
    return replace(
        kg,
        entities=kg.entities.filter(pc.invert(person)),
        facts=kg.facts.filter(pc.invert(theirs)),
        interactions=kg.interactions.slice(0, 0),
    )
