"""The ontology that ships with Clew: data, no code.

``clew.ttl`` (classes, relations), ``shapes.ttl`` (SHACL), ``vocab/*.ttl`` (SKOS concept schemes).
"""

from pathlib import Path

__all__ = ["DIRECTORY"]

DIRECTORY = Path(__file__).parent
