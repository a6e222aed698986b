"""What reading a product depends on besides the product: one rule, for all who keep what was read.

In: schemas. Out: the fingerprint of what reading depends on, and what differs between two. The
relations that read, with their fields, and the units count for every product. A concept counts for
products in which one of its labels stands (`kg.extract.touched` looks them up). Templates, shapes,
classes, broader edges and relations nothing is read for do not count.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from kg.names import named_classes
from kg.ontology_terms import Concept, Schema

__all__ = ["changed_concepts", "reading_fingerprint", "same_for_all"]

_KINDS: Final = ("phrase:", "measure:", "trained:")
_READ_WITH: Final = ("reading.py", "quantities.py", "ids.py", "names.py")  # and kg/extract


def reading_fingerprint(schema: Schema, trained: bytes = b"") -> bytes:
    """Hash (32 bytes) of what reading depends on: ontology, code, libraries, the trained reader.

    Args:
        schema: the ontology.
        trained: fingerprint of the trained reader, if there is one.
    """
    languages = sorted({code for concept in schema.concepts.values() for code in _spoken(concept)})
    concepts = [_of_concept(concept, languages) for concept in schema.concepts.values()]
    said = (_of_all(schema), languages, concepts, trained.hex())
    return hashlib.blake2b(orjson.dumps(said), key=_code(), digest_size=32).digest()


def same_for_all(old: Schema, new: Schema) -> bool:
    """Whether nothing differs that counts for every product: relations that read, and units."""
    return _of_all(old) == _of_all(new)


def changed_concepts(old: Schema, new: Schema, language: str | None = None) -> set[str]:
    """Ids of the concepts that are not read the same: added, removed, other labels or context.

    Args:
        old: an ontology.
        new: another.
        language: ISO 639-1 code of the texts they are read in; None: any.
    """
    found = set()
    for concept_id in old.concepts.keys() | new.concepts.keys():
        both = [schema.concepts.get(concept_id) for schema in (old, new)]
        if both[0] == both[1]:
            continue
        languages = {code for concept in both if concept for code in _spoken(concept)}
        if language is not None:
            languages &= {language}
        before, after = (concept and _of_concept(concept, languages) for concept in both)
        if before != after:
            found.add(concept_id)
    return found


def _of_all(schema: Schema) -> tuple[Any, ...]:
    named = named_classes(schema)
    relations = []
    for relation in schema.relations.values():
        sources = [source for source in relation.sources if source.startswith(_KINDS)]
        if sources:
            prefixes = [named.get(class_id) for class_id in relation.range]
            relations.append((relation.id, sources, relation.fields, prefixes))
    units = [
        (unit.id, _sorted(unit.labels), unit.dimension, unit.factor)
        for unit in schema.units.values()
    ]
    return relations, units


def _spoken(concept: Concept) -> set[str]:
    """Languages a concept has labels in."""
    return {*concept.pref, *concept.alt, *concept.hidden}


def _of_concept(concept: Concept, languages: Collection[str]) -> tuple[Any, ...]:
    labels = [
        [(code, words) for code, words in _sorted(by_language) if code in languages]
        for by_language in (concept.pref, concept.alt, concept.hidden, concept.ambiguous)
    ]
    doubts = _sorted(concept.near), _sorted(concept.not_near), concept.prior
    return concept.id, concept.scheme, labels, bool(concept.ambiguous), doubts, concept.implies


def _sorted(by_language: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(by_language.items())


@functools.cache
def _code() -> bytes:
    """Hash of the code that reads, and the versions of the libraries it reads with."""
    here = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=32)
    for path in [*sorted((here / "extract").glob("*.py")), *(here / n for n in _READ_WITH)]:
        digest.update(path.read_bytes())
    for library in ("spacy", "rjieba", "python-crfsuite"):
        digest.update(importlib.metadata.version(library).encode())
    return digest.digest()
