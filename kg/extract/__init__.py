"""Extraction: from the words of a catalogue to mentions of the ontology's concepts.

spaCy is imported without PyTorch, which it would import where it is installed: that takes seconds
and 200 MB, and nothing read here asks for it. Where torch was imported before, spaCy has it.
"""

from __future__ import annotations

from kg.extract.spacy_alone import spacy_alone

with spacy_alone():
    from kg.extract.fields import field_text
    from kg.extract.pipeline import Extractor

__all__ = ["Extractor", "field_text"]
