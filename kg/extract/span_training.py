"""Trains a span tagger from labelled texts and a spaCy config.

In: `Labelled` texts of one language, a config (``kg/extract/configs/<language>.cfg``, or a file of
one's own). Out: a spaCy pipeline whose one component is trained; `save_tagger` and `load_tagger`
keep it on disk. The same texts, config and versions of the libraries give the same weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.util import load_config, load_model_from_config, load_model_from_path

from kg.errors import ExtractionError
from kg.extract.labelled import Labelled
from kg.extract.languages import blank_pipeline  # noqa: F401 - registers the tokenizers
from kg.extract.span_tagger import CONTEXT, MISSING, SPANS, SpanTagger

__all__ = ["COMPONENT", "config_path", "labelled_doc", "load_tagger", "tagger_of", "train_tagger"]

COMPONENT: Final = "spans"
_CONFIGS: Final = Path(__file__).parent / "configs"


def config_path(language: str) -> Path:
    """The config that ships for a language: Chinese has its own, all others share the English."""
    return _CONFIGS / ("zh.cfg" if language == "zh" else "en.cfg")


def train_tagger(
    texts: Sequence[Labelled], language: str, config: Path | None = None, **options: Any
) -> Language:
    """A pipeline trained on labelled texts.

    Args:
        texts: in one language.
        language: ISO 639-1 code.
        config: of spaCy; by default the one that ships.
        options: of `SpanTagger.initialize`, in place of the config's.

    Raises:
        ExtractionError: the config is unreadable or has no span tagger, or no text has a span.
    """
    path = config or config_path(language)
    try:
        settings = load_config(path)
        settings["nlp"]["lang"] = language
        settings["initialize"]["components"][COMPONENT].update(options)
        nlp = load_model_from_config(settings, auto_fill=True)
    except (OSError, ValueError, KeyError) as exc:
        raise ExtractionError(f"{path} is no config of a span tagger: {exc}") from exc
    docs = [labelled_doc(nlp, text) for text in texts]
    nlp.initialize(lambda: list(_examples(nlp, docs)))
    return nlp


def _examples(nlp: Language, docs: Sequence[Doc]) -> Iterator[Example]:
    for doc in docs:
        yield Example(nlp.make_doc(doc.text), doc)


def labelled_doc(nlp: Language, text: Labelled) -> Doc:
    """The document of a labelled text; a span that cuts a token is widened to hold it."""
    doc = nlp.make_doc(text.text)
    doc.user_data[CONTEXT] = text.context
    doc.user_data[MISSING] = frozenset(text.missing)
    spans = []
    for start, end, label in text.spans:
        span = doc.char_span(start, end, alignment_mode="expand")
        if span is not None:  # it is in the text, so it never is
            spans.append(Span(doc, span.start, span.end, label=label))
    doc.spans[SPANS] = SpanGroup(doc, name=SPANS, spans=spans)
    return doc


def load_tagger(directory: Path) -> Language:
    """A pipeline that was saved with ``to_disk``.

    Raises:
        ExtractionError: there is none, or it is damaged.
    """
    try:
        return load_model_from_path(directory)
    except (OSError, ValueError, KeyError) as exc:
        raise ExtractionError(f"{directory} holds no trained reader: {exc}") from exc


def tagger_of(nlp: Language) -> SpanTagger:
    """The span tagger of a pipeline.

    Raises:
        ExtractionError: it has none.
    """
    found = nlp.get_pipe(COMPONENT) if COMPONENT in nlp.pipe_names else None
    if not isinstance(found, SpanTagger):
        raise ExtractionError(f"the pipeline has {nlp.pipe_names}, but no {COMPONENT!r} tagger")
    return found
