"""Trains a store's reader: one span tagger per language, from a catalogue or from labels.

In: a dataset, the ontology, a store. Out: ``<store>/reader/<language>``, and how well each tagger
does on the fifth of the texts it did not learn from. Labels of a catalogue are weak: what counts as
wrong there may be a brand the catalogue forgot.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from spacy.language import Language

from kg.catalog import read_dataset
from kg.errors import ExtractionError
from kg.extract.calibration import calibration_error
from kg.extract.labelled import Labelled, read_labelled, span_f1
from kg.extract.pipeline import Extractor
from kg.extract.span_tagger import CONTEXT, SPANS
from kg.extract.span_training import train_tagger
from kg.extract.weak_labels import weak_labels
from kg.ontology_terms import Schema
from kg.progress import Passing, Progress
from kg.snapshot import SnapshotStore

__all__ = ["measured", "read_spans", "train_reader"]

_HELD_OUT: Final = 5
_FEWEST: Final = 20

Span = tuple[int, int, str]


def train_reader(
    dataset: Path,
    store: SnapshotStore,
    schema: Schema,
    *,
    labels: Path | None = None,
    config: Path | None = None,
    most: int = 8_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Train, measure and store a reader.

    Args:
        dataset: the catalogue.
        store: where builds find the reader.
        schema: the ontology, whose rules label the kinds a catalogue does not state.
        labels: file of `Labelled` texts, in place of the catalogue's.
        config: of spaCy; by default the one that ships for each language.
        most: texts a language learns from.
        seed: of the draw of texts, and of the tagger.
        progress: told of the stages.

    Returns:
        By language and label: texts learned from, and precision, recall, F1 and calibration error
        on the texts held out; the label ``all`` is their sum.

    Raises:
        DatasetError: the dataset or the labels cannot be read.
        ExtractionError: there are fewer than 20 labelled texts, or the config is unreadable.
    """
    watch = Passing(progress)
    watch.stage("labels")
    texts = read_labelled(labels) if labels else _weak(dataset, schema)
    by_language: dict[str, list[Labelled]] = defaultdict(list)
    for text in texts:
        by_language[text.language].append(text)
    enough = {code: found for code, found in by_language.items() if len(found) >= _FEWEST}
    if not enough:
        raise ExtractionError(
            f"{labels or dataset} gives {len(texts)} labelled texts, too few to learn from "
            f"({_FEWEST} of a language); the catalogue must state brands or name kinds that the "
            "ontology knows, or give --labels FILE"
        )
    report = []
    with tempfile.TemporaryDirectory(dir=_made(store.root)) as name:
        for code, found in sorted(enough.items()):
            watch.stage(f"train {code}")
            order = np.random.default_rng(seed).permutation(len(found))
            apart, rest = (
                [found[row] for row in rows] for rows in np.split(order, [len(found) // _HELD_OUT])
            )
            nlp = train_tagger(rest[:most], code, config, seed=seed)
            nlp.to_disk(Path(name) / code)
            rows = measured(apart, read_spans(nlp, apart))
            report += [{"language": code, "texts": len(rest[:most]), **row} for row in rows]
        watch.stop()
        shutil.rmtree(store.reader, ignore_errors=True)
        shutil.copytree(name, store.reader)
    return report


def _weak(dataset: Path, schema: Schema) -> list[Labelled]:
    products = read_dataset(dataset).products
    languages = sorted({product.language for product in products})
    return list(weak_labels(products, Extractor(schema, languages).mentions(products)))


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def read_spans(nlp: Language, texts: Iterable[Labelled]) -> Iterator[dict[Span, float]]:
    """What a pipeline finds in texts: span in characters -> confidence."""
    for text in texts:
        doc = nlp.make_doc(text.text)
        doc.user_data[CONTEXT] = text.context
        for _, component in nlp.pipeline:
            doc = component(doc)
        group = doc.spans[SPANS]
        scores: Sequence[float] = group.attrs["scores"]
        yield {
            (span.start_char, span.end_char, span.label_): sure
            for span, sure in zip(group, scores, strict=True)
        }


def measured(
    texts: Sequence[Labelled], found: Iterable[Mapping[Span, float]]
) -> list[dict[str, Any]]:
    """Precision, recall, F1 and calibration error, of all labels together and of each.

    What is found of a label that may be missing in a text is not judged.
    """
    gold = [set(text.spans) for text in texts]
    read = [
        {span: sure for span, sure in spans.items() if span[2] not in text.missing}
        for text, spans in zip(texts, found, strict=True)
    ]
    labels = sorted({label for spans in (*gold, *read) for _, _, label in spans})
    rows = []
    for label in ("all", *labels):
        chosen = labels if label == "all" else [label]
        wanted = [{s for s in spans if s[2] in chosen} for spans in gold]
        given = [{s: c for s, c in spans.items() if s[2] in chosen} for spans in read]
        precision, recall, f1 = span_f1(wanted, given)
        sure = [c for spans in given for c in spans.values()]
        right = [s in spans for spans, g in zip(wanted, given, strict=True) for s in g]
        rows.append(
            {
                "label": label,
                "precision": precision,
                "recall": recall,
                "f1": f1,
                "calibration_error": calibration_error(sure, right) if sure else 0.0,
            }
        )
    return rows
