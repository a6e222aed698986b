"""Extraction: from the words of a catalogue to mentions of the ontology's concepts."""

from __future__ import annotations

from kg.extract.fields import field_text
from kg.extract.pipeline import Extractor

__all__ = ["Extractor", "field_text"]
