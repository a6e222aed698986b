"""The ontology that ships with Clew: data, no code.

``clew.ttl`` (classes, relations), ``shapes.ttl`` (SHACL), ``vocab/*.ttl`` (SKOS concept schemes),
``mappings.ttl`` (the same things in other vocabularies).
"""

from pathlib import Path

__all__ = ["DIRECTORY"]

DIRECTORY = Path(__file__).parent
