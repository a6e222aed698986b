"""SHACL over the fact table: columns find who may be at fault, pyshacl says what the fault is."""

from kg.shacl.engine import PART, Engine

__all__ = ["PART", "Engine"]
