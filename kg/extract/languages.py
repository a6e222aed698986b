"""One blank spaCy pipeline per language: a tokenizer, and norms in the vocabulary.

English and every other language with spaces: words, with punctuation and the letters after a
digit as tokens of their own (``30|cm``, ``RED|/|BLUE``). Words are cut after a hyphen too, which
stays with the first half (``T-|LIGHT``) and is no part of its norm. Chinese: the segmenter rjieba,
told the ontology's words. Japanese, Thai and Tibetan: characters. A token's norm is what labels
and texts are compared by (see `kg.extract.words`).
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import rjieba
import spacy
import spacy.lang
from spacy.attrs import NORM
from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab

from kg.errors import ExtractionError
from kg.extract.words import HYPHENS, NORMS, plain_norm

__all__ = ["CharacterTokenizer", "ChineseTokenizer", "blank_pipeline", "languages"]

_UNSPACED = frozenset(("bo", "ja", "th"))  # words follow each other unparted
_PREFIX = re.compile(r"^[\W_]")
_SUFFIX = re.compile(r"(?:[^\w'’]|_|(?<![sS])['’])$")
_INFIX = re.compile(
    rf"(?<=[0-9])(?=[A-Za-z])|(?<=[^\W_][{HYPHENS}])(?=[^\W_])"
    rf"|[^\w'’.,{HYPHENS}]+|[{HYPHENS}]{{2,}}|_+|[.,](?![0-9])|(?<![0-9])[.,]",
)


@cache
def languages() -> tuple[str, ...]:
    """ISO 639-1 codes of the languages spaCy knows, sorted."""
    found = (module.name for module in pkgutil.iter_modules(spacy.lang.__path__))
    return tuple(sorted(name for name in found if len(name) == 2 and name != "xx"))


def blank_pipeline(language: str, words: Iterable[str] = ()) -> Language:
    """A spaCy pipeline without components.

    Args:
        language: ISO 639-1 code of a language spaCy knows.
        words: labels a segmenter must not cut (Chinese only).

    Raises:
        ExtractionError: spaCy does not know the language.
    """
    tokenizer = "clew.Characters.v1" if language in _UNSPACED else "clew.Words.v1"
    try:
        # named here, or ja, ko, th and vi would ask for packages of their own
        nlp = spacy.blank(language, config={"nlp": {"tokenizer": {"@tokenizers": tokenizer}}})
    except ImportError as exc:
        raise ExtractionError(
            f"no pipeline for language {language!r}: spaCy does not know it; "
            "use an ISO 639-1 code such as en or zh"
        ) from exc
    norm = NORMS.get(language, plain_norm)
    vocab: Any = nlp.vocab
    vocab.lex_attr_getters = {NORM: norm}  # nothing else is asked of a word
    for lexeme in vocab:  # made before the getter was set
        lexeme.norm_ = norm(lexeme.orth_)
    if language == "zh":
        nlp.tokenizer = make_chinese(words)(nlp)
    return nlp


def _word_tokenizer(vocab: Vocab) -> Tokenizer:
    return Tokenizer(
        vocab,
        prefix_search=_PREFIX.search,
        suffix_search=_SUFFIX.search,
        infix_finditer=_INFIX.finditer,
    )


class ChineseTokenizer:
    """Segments Chinese with rjieba; Latin words and numbers stay whole, a space is a token."""

    def __init__(self, vocab: Vocab, words: Iterable[str] = ()) -> None:
        self.vocab = vocab
        self._segmenter = rjieba.Jieba()
        for word in sorted(set(words)):
            self._segmenter.add_word(word, None, None)

    def __call__(self, text: str) -> Doc:
        """The document of a text."""
        words = self._segmenter.cut(text)
        return Doc(self.vocab, words=words, spaces=[False] * len(words))

    def pipe(self, texts: Iterable[str], batch_size: int = 0) -> Iterable[Doc]:
        """Documents of many texts; ``batch_size`` is spaCy's and changes nothing here."""
        return map(self, texts)


class CharacterTokenizer:
    """One token per character: for taggers that need no segmenter."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        """The document of a text."""
        return Doc(self.vocab, words=list(text), spaces=[False] * len(text))

    def pipe(self, texts: Iterable[str], batch_size: int = 0) -> Iterable[Doc]:
        """Documents of many texts; ``batch_size`` is spaCy's and changes nothing here."""
        return map(self, texts)


def make_words() -> Any:
    """Factory of the tokenizer of languages with spaces, in the registry as ``clew.Words.v1``."""
    return lambda nlp: _word_tokenizer(nlp.vocab)


def make_characters() -> Any:
    """Factory of `CharacterTokenizer`, in spaCy's registry as ``clew.Characters.v1``."""
    return lambda nlp: CharacterTokenizer(nlp.vocab)


def make_chinese(words: Iterable[str] = ()) -> Any:
    """Factory of the Chinese tokenizer, in spaCy's registry as ``clew.Chinese.v1``."""
    kept = tuple(words)
    return lambda nlp: ChineseTokenizer(nlp.vocab, kept)


registry.tokenizers.register("clew.Chinese.v1", func=make_chinese)
registry.tokenizers.register("clew.Words.v1", func=make_words)
registry.tokenizers.register("clew.Characters.v1", func=make_characters)
