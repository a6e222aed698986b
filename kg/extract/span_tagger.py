"""A spaCy component that marks spans of open classes, learned from labelled texts.

In: documents whose ``doc.spans["clew"]`` hold the labelled spans (training), or any (reading). Out:
``doc.spans["clew"]`` with the spans found and, in ``attrs["scores"]``, the calibrated confidence of
each. The model is a linear-chain conditional random field (Lafferty, McCallum, Pereira 2001;
CRFsuite), trained by L-BFGS, so the same examples give the same model. Labels whose spans overlap
somewhere are put in different layers, each a field of its own. So is a label that may stand
unmarked in some examples: its field learns from the others. A span's raw confidence is the least
marginal probability of its tokens; isotonic regression on examples the field was not trained on
makes a share of it (`kg.extract.calibration`).
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
import pycrfsuite
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from kg.errors import ExtractionError
from kg.extract.calibration import Calibration
from kg.extract.span_features import FEATURES, Features

__all__ = ["CONTEXT", "MISSING", "SPANS", "FoundSpan", "SpanTagger", "overlap_free"]

SPANS: Final = "clew"
"""Key of the spans in ``doc.spans``."""

CONTEXT: Final = "clew.context"
"""Key of a document's context in ``doc.user_data``: what the shop says the thing is."""

MISSING: Final = "clew.missing"
"""Key, in ``doc.user_data``, of the labels that may stand in an example unmarked."""

_SETTINGS = "tagger.json"
_FEWEST_TO_CALIBRATE: Final = 50


class FoundSpan(NamedTuple):
    """Tokens (half open), their label, and how likely that is."""

    start: int
    end: int
    label: str
    confidence: float


class SpanTagger:
    """Finds spans by conditional random fields, one per layer of labels.

    Args:
        nlp: whose vocabulary is used.
        name: of the component.
        features: name in `kg.extract.span_features.FEATURES`.

    Raises:
        ExtractionError: there are no features of that name.
    """

    def __init__(self, nlp: Language, name: str, features: str) -> None:
        if features not in FEATURES:
            known = ", ".join(sorted(FEATURES))
            raise ExtractionError(f"component {name}: no features {features!r}; use {known}")
        self.name = name
        self._vocab = nlp.vocab
        self._features: Features = FEATURES[features]
        self._fields: list[bytes] = []
        self._taggers: list[pycrfsuite.Tagger] = []
        self.calibration = Calibration()

    def __call__(self, doc: Doc) -> Doc:
        """The document with its spans."""
        words = [token.text for token in doc]
        found = self.predict(words, doc.user_data.get(CONTEXT, ""))
        spans = [Span(doc, span.start, span.end, label=span.label) for span in found]
        group = SpanGroup(doc, name=SPANS, spans=spans)
        group.attrs["scores"] = [span.confidence for span in found]
        doc.spans[SPANS] = group
        return doc

    def predict(self, words: Sequence[str], context: str = "") -> list[FoundSpan]:
        """The spans of a text cut into words, in order."""
        return [
            span._replace(confidence=self.calibration(span.confidence))
            for span in self.predict_raw(words, context)
        ]

    def predict_raw(self, words: Sequence[str], context: str = "") -> list[FoundSpan]:
        """As `predict`, with confidence as it is before calibration."""
        if not words or not self._taggers:
            return []
        features = pycrfsuite.ItemSequence(self._features(words, context))
        return sorted(span for tagger in self._taggers for span in _tagged(tagger, features))

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        l1: float = 0.1,
        l2: float = 0.1,
        max_iterations: int = 150,
        held_out: float = 0.2,
        seed: int = 0,
    ) -> None:
        """Learn from examples.

        Args:
            get_examples: gives the examples; their references hold the spans.
            nlp: as spaCy calls it; not used.
            l1: weight of the L1 norm of the field's weights in the loss.
            l2: weight of the squared L2 norm.
            max_iterations: of L-BFGS, at most.
            held_out: share of the examples the confidence is calibrated with. A first field learns
                from the others; the one that is kept learns from all.
            seed: of the draw of the examples held out.

        Raises:
            ExtractionError: no example has a span.
        """
        docs = [example.reference for example in get_examples()]
        layers = _layers(docs)
        if not layers:
            raise ExtractionError(
                f"component {self.name}: none of {len(docs)} labelled texts has a span; "
                "label some, or give a catalogue that states brands"
            )
        options = {"c1": l1, "c2": l2, "max_iterations": max_iterations}
        options["feature.possible_transitions"] = 1
        order = np.random.default_rng(seed).permutation(len(docs))
        apart = [docs[row] for row in order[: int(len(docs) * held_out)]]
        self.calibration = Calibration()
        if len(apart) >= _FEWEST_TO_CALIBRATE:
            self._fit([docs[row] for row in order[len(apart) :]], layers, options)
            self.calibration = self._calibrated(apart)
        self._fit(docs, layers, options)

    def _fit(self, docs: list[Doc], layers: list[frozenset[str]], options: dict[str, Any]) -> None:
        seen = [
            pycrfsuite.ItemSequence(
                self._features([t.text for t in doc], doc.user_data.get(CONTEXT, ""))
            )
            for doc in docs
        ]
        self._load([_field(seen, docs, layer, options) for layer in layers])

    def _calibrated(self, docs: list[Doc]) -> Calibration:
        raw, right = [], []
        for doc in docs:
            wanted = {(s.start, s.end, s.label_) for s in doc.spans.get(SPANS, ())}
            words = [token.text for token in doc]
            for span in self.predict_raw(words, doc.user_data.get(CONTEXT, "")):
                if span.label not in _missing(doc):
                    raw.append(span.confidence)
                    right.append(span[:3] in wanted)
        return Calibration.fit(raw, right)

    def _load(self, fields: list[bytes]) -> None:
        self._fields = fields
        self._taggers = []
        for field in fields:
            tagger = pycrfsuite.Tagger()
            tagger.open_inmemory(field)
            self._taggers.append(tagger)

    def to_disk(self, path: Path | str, *, exclude: Iterable[str] = ()) -> None:
        """Write the fields and the calibration into a directory."""
        directory = Path(path)
        directory.mkdir(parents=True, exist_ok=True)
        for number, field in enumerate(self._fields):
            (directory / f"layer-{number}.crfsuite").write_bytes(field)
        settings = {"layers": len(self._fields), "calibration": self.calibration.to_dict()}
        (directory / _SETTINGS).write_bytes(orjson.dumps(settings))

    def from_disk(self, path: Path | str, *, exclude: Iterable[str] = ()) -> SpanTagger:
        """Read what `to_disk` wrote.

        Raises:
            ExtractionError: a file is missing or damaged.
        """
        directory = Path(path)
        try:
            settings = orjson.loads((directory / _SETTINGS).read_bytes())
            fields = [
                (directory / f"layer-{number}.crfsuite").read_bytes()
                for number in range(settings["layers"])
            ]
            self.calibration = Calibration.from_dict(settings["calibration"])
            self._load(fields)
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise ExtractionError(
                f"{directory} holds no trained span tagger ({exc}); "
                "train it again: clew train-reader"
            ) from exc
        return self


@Language.factory("clew_spans", default_config={"features": "words"})
def _make(nlp: Language, name: str, features: str) -> SpanTagger:
    return SpanTagger(nlp, name, features)


def _tagged(tagger: pycrfsuite.Tagger, features: pycrfsuite.ItemSequence) -> list[FoundSpan]:
    """The spans of one layer: the likeliest sequence, each with its least marginal."""
    tags = tagger.tag(features)
    found: list[FoundSpan] = []
    for place, tag in enumerate(tags):
        if tag == "O":
            continue
        sure = tagger.marginal(tag, place)
        label = tag[2:]
        last = found[-1] if found else None
        if tag[0] == "I" and last and last.end == place and last.label == label:
            found[-1] = FoundSpan(last.start, place + 1, label, min(last.confidence, sure))
        else:
            found.append(FoundSpan(place, place + 1, label, sure))
    return found


def _field(
    seen: list[pycrfsuite.ItemSequence],
    docs: list[Doc],
    layer: frozenset[str],
    options: dict[str, Any],
) -> bytes:
    trainer = pycrfsuite.Trainer("lbfgs", options, verbose=False)
    for features, doc in zip(seen, docs, strict=True):
        if not layer & _missing(doc):
            trainer.append(features, _tags(doc, layer))
    with tempfile.TemporaryDirectory() as name:  # CRFsuite writes to files only
        path = Path(name) / "field"
        trainer.train(str(path))
        return path.read_bytes()


def _tags(doc: Doc, layer: frozenset[str]) -> list[str]:
    tags = ["O"] * len(doc)
    for span in doc.spans.get(SPANS, ()):
        if span.label_ in layer:
            tags[span.start : span.end] = [f"I-{span.label_}"] * len(span)
            tags[span.start] = f"B-{span.label_}"
    return tags


def _missing(doc: Doc) -> frozenset[str]:
    found: frozenset[str] = doc.user_data.get(MISSING, frozenset())
    return found


def _layers(docs: Sequence[Doc]) -> list[frozenset[str]]:
    """Labels that are learned together."""
    spans = [[(s.start, s.end, s.label_) for s in doc.spans.get(SPANS, ())] for doc in docs]
    alone = frozenset().union(*map(_missing, docs)) & {
        label for row in spans for _, _, label in row
    }
    rest = [[span for span in row if span[2] not in alone] for row in spans]
    return [*overlap_free(rest), *(frozenset({label}) for label in sorted(alone))]


def overlap_free(texts: Iterable[list[tuple[int, int, str]]]) -> list[frozenset[str]]:
    """Labels in layers, so that no two labels of a layer overlap in any of the texts.

    The most frequent label goes first, each into the first layer that has room for it.
    """
    frequency: Counter[str] = Counter()
    against: dict[str, set[str]] = defaultdict(set)
    for spans in texts:
        frequency.update(label for _, _, label in spans)
        for one, two in combinations(spans, 2):
            if one[0] < two[1] and two[0] < one[1] and one[2] != two[2]:
                against[one[2]].add(two[2])
                against[two[2]].add(one[2])
    layers: list[set[str]] = []
    for label in sorted(frequency, key=lambda name: (-frequency[name], name)):
        free = next((layer for layer in layers if not layer & against[label]), None)
        if free is None:
            layers.append({label})
        else:
            free.add(label)
    return [frozenset(layer) for layer in layers]
