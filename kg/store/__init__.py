"""The property graph, in whatever database: Cypher, neighbours, counts."""

from kg.store.base import GraphStore
from kg.store.ladybug import LadybugStore
from kg.store.open import load_ladybug, open_store

__all__ = ["GraphStore", "LadybugStore", "load_ladybug", "open_store"]
