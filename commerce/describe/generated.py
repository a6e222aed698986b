"""A writer with a text model of its own: the variational auto-encoder of `gnn.text_vae`.

It is trained on the shop's own texts, with the facts taken out (`commerce.describe.slots`), and on
the template's sentences, which show it every relation. It writes sentence by sentence: for the
facts a sentence is to tell it draws a few texts, takes the likeliest that tells them all, and puts
the facts' names into the slots. A text without a verb, or with a word that is odd in its place, is
not said, and the template tells its facts. While it writes it may only use words that the verifier
could let through: neutral ones, and those the shop says of this product.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import torch

from commerce.describe.describer import Describer
from commerce.describe.known import Known
from commerce.describe.records import DescribeConfig
from commerce.describe.slots import Example, Vocabulary, examples_of, spoken, vocabulary_of
from commerce.describe.template import TemplateWriter
from commerce.describe.tokens import Tokenizer
from commerce.describe.wording import Wording
from commerce.describe.writers import Brief, brief_of
from gnn.train_text_vae import (
    TextVAEFile,
    TrainTextVAEConfig,
    load_text_vae,
    save_text_vae,
    train_text_vae,
)
from kg.extract.words import NORMS, plain_norm
from kg.ontology_terms import Schema
from kg.progress import Progress

__all__ = ["MODEL_FILE", "VaeWriter", "corpus_of", "train_writer"]

MODEL_FILE: Final = Path("writers") / "text-vae.safetensors"
"""Where a store keeps the model, beside its snapshots."""

_PER_SENTENCE = 3  # relations
_DRAWN = 24  # texts per sentence
_ODDEST = math.log(0.1)  # a word at least a tenth as likely as the likeliest in its place
_NOT_WRITTEN = ("clew:inCategory",)  # names of shelves are no words of a sentence


class VaeWriter:
    """Writes with a trained model.

    Args:
        trained: the model.
        seed: of what is drawn; the try's number is added.
    """

    name = "vae"

    def __init__(self, trained: TextVAEFile, seed: int = 7) -> None:
        self._trained = trained
        self._vocabulary = Vocabulary(trained.words, trained.facts)
        self._seed = seed

    @classmethod
    def load(cls, store: Path, seed: int = 7) -> VaeWriter:
        """The writer of a store.

        Raises:
            ModelError: it has none, or a damaged one.
        """
        return cls(load_text_vae(store / MODEL_FILE), seed)

    def write(self, brief: Brief, attempt: int) -> str:
        """A text; facts the model finds no words for are left out."""
        wording = brief.wording
        allowed = self._allowed(brief)
        generator = torch.Generator().manual_seed(self._seed + attempt)
        relations = [
            r for r in brief.values if r in self._vocabulary.facts and r not in _NOT_WRITTEN
        ]
        said = []
        for first in range(0, len(relations), _PER_SENTENCE):
            group = relations[first : first + _PER_SENTENCE]
            for wanted in [group, *([r] for r in group if len(group) > 1)]:
                words = self._sentence(wanted, wording, allowed, generator)
                if words is not None:
                    said.append(self._filled(words, brief))
                    if wanted is group:
                        break
        return ("" if wording.language == "zh" else " ").join(said)

    def _sentence(
        self,
        wanted: Sequence[str],
        wording: Wording,
        allowed: torch.Tensor,
        generator: torch.Generator,
    ) -> list[str] | None:
        """The likeliest of the drawn texts that tell each wanted fact once and nothing else.

        None where each has an odd word, or no verb.
        """
        told = self._vocabulary.conditions([(*wanted, f"lang:{wording.language}")] * _DRAWN)
        drawn = self._trained.model.sample(torch.from_numpy(told), allowed, generator)
        best: tuple[float, list[str]] = -math.inf, []
        for rows, score, odd in zip(drawn[0], drawn[1].tolist(), drawn[2].tolist(), strict=True):
            words = [self._trained.words[row] for row in rows]
            slots = sorted(word[1:-1] for word in words if _is_slot(word))
            whole = odd >= _ODDEST and _is_sentence(words, wording)
            if slots == sorted(wanted) and whole and score > best[0]:
                best = score, words
        return best[1] or None

    def _filled(self, words: Sequence[str], brief: Brief) -> str:
        joint = "、" if brief.config.language == "zh" else " and "
        filled = [joint.join(brief.values[w[1:-1]]) if _is_slot(w) else w for w in words]
        return spoken(filled, brief.config.language).replace("..", ".")

    def _allowed(self, brief: Brief) -> torch.Tensor:
        """Rows that may be said of this product (words,)."""
        wording, known = brief.wording, brief.known
        norm = NORMS.get(wording.language, plain_norm)
        own = frozenset().union(*(s.said for s in known.own)) - wording.sensitive
        own -= wording.denies_next | wording.denies_back
        may = wording.neutral | frozenset(wording.binding) | own
        return torch.tensor([
            _may(word, norm, may, brief.values.keys()) for word in self._trained.words
        ])  # fmt: skip


def _is_sentence(words: Sequence[str], wording: Wording) -> bool:
    """Whether words are one sentence: an end at the end only, and a verb of the wording's."""
    norm = NORMS.get(wording.language, plain_norm)
    ends = [place for place, word in enumerate(words) if word in (".", "。")]
    return ends == [len(words) - 1] and any(norm(word) in wording.verbs for word in words)


def _is_slot(word: str) -> bool:
    return word.startswith("<") and word.endswith(">")


def _may(word: str, norm: Callable[[str], str], may: frozenset[str], slots: object) -> bool:
    if _is_slot(word):
        return word[1:-1] in slots  # type: ignore[operator]
    if not any(char.isalnum() for char in word):
        return word in ".,。，、"
    return norm(word) in may and not any(char.isdigit() for char in word)


def corpus_of(
    describer: Describer, schema: Schema, product_ids: Sequence[str], languages: Sequence[str]
) -> Iterator[Example]:
    """Sentences to learn from: whole ones of the shop's own descriptions, and the template's."""
    for language in languages:
        verifier = describer.verifier(language)
        template = TemplateWriter(schema, verifier.wording)
        for product_id in product_ids:
            known = describer.known(product_id, language)
            yield from _own(known, verifier.tokenizer, verifier.wording)
            for style in ("plain", "warm"):
                config = DescribeConfig(language=language, style=style)
                brief = brief_of(known, config, verifier.wording)
                text = template.write(brief, 0)
                for example in examples_of(text, known, verifier.tokenizer, language):
                    if not {"“", "”"} & set(example.words):
                        yield example


def _own(known: Known, tokenizer: Tokenizer, wording: Wording) -> Iterator[Example]:
    text = known.product.texts().get(wording.language)
    if text is not None:
        for example in examples_of(text.description, known, tokenizer, wording.language):
            if _is_sentence(example.words, wording):
                yield example


def train_writer(
    describer: Describer,
    schema: Schema,
    store: Path,
    product_ids: Sequence[str],
    languages: Sequence[str],
    config: TrainTextVAEConfig,
    seed: int,
    progress: Progress,
    most_texts: int = 40_000,
    least: int = 3,
) -> tuple[TextVAEFile, str]:
    """Train a store's text model and keep it there; returns it with its fingerprint.

    A word met less than ``least`` times is unknown to it.

    Raises:
        ModelError: no text tells a fact.
    """
    progress.stage("texts")
    found = corpus_of(describer, schema, product_ids, languages)
    examples = list(dict.fromkeys(itertools.islice(found, most_texts)))
    vocabulary = vocabulary_of(examples, least=least)
    texts, told = vocabulary.encode(examples)
    model, history = train_text_vae(texts, told, len(vocabulary.words), config, seed, progress)
    about = {
        "texts": len(texts),
        "ontology": schema.fingerprint,
        "seed": seed,
        "config": config.model_dump(),
    }
    trained = TextVAEFile(model, vocabulary.words, vocabulary.facts, history, about)
    return trained, save_text_vae(trained, store / MODEL_FILE)
